"""A product's detail, changed one thing at a time: which editor its content is written with, what kind of variants it
has."""

from collections.abc import Collection, Mapping
from enum import Enum
from typing import Any, Final

import strawberry
from sqlalchemy import select

from db.catalog.derivations import refresh_bundles, refresh_products, refresh_products_search, refresh_supply
from db.catalog.events import PRODUCT_UPDATED
from db.catalog.product import VariationType
from db.store.row import now
from engine.declared.input import identifies
from engine.declared.mutation import mutation
from engine.declared.payload import Keys
from engine.unit.unit import Unit
from engine.values.errors import ErrorCode
from resolvers.catalog import enums as _registered  # noqa: F401  the annotations below need the enums
from resolvers.catalog.bundle.stock import tell_restocked
from resolvers.catalog.locking import PRODUCT, VARIANT, locked_for_removal, locked_variants
from resolvers.catalog.product.rules import check_product
from resolvers.catalog.variant.removal import REMOVED, RemovedVariants, refuse_sold_variants, remove_variants
from resolvers.catalog.writing import change_product, product_to_edit
from resolvers.editing import text
from resolvers.editing.editable import edited_version
from resolvers.editing.locking import key_of, not_found
from resolvers.editing.updating import refuse_outdated

MOST_VARIANTS: Final = 100  # as ids elsewhere


@strawberry.enum(description="What an update of a product's detail is about.")
class ProductDetailAction(Enum):
    CHANGE_VARIATION_TYPE = strawberry.enum_value(
        "CHANGE_VARIATION_TYPE", description="Sets the variation type, and the default variant with it."
    )
    VARIANT_MODIFIED = strawberry.enum_value(
        "VARIANT_MODIFIED",
        description="Works out again what the product repeats of its variants, and bundles of what they consist of; "
        "takes no values.",
    )


@strawberry.input(description="A product, and the editor of its content.")
class ProductEditorModeUpdateInput:
    id: strawberry.ID = identifies("Product")
    active_editor: str = strawberry.field(description="The editor's own name for it (`visual`, `code`, `wp-editor`).")
    expected_version: int | None = edited_version()


@strawberry.input(description="Names the product by its id or by that of its detail.")
class ProductDetailUpdateInput:
    id: strawberry.Maybe[strawberry.ID] = identifies("Product")
    detail_database_id: strawberry.Maybe[int] = strawberry.field(
        default=None, description="As documented: `Product.detailDatabaseId`."
    )
    expected_version: int | None = edited_version()
    action: ProductDetailAction = strawberry.field(
        default=ProductDetailAction.CHANGE_VARIATION_TYPE, description="Which of the values below are read."
    )
    variation_type: VariationType | None = strawberry.field(
        default=None, description="What CHANGE_VARIATION_TYPE changes it to; absent or null changes nothing."
    )
    variant_ids: strawberry.Maybe[list[strawberry.ID] | None] = identifies(
        "ProductVariant", description="Variants to keep: SIMPLE deletes all others, unless none is named here."
    )
    default_variant_id: strawberry.Maybe[strawberry.ID | None] = identifies(
        "ProductVariant", description="One of those that stay. As documented, a new variation type without it has none."
    )


@mutation(
    permission="products/edit", rest="POST /products/{postId}/update-long-desc-editor-mode", emits=(PRODUCT_UPDATED,)
)
async def product_editor_mode_update(unit: Unit, input: ProductEditorModeUpdateInput) -> Keys:
    """Say which editor a product's content is written with."""
    row = await product_to_edit(unit, input.id, input.expected_version)
    changes = check_product(unit, row, {"active_editor": input.active_editor}, now())
    if not text.line(input.active_editor):
        unit.refuse(ErrorCode.VALIDATION, "An editor is required", "activeEditor")
    unit.settle()
    return await change_product(unit, row, changes)


