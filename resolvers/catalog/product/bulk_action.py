"""One action on many products (S5 POST /products/do-bulk-action): each is a result of its own, good ones are kept."""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, Final

import strawberry
from sqlalchemy import select

from db.catalog.events import PRODUCT_PUBLISHED, PRODUCT_UPDATED
from db.catalog.product import ProductStatus, VariationType
from db.store.row import now
from db.store.writing import edit_all
from engine.declared.bulk import parted
from engine.declared.input import identifies
from engine.declared.mutation import mutation
from engine.declared.payload import Keys, item
from engine.unit.unit import Errors, Unit
from engine.values.errors import ErrorCode
from resolvers.catalog.locking import PRODUCT, VARIANT, locked_for_removal, locked_products
from resolvers.catalog.product.duplication import (
    DOWNLOADS,
    DUPLICATED,
    LICENSES,
    STOCK,
    asked_of,
    duplicate_products,
)
from resolvers.catalog.product.removal import REMOVED, Removed, refuse_sold, remove_products
from resolvers.catalog.product.rules import check_product
from resolvers.editing.locking import key_of

MOST: Final = 100


@strawberry.enum(description="What is done to each of the products.")
class ProductAction(Enum):
    PUBLISH = strawberry.enum_value("PUBLISH", description="Everyone sees it from now on.")
    DRAFT = strawberry.enum_value("DRAFT", description="Withdraws it: products/view alone sees it.")
    DELETE = strawberry.enum_value("DELETE", description="Requires products/delete too.")
    DUPLICATE = strawberry.enum_value("DUPLICATE", description="Requires products/create too.")


@strawberry.input(description="An action, and whom it is done to.")
class ProductBulkActionInput:
    action: ProductAction = strawberry.field(description="What is done to each of the products.")
    ids: list[strawberry.ID] = identifies("Product", description=f"1 to {MOST} products, each once.")
    import_stock_management: bool = strawberry.field(default=False, description=f"Of DUPLICATE: {STOCK}")
    import_license_settings: bool = strawberry.field(default=False, description=f"Of DUPLICATE: {LICENSES}")
    import_downloadable_files: bool = strawberry.field(default=False, description=f"Of DUPLICATE: {DOWNLOADS}")


@mutation(
    permission="products/edit",
    rest="POST /products/do-bulk-action",
    emits=tuple(dict.fromkeys((PRODUCT_UPDATED, PRODUCT_PUBLISHED, *REMOVED, *DUPLICATED))),
    rate="bulk",
    each="ids",
)
async def product_bulk_action(unit: Unit, input: ProductBulkActionInput) -> Keys:
    """Publish, withdraw, delete or duplicate up to 100 products. Each succeeds or fails by itself, as the mutation of
    one would; when all fail, their errors are the payload's too."""
    if input.action is ProductAction.DELETE:
        unit.require("products/delete")
    if input.action is ProductAction.DUPLICATE:
        unit.require("products/create")
    if not 1 <= len(input.ids) <= MOST:
        unit.refuse(ErrorCode.VALIDATION, f"1 to {MOST} products", "ids")
    unit.settle()

    read, unread = parted(input.ids)
    keys = {index: key_of(one) for index, one in read.items()}
    if input.action is ProductAction.DELETE:
        products = await locked_for_removal(unit, set(keys.values()))
    else:
        products = await locked_products(unit, set(keys.values()))
    errors = [Errors("ids", str(index)) for index in range(len(input.ids))]
    for index, one in unread.items():
        one.told(errors[index])
    first: dict[int, Errors] = {}
    for index, key in keys.items():
        found = errors[index]
        if key not in products:
            found.refuse(ErrorCode.NOT_FOUND, "No such product")
        elif first.setdefault(key, found) is not found:
            found.refuse(ErrorCode.VALIDATION, "This product is named before")
    done, beside = await _act(unit, input, products, first)
    results = [
        item(index, found) if found else item(index, found, **done[keys[index]]) for index, found in enumerate(errors)
    ]
    if all(errors):
        for error in (e for found in errors for e in found.found):
            unit.refuse(error.code, error.message, *(error.field or ()))
    unit.settle({"results": results})
    return {"results": results, **beside.keys}


async def _act(
    unit: Unit, input: ProductBulkActionInput, products: Mapping[int, dict[str, Any]], errors: Mapping[int, Errors]
) -> tuple[dict[int, dict[str, Any]], Removed]:
    """What is told of each product that it went well with, and what changed beside them."""
    if input.action is ProductAction.DELETE:
        await refuse_sold(unit, errors)
        gone = {key: products[key] for key, found in errors.items() if not found}
        beside = await remove_products(unit, gone) if gone else Removed()
        return {key: {"deleted_id": key} for key in gone}, beside
    if input.action is ProductAction.DUPLICATE:
        originals = [products[key] for key in errors]
        if not originals:
            return {}, Removed()
        copies = await duplicate_products(unit, originals, asked_of(input))
        return {key: {"product": copy} for key, copy in zip(errors, copies, strict=True)}, Removed()
    if input.action is ProductAction.PUBLISH:
        await _refuse_unpriced(unit, products, errors)
    rows = [products[key] for key, found in errors.items() if not found]
    await _set_status(unit, rows, ProductStatus(input.action.value.lower()))
    return {row["id"]: {"product": row["id"]} for row in rows}, Removed()


async def _refuse_unpriced(unit: Unit, products: Mapping[int, Mapping[str, Any]], errors: Mapping[int, Errors]) -> None:
    """Publishing a simple product takes a variant."""
    simple = [key for key in errors if products[key]["variation_type"] is VariationType.SIMPLE]
    statement = select(VARIANT.c.product_id).where(VARIANT.c.product_id.in_(simple)).group_by(VARIANT.c.product_id)
    priced = set((await unit.connection.execute(statement)).scalars()) if simple else set()
    for key in simple:
        if key not in priced:
            errors[key].refuse(ErrorCode.VALIDATION, "A simple product needs pricing")


async def _set_status(unit: Unit, rows: Sequence[Mapping[str, Any]], status: ProductStatus) -> None:
    """Published from now on, where a product was not yet."""
    checked = [(row, check_product(unit, row, {"status": status}, now())) for row in rows]
    changes = [(row, values) for row, values in checked if values]
    await edit_all(unit.connection, PRODUCT, changes)
    for row, values in changes:
        unit.emit(PRODUCT_UPDATED(row, values))
        if status is ProductStatus.PUBLISH:
            unit.emit(PRODUCT_PUBLISHED(row, values))
