"""HTML as it is stored, wherever it comes from: a subset that no browser runs a script of."""

import asyncio
import re
from typing import Final

import nh3

from db.text.markup import ordered
from db.text.portable import portable_text

# What editors write for the look of a text; a class does nothing by itself.
_EVERYWHERE: Final = frozenset({"class", "dir", "lang", "title"})
_ATTRIBUTES: Final = nh3.ALLOWED_ATTRIBUTES | {
    "*": set(_EVERYWHERE),
    "a": {"href", "hreflang", "target"},
    "img": {"alt", "height", "loading", "sizes", "src", "srcset", "width"},
}
_ALLOWED: Final = {tag: frozenset(_ATTRIBUTES.get(tag, ())) for tag in nh3.ALLOWED_TAGS}
# Where a shop's text leads. `javascript:` and `data:` are what this is about.
_SCHEMES: Final = {"http", "https", "mailto", "tel"}
_CLEANER: Final = nh3.Cleaner(attributes=_ATTRIBUTES, url_schemes=_SCHEMES)
# A browser does not show the first of them: each time that the text is read and written again one would go.
_FIRST_BREAKS: Final = re.compile(r"(<pre[^<>]*+>)\n+")
# Of the worst that so many characters can hold the loop is held for some five milliseconds.
QUICK: Final = 2048


class Safe(str):
    """A text that was cleaned already."""

    __slots__ = ()


def safe(html: str) -> str:
    """The HTML without scripts, styles, handlers, frames, forms and comments. What is safe already may be spelled in
    another way afterwards (`<br/>` becomes `<br>`); a second time changes nothing. Takes time in proportion to its
    length, whatever it holds: less than a second for a million characters of the worst."""
    if isinstance(html, Safe):
        return str(html)
    clean = _CLEANER.clean(ordered(portable_text(html), _ALLOWED, _EVERYWHERE))
    return _FIRST_BREAKS.sub(r"\1", clean).strip()


async def cleaned(html: str) -> str:
    """What `safe` makes of it, or will make of a short text. A long one is cleaned in a thread: others are served
    meanwhile, and `safe` takes it as it is."""
    return html if len(html) <= QUICK or isinstance(html, Safe) else Safe(await asyncio.to_thread(safe, html))
