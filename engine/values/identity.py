"""Global identifiers: opaque to callers, `Type:key` to us."""

import binascii
from functools import lru_cache
from typing import Final, NamedTuple

from engine.values.errors import BadUserInput

_URL_SAFE: Final = bytes.maketrans(b"+/", b"-_")
_FROM_URLS: Final = bytes.maketrans(b"-_", b"+/")
# Clients keep ids, and a type may get another name: what it was called stands for what it is called.
_RENAMED: Final[dict[str, str]] = {}
# What is asked for often is asked for again. Some 2 MB of each.
_MOST_KEPT: Final = 8192
_LONGEST_KEPT: Final = 100


class GlobalId(NamedTuple):
    type: str
    key: str

    @property
    def written(self) -> str:
        """As rows name what they are about."""
        return f"{self.type}:{self.key}"


@lru_cache(maxsize=_MOST_KEPT)
def encode(type_name: str, key: object) -> str:
    """URL-safe and without padding, so that an identifier can stand in a path."""
    return text_of(f"{type_name}:{key}".encode())


def text_of(raw: bytes) -> str:
    """URL-safe text without padding that spells these bytes."""
    return binascii.b2a_base64(raw, newline=False).translate(_URL_SAFE, b"=").decode()


def bytes_of(text: str) -> bytes:
    """What a text of `text_of` spells. Raises ValueError for what spells nothing."""
    spelled = (text + "=" * (-len(text) % 4)).encode("ascii").translate(_FROM_URLS)
    return binascii.a2b_base64(spelled, strict_mode=True)


def rename(former: str, name: str) -> None:
    """From now on an id of the type `former` is read as one of `name`. Raises TypeError for what two types were
    called."""
    if _RENAMED.setdefault(former, name) != name:
        raise TypeError(f"{name} and {_RENAMED[former]} were both called {former}: whose ids are they?")


def decode(text: str, expected: str | None = None) -> GlobalId:
    """Raises BadUserInput for what is no identifier of ours, or one of another type than `expected`.
    An id that names a type as it was called before is one of the type as it is called now."""
    found = _read(text) if len(text) <= _LONGEST_KEPT else _read.__wrapped__(text)
    if found is None:
        raise BadUserInput(f"{_shown(text)} is not an id; take ids from the `id` field of a node")
    type_name, key = found
    type_name = _RENAMED.get(type_name, type_name)
    if expected is not None and type_name != expected:
        raise BadUserInput(f"{_shown(text)} is the id of a {type_name}, not of a {expected}")
    return GlobalId(type_name, key)


def sought(text: str, expected: str | None = None) -> GlobalId:
    """`decode`, for what texts in the database are compared with. Raises BadUserInput for a NUL, too."""
    found = decode(text, expected)
    if "\0" in found.key:
        raise BadUserInput("NUL is not a character of a key")  # PostgreSQL refuses to compare with it
    return found


@lru_cache(maxsize=_MOST_KEPT)
def _read(text: str) -> tuple[str, str] | None:
    """The type and the key as they are written; None for what is no identifier of ours."""
    try:
        raw = bytes_of(text).decode()
    except ValueError:
        return None
    type_name, colon, key = raw.partition(":")
    # Only the one spelling that `encode` gives: two texts for one node would defeat caches.
    spelled = colon and type_name.isidentifier() and key and encode.__wrapped__(type_name, key) == text
    return (type_name, key) if spelled else None


def number(key: str) -> int | None:
    """The key of a table numbered by integers, in the one spelling that `encode` gives; None for any other text."""
    # isascii: int() would take other scripts' digits; 2^63 is where the column ends.
    found = int(key) if key.isascii() and key.isdigit() and len(key) < 20 else 2**63
    return found if found < 2**63 and str(found) == key else None


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "…")
