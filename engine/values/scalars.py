"""The contract's scalars. Python types on the left of the map, GraphQL's on the right."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Final, NewType

import orjson
import strawberry
from graphql import Undefined, ValueNode
from graphql.utilities import value_from_ast_untyped
from strawberry.scalars import JSON
from strawberry.types.scalar import ScalarDefinition

from engine.values.upload import Uploaded, uploaded

Cents = NewType("Cents", int)
CurrencyCode = NewType("CurrencyCode", str)
URL = NewType("URL", str)
HTML = NewType("HTML", str)

# JSON numbers are doubles in most clients: above this they lose units.
MOST_CENTS: Final = 2**53 - 1
# Only what is JSON already: orjson writes much more.
_PLAIN: Final = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_SUBCLASS
_CURRENCY = re.compile(r"[A-Z]{3}")
# Hours and minutes by RFC 3339's own bounds: Python takes an offset of +01:60, and from 3.14 on a time of 24:00.
_TIME = r"([01]\d|2[0-3]):[0-5]\d"
_MOMENT = re.compile(rf"\d{{4}}-\d\d-\d\d[Tt ]{_TIME}:[0-5]\d(\.\d{{1,9}})?([Zz]|[+-]{_TIME})", re.ASCII)


def _cents(value: Any) -> Cents:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("Cents is an integer of minor units: 1999 for 19.99")
    if abs(value) > MOST_CENTS:
        raise ValueError("Cents goes up to 2^53-1")
    return Cents(value)


def _currency(value: Any) -> CurrencyCode:
    if not isinstance(value, str) or not _CURRENCY.fullmatch(value):
        raise ValueError("CurrencyCode is three capital letters (ISO 4217): USD")
    return CurrencyCode(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("expected a string")
    return value


def _decimal(value: Any) -> Decimal:
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,30}(\.\d{1,30})?", value, re.ASCII):
        return Decimal(value)
    raise ValueError('Decimal is a string of digits: "19.99"')


def moment(value: Any) -> datetime:
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        raise ValueError("DateTime is RFC 3339 with an offset: 2026-11-20T23:48:35Z")
    try:
        return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("DateTime names no such day or time") from None


def rendered(value: datetime) -> str:
    """RFC 3339 in UTC with `Z`; fractions only where there are any."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _json(value: Any) -> Any:
    orjson.dumps(value, option=_PLAIN)  # what cannot be written as JSON later is refused now
    return value


def _json_literal(node: ValueNode, variables: dict[str, Any] | None = None) -> Any:
    """A literal with variables in it. One without a value is left out of an object and null in a list, as in an input;
    while a document is validated none has a value."""
    return _json(_said(value_from_ast_untyped(node, variables)))


def _said(value: Any) -> Any:
    """Values of variables, coerced by their own types, as JSON says them."""
    if isinstance(value, dict):
        return {key: _said(each) for key, each in value.items() if each is not Undefined}
    if isinstance(value, list):
        return [None if each is Undefined else _said(each) for each in value]
    if isinstance(value, datetime):
        return rendered(value)
    return value.name if isinstance(value, Enum) else str(value) if isinstance(value, Decimal) else value


def _sorted(value: Any) -> Any:
    """Objects by their keys: SQLite keeps the order in which they were written, PostgreSQL has one of its own."""
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value


def _scalar(
    name: str, specified_by: str, description: str, parse: Any, serialize: Any, literal: Any = None
) -> ScalarDefinition:
    return strawberry.scalar(
        name=name,
        description=description,
        specified_by_url=specified_by,
        parse_value=parse,
        parse_literal=literal,
        serialize=serialize,
    )


SCALARS: Final[Mapping[object, ScalarDefinition]] = {
    Cents: _scalar(
        "Cents",
        "https://www.rfc-editor.org/rfc/rfc8259#section-6",
        "Money in minor units of the store's currency: an integer JSON number up to 2^53-1, never a fraction.",
        _cents,
        int,
    ),
    CurrencyCode: _scalar(
        "CurrencyCode",
        "https://www.iso.org/iso-4217-currency-codes.html",
        "A currency by its three letters (ISO 4217).",
        _currency,
        str,
    ),
    URL: _scalar("URL", "https://url.spec.whatwg.org/", "An absolute URL.", _text, str),
    HTML: _scalar("HTML", "https://html.spec.whatwg.org/", "A fragment of HTML.", _text, str),
    datetime: _scalar(
        "DateTime",
        "https://www.rfc-editor.org/rfc/rfc3339",
        "A moment in UTC: 2026-11-20T23:48:35Z.",
        moment,
        rendered,
    ),
    Decimal: _scalar(
        "Decimal",
        "https://www.rfc-editor.org/rfc/rfc8259#section-7",
        'An exact decimal number, as a string: "19.99".',
        _decimal,
        str,
    ),
    JSON: _scalar(
        "JSON",
        "https://www.rfc-editor.org/rfc/rfc8259",
        "Any JSON value, where the shape is the caller's own.",
        _json,
        _sorted,
        _json_literal,
    ),
    Uploaded: _scalar(
        "Upload",
        "https://github.com/jaydenseric/graphql-multipart-request-spec",
        "A file of a multipart request: a variable that is null in `operations` and named in `map`.",
        uploaded,
        str,
    ),
}
