"""HTML from callers, as it is stored: a subset that no browser runs a script of."""

from typing import Final

import nh3

# What editors write for the look of a text; a class does nothing by itself.
_EVERYWHERE: Final = frozenset({"class", "dir", "lang", "title"})
_ATTRIBUTES: Final = nh3.ALLOWED_ATTRIBUTES | {
    "*": set(_EVERYWHERE),
    "a": {"href", "hreflang", "target"},
    "img": {"alt", "height", "loading", "sizes", "src", "srcset", "width"},
}
# Where a shop's text leads. `javascript:` and `data:` are what this is about.
_SCHEMES: Final = {"http", "https", "mailto", "tel"}
_CLEANER: Final = nh3.Cleaner(attributes=_ATTRIBUTES, url_schemes=_SCHEMES)


def safe(html: str) -> str:
    """The HTML without scripts, styles, handlers, frames, forms and comments. What is safe already may be spelled in
    another way afterwards (`<br/>` becomes `<br>`); a second time changes nothing."""
    # A null character is what PostgreSQL cannot store.
    return _CLEANER.clean(html.replace("\0", "")).strip()
