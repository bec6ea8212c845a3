"""Variants are made, changed and deleted one by one."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import select

from db.catalog import visibility
from db.catalog.derivations import refresh_products, refresh_products_search
from db.catalog.events import VARIANT_CREATED
from db.catalog.pricing import change_prices
from db.catalog.sku import sku_key
from db.store.writing import add, edit
from engine.declared.mutation import mutation
from engine.declared.payload import Keys
from engine.unit.unit import Unit
from engine.values.errors import ErrorCode
from resolvers.catalog.bundle.stock import restock_bundles
from resolvers.catalog.locking import VARIANT, locked_for_removal, locked_product, locked_variant, locked_variants
from resolvers.catalog.media import MEDIA, checked_pictures, pictures_of, replace_pictures
from resolvers.catalog.variant.events import VARIANT_CHANGES, emit_variant_changed
from resolvers.catalog.variant.input import (
    VariantCreateInput,
    VariantDeleteInput,
    VariantUpdateInput,
    variant_columns,
)
from resolvers.catalog.variant.removal import REMOVED, default_without, refuse_sold_variants, remove_variants
from resolvers.catalog.variant.rules import (
    PRICES_ALONE,
    SkuWanted,
    check_new_variant,
    check_variant,
    refuse_missing_shipping_classes,
    refuse_taken_skus,
)
from resolvers.catalog.writing import change_product
from resolvers.editing.locking import key_of, not_found
from resolvers.editing.position import next_position
from resolvers.editing.updating import refuse_outdated

PRICES: Final = frozenset({"price", "compare_price"})


@mutation(permission="products/create", rest="POST /products/variants", emits=(VARIANT_CREATED,))
async def variant_create(unit: Unit, input: VariantCreateInput) -> Keys:
    """Add a variant to a product, after its last one unless a position is named; the product's prices and availability
    follow."""
    product = await locked_product(unit, input.product_id, "productId")
    position = await next_position(unit.connection, VARIANT.c.position, VARIANT.c.product_id == product["id"])
    row = check_new_variant(unit, variant_columns(input), product_id=product["id"], position=position)
    if row.manage_stock and input.stock_status is None:
        unit.refuse(ErrorCode.VALIDATION, "Managed stock needs a status", "stockStatus")
    await refuse_taken_skus(unit.connection, [SkuWanted(unit.at(), None, row.sku_key)])
    await refuse_missing_shipping_classes(unit.connection, [(unit, row.shipping_class_id)])
    media = checked_pictures(unit, (input.media.value if input.media else None) or [])
    unit.settle()

    key = await add(unit.connection, row)
    if media:
        await replace_pictures(unit.connection, MEDIA.c.variant_id, {key: media})
    await refresh_products(unit.connection, [product["id"]], modified=True)
    await refresh_products_search(unit.connection, [product["id"]])
    unit.emit(VARIANT_CREATED({**row.model_dump(), "id": key}))
    return {"variant": key, "product": product["id"]}


@mutation(permission="products/edit", rest="POST /products/variants/{variantId}", emits=VARIANT_CHANGES)
async def variant_update(unit: Unit, input: VariantUpdateInput) -> Keys:
    """Change a variant; its product's prices and availability follow."""
    asked = variant_columns(input)
    if input.media is None and (keys := await _priced(unit, input, asked)) is not None:
        return keys
    row = await locked_variant(unit, input.id, "id")
    await refuse_outdated(unit, f"ProductVariant:{row['id']}", input.expected_version, row["version"])

    values = check_variant(unit, row, asked)
    if values.get("sku") is not None:
        await refuse_taken_skus(unit.connection, [SkuWanted(unit.at(), row["id"], sku_key(values["sku"]))])
    await refuse_missing_shipping_classes(unit.connection, [(unit, values.get("shipping_class_id"))])
    media = None if input.media is None else checked_pictures(unit, input.media.value or [])
    if media is not None and media == await pictures_of(unit.connection, MEDIA.c.variant_id, row["id"]):
        media = None
    unit.settle()

    if values or media is not None:
        await edit(unit.connection, VARIANT, row["id"], row["version"], values)
        if media is not None:
            await replace_pictures(unit.connection, MEDIA.c.variant_id, {row["id"]: media})
        bundled = await refresh_products(unit.connection, [row["product_id"]], modified=True)
        if "search_text" in values:
            await refresh_products_search(unit.connection, [row["product_id"]])
        if bundled:
            await restock_bundles(unit, [(row, values)])
        emit_variant_changed(unit, row, values, () if media is None else ("media",))
    return {"variant": row["id"], "product": row["product_id"]}


async def _priced(unit: Unit, input: VariantUpdateInput, asked: Mapping[str, Any]) -> Keys | None:
    """Most updates name a price and nothing else, and nothing is wrong with them: they take the shortest way. None:
    this one does not."""
    prices = {name: value or 0 for name, value in asked.items()}
    if not prices or prices.keys() - PRICES or min(prices.values()) < 0:
        return None
    key = key_of(input.id)
    seen = visibility.variants(unit.viewer)
    priced = await change_prices(
        unit.connection,
        key,
        prices,
        seen,
        PRICES_ALONE,
        deed=unit.deed,
        expected_version=input.expected_version,
        run=unit.alone,
    )
    if priced is None:
        return None
    unit.emit(priced.event, told=priced.told)
    return {"variant": key, "product": priced.product_id}


@mutation(permission="products/delete", rest="DELETE /products/variants/{variantId}", emits=REMOVED)
async def variant_delete(unit: Unit, input: VariantDeleteInput) -> Keys:
    """Delete a variant. Refused for the last one of a product, and while an unfinished order (PROCESSING, ON_HOLD)
    holds it. Bundles, upgrade paths, files and feeds lose it: a path without any other target goes too, a file that
    was limited to it reaches nobody, a feed that was limited to it is disabled. Order bumps that offer it go with it.
    The default variant becomes the next one by position."""
    key = key_of(input.id)
    owner = select(VARIANT.c.product_id).where(VARIANT.c.id == key, visibility.variants(unit.viewer))
    products = await locked_for_removal(unit, (await unit.connection.execute(owner)).scalars().all())
    variants = await locked_variants(unit, products)
    row = variants.get(key) or not_found(unit, "variant", "id")
    await refuse_outdated(unit, f"ProductVariant:{key}", input.expected_version, row["version"])
    if len(variants) == 1:
        unit.refuse(ErrorCode.BUSINESS_RULE, "A product keeps at least one variant; delete the product instead", "id")
    await refuse_sold_variants(unit, {key: unit.at("id")})
    unit.settle()

    product = products[row["product_id"]]
    removed = await remove_variants(unit, product, variants, [key])
    await change_product(unit, product, default_without(product, variants, [key]))
    return {"deleted_id": key, "product": product["id"], **removed.keys}
