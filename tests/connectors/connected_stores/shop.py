"""A shop on loopback that is connected, and what it tells."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import SQLModel

from connectors.connected_stores.asking import Stores
from connectors.connected_stores.declared import Credentials
from connectors.connected_stores.keeping import kept
from connectors.connected_stores.walking import Walking
from connectors.inbound.taking import Taking
from connectors.outbound.client import Outbound
from connectors.providers.limits import Limits
from db.commerce.store import StoreRow
from db.integration import store_sync
from db.integration.connected_store import ConnectedStoreRow
from db.integration.store_sync import SyncKind
from db.secrets.encrypted import Secret, unlock
from db.store.database import Database
from db.store.row import table
from db.store.unit import Units
from tests import factories
from tests.connectors.fluentcart_store import rows
from tests.connectors.test_inbound import Job
from tests.gateway import KEYRING
from tests.vendors import shopify, woocommerce
from tests.vendors.asking import TLS
from tests.vendors.serving import LOOPBACK, Vendor

GUIDS = {"woocommerce": "5b1f6f1c-2a8e-4a53-a8b8-f7d3c9e01a22", "shopify": "7c2f6f1c-2a8e-4a53-a8b8-f7d3c9e01a33"}
KEYS = {
    "woocommerce": (woocommerce.KEY, woocommerce.SECRET),
    "shopify": (shopify.TOKEN, "the app's secret"),
}


@dataclass
class Connected:
    """One connection, and the vendor behind it. `pauses` are the seconds that it would have waited."""

    database: Database
    vendor: Vendor
    provider: str
    stores: Stores
    pauses: list[float] = field(default_factory=list)

    @property
    def guid(self) -> str:
        return GUIDS[self.provider]

    @property
    def units(self) -> Units:
        return Units(self.database)

    async def told(self, kind: str, number: int) -> Job:
        """A call about a record, and what is done about it."""
        job = Job({"connection": self.guid, "kind": kind, "id": number, "topic": f"{kind}.updated"})
        await Taking(self.units, self.stores)(job)
        return job

    async def ask(self, kind: SyncKind = SyncKind.PRODUCTS, **options: Any) -> int:
        """For a walk; the number of its job."""

        async def asked(connection: AsyncConnection) -> None:
            await store_sync.ask(connection, self.guid, kind, **options)

        await self.database.tell(asked, seconds=10)
        return int((await rows(self.database, "job"))[-1]["id"])

    async def walk(
        self, kind: SyncKind = SyncKind.PRODUCTS, *, job: "Walk | None" = None, **options: Any
    ) -> dict[str, Any]:
        """A walk from its beginning to its end, or this one further; what is told of it."""
        held = job or Walk(self, await self.ask(kind, **options), kind)
        held.more = await Walking(self.database, self.units, self.stores)(held)
        return await self.only("store_sync", kind=kind)

    async def only(self, name: str, **where: Any) -> dict[str, Any]:
        """The one row of a table."""
        (row,) = [one for one in await rows(self.database, name) if all(one[key] == where[key] for key in where)]
        return row

    async def news(self, after: int = 0) -> list[str]:
        return [one["name"] for one in await rows(self.database, "event") if one["id"] > after]

    async def last(self) -> int:
        return max((one["id"] for one in await rows(self.database, "event")), default=0)

    async def known(self) -> set[tuple[str, str, int, bool]]:
        found = await rows(self.database, "remote_record")
        mine = [one for one in found if one["connection"] == self.guid]
        return {(one["kind"], one["remote_id"], one["local_id"], one["recognised"]) for one in mine}


@dataclass
class Walk:
    """The job of one, as a worker would give it: what it notes is part of the transaction that it is noted in. `dies`:
    before so many pages more are written; `ends`: after so many the worker has to end."""

    shop: Connected
    id: int
    kind: SyncKind
    dies: int | None = None
    ends: int | None = None
    checkpoint: Any = None
    ending: asyncio.Event = field(default_factory=asyncio.Event)
    noted: list[tuple[int | None, int | None]] = field(default_factory=list)
    more: bool | None = None
    arguments: Mapping[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.arguments = {"connection": self.shop.guid, "kind": self.kind.value}

    async def note(
        self,
        *,
        done: int | None = None,
        total: int | None = None,
        checkpoint: Any = None,
        connection: AsyncConnection | None = None,
    ) -> None:
        if self.dies is not None and len(self.noted) == self.dies:
            raise Died
        self.noted.append((done, total))
        self.checkpoint = self.checkpoint if checkpoint is None else checkpoint
        if self.ends is not None and len(self.noted) == self.ends:
            self.ending.set()


class Died(Exception):
    """As if the machine had stopped, before the transaction was committed."""


async def add(database: Database, *made: Any) -> None:
    async with database.write() as connection:
        for row in made:
            await connection.execute(insert(table(type(row))).values(row.model_dump(exclude_none=True)))
        await connection.commit()


async def change(database: Database, model: type[SQLModel], **values: Any) -> None:
    """All rows of a table, as somebody who works on the database itself would."""
    async with database.write() as connection:
        await connection.execute(update(table(model)).values(values))
        await connection.commit()


@asynccontextmanager
async def connected(
    database: Database, vendor: Vendor, provider: str, *, capped: bool = False, **values: Any
) -> AsyncIterator[Connected]:
    """`capped`: what is asked is held to the caps of its kind."""
    unlock(database, lambda: KEYRING)
    key, secret = KEYS[provider]
    given = {
        "provider": provider,
        "store_url": vendor.public,
        "credentials": kept(Credentials(key, secret, vendor.public)),
        "inbound_secret": Secret("a secret of the tests"),
        "auto_import_orders": True,
        "sync_products": True,
        "connected_at": datetime(2026, 1, 1, tzinfo=UTC),  # before all that vendors hold
    }
    row = factories.connected_store(GUIDS[provider], **given | values)
    async with database.write() as connection:
        await connection.execute(insert(table(ConnectedStoreRow)).values(row.model_dump()))
        await connection.commit()
    await change(database, StoreRow, currency="EUR")
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    async with vendor.serving(), Outbound(LOOPBACK, tls=TLS) as outbound:
        stores = Stores(vendor.redirected(outbound), LOOPBACK, pause=pause, limits=Limits(database) if capped else None)
        yield Connected(database, vendor, provider, stores, pauses)


def named(found: Iterable[dict[str, Any]], *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(one[column] for column in columns) for one in found]
