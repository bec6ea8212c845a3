"""What a code may do to its value, by the documented names: `{{customer.first_name||ucfirst}}`."""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

# Where one word of a name ends and the next begins: `orderStatus`, `on-hold`, `past_due`.
_WORDS: Final = re.compile(r"[\s_-]+|(?<=[a-z0-9])(?=[A-Z])")
_FIRST: Final = re.compile(r"(^|\s)(\S)")


def _ucfirst(value: str) -> str:
    return value[:1].upper() + value[1:]


def _ucwords(value: str) -> str:
    """The first character of each word in upper case, the others as they are."""
    return _FIRST.sub(lambda found: found[1] + found[2].upper(), value)


def _title_case(value: str) -> str:
    """The first character of each word in upper case, the others in lower case."""
    return _ucwords(value.lower())


def _headline(value: str) -> str:
    """A title out of a name as programs write it: `past_due` becomes `Past Due`."""
    return " ".join(_ucfirst(word) for word in _WORDS.split(value) if word)


# Of what comes out, be it the value or its default.
OF_TEXT: Final[Mapping[str, Callable[[str], str]]] = MappingProxyType(
    {
        "trim": str.strip,
        "ucfirst": _ucfirst,
        "ucwords": _ucwords,
        "strtolower": str.lower,
        "strtoupper": str.upper,
        "title_case": _title_case,
        "headline": _headline,
    }
)
# Of a value that is there, with the argument; without a value the default stands in their place.
WITH_ARGUMENT: Final[Mapping[str, Callable[[str, str], str]]] = MappingProxyType(
    {
        "concat_first": lambda value, argument: argument + value,
        "concat_last": lambda value, argument: value + argument,
        "show_if": lambda value, argument: argument,
    }
)
DESCRIPTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "trim": "Without the spaces at both ends.",
        "ucfirst": "The first character in upper case.",
        "ucwords": "The first character of each word in upper case, the others as they are.",
        "strtolower": "All in lower case.",
        "strtoupper": "All in upper case.",
        "title_case": "The first character of each word in upper case, the others in lower case.",
        "headline": "A title out of a name as programs write it: `past_due` becomes `Past Due`.",
        "concat_first": "The argument before the value, where there is one.",
        "concat_last": "The argument behind the value, where there is one.",
        "show_if": "The argument in place of the value, where there is one.",
    }
)


def is_known(name: str) -> bool:
    return not name or name in OF_TEXT or name in WITH_ARGUMENT
