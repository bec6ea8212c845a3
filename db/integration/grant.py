"""Which orders give a customer what: places in a community, roles of a site. Several may give the same, and it goes
with the last one.

A row stays when its order gives no more (`taken_at`), so that a revocation that was broken off finds the same again."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from sqlalchemy import Index, and_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import Field

from db.store import locks
from db.store.row import KEY, SORTED_TEXT, Row, now, table


class GrantRow(Row, table=True):
    """`provider_key` and `kind` say what `what` is the other system's id of. Without a customer an order stands for
    itself: nothing else is known to give the same person anything."""

    __tablename__ = "integration_grant"
    __table_args__ = (Index("ix_integration_grant_customer_id", "customer_id", "provider_key", "kind"),)

    provider_key: str = Field(primary_key=True, sa_type=SORTED_TEXT)
    kind: str = Field(primary_key=True, sa_type=SORTED_TEXT)
    what: str = Field(primary_key=True, sa_type=SORTED_TEXT)
    order_id: int = Field(foreign_key="orders.id", ondelete="CASCADE", primary_key=True, index=True, sa_type=KEY)
    customer_id: int | None = Field(default=None, foreign_key="customer.id", ondelete="CASCADE", sa_type=KEY)
    given_at: datetime = Field(default_factory=now)
    taken_at: datetime | None = None


_GRANT: Final = table(GrantRow)


async def give(
    connection: AsyncConnection,
    provider_key: str,
    kind: str,
    ids: Collection[str],
    order_id: int,
    customer_id: int | None,
) -> None:
    """The order gives these, from now on or again."""
    if not ids:
        return
    await _lock(connection, provider_key, order_id, customer_id)
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    given = {"provider_key": provider_key, "kind": kind, "order_id": order_id, "customer_id": customer_id}
    rows = [{**given, "what": one, "given_at": now(), "taken_at": None} for one in dict.fromkeys(ids)]
    statement = insert(_GRANT).values(rows)
    changes = {"taken_at": None, "customer_id": statement.excluded.customer_id}
    await connection.execute(statement.on_conflict_do_update(index_elements=list(_GRANT.primary_key), set_=changes))


async def take(
    connection: AsyncConnection,
    provider_key: str,
    kind: str,
    ids: Collection[str],
    order_id: int,
    customer_id: int | None,
) -> list[str]:
    """The order gives these no more: those that it has given and that no other order gives, in the order of `ids`."""
    if not ids:
        return []
    await _lock(connection, provider_key, order_id, customer_id)
    these = and_(_GRANT.c.provider_key == provider_key, _GRANT.c.kind == kind, _GRANT.c.what.in_(list(ids)))
    own = and_(these, _GRANT.c.order_id == order_id)
    await connection.execute(update(_GRANT).where(own, _GRANT.c.taken_at.is_(None)).values(taken_at=now()))
    given = set((await connection.execute(select(_GRANT.c.what).where(own))).scalars())
    held: set[str] = set()
    if customer_id is not None:
        others = and_(these, _GRANT.c.customer_id == customer_id, _GRANT.c.taken_at.is_(None))
        held = set((await connection.execute(select(_GRANT.c.what).where(others))).scalars())
    return [one for one in dict.fromkeys(ids) if one in given and one not in held]


async def _lock(connection: AsyncConnection, provider_key: str, order_id: int, customer_id: int | None) -> None:
    """Two orders of a customer that are revoked at once do not each leave it to the other."""
    whose = f"order:{order_id}" if customer_id is None else f"customer:{customer_id}"
    await locks.lock(connection, [f"grant:{provider_key}:{whose}"])
