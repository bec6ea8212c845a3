"""The documented syntax of codes: `{{group.key}}`, `##group.key##`, `{{group.key|default}}`,
`{{group.key||transformer|argument}}`; and sections that are repeated, `{{#item}} … {{/item}}`.

Each character is looked at a bounded number of times: one search finds the marks, and each mark is met once.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias

from db.integration.template.failure import LONGEST_TEMPLATE, MOST_CODES, TemplateError
from db.integration.template.transformer import OF_TEXT

# A code stands on one line.
_MARKS: Final = re.compile(r"\{\{|\}\}|##|\n")
_PATH: Final = re.compile(r"([A-Za-z_]\w*)\.([A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*)", re.ASCII)
_SECTION: Final = re.compile(r"([#/])([a-z_]+)", re.ASCII)
LONGEST_CODE: Final = 500


@dataclass(frozen=True, slots=True)
class Tag:
    """A code as it was written (`source`, from the character `position` on): whether there is such a code is not known
    here."""

    source: str
    position: int
    group: str
    key: str
    default: str = ""
    transformer: str = ""
    argument: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """`{{#item}}` or `{{/item}}`."""

    source: str
    position: int
    group: str
    opens: bool


Piece: TypeAlias = str | Tag | Mark


class Reason(Enum):
    UNKNOWN_CODE = "unknown code"
    UNKNOWN_TRANSFORMER = "unknown transformer"
    NO_LOOP = "no loop"
    NOT_CLOSED = "not closed"
    NOT_OPENED = "not opened"
    INSIDE_A_LOOP = "inside a loop"


_SENTENCES: Final = {
    Reason.UNKNOWN_CODE: "is no code: it stays as it is",
    Reason.UNKNOWN_TRANSFORMER: "names a transformer that does not exist: the value stays as it is",
    Reason.NO_LOOP: "opens a loop over what is no list: it stays as it is",
    Reason.NOT_CLOSED: "is never closed: it stays as it is",
    Reason.NOT_OPENED: "closes what was not opened: it stays as it is",
    Reason.INSIDE_A_LOOP: "is inside a loop: it stays as it is",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """What a template says that means nothing. `position` counts characters from 0."""

    source: str
    position: int
    reason: Reason

    @property
    def message(self) -> str:
        return f"{self.source} at {self.position} {_SENTENCES[self.reason]}"


def pieces(text: str) -> Iterator[Piece]:
    """The text in its order, nothing left out: all pieces' sources together are the text. Raises TemplateError where it
    is too long, or says too many codes."""
    if len(text) > LONGEST_TEMPLATE:
        raise TemplateError(f"A template has at most {LONGEST_TEMPLATE} characters, this one {len(text)}")
    told = codes = 0
    opened: dict[str, int] = {}  # by the mark, where a code may have begun
    for found in _MARKS.finditer(text):
        mark = found[0]
        if mark == "\n":
            opened.clear()
            continue
        begin = opened.get("{{" if mark == "}}" else "##") if mark != "{{" else None
        piece = None if begin is None else _piece(text[begin : found.end()], begin)
        if piece is not None:
            codes += 1
            if codes > MOST_CODES:
                raise TemplateError(f"A template has at most {MOST_CODES} codes")
            if told < piece.position:
                yield text[told : piece.position]
            yield piece
            told = found.end()
            opened.clear()
        elif mark == "}}":
            opened.pop("{{", None)
        else:
            opened[mark] = found.start()
    if told < len(text):
        yield text[told:]


def _piece(source: str, position: int) -> Tag | Mark | None:
    if len(source) > LONGEST_CODE:
        return None
    inner = source[2:-2]
    path, *parts = inner.split("|", 3)
    if found := _PATH.fullmatch(path.strip()):
        default, transformer, argument = (*parts, "", "", "")[:3]
        # Of a transformer that takes no argument, what stands there is documented as the default.
        if transformer.strip() not in OF_TEXT:
            return Tag(source, position, found[1], found[2], default.strip(), transformer.strip(), argument)
        return Tag(source, position, found[1], found[2], default.strip() or argument.strip(), transformer.strip())
    if source.startswith("{{") and (found := _SECTION.fullmatch(inner.strip())):
        return Mark(source, position, found[2], found[1] == "#")
    return None
