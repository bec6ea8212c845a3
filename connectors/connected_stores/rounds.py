"""Who asks for walks through shops when nobody does."""

from datetime import timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.connected_stores.numbers import SHOP
from db.integration import store_sync
from db.integration.connected_store import ConnectionState
from db.integration.store_sync import SyncKind
from db.store.row import now

# Calls tell of orders at once; a round finds those that were lost.
ORDERS_SECONDS: Final = 300.0
PRODUCTS_SECONDS: Final = 3600.0
# A whole catalog takes many calls.
PRODUCTS_PAUSE: Final = timedelta(hours=24)
CALLER: Final = "sweep"


async def ask_due(connection: AsyncConnection, kind: SyncKind, pause: timedelta = timedelta()) -> int:
    """Ask for a walk through each shop that is used, whose settings want it, and whose last one is over and began so
    long ago; how many."""
    wanted = SHOP.c.sync_products if kind is SyncKind.PRODUCTS else SHOP.c.auto_import_orders
    used = SHOP.c.removed_at.is_(None) & (SHOP.c.state == ConnectionState.ACTIVE) & wanted
    asked = 0
    for guid in (await connection.scalars(select(SHOP.c.guid).where(used).order_by(SHOP.c.guid))).all():
        # Whoever asks holds the connection's row, and looks once they do.
        await connection.execute(select(SHOP.c.guid).where(SHOP.c.guid == guid).with_for_update())
        last = await store_sync.of(connection, guid, kind)
        if await store_sync.under_way(connection, last) or (last is not None and last["started_at"] > now() - pause):
            continue
        since = None if last is None else last["seen_until"]
        await store_sync.ask(connection, guid, kind, since=since, caller=CALLER)
        asked += 1
    return asked
