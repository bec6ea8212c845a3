"""Parcels of orders that came from connected shops: which shops are to be told of them, and the jobs that do so."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import case, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from db.commerce.order import OrderRow
from db.integration.connected_store import ConnectedStoreRow, ConnectionState, RemoteRecordRow
from db.store.row import now, table
from db.work import jobs

# The kind of the jobs.
TRACKING: Final = "tracking"
AT_REST: Final = "The connection is at rest: the shop is told once it is enabled"
_ORDER: Final = table(OrderRow)
_SHOP: Final = table(ConnectedStoreRow)
_RECORD: Final = table(RemoteRecordRow)
_COLUMNS: Final = ("tracking_carrier", "tracking_number", "tracking_url")
_TELLS: Final = _SHOP.c.removed_at.is_(None) & _SHOP.c.push_tracking


async def set_here(connection: AsyncConnection, order: int, former: str | None, *, caller: str | None = None) -> None:
    """The parcel of this order was set here: whatever shop it came from is told by a job, where its connection is to
    tell. `former` is the number that was there before. To be called in the transaction that writes the order."""
    shops = (
        select(_SHOP.c.guid, _SHOP.c.state)
        .join(_RECORD, _RECORD.c.connection == _SHOP.c.guid)
        .where(_RECORD.c.kind == _ORDER.name, _RECORD.c.local_id == order, _TELLS)
    )
    # What was set meanwhile and the shop was not told of is nothing that it knows.
    kept = case((_ORDER.c.tracking_told_at.is_(None), func.coalesce(_ORDER.c.tracking_former, former)), else_=former)
    problem = None
    for guid, state in await connection.execute(shops.order_by(_SHOP.c.guid)):
        if state is ConnectionState.ACTIVE:
            await _ask(connection, guid, order, former, caller)
        else:
            problem = AT_REST
    await _note(connection, order, tracking_told_at=None, tracking_problem=problem, tracking_former=kept)


async def enabled(connection: AsyncConnection, guid: str, *, caller: str | None = None) -> None:
    """The connection is used again: it tells what it could not. To be called in the transaction that writes it."""
    waiting = (
        select(_ORDER.c.id)
        .join(_RECORD, _RECORD.c.local_id == _ORDER.c.id)
        .join(_SHOP, _SHOP.c.guid == _RECORD.c.connection)
        .where(_RECORD.c.connection == guid, _RECORD.c.kind == _ORDER.name, _TELLS)
        .where(_ORDER.c.tracking_problem.is_not(None))
        .order_by(_ORDER.c.id)
    )
    for order in (await connection.scalars(waiting)).all():
        await _ask(connection, guid, order, None, caller)


async def parcel(connection: AsyncConnection, guid: str, order: int) -> Mapping[str, Any] | None:
    """What the connection's shop is to be told of the order: `remote`, its number there, and the columns. None
    where there is nothing to tell."""
    statement = (
        select(_RECORD.c.remote_id.label("remote"), _ORDER.c.tracking_former, *(_ORDER.c[name] for name in _COLUMNS))
        .join(_ORDER, _ORDER.c.id == _RECORD.c.local_id)
        .where(_RECORD.c.connection == guid, _RECORD.c.kind == _ORDER.name, _ORDER.c.id == order)
        .where(_ORDER.c.tracking_number.is_not(None))
    )
    row = (await connection.execute(statement)).mappings().first()
    return None if row is None else dict(row)


async def told(connection: AsyncConnection, order: int, parcel: Mapping[str, Any]) -> bool:
    """The shop knows this parcel. False where it is another one by now."""
    values = {"tracking_told_at": now(), "tracking_problem": None, "tracking_former": None}
    return await _note(connection, order, parcel, **values)


async def untold(connection: AsyncConnection, order: int, problem: str, parcel: Mapping[str, Any]) -> bool:
    """The shop does not know it, and why. False as `told`."""
    return await _note(connection, order, parcel, tracking_told_at=None, tracking_problem=problem)


async def _ask(connection: AsyncConnection, guid: str, order: int, former: str | None, caller: str | None) -> None:
    await jobs.ask(connection, TRACKING, {"connection": guid, "order": order, "former": former}, caller=caller)


async def _note(
    connection: AsyncConnection, order: int, parcel: Mapping[str, Any] | None = None, **values: Any
) -> bool:
    """Beside what callers edit: the order keeps its version. False where `parcel` is not what is there."""
    statement = update(_ORDER).where(_ORDER.c.id == order)
    if parcel is not None:
        statement = statement.where(*(_ORDER.c[name].is_not_distinct_from(parcel[name]) for name in _COLUMNS))
    return (await connection.execute(statement.values(values))).rowcount > 0
