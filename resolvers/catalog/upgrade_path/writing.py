"""What is done to upgrade paths. They belong to the product of the variant that they start from, and it is locked while
they change: their slugs are unique in it."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import strawberry
from sqlalchemy import delete, insert, select

from db.catalog import visibility
from db.catalog.events import UPGRADE_PATH_CREATED, UPGRADE_PATH_DELETED, UPGRADE_PATH_UPDATED
from db.catalog.slug import derived
from db.catalog.upgrade_path import UpgradePathRow, UpgradePathTargetRow
from db.store.row import table
from engine.declared.input import identifies
from engine.declared.mutation import mutation
from engine.declared.payload import Keys
from engine.unit.unit import Refuses, Unit
from engine.values.errors import ErrorCode
from engine.values.scalars import Cents
from resolvers.catalog.locking import PRODUCT, VARIANT, locked_product
from resolvers.editing import text
from resolvers.editing.editable import A_SLUG, Editable, Text, edited_version, seen_version, slug
from resolvers.editing.locking import key_of, not_found
from resolvers.editing.updating import named

PATH = table(UpgradePathRow)
TARGET = table(UpgradePathTargetRow)
PATHS: Final = Editable(
    UpgradePathRow,
    visibility.staff,
    UPGRADE_PATH_CREATED,
    UPGRADE_PATH_UPDATED,
    UPGRADE_PATH_DELETED,
    texts={
        "title": Text(200, blank=None),
        "description": Text(2000, text.lines, blank=None),
        "slug": Text(192, slug, blank=None),
    },
)
MOST_TARGETS: Final = 100
SLUG: Final = "Unique in the product; made of the title when there is none."


@strawberry.input(description="A new way from a variant to others.")
class UpgradePathCreateInput:
    product_id: strawberry.ID = identifies("Product")
    from_variant_id: strawberry.ID = identifies("ProductVariant", description="One of the product's.")
    to_variant_ids: list[strawberry.ID] = identifies("ProductVariant", description="One at least, of any product.")
    discount_amount: Cents = strawberry.field(default=Cents(0), description="Taken off the target's price.")
    prorate: bool = strawberry.field(default=False, description="Whether what is left of the old purchase is credited.")
    title: str | None = None
    description: str | None = None
    slug: str | None = strawberry.field(default=None, description=SLUG)


@strawberry.input(description="What is named changes, null clears, what is absent stays.")
class UpgradePathUpdateInput:
    id: strawberry.ID = identifies("UpgradePath")
    expected_version: int | None = edited_version()
    from_variant_id: strawberry.Maybe[strawberry.ID] = identifies(
        "ProductVariant", description="Another variant of the same product."
    )
    to_variant_ids: strawberry.Maybe[list[strawberry.ID]] = identifies(
        "ProductVariant", description="All of them, in this order."
    )
    discount_amount: strawberry.Maybe[Cents | None]
    prorate: strawberry.Maybe[bool]
    title: strawberry.Maybe[str | None]
    description: strawberry.Maybe[str | None]
    slug: strawberry.Maybe[str | None] = strawberry.field(default=None, description=SLUG)


@strawberry.input(description="Which upgrade path goes.")
class UpgradePathDeleteInput:
    id: strawberry.ID = identifies("UpgradePath")
    expected_version: int | None = seen_version()


@mutation(permission="products/edit", rest="POST /products/{id}/upgrade-path", emits=(UPGRADE_PATH_CREATED,))
async def upgrade_path_create(unit: Unit, input: UpgradePathCreateInput) -> Keys:
    """Offer the owners of a variant to change to others."""
    product = (await locked_product(unit, input.product_id, "productId"))["id"]
    asked = {
        "from_variant_id": key_of(input.from_variant_id),
        "discount_amount": int(input.discount_amount),
        "prorate": input.prorate,
        "title": input.title,
        "description": input.description,
        "slug": input.slug,
    }
    values = await _checked(unit, product, None, {}, asked)
    targets = [key_of(target) for target in input.to_variant_ids]
    await _check_variants(unit, product, values["from_variant_id"], targets, asked={"from_variant_id", "targets"})
    row = await PATHS.make(unit, values, product_id=product, targets=targets)
    await _aim(unit, row["id"], targets)
    return {"upgrade_path": row["id"], "product": product, "variants": [row["from_variant_id"]]}


@mutation(permission="products/edit", rest="POST /products/upgrade-path/{id}/update", emits=(UPGRADE_PATH_UPDATED,))
async def upgrade_path_update(unit: Unit, input: UpgradePathUpdateInput) -> Keys:
    """Change an upgrade path."""
    product, row = await _path(unit, input.id, input.expected_version)
    asked = named(input, leave=("id", "expected_version", "from_variant_id", "to_variant_ids"))
    if input.from_variant_id is not None:
        asked["from_variant_id"] = key_of(input.from_variant_id.value)
    values = await _checked(unit, product, row["id"], row, asked)
    if input.to_variant_ids is not None:
        values["targets"] = [key_of(target) for target in input.to_variant_ids.value]
    result = {**row, **values}
    await _check_variants(unit, product, result["from_variant_id"], result["targets"], asked=values.keys())
    changes = await PATHS.change(unit, row, values, product_id=product)
    if "targets" in changes:
        await unit.connection.execute(delete(TARGET).where(TARGET.c.path_id == row["id"]))
        await _aim(unit, row["id"], changes["targets"])
    variants = list(dict.fromkeys([row["from_variant_id"], result["from_variant_id"]]))
    return {"upgrade_path": row["id"], "product": product, "variants": variants}


@mutation(permission="products/delete", rest="DELETE /products/upgrade-path/{id}/delete", emits=(UPGRADE_PATH_DELETED,))
async def upgrade_path_delete(unit: Unit, input: UpgradePathDeleteInput) -> Keys:
    """Delete an upgrade path."""
    product, row = await _path(unit, input.id, input.expected_version)
    await PATHS.remove(unit, row, product_id=product)
    return {"deleted_id": row["id"], "product": product, "variants": [row["from_variant_id"]]}


async def _path(unit: Unit, id: str, expected_version: int | None) -> tuple[int, dict[str, Any]]:
    """The product of a path, and the path with its `targets`, both locked. A path never changes its product."""
    key = key_of(id)
    owner = select(VARIANT.c.product_id).join(PATH, PATH.c.from_variant_id == VARIANT.c.id).where(PATH.c.id == key)
    product = (
        await unit.connection.execute(select(PRODUCT.c.id).where(PRODUCT.c.id.in_(owner)).with_for_update())
    ).scalar_one_or_none()
    if product is None:
        not_found(unit, PATHS.name, "id")
    row = await PATHS.load(unit, id, expected_version)
    targets = select(TARGET.c.variant_id).where(TARGET.c.path_id == key).order_by(TARGET.c.position)
    row["targets"] = list((await unit.connection.execute(targets)).scalars())
    return product, row


async def _checked(
    unit: Unit, product: int, own: int | None, row: Mapping[str, Any], asked: Mapping[str, Any]
) -> dict[str, Any]:
    """The values as they are stored, a slug among them where one is asked for or to be made."""
    values = dict(asked)
    if "discount_amount" in values:
        values["discount_amount"] = values["discount_amount"] or 0
        if values["discount_amount"] < 0:
            unit.refuse(ErrorCode.VALIDATION, "Not below 0", "discountAmount")
    if "slug" in values:
        values["slug"] = await _slug(unit, product, own, values["slug"], {**row, **values}.get("title") or "")
    return PATHS.checked(unit, values)


async def _slug(unit: Unit, product: int, own: int | None, asked: str | None, title: str) -> str | None:
    """The slug that was asked for, or one made of the title."""
    mine = select(VARIANT.c.id).where(VARIANT.c.product_id == product)
    among = (PATH.c.from_variant_id.in_(mine), PATH.c.id != (-1 if own is None else own))
    if asked is None:
        return await PATHS.free_slug(unit, title, *among) if derived(title) else None
    wanted = slug(asked)
    if not wanted:
        unit.refuse(ErrorCode.VALIDATION, A_SLUG, "slug")
    elif (await unit.connection.execute(select(PATH.c.id).where(PATH.c.slug == wanted, *among))).first():
        unit.refuse(ErrorCode.CONFLICT, "Another upgrade path of the product has this slug", "slug")
    return wanted


async def _check_variants(
    unit: Unit, product: int, source: int, targets: Sequence[int], *, asked: Collection[str]
) -> None:
    """The rules of both ends, where one of them is asked for."""
    if not {"from_variant_id", "targets"} & set(asked):
        return
    if len(targets) > MOST_TARGETS:
        unit.refuse(ErrorCode.VALIDATION, f"At most {MOST_TARGETS} variants", "toVariantIds")
        unit.settle()
    ends = [source, *targets]
    statement = select(VARIANT.c.id, VARIANT.c.product_id).where(
        VARIANT.c.id.in_(ends), visibility.variants(unit.viewer)
    )
    owners = {row.id: row.product_id for row in await unit.connection.execute(statement)}
    if source not in owners:
        unit.refuse(ErrorCode.NOT_FOUND, "No such variant", "fromVariantId")
    elif owners[source] != product:
        unit.refuse(ErrorCode.VALIDATION, "It is a variant of another product", "fromVariantId")
    if "targets" not in asked:
        if source in targets:
            unit.refuse(ErrorCode.VALIDATION, "It is a target of this path", "fromVariantId")
        return
    _check_targets(unit, source, targets, owners)


def _check_targets(errors: Refuses, source: int, targets: Sequence[int], known: Collection[int]) -> None:
    if not targets:
        errors.refuse(ErrorCode.VALIDATION, "At least one variant to change to", "toVariantIds")
    for index, target in enumerate(targets):
        path = ("toVariantIds", str(index))
        if target not in known:
            errors.refuse(ErrorCode.NOT_FOUND, "No such variant", *path)
        elif target == source:
            errors.refuse(ErrorCode.VALIDATION, "The path starts there", *path)
        elif target in targets[:index]:
            errors.refuse(ErrorCode.VALIDATION, "It is a target already", *path)


async def _aim(unit: Unit, path: int, targets: Sequence[int]) -> None:
    places = enumerate(targets, start=1)
    rows = [{"path_id": path, "variant_id": target, "position": place} for place, target in places]
    await unit.connection.execute(insert(TARGET), rows)
