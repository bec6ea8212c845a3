"""A call of a shop, judged and written down: what is to be read from the shop is a job, and nobody waits for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.inbound.schemes import PRODUCT, SCHEMES, Hint, Received
from db.integration.connected_store import ConnectedStoreRow, ConnectionState, InboundCallRow
from db.store.database import Database
from db.store.row import table
from db.work import jobs

# The kind of its jobs.
INBOUND: Final = "inbound"
SHOP: Final = table(ConnectedStoreRow)
CALL: Final = table(InboundCallRow)
LONGEST_GUID: Final = 64
SECONDS: Final = 10.0


class Unknown(Exception):
    """There is no such connection."""


class AtRest(Exception):
    """The connection is not used at present."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """A call that is the shop's own. `wanted`: something can be done about it, and the settings of the connection say
    so."""

    guid: str
    hint: Hint
    wanted: bool


async def recognise(database: Database, guid: str, headers: Mapping[str, str], body: bytes, at: datetime) -> Recognised:
    """Raises Unknown, Forged; of a call that is signed AtRest, Stale and Unclear. Raises NoSecretKey."""
    row = await _connection(database, guid)
    if row is None or row["inbound_secret"] is None:
        raise Unknown
    hint = SCHEMES[row["provider"]](Received(headers, body, at), row["inbound_secret"].reveal())
    if row["state"] is not ConnectionState.ACTIVE:
        raise AtRest
    taken_in = row["sync_products"] if hint.kind == PRODUCT else row["auto_import_orders"]
    return Recognised(guid, hint, wanted=hint.kind is not None and taken_in)


async def take(database: Database, call: Recognised, at: datetime) -> bool:
    """Writes it down, with a job. False: the same call was taken before."""

    async def written(connection: AsyncConnection) -> bool:
        return await _written(connection, call.guid, call.hint, at)

    return await database.tell(written, seconds=SECONDS)


async def _connection(database: Database, guid: str) -> dict[str, Any] | None:
    if len(guid) > LONGEST_GUID or not guid.isascii() or not guid.isprintable():
        return None
    statement = select(SHOP).where(SHOP.c.guid == guid, SHOP.c.removed_at.is_(None))
    async with database.read() as connection:
        row = (await connection.execute(statement)).mappings().one_or_none()
    return None if row is None else dict(row)


async def _written(connection: AsyncConnection, guid: str, hint: Hint, at: datetime) -> bool:
    """Whether it is new: then there is a job for it, in the same transaction."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    call = {
        "connection": guid,
        "delivery": hint.delivery,
        "topic": hint.topic,
        "received_at": at.replace(microsecond=0),
    }
    made = insert(CALL).values(call).on_conflict_do_nothing().returning(CALL.c.delivery)
    if (await connection.execute(made)).first() is None:
        return False
    about = {"connection": guid, "kind": hint.kind, "id": hint.id, "topic": hint.topic}
    await jobs.ask(connection, INBOUND, about, caller=f"inbound:{guid}")
    return True


async def forget(connection: AsyncConnection, before: datetime) -> None:
    """Calls that no shop repeats any more."""
    await connection.execute(delete(CALL).where(CALL.c.received_at < before))
