"""What mutations, and whoever works beside requests, reach beyond the rows: once for a process, from its settings."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

from connectors.connected_stores.asking import Stores
from connectors.feeds.runs import Runs
from connectors.providers.access import Providers
from connectors.providers.limits import Limits
from connectors.storage.drivers import Storage
from connectors.storage.link import Links
from connectors.webhooks.making import Making
from connectors.webhooks.query import Documents
from connectors.workflows.actions import Actions
from connectors.workflows.deeds import Deeds
from connectors.workflows.messengers import messengers_of
from db.integration.workflow.runs import unfinished
from db.store.database import Database
from db.store.unit import Units
from db.work.needed import dispatched, undelivered
from engine.standard.execution import Executor
from resolvers.access.sign_in import SignIns
from schema.root import schema
from server import startup
from server.files import stores as files
from server.settings import secret_keys
from server.settings.settings import Settings
from server.work import messages, outbound
from server.work.forgetting import Kept


@dataclass(frozen=True, slots=True)
class Ports:
    units: Units
    stored: Storage
    links: Links
    kept: Kept


@asynccontextmanager
async def opened_ports(settings: Settings, database: Database, executor: Executor) -> AsyncIterator[Ports]:
    """For as long as the block runs. Raises Mistake where something that the schema needs is not among them."""
    links = files.links(settings, secret_keys.signing(settings, startup.store_file(database)))
    sign_ins = SignIns(timedelta(hours=settings.session_hours))
    kept = replace(Kept.by(settings), readers=(dispatched(),), needed=(undelivered(), unfinished()))
    async with outbound.client(settings) as client, outbound.door(settings) as door:
        stored = files.storage(settings, door)
        documents = Documents(executor, Units(database))
        making = Making(database, documents, links)
        limits = Limits(database)
        providers = Providers(startup.registry(), client, limits)
        runs = Runs(database, links)
        stores = Stores(client, client.reach, limits=limits)
        mail, push = messages.mail(settings), messages.push(settings, database, client)
        messengers = messengers_of(mail, push)
        flows = (messengers, Actions(client, making, messengers), Deeds(lambda: schema.mutations))
        asking = (client, documents, making, providers, providers.registry, runs, stores, mail, push, *flows)
        units = Units(database, sign_ins, stored, links, *asking, kept=kept.records)
        startup.check_ports(schema, units)
        await startup.furnish(database, providers.registry)
        yield Ports(units, stored, links, kept)
