"""Slugs as the store's API writes them."""

import re
from typing import Final
from urllib.parse import unquote_to_bytes

# Only octets beyond ASCII: a `%2f` stays what it is, or a slug could hold a slash.
_ENCODED: Final = re.compile(r"(?:%[89a-fA-F][0-9a-fA-F])+")


def decoded(slug: str) -> str:
    """WordPress percent-encodes what is not ASCII: `%e6%97%a5` is stored as `日`. Octets that are no UTF-8 stay."""
    return _ENCODED.sub(_text, slug)


def _text(match: re.Match[str]) -> str:
    try:
        return unquote_to_bytes(match[0]).decode()
    except UnicodeDecodeError:
        return match[0]
