"""What is done to feeds of providers. The target that the runs of a feed go to is written with it."""

from collections.abc import Collection
from typing import Any, Final

from sqlalchemy import func, select

from connectors.feeds import targeting
from connectors.providers.registry import Registry
from db.access import holder
from db.catalog import visibility as catalog
from db.catalog.product import ProductRow
from db.integration import visibility
from db.integration.events import INTEGRATION_FEED_CREATED, INTEGRATION_FEED_DELETED, INTEGRATION_FEED_UPDATED
from db.integration.feed import FeedRow, FeedScope, FeedVariantRow
from db.integration.webhook import PROVIDER as WEBHOOK
from db.store.primary_keys import new_keys
from db.store.row import table
from db.store.writing import edit
from db.work import target as targets
from engine.declared.mutation import mutation
from engine.declared.payload import Keys
from engine.unit.unit import Unit
from engine.values.errors import ErrorCode
from resolvers.access.caller import caller
from resolvers.editing.locking import key_of, locked, not_found
from resolvers.editing.updating import differences, refuse_outdated
from resolvers.integration.feed import asked as said
from resolvers.integration.feed import rules
from resolvers.integration.feed.input import (
    IntegrationFeedDeleteInput,
    IntegrationFeedSaveInput,
    IntegrationFeedStatusChangeInput,
    ProductIntegrationDeleteInput,
    ProductIntegrationSaveInput,
    ProductIntegrationStatusChangeInput,
)

FEED: Final = table(FeedRow)
_LIMIT: Final = table(FeedVariantRow)
_PRODUCT: Final = table(ProductRow)
_ENTITY: Final = "IntegrationFeed"
_SAVES: Final = (INTEGRATION_FEED_CREATED, INTEGRATION_FEED_UPDATED)
_SAVED: Final = "The feed is saved"


@mutation(
    permission="integrations/manage",
    rest="POST /integration/global-feeds/settings",
    emits=_SAVES,
    audited=True,
    ports=(Registry,),
)
async def integration_feed_save(unit: Unit, input: IntegrationFeedSaveInput) -> Keys:
    """Make or change a feed of the whole store. It acts with the permissions of whoever saved it last, who needs those
    of all its events; runs that were held go on. Nobody outside is asked."""
    return await _save(unit, input, FeedScope.GLOBAL, None)


@mutation(
    permission="products/edit",
    rest="POST /products/{product_id}/integrations",
    emits=_SAVES,
    audited=True,
    ports=(Registry,),
)
async def product_integration_save(unit: Unit, input: ProductIntegrationSaveInput) -> Keys:
    """Make or change a feed of one product, or of some of its variants. It acts with the permissions of whoever saved
    it last, who needs those of all its events; runs that were held go on. Nobody outside is asked."""
    return await _save(unit, input, FeedScope.PRODUCT, await _product(unit, input.product_id))


@mutation(
    permission="integrations/manage",
    rest="POST /integration/global-feeds/change-status/{integration_id}",
    emits=(INTEGRATION_FEED_UPDATED,),
    audited=True,
    ports=(Registry,),
)
async def integration_feed_status_change(unit: Unit, input: IntegrationFeedStatusChangeInput) -> Keys:
    """Switch a feed of the whole store on or off. It acts with the permissions of whoever
    switched it on, as of who saves it; what waits for one that is off is not done."""
    return await _switch(unit, input, FeedScope.GLOBAL, None)


@mutation(
    permission="products/edit",
    rest="POST /products/{product_id}/integrations/feed/change-status",
    emits=(INTEGRATION_FEED_UPDATED,),
    audited=True,
    ports=(Registry,),
)
async def product_integration_status_change(unit: Unit, input: ProductIntegrationStatusChangeInput) -> Keys:
    """Switch a feed of a product on or off. It acts with the permissions of whoever
    switched it on, as of who saves it; what waits for one that is off is not done."""
    return await _switch(unit, input, FeedScope.PRODUCT, await _product(unit, input.product_id))


@mutation(
    permission="integrations/delete",
    rest="DELETE /integration/global-feeds/{integration_id}",
    emits=(INTEGRATION_FEED_DELETED,),
)
async def integration_feed_delete(unit: Unit, input: IntegrationFeedDeleteInput) -> Keys:
    """Delete a feed of the whole store, a webhook too. What it has not done is dropped."""
    return await _delete(unit, input, FeedScope.GLOBAL, None)


@mutation(
    permission="products/delete",
    rest="DELETE /products/{product_id}/integrations/{integration_id}",
    emits=(INTEGRATION_FEED_DELETED,),
)
async def product_integration_delete(unit: Unit, input: ProductIntegrationDeleteInput) -> Keys:
    """Delete a feed of a product. What it has not done is dropped."""
    return await _delete(unit, input, FeedScope.PRODUCT, await _product(unit, input.product_id))


