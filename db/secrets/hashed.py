"""Secrets that this store gives out: random, shown once, of which only the hash and the last characters are kept."""

import hashlib
import secrets
from enum import StrEnum
from typing import Final


class Prefix(StrEnum):
    """What a secret begins with: whoever finds one in a log or a repository knows what it opens."""

    TOKEN = "sg_"  # noqa: S105
    STOREFRONT = "sg_storefront_"
    SESSION = "sg_session_"
    CART = "sg_cart_"


# As WordPress writes them: 24 letters and digits, which people copy in groups of four.
_ALPHABET: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_LENGTH: Final = 24
_SHOWN: Final = 4


def hashed(secret: str) -> str:
    """At 140 bits of entropy and more a secret needs no salt and no slow hash; the stored value still opens nothing."""
    return hashlib.sha256(secret.encode()).hexdigest()


def made(prefix: Prefix) -> str:
    return prefix + secrets.token_urlsafe(32)


def application_password() -> str:
    """Without the spaces of `grouped`."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))


def grouped(password: str) -> str:
    """`abcd EFGH …`, for people; spaces mean nothing when it comes back."""
    return " ".join(password[at : at + 4] for at in range(0, len(password), 4))


def last_four(secret: str) -> str | None:
    """To tell secrets apart by. None for one too short to show a part of."""
    return secret[-_SHOWN:] if len(secret) >= 4 * _SHOWN else None
