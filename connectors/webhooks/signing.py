"""Signatures as Standard Webhooks writes them down (https://www.standardwebhooks.com), by its own library."""

import base64
import binascii
from collections.abc import Iterable
from datetime import datetime
from secrets import token_bytes
from typing import Final

from standardwebhooks import Webhook

PREFIX: Final = "whsec_"
# What the specification allows, in bytes.
FEWEST, MOST = 24, 64


def made() -> str:
    """A new secret, of as many bytes as the hash that signs gives."""
    return PREFIX + base64.b64encode(token_bytes(32)).decode()


def checked(secret: str) -> str | None:
    """What is wrong with a secret that somebody chose; None: nothing."""
    if not secret.startswith(PREFIX):
        return f"A secret is {PREFIX} and {FEWEST} to {MOST} random bytes in base64"
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return f"What follows {PREFIX} is no base64"
    if len(key) < FEWEST:
        return f"The secret is too short: {len(key)} bytes, and {FEWEST} are the fewest"
    return None if len(key) <= MOST else f"The secret is too long: {len(key)} bytes, and {MOST} are the most"


def signed(message: str, moment: datetime, content: str, secrets: Iterable[str]) -> dict[str, str]:
    """The three headers. With several secrets there are as many signatures, and a receiver that knows one of them is
    content. `moment` is when it is sent, in UTC."""
    signatures = [Webhook(secret).sign(message, moment, content) for secret in secrets]
    return {
        "webhook-id": message,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
