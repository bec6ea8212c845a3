"""What is said of a code, and how groups of them are written down."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Code:
    """`sample` is what it may say. `open`: below it there are keys of the store's own, which nobody can list."""

    group: str
    key: str
    description: str
    sample: str
    open: bool = False

    @property
    def source(self) -> str:
        """As it is written."""
        return f"{{{{{self.group}.{self.key}}}}}"


@dataclass(frozen=True, slots=True)
class CodeGroup:
    """Codes by their keys. `loop`: there are several, and `{{#name}} … {{/name}}` says what stands between for each."""

    name: str
    title: str
    description: str
    codes: Mapping[str, Code]
    loop: bool = False

    def knows(self, key: str) -> bool:
        if key in self.codes:
            return True
        above = (self.codes.get(key[:at]) for at, letter in enumerate(key) if letter == ".")
        return any(code is not None and code.open for code in above)


@dataclass(frozen=True, slots=True)
class _Described:
    key: str
    description: str
    sample: str
    open: bool = False


Keys: TypeAlias = tuple[_Described, ...]


def said(key: str, description: str, sample: object = "") -> Keys:
    return (_Described(key, description, str(sample)),)


def document(key: str, description: str, sample: str) -> Keys:
    """A key with others below it that are the store's own."""
    return (_Described(key, description, sample, open=True),)


def money(key: str, description: str, amount: str = "19.99") -> Keys:
    """Two keys: the amount in major units, and as the store writes it."""
    return (
        _Described(key, f"{description}, in major units.", amount),
        _Described(f"{key}_formatted", f"{description}, as the store writes it.", f"${amount}"),
    )


def below(name: str, keys: Iterable[Keys], of: str) -> Keys:
    """Keys of a related record: `customer.email` of an order."""
    found = [each for keys_of_one in keys for each in keys_of_one]
    return tuple(
        _Described(
            f"{name}.{each.key}", f"{of}: {each.description[0].lower()}{each.description[1:]}", each.sample, each.open
        )
        for each in found
    )


def codes(name: str, title: str, description: str, *keys: Keys, loop: bool = False) -> tuple[str, CodeGroup]:
    found = [Code(name, one.key, one.description, one.sample, one.open) for several in keys for one in several]
    return name, CodeGroup(name, title, description, MappingProxyType({one.key: one for one in found}), loop)
