"""JSON as it is stored."""

import json
from typing import Any

import orjson


def read(text: str | bytes) -> Any:
    """The value of a stored text. PostgreSQL writes 1e20 with all of its digits: what has more than 64 bits is a number
    with a point again, as it was when it came, or no answer could hold it."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:  # half a character, say, of a store that was filled by others
        return json.loads(text)
