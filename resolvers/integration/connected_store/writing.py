"""What is done to connections. Credentials are tried before the transaction begins, and kept encrypted."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.connected_stores import CATALOGUE, StoreKind
from connectors.connected_stores.asking import NotAnswered, Shop, Stores
from connectors.connected_stores.declared import Credentials
from connectors.connected_stores.keeping import kept, new_secret, shop_of
from connectors.connected_stores.numbers import keeps_numbers, reserve, take_over
from connectors.outbound.url import BadUrl
from db.integration import store_sync, tracking, visibility
from db.integration.connected_store import ConnectedStoreRow, ConnectionState
from db.integration.events import (
    PROVIDER_CONNECTION_CREATED,
    PROVIDER_CONNECTION_DELETED,
    PROVIDER_CONNECTION_UPDATED,
)
from db.integration.store_sync import SyncKind
from db.secrets.encrypted import Secret
from db.store.row import now, table
from db.store.writing import edit
from engine.declared.mutation import mutation
from engine.declared.payload import Keys
from engine.unit.perform import Reach
from engine.unit.unit import Errors, Unit
from engine.values import identity
from engine.values.errors import ErrorCode
from resolvers.editing.locking import not_found
from resolvers.editing.updating import differences, refuse_outdated
from resolvers.integration.connected_store.input import (
    ProviderConfigureInput,
    ProviderDisableInput,
    ProviderEnableInput,
    ProviderRemoveInput,
    ProviderSyncInput,
)

SHOP: Final = table(ConnectedStoreRow)
LONGEST_CREDENTIAL: Final = 512
SHORTEST_SECRET: Final = 16
LONGEST_SECRET: Final = 255
_ENTITY: Final = "ConnectedStore"


@dataclass
class Tried:
    """What was found out before the transaction."""

    errors: Errors = field(default_factory=Errors)
    shop: Shop | None = None

    def settle(self, unit: Unit) -> None:
        for error in self.errors.found:
            unit.refuse(error.code, error.message, *(error.field or ()))
        unit.settle()


@asynccontextmanager
async def _configurable(reach: Reach, input: ProviderConfigureInput, dry: bool) -> AsyncIterator[Tried]:
    """The input checked, and the shop asked, unless something is wrong already or nothing is to be done."""
    tried = Tried()
    stores = reach.port(Stores)
    kind = _kind(tried.errors, input)
    credentials = _credentials(tried.errors, input, stores)
    _check_secret(tried.errors, input, kind)
    if kind is not None and input.settings.push_tracking and not kind.parcels:
        message = f"{kind.title} cannot be told of parcels: leave it off"
        tried.errors.refuse(ErrorCode.VALIDATION, message, "settings", "pushTracking")
    if not tried.errors and kind is not None:
        tried.shop = Shop(kind, credentials)
        async with reach.read() as connection:
            taken = await _taken(connection, kind.key)
        if taken:
            _conflict(tried.errors, kind)
        elif not dry:
            await _try(tried, stores, "credentials")
    yield tried


@asynccontextmanager
async def _enabling(reach: Reach, input: ProviderEnableInput, dry: bool) -> AsyncIterator[Tried]:
    tried = Tried()
    async with reach.read() as connection:
        row = await _found(connection, reach.viewer, input.id)
    if row is not None and row["state"] is not ConnectionState.ACTIVE:
        tried.shop = shop_of(row)
        if not dry:
            await _try(tried, reach.port(Stores), "id")
    yield tried


async def _try(tried: Tried, stores: Stores, path: str) -> None:
    assert tried.shop is not None
    try:
        await stores.verify(tried.shop)
    except NotAnswered as problem:
        tried.errors.refuse(problem.code, str(problem), path)


@mutation(
    permission="integrations/manage",
    rest="POST /api/integrations/provider/configure",
    emits=(PROVIDER_CONNECTION_CREATED,),
    audited=True,
    ports=(Stores,),
    outside=_configurable,
)
async def provider_configure(unit: Unit, input: ProviderConfigureInput) -> Keys:
    """Connect with a shop elsewhere: its credentials are tried with the shop, and kept encrypted. There is one
    connection of each provider; a shop that was connected before is known again, and its records stay the rows that
    they are. The secret that the shop is to sign its calls with is in this answer and nowhere else."""
    tried: Tried = unit.outside
    tried.settle(unit)
    assert tried.shop is not None
    kind, credentials = tried.shop.kind, tried.shop.credentials
    if await _taken(unit.connection, kind.key):
        _conflict(unit, kind)
        unit.settle()
    secret = credentials.api_secret if kind.signs else input.inbound_secret or new_secret()
    row = ConnectedStoreRow(
        guid=unit.port(Stores).guids(),
        provider=kind.key,
        store_url=credentials.store_url,
        credentials=kept(credentials),
        inbound_secret=Secret(secret),
        auto_import_orders=input.settings.auto_import_orders,
        sync_products=input.settings.sync_products,
        push_tracking=input.settings.push_tracking,
        keeps_numbers=await keeps_numbers(unit.connection, kind, credentials.store_url),
    ).model_dump()
    await unit.connection.execute(SHOP.insert().values(row))
    await take_over(unit.connection, row["guid"], kind, credentials.store_url)
    if row["keeps_numbers"]:
        await reserve(unit.connection)
    # Of orders that came by an earlier connection of the shop.
    await tracking.enabled(unit.connection, row["guid"], caller=unit.viewer.id)
    if row["sync_products"]:
        await store_sync.ask(unit.connection, row["guid"], SyncKind.PRODUCTS, caller=unit.viewer.id)
    unit.emit(PROVIDER_CONNECTION_CREATED(row))
    return {"connection": row["guid"], "inbound_secret": None if kind.signs else secret}


@mutation(
    permission="integrations/manage",
    rest="GET /api/integrations/provider/disable/{businessProviderId}",
    emits=(PROVIDER_CONNECTION_UPDATED,),
    audited=True,
)
async def provider_disable(unit: Unit, input: ProviderDisableInput) -> Keys:
    """Let a connection rest: it keeps its credentials, nothing is asked, and what the shop tells is refused. One that
    rests already stays as it is."""
    row = await _locked(unit, input.id)
    if row["state"] is not ConnectionState.DISABLED:
        await _change(unit, row, {"state": ConnectionState.DISABLED, "reason": None, "disabled_at": now()})
    return {"connection": row["guid"]}


@mutation(
    permission="integrations/manage",
    rest=None,
    emits=(PROVIDER_CONNECTION_UPDATED,),
    audited=True,
    ports=(Stores,),
    outside=_enabling,
)
async def provider_enable(unit: Unit, input: ProviderEnableInput) -> Keys:
    """Use a connection again that was disabled, or whose shop refused the credentials: they are tried first. One that
    is active stays as it is."""
    tried: Tried = unit.outside
    row = await _locked(unit, input.id)
    tried.settle(unit)
    if row["state"] is not ConnectionState.ACTIVE:
        await _change(unit, row, {"state": ConnectionState.ACTIVE, "reason": None, "disabled_at": None})
        await tracking.enabled(unit.connection, row["guid"], caller=unit.viewer.id)
    return {"connection": row["guid"]}


@mutation(permission="integrations/manage", rest=None)
async def provider_sync(unit: Unit, input: ProviderSyncInput) -> Keys:
    """Walk through what a connected shop has now, whatever its settings say: a job, whose progress and report are
    `ConnectedStore.syncs`. What was changed here stays unless `overwrite` is set; what is gone there stays."""
    row = await _locked(unit, input.id)
    if row["state"] is not ConnectionState.ACTIVE:
        message = "The connection is at rest: `providerEnable` it first"
        unit.refuse(ErrorCode.BUSINESS_RULE, message, "id")
    last = await store_sync.of(unit.connection, row["guid"], input.kind)
    if await store_sync.under_way(unit.connection, last):
        unit.refuse(ErrorCode.CONFLICT, "Such a walk is under way: wait until it has ended", "id")
    unit.settle()
    since = None if last is None else last["seen_until"]
    await store_sync.ask(
        unit.connection,
        row["guid"],
        input.kind,
        since=since,
        dry_run=input.dry_run,
        overwrite=input.overwrite,
        caller=unit.viewer.id,
    )
    return {"connection": row["guid"]}


@mutation(
    permission="integrations/delete",
    rest="DELETE /api/integrations/providers/ecommerce/remove/{businessProviderId}",
    emits=(PROVIDER_CONNECTION_DELETED,),
)
async def provider_remove(unit: Unit, input: ProviderRemoveInput) -> Keys:
    """Remove a connection for good, its credentials and its secret with it. What came from the shop stays."""
    row = await _locked(unit, input.id)
    await refuse_outdated(unit, f"{_ENTITY}:{row['guid']}", input.expected_version, row["version"])
    gone = {"credentials": None, "inbound_secret": None, "removed_at": now(), "state": ConnectionState.DISABLED}
    await edit(unit.connection, SHOP, row["guid"], row["version"], gone)
    unit.emit(PROVIDER_CONNECTION_DELETED(row))
    return {"deleted_id": row["guid"]}


async def _change(unit: Unit, row: Mapping[str, Any], values: dict[str, Any]) -> None:
    changes = differences(row, values)
    await edit(unit.connection, SHOP, row["guid"], row["version"], changes)
    unit.emit(PROVIDER_CONNECTION_UPDATED(row, changes))


async def _locked(unit: Unit, id: str) -> dict[str, Any]:
    """Raises Refused with NOT_FOUND."""
    found = await _found(unit.connection, unit.viewer, id, lock=True)
    return found or not_found(unit, "connection", "id")


async def _found(connection: AsyncConnection, viewer: Any, id: str, *, lock: bool = False) -> dict[str, Any] | None:
    guid = identity.decode(id).key
    if "\0" in guid:
        return None
    statement = select(SHOP).where(SHOP.c.guid == guid, visibility.connected_stores(viewer))
    row = (await connection.execute(statement.with_for_update() if lock else statement)).mappings().one_or_none()
    return None if row is None else dict(row)


async def _taken(connection: AsyncConnection, provider: str) -> bool:
    statement = select(SHOP.c.guid).where(SHOP.c.provider == provider, SHOP.c.removed_at.is_(None))
    return (await connection.execute(statement)).first() is not None


def _conflict(refuses: Errors | Unit, kind: StoreKind) -> None:
    message = f"{kind.title} is connected already: remove that connection first"
    refuses.refuse(ErrorCode.CONFLICT, message, "providerId")


def _kind(errors: Errors, input: ProviderConfigureInput) -> StoreKind | None:
    try:
        guid = str(UUID(input.provider_id))
    except ValueError:
        guid = ""
    found = next((kind for kind in CATALOGUE.values() if kind.guid == guid), None)
    if found is None or found.type is not input.provider_type:
        errors.refuse(ErrorCode.NOT_FOUND, "No such provider; `connectionProviders` lists them", "providerId")
    return found


def _credentials(errors: Errors, input: ProviderConfigureInput, stores: Stores) -> Credentials:
    given = input.credentials
    for name, value in (("apiKey", given.api_key.strip()), ("apiSecret", given.api_secret.strip())):
        if not 0 < len(value) <= LONGEST_CREDENTIAL or not value.isprintable():
            message = f"It has 1 to {LONGEST_CREDENTIAL} characters, none of them a control character"
            errors.refuse(ErrorCode.VALIDATION, message, "credentials", name)
    url = ""
    try:
        url = stores.checked(given.store_url)
    except BadUrl as bad:
        errors.refuse(ErrorCode.VALIDATION, str(bad), "credentials", "storeUrl")
    return Credentials(given.api_key.strip(), given.api_secret.strip(), url)


def _check_secret(errors: Errors, input: ProviderConfigureInput, kind: StoreKind | None) -> None:
    secret = input.inbound_secret
    if secret is None:
        return
    if kind is not None and kind.signs:
        message = f"{kind.title} signs with `credentials.apiSecret`: leave this out"
        errors.refuse(ErrorCode.VALIDATION, message, "inboundSecret")
    elif not SHORTEST_SECRET <= len(secret) <= LONGEST_SECRET or not secret.isprintable():
        message = f"A secret has {SHORTEST_SECRET} to {LONGEST_SECRET} characters"
        errors.refuse(ErrorCode.VALIDATION, message, "inboundSecret")
