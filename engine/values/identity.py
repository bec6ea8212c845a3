"""Global identifiers: opaque to callers, `Type:key` to us."""

import base64
import binascii
from typing import Final, NamedTuple

from engine.values.errors import BadUserInput

# Clients keep ids, and a type may get another name: what it was called stands for what it is called.
_RENAMED: Final[dict[str, str]] = {}


class GlobalId(NamedTuple):
    type: str
    key: str


def encode(type_name: str, key: object) -> str:
    """URL-safe and without padding, so that an identifier can stand in a path."""
    return base64.urlsafe_b64encode(f"{type_name}:{key}".encode()).decode().rstrip("=")


def rename(former: str, name: str) -> None:
    """From now on an id of the type `former` is read as one of `name`. Raises TypeError for what two types were
    called."""
    if _RENAMED.setdefault(former, name) != name:
        raise TypeError(f"{name} and {_RENAMED[former]} were both called {former}: whose ids are they?")


def decode(text: str, expected: str | None = None) -> GlobalId:
    """Raises BadUserInput for what is no identifier of ours, or one of another type than `expected`.
    An id that names a type as it was called before is one of the type as it is called now."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise BadUserInput(f"{_shown(text)} is not an id; take ids from the `id` field of a node") from None
    type_name, colon, key = raw.partition(":")
    # Only the one spelling that `encode` gives: two texts for one node would defeat caches.
    if not (colon and type_name.isidentifier() and key and encode(type_name, key) == text):
        raise BadUserInput(f"{_shown(text)} is not an id; take ids from the `id` field of a node")
    type_name = _RENAMED.get(type_name, type_name)
    if expected is not None and type_name != expected:
        raise BadUserInput(f"{_shown(text)} is the id of a {type_name}, not of a {expected}")
    return GlobalId(type_name, key)


def number(key: str) -> int | None:
    """The key of a table numbered by integers, in the one spelling that `encode` gives; None for any other text."""
    # isascii: int() would take other scripts' digits; 2^63 is where the column ends.
    found = int(key) if key.isascii() and key.isdigit() and len(key) < 20 else 2**63
    return found if found < 2**63 and str(found) == key else None


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "…")
