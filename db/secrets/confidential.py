"""What must not be shown: the one place that tells by a name whether its value is a secret, and takes it out.

A store's documents (settings, feeds, headers of webhooks) hold keys of other systems, and people read them here.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import Enum
from itertools import pairwise
from typing import Any, Final

from db.text.portable import portable_text
from engine.values.scalars import rendered

MASK: Final = "***"
_LOST: Final = "\N{REPLACEMENT CHARACTER}"  # in place of what cannot be stored
# Whole words of a name, however it is written: `apiKey`, `api_key`, `X-Api-Key`; not the `key` of a list's entry.
_WORDS: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_SECRET: Final = frozenset(
    {"secret", "secrets", "token", "tokens", "password", "passwords", "passwd", "pwd", "passphrase", "credential"}
    | {"credentials", "authorization", "apikey", "apitoken", "accesstoken", "secretkey", "privatekey", "bearer"}
)
_KEYS: Final = frozenset(
    {"api", "private", "secret", "access", "license", "auth", "client", "signing", "consumer", "encryption"}
)
# Entries of a list of names and values, as webhooks write their headers.
_NAMES: Final = ("key", "name", "header", "field")


def confidential(name: str) -> bool:
    """Whether what has this name looks like a secret."""
    words = [word.lower() for word in _WORDS.findall(name)]
    if any(word in _SECRET for word in words):
        return True
    return any(left in _KEYS and right in ("key", "keys") for left, right in pairwise(words))


def without_secrets(value: Any) -> Any:
    """A document without the parts that look like secrets, at any depth."""
    if isinstance(value, Mapping):
        return {name: without_secrets(part) for name, part in value.items() if not confidential(str(name))}
    if isinstance(value, list):
        return [without_secrets(part) for part in value if not names_secret(part)]
    return value


def masked(value: Any) -> Any:
    """A JSON document of `value`, at any depth with a mask in place of what is a secret: it tells that one was set or
    changed. Moments, decimals and enums become what the graph shows; anything that JSON does not know is masked too."""
    if isinstance(value, Mapping):
        return {
            portable_text(str(name), _LOST): MASK if part is not None and confidential(str(name)) else masked(part)
            for name, part in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        parts = sorted(value) if isinstance(value, set | frozenset) else value
        return [masked(dict.fromkeys(part, MASK)) if names_secret(part) else masked(part) for part in parts]
    if isinstance(value, Enum):
        return masked(value.value)
    if isinstance(value, str):
        return portable_text(value, _LOST)
    if isinstance(value, datetime):
        return rendered(value)
    if isinstance(value, Decimal):
        return str(value)
    return value if value is None or isinstance(value, bool | int | float) else MASK


def names_secret(entry: Any) -> bool:
    """Whether an entry of a list says of its value that it is a secret: `{"name": "Authorization", "value": …}`."""
    return isinstance(entry, Mapping) and any(
        isinstance(entry.get(name), str) and confidential(entry[name]) for name in _NAMES
    )
