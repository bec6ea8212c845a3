"""Personal data taken out of what is kept of a request and its answer. Whoever reads that looks for what went wrong,
not for people; what was sent itself was what the subscriber is entitled to."""

import re
from collections.abc import Collection
from typing import Final
from urllib.parse import parse_qsl, urlencode

from connectors.delivery.beginning import Hiding, Name, remembered
from db.secrets.confidential import MASK, confidential

# Whole words of a name, however it is written: `first_name`, `billing[email]`, `toPhone`.
_WORDS: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_PERSONAL: Final = frozenset(
    {"email", "mail", "phone", "mobile", "fax", "address", "street", "postcode", "zip", "postal", "birthday"}
    | {"firstname", "lastname", "fullname", "surname", "ip", "iban", "vat", "note"}
)
# Of whom everything is personal but numbers, moments and words of ours.
_PEOPLE: Final = frozenset({"customer", "customers", "billing", "shipping", "user", "person", "recipient"})
_NAMES: Final = frozenset({"first", "last", "full", "display", "user", "customer", "company"})
_EMAIL: Final = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,255}")


def personal(name: str) -> bool:
    """Whether what has this name is personal data."""
    words = [word.lower() for word in _WORDS.findall(name)]
    if any(word in _PERSONAL for word in words):
        return True
    return "name" in words and bool(_NAMES.intersection(words))


def personal_code(group: str, key: str) -> bool:
    """Whether a smart code gives personal data."""
    return _person(group) or any(_person(part) or personal(part) for part in key.split("."))


def _judged(name: str) -> Name:
    known = personal(name)
    return Name(confidential(name), leaf=known, below=known or _person(name), plain=_plain(name))


class Personal(Hiding):
    """Of a JSON document, a form, or a text in which only addresses are found. `also`: names of its fields that are
    known to hold some, whatever they are called."""

    _known = staticmethod(remembered(_judged))

    def __init__(self, also: Collection[str] = ()) -> None:
        self._also = frozenset(also)
        self.name = self._named if also else self._known

    def _named(self, name: str) -> Name:
        return Name(hidden=True) if name in self._also else self._known(name)

    def field(self, path: str) -> bool:
        return self.name(path).hidden or _told(path)

    def text(self, text: str) -> str:
        return impersonal_text(text)


def impersonal_pairs(text: str, also: Collection[str] = ()) -> str:
    """A query string, or a form."""
    given = parse_qsl(text, keep_blank_values=True)
    pairs = [(name, MASK if name in also or _told(name) else impersonal_text(value)) for name, value in given]
    return urlencode(pairs, safe="*[]")


def impersonal_text(text: str) -> str:
    return _EMAIL.sub(MASK, text) if "@" in text else text


def _told(path: str) -> bool:
    """Whether what stands at `customer[name]` is personal."""
    *outer, last = re.findall(r"[^\[\]]+", path) or [path]
    return personal(last) or (any(_person(name) for name in outer) and last == "name")


def _person(name: str) -> bool:
    return any(word.lower() in _PEOPLE for word in _WORDS.findall(name))


def _plain(name: str) -> bool:
    """Words of ours, which say nothing of the person."""
    words = {word.lower() for word in _WORDS.findall(name)}
    return not words.isdisjoint({"id", "status", "type", "at", "country", "currency", "method", "uuid"})