async def _save(unit: Unit, input: Any, scope: FeedScope, product: int | None) -> Keys:
    provider = await rules.provider_of(unit, input.provider, scope, unit.port(Registry))
    row = None
    if input.feed_id is not None:
        row = await _loaded(unit, input, scope, product)
        if row["provider_key"] != provider.key:
            not_found(unit, f"feed of {provider.title}", "feedId")
    asked = said.read(input, unit)
    unit.settle()
    if product is not None:
        asked.common["product"] = product
    saved = await rules.checked(unit, asked, provider, scope, row)
    columns = {**saved.columns, **_saver(unit, 1 if row is None else row["version"] + 1)}
    unit.settle()
    key = (await new_keys(unit.connection, {FEED: 1}))[FEED][0] if row is None else row["id"]
    columns["target_id"] = await targeting.targeted(
        unit.connection, key, provider, saved.events if columns["enabled"] else ()
    )
    if row is None:
        columns |= {"id": key, "source_id": await _number(unit, key, scope), "scope": scope}
        made = FeedRow(**columns, provider_key=provider.key, product_id=product).model_dump()
        await unit.connection.execute(FEED.insert().values(made))
        unit.emit(INTEGRATION_FEED_CREATED(made))
        await _limit(unit, key, saved.limits or [], [])
        return {"feed": key, "created": True, "message": _SAVED}
    held = await _limits(unit, key)
    limited = saved.limits is not None and saved.limits != held
    changes = differences(row, columns)
    if limited:
        await _limit(unit, key, saved.limits or [], held)
    if limited or changes.keys() != {"saved_version"} or row["saved_version"] != row["version"]:
        await edit(unit.connection, FEED, key, row["version"], changes)
        unit.emit(INTEGRATION_FEED_UPDATED(row, changes, ("conditional_variants",) if limited else ()))
    return {"feed": key, "created": False, "message": _SAVED}


async def _switch(unit: Unit, input: Any, scope: FeedScope, product: int | None) -> Keys:
    row = await _loaded(unit, input, scope, product)
    said_so = f"The feed is switched {'on' if input.enabled else 'off'}"
    if row["provider_key"] == WEBHOOK:
        wrong = rules.unusable(WEBHOOK, scope, None, enabled=True)
        unit.refuse(ErrorCode.INVALID_INTEGRATION, wrong or "", "feedId")
        unit.settle()
    if input.enabled:
        provider = await rules.provider_of(unit, row["provider_key"], scope, unit.port(Registry))
        saved = await rules.checked(unit, said.Asked(common={"enabled": True}), provider, scope, row)
        columns = {**saved.columns, **_saver(unit, row["version"] + 1)}
        unit.settle()
        columns["target_id"] = await targeting.targeted(unit.connection, row["id"], provider, saved.events)
    else:
        columns = {"enabled": False}
        if row["saved_version"] == row["version"]:
            columns["saved_version"] = row["version"] + 1
    changes = differences(row, columns)
    if row["enabled"] != input.enabled or (input.enabled and row["saved_version"] != row["version"]):
        await edit(unit.connection, FEED, row["id"], row["version"], changes)
        unit.emit(INTEGRATION_FEED_UPDATED(row, changes))
    return {"feed": row["id"], "message": said_so}


async def _delete(unit: Unit, input: Any, scope: FeedScope, product: int | None) -> Keys:
    row = await _loaded(unit, input, scope, product)
    if row["provider_key"] == WEBHOOK:
        await targets.remove(unit.connection, WEBHOOK, str(row["id"]))
    else:
        await targeting.removed(unit.connection, row["id"])
    await unit.connection.execute(FEED.delete().where(FEED.c.id == row["id"]))
    unit.emit(INTEGRATION_FEED_DELETED(row))
    return {"deleted_id": row["id"], "message": "The feed is deleted"}


async def _product(unit: Unit, id: str) -> int:
    """The product's key, locked: who deletes it waits. Raises Refused with NOT_FOUND."""
    key = key_of(id)
    mine = select(_PRODUCT.c.id).where(_PRODUCT.c.id == key, catalog.products(unit.viewer))
    found = (await unit.connection.execute(mine.with_for_update(read=True, key_share=True))).scalar()
    return key if found is not None else not_found(unit, "product", "productId")


async def _loaded(unit: Unit, input: Any, scope: FeedScope, product: int | None) -> dict[str, Any]:
    """The row of a feed of this scope and product, locked. Raises Refused with NOT_FOUND, CONFLICT."""
    key = key_of(input.feed_id)
    mine = (FEED.c.scope == scope, FEED.c.product_id.is_(None) if product is None else FEED.c.product_id == product)
    found = await locked(unit, FEED, [key], *mine, visibility.feeds(unit.viewer))
    row = found.get(key) or not_found(unit, "feed", "feedId")
    await refuse_outdated(unit, f"{_ENTITY}:{key}", input.expected_version, row["version"])
    return row


def _saver(unit: Unit, version: int) -> dict[str, Any]:
    saver = holder.saver(caller(unit.viewer))
    if saver is None:
        # Their permissions are another system's to say, and nobody asks that when the feed runs.
        unit.refuse(ErrorCode.BUSINESS_RULE, "A feed is saved by a user or a token of this store")
    return {"saved_by": saver, "saved_version": version}


async def _number(unit: Unit, key: int, scope: FeedScope) -> int:
    """The documented id of a new feed: never that of one before; its own key, unless an import has given that."""
    taken = select(func.coalesce(func.max(FEED.c.source_id), 0)).where(FEED.c.scope == scope)
    return max(key, int((await unit.connection.execute(taken)).scalar_one()) + 1)


async def _limits(unit: Unit, key: int) -> list[int]:
    held = select(_LIMIT.c.variant_id).where(_LIMIT.c.feed_id == key).order_by(_LIMIT.c.variant_id)
    return list((await unit.connection.execute(held)).scalars())


async def _limit(unit: Unit, key: int, wanted: Collection[int], held: Collection[int]) -> None:
    """Limit a feed to these variants, and to no others."""
    gone, new = sorted(set(held) - set(wanted)), sorted(set(wanted) - set(held))
    if gone:
        await unit.connection.execute(_LIMIT.delete().where(_LIMIT.c.feed_id == key, _LIMIT.c.variant_id.in_(gone)))
    if new:
        await unit.connection.execute(_LIMIT.insert(), [{"feed_id": key, "variant_id": one} for one in new])
