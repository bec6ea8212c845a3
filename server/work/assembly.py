"""What a worker of this version does: who sends what, which jobs it knows, what comes round by itself."""

from collections.abc import Awaitable, Sequence
from datetime import timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.connected_stores.asking import Stores
from connectors.connected_stores.outgoing.telling import Telling
from connectors.connected_stores.rounds import ORDERS_SECONDS, PRODUCTS_PAUSE, PRODUCTS_SECONDS, ask_due
from connectors.connected_stores.walking import Walking
from connectors.delivery.sender import Sender
from connectors.feeds.account import StoredAccounts
from connectors.feeds.matching import Matching
from connectors.feeds.runs import Runs
from connectors.feeds.sender import Feeds
from connectors.inbound.receiving import INBOUND, forget
from connectors.inbound.taking import Taking
from connectors.outbound.client import Outbound
from connectors.providers.access import Providers
from connectors.providers.registry import Registry
from connectors.webhooks.making import Making
from connectors.webhooks.sender import Webhooks
from connectors.workflows.actions import Actions
from connectors.workflows.deeds import Deeds
from connectors.workflows.running import INTERRUPTED, Running
from connectors.workflows.sender import Workflows
from db.commerce.cart import forget_carts
from db.integration.store_sync import SYNC, SyncKind
from db.integration.tracking import TRACKING
from db.integration.workflow import runs
from db.store.database import Database
from db.store.row import now
from db.store.unit import Units
from db.work.clearing import clear
from server.settings.settings import Settings
from server.work.running import Kind, Periodic
from server.work.worker import Pace, Told, Worker

_CLEARING_SECONDS: Final = 30.0
# Shops repeat a call for hours; what is known again after that is read again, and changes nothing.
_CALLS_DAYS: Final = 7


def worker(settings: Settings, database: Database, units: Units, told: Told) -> Worker:
    """Not yet at work."""
    pace = Pace(capacity=settings.work_at_once)
    return Worker(
        database, senders(database, units), kinds(database, units), periodics(settings, database), pace=pace, told=told
    )


def senders(database: Database, units: Units) -> Sequence[Sender]:
    """One of each kind of target."""
    outbound, registry, actions = units.port(Outbound), units.port(Registry), units.port(Actions)
    return (
        Webhooks(units, outbound, units.port(Making)),
        Matching(database, registry),
        Feeds(units, registry, units.port(Runs), StoredAccounts(units, units.port(Providers))),
        Workflows(units, actions, Running(units, actions, units.port(Deeds))),
    )


def kinds(database: Database, units: Units) -> Sequence[Kind]:
    """Jobs that may be asked for."""
    stores = units.port(Stores)
    return (
        Kind(INBOUND, Taking(units, stores)),
        Kind(SYNC, Walking(database, units, stores)),
        Kind(TRACKING, Telling(database, stores)),
    )


def periodics(settings: Settings, database: Database) -> Sequence[Periodic]:
    """Sweeps, each done by one worker of all."""

    async def cleared() -> None:
        while await database.tell(clear, seconds=_CLEARING_SECONDS):
            pass

    async def forgotten() -> None:
        before = now() - timedelta(days=_CALLS_DAYS)
        await database.tell(lambda connection: forget(connection, before), seconds=_CLEARING_SECONDS)

    async def forgotten_carts() -> None:
        before = now() - timedelta(days=settings.cart_days)
        while await database.tell(lambda connection: forget_carts(connection, before), seconds=_CLEARING_SECONDS):
            pass

    async def failed() -> None:
        await database.tell(lambda connection: runs.abandoned(connection, INTERRUPTED), seconds=_CLEARING_SECONDS)

    async def orders() -> None:
        await database.tell(lambda connection: ask_due(connection, SyncKind.ORDERS), seconds=_CLEARING_SECONDS)

    async def products() -> None:
        def due(connection: AsyncConnection) -> Awaitable[int]:
            return ask_due(connection, SyncKind.PRODUCTS, PRODUCTS_PAUSE)

        await database.tell(due, seconds=_CLEARING_SECONDS)

    return (
        Periodic("removed targets", 60.0, cleared),
        Periodic("calls of shops", 3600.0, forgotten),
        Periodic("old carts", 3600.0, forgotten_carts),
        Periodic("abandoned runs", 60.0, failed),
        Periodic("orders of shops", ORDERS_SECONDS, orders),
        Periodic("products of shops", PRODUCTS_SECONDS, products),
    )
