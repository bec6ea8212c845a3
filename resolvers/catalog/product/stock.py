"""What is in stock, and whether that is counted at all. Both concern a product as a whole: its variants are counted
together or not at all."""

from collections.abc import Iterable, Mapping
from typing import Any

import strawberry
from sqlalchemy import select

from db.catalog import visibility
from db.catalog.derivations import refresh_products
from db.catalog.events import PRODUCT_UPDATED
from db.catalog.variant import stock_status
from db.store.row import now
from db.store.writing import edit_all
from engine.declared.input import identifies
from engine.declared.mutation import mutation
from engine.declared.payload import Keys
from engine.unit.unit import Unit
from engine.values.errors import ErrorCode
from resolvers.catalog.bundle.stock import restock_bundles
from resolvers.catalog.locking import VARIANT, locked_product, locked_variants
from resolvers.catalog.product.rules import check_product
from resolvers.catalog.variant.events import VARIANT_CHANGES, emit_variant_changed
from resolvers.catalog.writing import change_product
from resolvers.editing.locking import key_of, not_found
from resolvers.editing.updating import differences, refuse_outdated


@strawberry.input(description="How much there is of one variant of a product.")
class InventoryUpdateInput:
    product_id: strawberry.ID = identifies("Product")
    variant_id: strawberry.ID = identifies("ProductVariant", description="One of the product.")
    expected_version: int | None = strawberry.field(
        default=None,
        description="The version of the variant that you counted for; a newer one makes a CONFLICT and nothing is "
        "written.",
    )
    total_stock: int = strawberry.field(description="How many there are in all, not below 0.")
    available: int = strawberry.field(
        description="How many can be ordered, not below 0: at 0 the variant is out of stock."
    )


@strawberry.input(description="Whether the stock of a product and its variants is managed.")
class ManageStockUpdateInput:
    product_id: strawberry.ID = identifies("Product")
    expected_version: int | None = strawberry.field(
        default=None, description="The product's version; a newer one makes a CONFLICT and nothing is written."
    )
    manage_stock: bool = strawberry.field(
        description="True: stock is counted, and `available` decides. False: all is in stock, and the numbers "
        "stay as they are."
    )


@mutation(
    permission="products/edit",
    rest="PUT /products/{postId}/update-inventory/{variantId}",
    emits=(*VARIANT_CHANGES, PRODUCT_UPDATED),
)
async def inventory_update(unit: Unit, input: InventoryUpdateInput) -> Keys:
    """Say how much of a variant there is. From then on stock is managed, of the product and of all its variants."""
    product = await locked_product(unit, input.product_id, "productId")
    key = key_of(input.variant_id)
    seen = select(VARIANT.c.id).where(
        VARIANT.c.id == key, VARIANT.c.product_id == product["id"], visibility.variants(unit.viewer)
    )
    if (await unit.connection.execute(seen)).first() is None:
        not_found(unit, "variant of the product", "variantId")
    variants = await locked_variants(unit, [product["id"]])
    row = variants[key]
    await refuse_outdated(unit, f"ProductVariant:{key}", input.expected_version, row["version"])
    numbers = {"total_stock": input.total_stock, "available": input.available}
    for field, number in (("totalStock", input.total_stock), ("available", input.available)):
        if number < 0:
            unit.refuse(ErrorCode.VALIDATION, "Not below 0", field)
    unit.settle()

    changes = _managed(variants.values(), managed=True)
    changes[key] = differences(row, {**numbers, "manage_stock": True, **_status(row | numbers, managed=True)})
    changed = await _write(unit, product, variants, changes, managed=True)
    for each in changed:
        emit_variant_changed(unit, variants[each], changes[each])
    return {"variant": key, "product": product["id"], "variants": [each for each in changed if each != key]}


@mutation(
    permission="products/edit",
    rest="PUT /products/{postId}/update-manage-stock",
    emits=(*VARIANT_CHANGES, PRODUCT_UPDATED),
)
async def manage_stock_update(unit: Unit, input: ManageStockUpdateInput) -> Keys:
    """Begin or end to manage the stock of a product and all its variants. The numbers stay; what is not managed is in
    stock."""
    product = await locked_product(unit, input.product_id, "productId")
    await refuse_outdated(unit, f"Product:{product['id']}", input.expected_version, product["version"])
    variants = await locked_variants(unit, [product["id"]])
    changes = _managed(variants.values(), managed=input.manage_stock)
    changed = await _write(unit, product, variants, changes, managed=input.manage_stock)
    for each in changed:
        emit_variant_changed(unit, variants[each], changes[each])
    return {"product": product["id"], "variants": changed}


def _managed(variants: Iterable[Mapping[str, Any]], *, managed: bool) -> dict[int, dict[str, Any]]:
    """What changes of each variant, by its key."""
    return {v["id"]: differences(v, {"manage_stock": managed, **_status(v, managed=managed)}) for v in variants}


def _status(variant: Mapping[str, Any], *, managed: bool) -> dict[str, Any]:
    status = stock_status(managed=managed, available=variant["available"], supplied=variant["supplied"])
    return {"stock_status": status}


async def _write(
    unit: Unit,
    product: Mapping[str, Any],
    variants: Mapping[int, Mapping[str, Any]],
    changes: Mapping[int, Mapping[str, Any]],
    *,
    managed: bool,
) -> list[int]:
    """The keys of the variants that change."""
    changed = [key for key, values in changes.items() if values]
    await edit_all(unit.connection, VARIANT, [(variants[key], changes[key]) for key in changed])
    of_product = check_product(unit, product, {"manage_stock": managed}, now())
    await change_product(unit, product, of_product)
    if not changed and not of_product:
        return changed
    if await refresh_products(unit.connection, [product["id"]], modified=True):
        await restock_bundles(unit, ((variants[key], changes[key]) for key in changed))
    return changed
