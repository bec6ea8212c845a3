"""What a report is asked with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import strawberry
from sqlalchemy import select

from db.commerce.money import MoneyFormat, money_format
from db.commerce.order import ONCE_PAID, OrderMode, OrderType, PaymentStatus
from db.commerce.store import MONEY_FORMAT
from engine.declared.batch import Argument
from engine.standard.context import Context
from engine.values import identity
from engine.values.scalars import CurrencyCode
from resolvers.commerce import enums as _registered  # noqa: F401  the arguments below need the enums
from resolvers.commerce.report.window import ReportComparison, ReportGroup, Window, window


def _optional(name: str, type_: Any, description: str, **more: Any) -> Argument:
    return Argument(name, type_ | None, description, default=None, **more)


PERIOD: Final = (
    _optional(
        "start_date", datetime, "Its first moment. A month before the end, at the beginning of that day, when absent."
    ),
    _optional("end_date", datetime, "Its last moment. The end of today when absent. Days are those of UTC."),
)
GROUP_KEY: Final = _optional(
    "group_key",
    ReportGroup,
    "What its points are. Days up to 91 of them, months up to 365 days, else years when absent.",
)
COMPARED: Final = (
    _optional("compare_type", ReportComparison, "What it is compared with; with nothing when absent."),
    _optional("compare_date", datetime, "With CUSTOM: the first moment of what it is compared with."),
)
CURRENCY: Final = _optional(
    "currency", CurrencyCode, "Orders that were made in it, and no others; the store's own when absent."
)
ORDERS: Final = (
    CURRENCY,
    _optional("variant_ids", list[strawberry.ID], "Orders with one of these.", identifies="ProductVariant"),
    _optional("order_types", list[OrderType], "Orders of these types; of all when absent."),
    _optional(
        "payment_statuses",
        list[PaymentStatus],
        "Orders that are paid so far; PAID, PARTIALLY_PAID, PARTIALLY_REFUNDED and REFUNDED when absent.",
    ),
    _optional("filter_mode", OrderMode, "Of real purchases or of trials; of both when absent."),
)


@dataclass(frozen=True, slots=True)
class Shape:
    """What statement a report is, but for its parameters."""

    group: ReportGroup | None
    dialect: str
    types: tuple[OrderType, ...]
    statuses: tuple[PaymentStatus, ...]
    mode: OrderMode | None
    variants: bool


@dataclass(frozen=True)
class Asked:
    """`parameters` are those of all of its statements but the ends of a window."""

    window: Window
    compared: Window | None
    group: ReportGroup
    shape: Shape
    parameters: Mapping[str, Any]
    format: MoneyFormat

    def given(self, window: Window) -> dict[str, Any]:
        return {**self.parameters, "start": window.start, "end": window.end}


async def asked(context: Context, arguments: Mapping[str, Any]) -> Asked:
    """What the arguments of PERIOD, GROUP_KEY, COMPARED and ORDERS say, as far as a report has them; an empty list is
    none. Raises CodedError (VALIDATION) for dates that make no window."""
    get = arguments.get
    during = window(get("start_date"), get("end_date"), datetime.now(UTC))
    compared = during.compared(get("compare_type"), get("compare_date"))
    format_ = await written(context, get("currency"))
    statuses, variants = get("payment_statuses"), get("variant_ids")
    shape = Shape(
        None,
        context.dialect,
        _sorted(get("order_types")),
        _sorted(statuses) or ONCE_PAID,
        get("filter_mode"),
        bool(variants),
    )
    parameters: dict[str, Any] = {"currency": format_.currency}
    if variants:
        parameters["variants"] = [identity.number(identity.decode(each).key) or 0 for each in variants]
    return Asked(during, compared, during.group(get("group_key")), shape, parameters, format_)


async def written(context: Context, currency: str | None) -> MoneyFormat:
    """How the store writes amounts of a currency, its own unless one is named."""
    (row,) = await context.rows(select(MONEY_FORMAT.label("format")))
    own = money_format(row.format)
    return own if currency is None else own._replace(currency=currency)


def _sorted(words: Sequence[Any] | None) -> tuple[Any, ...]:
    """One shape, however they were put."""
    return tuple(sorted(set(words or ()), key=str))
