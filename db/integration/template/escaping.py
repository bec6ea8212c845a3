"""Values escaped for where they go. What the template itself says is its author's; what a code gives, its default and
its argument included, never breaks out of its place."""

import re
from collections.abc import Callable, Mapping
from enum import Enum
from html import escape
from types import MappingProxyType
from typing import Final
from urllib.parse import quote, quote_plus

import orjson

from db.integration.template.failure import TemplateError

# All but the tab: a line break would begin another header, and receivers differ in what they do with the rest.
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class Target(Enum):
    """TEXT: as it is. URL: one component of a path or a query. JSON: inside the quotes of a string. HEADER: a header's
    value. FORM: a name or a value of a form (application/x-www-form-urlencoded)."""

    TEXT = "text"
    HTML = "html"
    URL = "url"
    JSON = "json"
    HEADER = "header"
    FORM = "form"


def _component(value: str) -> str:
    # Not a step up in a path, whatever stands around it.
    return value.replace(".", "%2E") if value in (".", "..") else quote(value, safe="", errors="replace")


def _json(value: str) -> str:
    # Half of a pair, as no valid text has it, is not written.
    return orjson.dumps(value.encode("utf-8", "replace").decode())[1:-1].decode()


def _header(value: str) -> str:
    if _CONTROL.search(value):
        raise TemplateError("A line break or another control character cannot be part of a header")
    return value


def _form(value: str) -> str:
    return quote_plus(value, safe="", errors="replace")


ESCAPES: Final[Mapping[Target, Callable[[str], str]]] = MappingProxyType(
    {
        Target.TEXT: lambda value: value,
        Target.HTML: escape,
        Target.URL: _component,
        Target.JSON: _json,
        Target.HEADER: _header,
        Target.FORM: _form,
    }
)
