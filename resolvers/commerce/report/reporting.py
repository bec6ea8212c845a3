"""How a report is made of statements that sum up: its points, its summary, and those of what it is compared with."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, String, bindparam, cast, func, literal, select

from db.commerce.address import AddressType
from db.commerce.order import OrderAddressRow, OrderItemRow, OrderRow
from db.store.row import among as one_of
from db.store.row import table
from engine.standard.context import Context
from engine.values.statement import AnySelect, among
from resolvers.commerce.report.asked import Asked, Shape
from resolvers.commerce.report.window import FORMATS, TIMES, ReportGroup, Window

ORDER, ITEM, ADDRESS = table(OrderRow), table(OrderItemRow), table(OrderAddressRow)
Figures: TypeAlias = Mapping[str, Any]  # by their names

# PostgreSQL's words for those of FORMATS.
_WORDS = (("%Y", "YYYY"), ("%m", "MM"), ("%d", "DD"))


@dataclass(frozen=True, slots=True)
class Counted:
    """Figures that one statement sums up: `statement` of a shape, with a `key` where it has a group; what `read` makes
    of a row of it. `adds`: what the points came to together is what all came to; who is counted once is not."""

    statement: Callable[[Shape], AnySelect]
    read: Callable[[Any], Figures]
    adds: bool = True


@dataclass(frozen=True)
class Report:
    """`points` and `previous` are by their keys. The latter and `before` are None where nothing is compared."""

    asked: Asked
    points: Mapping[str, Figures]
    summary: Figures
    previous: Mapping[str, Figures] | None = None
    before: Figures | None = None

    @cached_property
    def changes(self) -> dict[str, float] | None:
        """By how many percent each figure has grown."""
        before = self.before
        if before is None:
            return None
        return {name: fluctuation(value, before[name]) for name, value in self.summary.items()}


async def reported(context: Context, asked: Asked, *counted: Counted) -> Report:
    """A report of figures, each of them summed up for each point and for all of it. Raises CodedError (VALIDATION) for
    more points than anybody looks at."""
    windows = [asked.window] if asked.compared is None else [asked.window, asked.compared]
    # Before anything is summed up.
    keys = [window.periods(asked.group) if asked.group in TIMES else [] for window in windows]
    found = [await _during(context, asked, counted, *each) for each in zip(windows, keys, strict=True)]
    return Report(asked, *found[0], *(found[1] if len(found) > 1 else ()))


async def _during(
    context: Context, asked: Asked, counted: tuple[Counted, ...], window: Window, keys: list[str]
) -> tuple[dict[str, Figures], Figures]:
    points: dict[str, dict[str, Any]] = {key: {} for key in keys}
    summary: dict[str, Any] = {}
    given = asked.given(window)
    for one in counted:
        grouped = one.statement(replace(asked.shape, group=asked.group))
        rows = await context.rows(grouped, given)
        for row in rows:
            points.setdefault(row.key or "", {}).update(one.read(row))
        whole: Any = _Sum(rows) if one.adds else (await context.rows(one.statement(asked.shape), given))[0]
        summary |= one.read(whole)
        nothing = one.read(_Sum(()))
        for figures in points.values():
            for name, value in nothing.items():
                figures.setdefault(name, value)
    return dict(sorted(points.items())), summary


class _Sum:
    """A row of what others have together."""

    def __init__(self, rows: Iterable[Any]) -> None:
        self._rows = rows

    def __getattr__(self, name: str) -> int:
        return sum(int(getattr(row, name)) for row in self._rows)


def selected(shape: Shape, *columns: ColumnElement[Any], of: Any = ORDER) -> Any:
    """The orders (or what is joined to them) that a shape is about, each with the key of the point that it belongs to.
    Its parameters: `start`, `end`, `currency`, and `variants` where it has some."""
    moment = ORDER.c.created_at
    found = select(key_of(shape, moment).label("key"), *columns).select_from(of)
    found = found.where(*during(moment), ORDER.c.currency == bindparam("currency", type_=String()))
    found = found.where(one_of(ORDER.c.payment_status, shape.statuses))
    if shape.types:
        found = found.where(one_of(ORDER.c.type, shape.types))
    if shape.mode is not None:
        found = found.where(ORDER.c.mode == literal(shape.mode, ORDER.c.mode.type))
    if shape.variants:
        with_one = select(ITEM.c.order_id).where(among(ITEM.c.variant_id, "variants", shape.dialect))
        found = found.where(ORDER.c.id.in_(with_one))
    return found.subquery("counted")


def during(moment: ColumnElement[Any]) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return moment >= bindparam("start", type_=moment.type), moment <= bindparam("end", type_=moment.type)


def summed(shape: Shape, counted: Any, *sums: ColumnElement[Any]) -> AnySelect:
    """For each key of what was selected, or for all of it."""
    if shape.group is None:
        return select(*sums).select_from(counted)
    return select(counted.c.key, *sums).group_by(counted.c.key)


def total(column: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.coalesce(func.sum(column), 0)


def key_of(shape: Shape, moment: ColumnElement[Any]) -> ColumnElement[Any]:
    match shape.group:
        case None:
            return literal("")
        case ReportGroup.PAYMENT_METHOD:
            return ORDER.c.payment_method
        case ReportGroup.PAYMENT_STATUS:
            return cast(ORDER.c.payment_status, String)
        case ReportGroup.BILLING_COUNTRY:
            return _country(AddressType.BILLING)
        case ReportGroup.SHIPPING_COUNTRY:
            return _country(AddressType.SHIPPING)
    written = FORMATS[shape.group]
    if shape.dialect == "sqlite":
        return func.strftime(written, moment)
    for own, word in _WORDS:
        written = written.replace(own, word)
    return func.to_char(func.timezone("UTC", moment), written)


def _country(type_: AddressType) -> ColumnElement[Any]:
    """An import may have brought several addresses of an order."""
    own = (ADDRESS.c.order_id == ORDER.c.id, ADDRESS.c.type == literal(type_, ADDRESS.c.type.type))
    return func.coalesce(select(func.min(ADDRESS.c.country)).where(*own).correlate(ORDER).scalar_subquery(), "")


def fluctuation(current: Any, previous: Any) -> float:
    """Percent, with two decimals. What was nothing has grown by 100, and so on."""
    if not previous or previous < 0:
        return 100.0 if (current or 0) > 0 else 0.0
    return percent(current or 0, previous)


def percent(current: Any, previous: Any) -> float:
    grown = (Decimal(str(current)) - Decimal(str(previous))) / Decimal(str(previous)) * 100
    return float(grown.quantize(Decimal("0.01"), ROUND_HALF_UP))


def each(whole: int, count: int) -> int | None:
    """The average, in whole minor units; of nothing there is none."""
    return None if not count else int((Decimal(whole) / count).quantize(Decimal(1), ROUND_HALF_UP))
