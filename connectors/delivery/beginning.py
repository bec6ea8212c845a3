"""The beginning of a JSON document as text, with a mask in place of what is not to be kept. What is not kept is not
walked, and a document may be nested as deep as its writer liked."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import orjson

from db.secrets.confidential import MASK, confidential, names_secret

# Names of fields come again and again; a longer one is no field's, and is not remembered.
_LONGEST_NAME: Final = 64
_MOST_NAMES: Final = 4096
# What is looked at of a long text beyond what is kept of it: a hidden part may begin before its end.
_BEYOND: Final = 512
# What is nested deeper is left out.
_DEEPEST: Final = 100
_LEFT_OUT: Final = "…"


@dataclass(frozen=True, slots=True)
class Name:
    """What is to be done with a value by the name that it stands under.

    `hidden`  it is masked, whatever it is
    `leaf`    it is masked unless it is an object or a list
    `below`   whose texts are masked below it, but under `plain` names
    """

    hidden: bool
    leaf: bool = False
    below: bool = False
    plain: bool = True


def remembered(judge: Callable[[str], Name]) -> Callable[[str], Name]:
    """The same, asked once for each name that comes often."""
    known = _Known(judge)
    return known.__getitem__


class _Known(dict[str, Name]):
    """A dictionary's own look-up is a fifth of a call's, and names are looked up for each value that is kept."""

    def __init__(self, judge: Callable[[str], Name]) -> None:
        super().__init__()
        self._judge = judge

    def __missing__(self, name: str) -> Name:
        judged = self._judge(name)
        if len(name) <= _LONGEST_NAME:
            if len(self) >= _MOST_NAMES:
                self.clear()
            self[name] = judged
        return judged


class Hiding:
    """What is hidden of a message: secrets. Whoever knows more of what it says hides more."""

    name: Callable[[str], Name] = staticmethod(remembered(lambda name: Name(confidential(name))))

    def field(self, path: str) -> bool:
        """Whether the value of a form's field, or of a query's, is masked: `customer[name]`."""
        return self.name(path).hidden

    def text(self, text: str) -> str:
        """A text that is kept."""
        return text


SECRETS: Final = Hiding()


class _Copying:
    """Of a document, as much as so many characters may hold."""

    def __init__(self, most: int, hiding: Hiding) -> None:
        self._left = most
        self._name = hiding.name
        self._text = hiding.text

    def copied(self, value: Any, depth: int, *, inside: bool) -> Any:
        if isinstance(value, dict | list):
            if depth > _DEEPEST:
                return _LEFT_OUT
            self._left -= 2
            if isinstance(value, list):
                return self._list(value, depth, inside=inside)
            return self._object(value, depth, inside=inside)
        return self._scalar(value)

    def _list(self, parts: list[Any], depth: int, *, inside: bool) -> list[Any]:
        copy = []
        for part in parts:
            if self._left < 0:
                break
            copy.append(self.copied(part, depth + 1, inside=inside))
        return copy

    def _object(self, parts: dict[str, Any], depth: int, *, inside: bool) -> dict[str, Any]:
        copy: dict[str, Any] = {}
        all_hidden = names_secret(parts)
        judged = self._name
        for name, part in parts.items():
            if self._left < 0:
                break
            self._left -= len(name) + 4
            if part is None:
                copy[name] = None
                continue
            known = judged(name)
            if all_hidden or known.hidden:
                copy[name] = MASK
                continue
            kind = type(part)
            if kind is dict or kind is list:
                copy[name] = self.copied(part, depth + 1, inside=inside or known.below)
            elif known.leaf:
                copy[name] = MASK
            elif kind is not str:
                self._left -= 1
                copy[name] = part
            elif inside and not known.plain:
                copy[name] = MASK
            else:
                copy[name] = self._scalar(part)
        return copy

    def _scalar(self, value: Any) -> Any:
        if isinstance(value, str):
            value = self._text(value[: max(self._left, 0) + _BEYOND])
            self._left -= len(value)
        self._left -= 1
        return value


def beginning(document: Any, most: int, hiding: Hiding = SECRETS) -> str:
    """The whole of a short document, and of another one `most` characters at least."""
    return orjson.dumps(_Copying(most, hiding).copied(document, 1, inside=False)).decode()
