"""Addresses that texts name, and where they may lead."""

import re
from typing import Final
from urllib.parse import urlsplit

LONGEST_MAIL_ADDRESS: Final = 254  # what fits into an envelope (RFC 5321)
# Basic credentials end the login, which may be an address, at a colon.
_MAIL: Final = re.compile(r"[^\s@:]+@[^\s@:]+\.[^\s@:]+")
# What a browser leaves out before it looks for the scheme.
_IGNORED: Final = re.compile(r"[\x00-\x20\x7f-\x9f]+")
_ACTIVE: Final = ("javascript:", "vbscript:", "data:")


def is_web_address(text: str) -> bool:
    """An absolute http or https URL without spaces and control characters. Says nothing about where it leads."""
    try:
        parts = urlsplit(text)
    except ValueError:  # brackets that hold no IPv6 address
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc) and text.isprintable() and " " not in text


def is_mail_address(text: str) -> bool:
    """Whether it may be one: mail to it may still come back."""
    return len(text) <= LONGEST_MAIL_ADDRESS and text.isprintable() and _MAIL.fullmatch(text) is not None


def is_active(text: str) -> bool:
    """Whether who follows the address runs what it says, instead of going somewhere."""
    return _IGNORED.sub("", text[:200]).lower().startswith(_ACTIVE)