@mutation(permission="products/edit", rest="POST /products/detail/{detailId}", emits=REMOVED)
async def product_detail_update(unit: Unit, input: ProductDetailUpdateInput) -> Keys:
    """Change a product's variation type. What becomes SIMPLE keeps the variants that are named and loses all others,
    unless none is named; refused while an unfinished order (PROCESSING, ON_HOLD) holds one of those."""
    row = await _to_edit(unit, input)
    variants = await locked_variants(unit, [row["id"]])
    if input.action is ProductDetailAction.VARIANT_MODIFIED:
        _refuse_values(unit, input)
        unit.settle()
        tell_restocked(unit, await refresh_supply(unit.connection, VARIANT.c.product_id == row["id"]))
        if await refresh_products(unit.connection, [row["id"]]):
            tell_restocked(unit, await refresh_bundles(unit.connection, variants))
        await refresh_products_search(unit.connection, [row["id"]])
        return {"product": row["id"]}

    doomed = _doomed(unit, input, variants)
    changes = check_product(unit, row, _asked(unit, input, variants.keys() - doomed), now())
    if doomed:
        await refuse_sold_variants(unit, {key: unit.at("variantIds") for key in doomed})
    unit.settle()
    keys = await change_product(unit, row, changes)
    # The default variant is settled by now.
    product = {**row, **changes}
    removed = await remove_variants(unit, product, variants, doomed) if doomed else RemovedVariants()
    return {**keys, "deleted_variant_ids": doomed, **removed.keys}


async def _to_edit(unit: Unit, input: ProductDetailUpdateInput) -> dict[str, Any]:
    """The product, locked with all that loses variants with it."""
    if (input.id is None) == (input.detail_database_id is None):
        unit.refuse(ErrorCode.VALIDATION, "Name the product either by `id` or by `detailDatabaseId`", "id")
        unit.settle()
    if input.id is not None:
        key, place = key_of(input.id.value), "id"
    else:
        assert input.detail_database_id is not None
        place = "detailDatabaseId"
        statement = select(PRODUCT.c.id).where(PRODUCT.c.detail_id == input.detail_database_id.value)
        key = (await unit.connection.execute(statement)).scalar_one_or_none() or -1
    row = (await locked_for_removal(unit, [key])).get(key) or not_found(unit, "product", place)
    await refuse_outdated(unit, f"Product:{key}", input.expected_version, row["version"])
    return row


def _refuse_values(unit: Unit, input: ProductDetailUpdateInput) -> None:
    given = {
        "variationType": input.variation_type is not None,
        "variantIds": input.variant_ids is not None and bool(input.variant_ids.value),
        "defaultVariantId": input.default_variant_id is not None,
    }
    for name in (name for name, said in given.items() if said):
        unit.refuse(ErrorCode.VALIDATION, "Belongs to CHANGE_VARIATION_TYPE alone", name)


def _doomed(unit: Unit, input: ProductDetailUpdateInput, variants: Mapping[int, Any]) -> list[int]:
    """The variants that go. Refuses those to be kept that are not the product's."""
    ids = (input.variant_ids.value if input.variant_ids is not None else None) or []
    if len(ids) > MOST_VARIANTS:
        unit.refuse(ErrorCode.VALIDATION, f"At most {MOST_VARIANTS} variants", "variantIds")
        unit.settle()
    kept = [key_of(one) for one in ids]
    strange = [index for index, key in enumerate(kept) if key not in variants]
    for index in strange:
        unit.refuse(ErrorCode.NOT_FOUND, "The product has no such variant", "variantIds", str(index))
    if strange or not kept or input.variation_type is not VariationType.SIMPLE:
        return []
    return [key for key in variants if key not in kept]


def _asked(unit: Unit, input: ProductDetailUpdateInput, staying: Collection[int]) -> dict[str, Any]:
    """The columns that the input names. A default variant that it does not name goes with the old variation type."""
    asked: dict[str, Any] = {}
    if input.variation_type is not None:
        asked = {"variation_type": input.variation_type, "default_variant_id": None}
    if input.default_variant_id is not None:
        default = input.default_variant_id.value
        asked["default_variant_id"] = None if default is None else key_of(default)
        if default is not None and asked["default_variant_id"] not in staying:
            unit.refuse(ErrorCode.VALIDATION, "The product will have no such variant", "defaultVariantId")
    return asked
