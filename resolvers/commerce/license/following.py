"""Licences of an order that somebody edits."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from sqlalchemy import select

from db.commerce.events import LICENSE_UPDATED
from db.commerce.license import LicenseRow
from db.store.events import EventKind
from db.store.row import table
from db.store.writing import edit_all
from engine.unit.unit import Unit
from resolvers.commerce.license.issuing import ISSUES, issue_licenses
from resolvers.commerce.license.stopping import stop_licenses

_LICENSE: Final = table(LicenseRow)
FOLLOWS: Final[tuple[EventKind, ...]] = (*ISSUES, LICENSE_UPDATED)

Row = Mapping[str, Any]


async def follow_order(
    unit: Unit,
    order: Row,
    values: Row,
    before: Collection[Row],
    after: Collection[Row],
    variants: Mapping[int, Row],
) -> None:
    """Let licences follow an order (locked, as it was) of which these `values` are written, and its lines: those that
    were its buyer's go to whom it goes to, those of pieces that it has no more stop, and what is paid of it and has
    none brings them. `variants`: of the lines that changed at least, locked."""
    now_of = values.get("customer_id", order["customer_id"])
    if now_of != order["customer_id"]:
        await _hand_over(unit, order, now_of)
    await stop_licenses(unit, order["id"], before, after, over=False)
    await issue_licenses(unit, {**order, **values}, after, variants)


async def _hand_over(unit: Unit, order: Row, customer: int) -> None:
    """A licence that was given to somebody else by hand stays theirs."""
    columns = _LICENSE.c
    theirs = columns.order_id == order["id"], columns.customer_id.is_not_distinct_from(order["customer_id"])
    statement = select(_LICENSE).where(*theirs).order_by(columns.id).with_for_update()
    rows = [dict(row) for row in (await unit.connection.execute(statement)).mappings()]
    to = {"customer_id": customer}
    await edit_all(unit.connection, _LICENSE, [(row, to) for row in rows])
    for row in rows:
        unit.emit(LICENSE_UPDATED(row, to))
