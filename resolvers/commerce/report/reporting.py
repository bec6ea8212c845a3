"""How a report is made of statements that sum up: its points, its summary, and those of what it is compared with."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, String, bindparam, cast, func, literal, select

from db.commerce.address import AddressType
from db.commerce.order import OrderAddressRow, OrderItemRow, OrderRow
from db.commerce.sums.exact import half_up
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


class _During:
    """What a window came to. Nothing is read before somebody asks for it, and nothing twice."""

    def __init__(self, context: Context, asked: Asked, counted: Sequence[Counted], window: Window) -> None:
        self._context = context
        self._asked = asked
        self._counted = counted
        self._given = asked.given(window)
        self._keys = window.periods(asked.group) if asked.group in TIMES else []
        self._read: dict[AnySelect, Sequence[Any]] = {}
        self._turn = asyncio.Lock()  # points and their sum are asked for at once

    async def points(self) -> dict[str, Figures]:
        """By their keys."""
        points: dict[str, dict[str, Any]] = {key: {} for key in self._keys}
        for one in self._counted:
            for row in await self._rows(one, self._asked.group):
                points.setdefault(row.key or "", {}).update(one.read(row))
            nothing = one.read(_Sum(()))
            for figures in points.values():
                for name, value in nothing.items():
                    figures.setdefault(name, value)
        return dict(sorted(points.items()))

    async def summary(self) -> Figures:
        summary: dict[str, Any] = {}
        for one in self._counted:
            rows = await self._rows(one, self._asked.group if one.adds else None)
            summary |= one.read(_Sum(rows) if one.adds else rows[0])
        return summary

    async def _rows(self, one: Counted, group: ReportGroup | None) -> Sequence[Any]:
        return await self.rows(one.statement(replace(self._asked.shape, group=group)))

    async def rows(self, statement: AnySelect) -> Sequence[Any]:
        async with self._turn:
            if statement not in self._read:
                self._read[statement] = await self._context.rows(statement, self._given)
            return self._read[statement]


class Report:
    """Figures, each of them summed up for each point of a window and for all of it, beside those of the window that it
    is compared with; what of these is asked for. Raises CodedError (VALIDATION) for more points than anybody looks
    at."""

    def __init__(self, context: Context, asked: Asked, *counted: Counted) -> None:
        self.asked = asked
        self._this = _During(context, asked, counted, asked.window)
        self._before = None if asked.compared is None else _During(context, asked, counted, asked.compared)

    async def rows(self, statement: AnySelect) -> Sequence[Any]:
        """What else there is of its window, by one of the statements that are kept."""
        return await self._this.rows(statement)

    async def points(self) -> Mapping[str, Figures]:
        return await self._this.points()

    async def summary(self) -> Figures:
        return await self._this.summary()

    async def previous_points(self) -> Mapping[str, Figures] | None:
        """None where nothing is compared, as the next two."""
        return None if self._before is None else await self._before.points()

    async def previous_summary(self) -> Figures | None:
        return None if self._before is None else await self._before.summary()

    async def fluctuations(self) -> dict[str, float] | None:
        """By how many percent each figure has grown."""
        before = await self.previous_summary()
        if before is None:
            return None
        return {name: fluctuation(value, before[name]) for name, value in (await self.summary()).items()}


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
    now, before = Fraction(str(current)), Fraction(str(previous))
    return half_up((now - before) / before * 10_000) / 100


def each(whole: int, count: int) -> int | None:
    """The average, in whole minor units; of nothing there is none."""
    return None if not count else half_up(Fraction(whole, count))
