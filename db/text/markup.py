"""HTML put in order before it is parsed, so that parsing and cleaning it takes time and room in proportion to it.

A browser repairs what is out of order, and so does the parser of `nh3`: an element that is closed too early goes on in
all that follow (a long attribute, once written, is then repeated for each), each tag looks through all that are open,
each `&` copies the text before it. What is written here needs no repair: every element is closed where it ends, inside
the one it began in, and is one that is allowed where it stands. HTML that is in order stays as it is.

Nothing is made safe here.
"""

import re
from collections.abc import Collection, Mapping
from typing import Final

# Far deeper than any page is built. Deeper tags go, what they hold stays.
DEEPEST: Final = 100
# So many `&` may copy the text before them; then another text begins.
_PIECES: Final = re.compile(r"(?:&[^&]*+){200}")
_BREAK: Final = "<!---->"

_TOKEN: Final = re.compile(
    r"""
      (?P<hidden> <!--(?:-?>|.*?(?:--!?>|\Z)) | <[!?][^>]*+(?:>|\Z)
        | <(?P<raw>script|style)(?=[\s/>])[^<>]*+>.*?(?:</(?P=raw)(?=[\s/>])[^<>]*+>|\Z) )
    | <(?P<end>/?)(?P<name>[a-z][^\s/<>"']*+)(?P<attributes>(?:[^<>"']++|"[^"]*+"|'[^']*+')*+)>
    | (?P<text>[^<]++|<)
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL | re.ASCII,
)
_ATTRIBUTE: Final = re.compile(r"""([^\s"'<>/=]++)(?:\s*=\s*("[^"]*+"|'[^']*+'|[^\s"'<>]++))?""", re.ASCII)
_LONE: Final = re.compile(r"&(?![#A-Za-z])")

_VOID: Final = frozenset({"area", "br", "col", "hr", "img", "wbr"})
_HEADINGS: Final = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_BLOCKS: Final = _HEADINGS | {
    *("address", "article", "aside", "blockquote", "center", "dd", "details", "div", "dl", "dt", "figcaption"),
    *("figure", "footer", "header", "hgroup", "hr", "li", "main", "nav", "ol", "p", "pre", "section", "summary"),
    *("table", "ul"),
}
_CELLS: Final = frozenset({"td", "th", "caption"})
# Inside what alone they may stand.
_INSIDE: Final = {
    **dict.fromkeys(("caption", "colgroup", "thead", "tbody", "tfoot"), frozenset({"table"})),
    "col": frozenset({"colgroup"}),
    "tr": frozenset({"table", "thead", "tbody", "tfoot"}),
    **dict.fromkeys(("td", "th"), frozenset({"tr"})),
}
_ROWS: Final = frozenset({"table", "thead", "tbody", "tfoot", "tr", "colgroup"})
_OUTSIDE: Final = _CELLS | {"table"}
# What an element closes that is still open, and how far up that is looked for.
_CLOSES: Final[Mapping[str, tuple[Collection[str], Collection[str]]]] = {
    "a": ({"a"}, _OUTSIDE),
    "li": ({"li"}, _OUTSIDE | {"ul", "ol"}),
    **dict.fromkeys(("dd", "dt"), (frozenset({"dd", "dt"}), _OUTSIDE | {"dl"})),
    **dict.fromkeys(_HEADINGS, (_HEADINGS, _OUTSIDE)),
}


def ordered(html: str, allowed: Mapping[str, Collection[str]], everywhere: Collection[str]) -> str:
    """The HTML of allowed elements, each with its allowed attributes; without comments, scripts and styles. Of other
    elements what they hold is left."""
    order = _Order()
    for token in _TOKEN.finditer(html):
        if (text := token["text"]) is not None:
            order.text("&lt;" if text == "<" else _LONE.sub("&amp;", text))
        elif (name := (token["name"] or "").lower()) in allowed:
            if token["end"]:
                order.end(name)
            else:
                order.start(name, _attributes(token["attributes"], {*allowed[name], *everywhere}))
    return order.written()


def _attributes(written: str, allowed: Collection[str]) -> str:
    found: dict[str, str] = {}
    for name, value in _ATTRIBUTE.findall(written):
        if (name := name.lower()) in allowed and name not in found:
            found[name] = value if value[:1] in ("", '"', "'") else f'"{value}"'
    return "".join(f" {name}={value}" if value else f" {name}" for name, value in found.items())


class _Order:
    def __init__(self) -> None:
        self._open: list[str] = []
        self._texts: list[str] = []
        self._parts: list[str] = []

    def text(self, text: str) -> None:
        self._texts.append(text)

    def start(self, name: str, attributes: str) -> None:
        inside = _INSIDE.get(name)
        if inside is None and self._within(_ROWS):
            return
        if name in _BLOCKS:
            self._close({"p"}, _OUTSIDE)
        if name in _CLOSES:
            self._close(*_CLOSES[name])
        if inside is not None:
            while self._open and not self._within(inside | {"table"}):
                self._pop()
            if not self._within(inside):
                return
        if name in _VOID:
            self._tag(f"<{name}{attributes}>")
        elif len(self._open) < DEEPEST:
            self._tag(f"<{name}{attributes}>")
            self._open.append(name)

    def end(self, name: str) -> None:
        self._close({name}, {"table"} if name in _INSIDE else _OUTSIDE - {name})

    def written(self) -> str:
        while self._open:
            self._pop()
        self._flush()
        return "".join(self._parts)

    def _within(self, names: Collection[str]) -> bool:
        return bool(self._open) and self._open[-1] in names

    def _close(self, names: Collection[str], outside: Collection[str]) -> None:
        """Closes the innermost of these that is open, with all inside it."""
        for place in range(len(self._open) - 1, -1, -1):
            if self._open[place] in names:
                while len(self._open) > place:
                    self._pop()
                return
            if self._open[place] in outside:
                return

    def _pop(self) -> None:
        self._tag(f"</{self._open.pop()}>")

    def _tag(self, tag: str) -> None:
        self._flush()
        self._parts.append(tag)

    def _flush(self) -> None:
        if self._texts:
            self._parts.append(_PIECES.sub(rf"\g<0>{_BREAK}", "".join(self._texts)))
            self._texts.clear()
