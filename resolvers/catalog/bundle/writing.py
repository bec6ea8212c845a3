"""What a bundle consists of."""

from collections.abc import Mapping
from typing import Any, Final

import strawberry
from sqlalchemy import delete, insert, select

from db.catalog import visibility
from db.catalog.bundle import ITEMS_TO_BE_HAD, BundleItemRow
from db.catalog.derivations import refresh_products
from db.catalog.variant import stock_status
from db.store.row import table
from db.store.writing import edit
from engine.declared.input import identifies
from engine.declared.mutation import mutation
from engine.declared.payload import Keys
from engine.unit.unit import Unit
from engine.values.errors import ErrorCode
from resolvers.catalog.locking import PRODUCT, VARIANT, locked_variant
from resolvers.catalog.variant.events import VARIANT_CHANGES, emit_variant_changed
from resolvers.editing.editable import edited_version
from resolvers.editing.locking import key_of
from resolvers.editing.updating import differences, refuse_outdated

ITEM = table(BundleItemRow)
MOST_ITEMS: Final = 100


@strawberry.input(description="What a variant of a bundle consists of.")
class BundleSaveInput:
    id: strawberry.ID = identifies("ProductVariant", description="The variant of a bundle product.")
    child_ids: list[strawberry.ID] = identifies(
        "ProductVariant", description="All that it consists of, in this order; repeats count once."
    )
    expected_version: int | None = edited_version()


@mutation(permission="products/edit", rest="POST /products/save-bundle-info/{variationId}", emits=VARIANT_CHANGES)
async def bundle_save(unit: Unit, input: BundleSaveInput) -> Keys:
    """Say what a variant of a bundle consists of, in place of what it did. It is in stock while all of that can be had:
    each ACTIVE, and in stock where its stock is managed."""
    row = await _locked(unit, input)
    await refuse_outdated(unit, f"ProductVariant:{row['id']}", input.expected_version, row["version"])
    if len(input.child_ids) > MOST_ITEMS:
        unit.refuse(ErrorCode.VALIDATION, f"At most {MOST_ITEMS} variants", "childIds")
        unit.settle()
    given = [key_of(child) for child in input.child_ids]
    await _check(unit, row["id"], row["product_id"], given)
    unit.settle()

    children = list(dict.fromkeys(given))
    mine = ITEM.c.variant_id == row["id"]
    present = await unit.connection.execute(select(ITEM.c.child_id).where(mine).order_by(ITEM.c.position))
    if list(present.scalars()) != children or row["incomplete"]:
        await unit.connection.execute(delete(ITEM).where(mine))
        if children:
            places = enumerate(children, start=1)
            items = [{"variant_id": row["id"], "child_id": child, "position": place} for place, child in places]
            await unit.connection.execute(insert(ITEM), items)
        changes = differences(row, await _stock(unit, row))
        await edit(unit.connection, VARIANT, row["id"], row["version"], changes)
        await refresh_products(unit.connection, [row["product_id"]], modified=True)
        emit_variant_changed(unit, row, changes, ("bundle_items",))
    return {"variant": row["id"], "product": row["product_id"]}


async def _locked(unit: Unit, input: BundleSaveInput) -> dict[str, Any]:
    """The variant, locked. The products of what it is to consist of are locked with its own, all by id: whether those
    can be had stays meanwhile as it is."""
    named = [key_of(each) for each in (input.id, *input.child_ids[:MOST_ITEMS])]
    owners = select(VARIANT.c.product_id).where(VARIANT.c.id.in_(named))
    statement = select(PRODUCT.c.id).where(PRODUCT.c.id.in_(owners)).order_by(PRODUCT.c.id).with_for_update()
    await unit.connection.execute(statement)
    return await locked_variant(unit, input.id, "id")


async def _stock(unit: Unit, row: Mapping[str, Any]) -> dict[str, Any]:
    """What follows from the items that were written: that something is gone is over."""
    statement = select(ITEMS_TO_BE_HAD).where(VARIANT.c.id == row["id"])
    supplied = bool((await unit.connection.execute(statement)).scalar_one())
    status = stock_status(managed=row["manage_stock"], available=row["available"], supplied=supplied)
    return {"incomplete": False, "supplied": supplied, "stock_status": status}


async def _check(unit: Unit, variant: int, product: int, children: list[int]) -> None:
    """Whether a product is a bundle was said when it was created: nobody changes it meanwhile."""
    of_product = select(PRODUCT.c.is_bundle).where(PRODUCT.c.id == product)
    if not (await unit.connection.execute(of_product)).scalar_one():
        unit.refuse(
            ErrorCode.BUSINESS_RULE, "Its product is not a bundle; that is said when a product is created", "id"
        )
    statement = (
        select(VARIANT.c.id, PRODUCT.c.is_bundle)
        .join(PRODUCT, PRODUCT.c.id == VARIANT.c.product_id)
        .where(VARIANT.c.id.in_(children), visibility.variants(unit.viewer))
    )
    found = {row.id: row.is_bundle for row in await unit.connection.execute(statement)} if children else {}
    for index, child in enumerate(children):
        path = ("childIds", str(index))
        if child == variant:
            unit.refuse(ErrorCode.VALIDATION, "A bundle does not consist of itself", *path)
        elif child not in found:
            unit.refuse(ErrorCode.NOT_FOUND, "No such variant", *path)
        elif found[child]:
            unit.refuse(ErrorCode.VALIDATION, "A bundle product cannot be part of a bundle", *path)
