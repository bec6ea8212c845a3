"""What must not be taken over: storegraph shows settings to people, and a store's answers hold its keys."""

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Final

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
        return [without_secrets(part) for part in value if not _names_secret(part)]
    return value


def _names_secret(entry: Any) -> bool:
    return isinstance(entry, Mapping) and any(
        isinstance(entry.get(name), str) and confidential(entry[name]) for name in _NAMES
    )
