"""Upgrade paths between variants."""

from typing import TYPE_CHECKING, Annotated

import strawberry
from sqlmodel import col

from db.catalog import visibility
from db.catalog.product import ProductRow
from db.catalog.upgrade_path import UpgradePathRow, UpgradePathTargetRow
from db.catalog.variant import VariantRow
from engine.declared.declaration import column, related
from engine.declared.entity import Node, entity
from engine.declared.mutation import performed
from engine.declared.payload import Payload, changed, deleted
from resolvers.catalog.upgrade_path.writing import upgrade_path_create, upgrade_path_delete, upgrade_path_update
from schema.money import Money, money

if TYPE_CHECKING:
    from schema.catalog.product import Product
    from schema.catalog.variant import ProductVariant


@entity(UpgradePathRow, visible=visibility.staff, description="What owners of a variant may change to.")
class UpgradePath(Node):
    database_id: int = column(UpgradePathRow.id)
    title: str | None = column(
        UpgradePathRow.title, description="What the store calls it, up to 200 characters; null when it has no name."
    )
    description: str | None = column(
        UpgradePathRow.description,
        description="A text for the owners of the variant, up to 2000 characters; null when there is none.",
    )
    slug: str | None = column(
        UpgradePathRow.slug,
        description="Its name in addresses, unique in the product, up to 192 characters; null when it has no "
        "title to make it of.",
    )
    discount_amount: Money = money(UpgradePathRow.discount_amount, description="Taken off the target's price.")
    prorate: bool = column(UpgradePathRow.prorate, description="Whether what is left of the old purchase is credited.")
    from_: Annotated["ProductVariant", strawberry.lazy("schema.catalog.variant")] | None = related(
        VariantRow.id, to=UpgradePathRow.from_variant_id, name="from", description="The variant that its owners leave."
    )
    to: list[Annotated["ProductVariant", strawberry.lazy("schema.catalog.variant")]] = related(
        UpgradePathTargetRow.path_id,
        to=UpgradePathRow.id,
        on=col(UpgradePathTargetRow.variant_id) == VariantRow.id,
        order=[UpgradePathTargetRow.position],
        description="The variants that they may have instead, of any product, in the order of the offer.",
    )


@strawberry.type(description="The path, and where it is shown.")
class UpgradePathCreatePayload(Payload):
    upgrade_path: UpgradePath | None = changed(UpgradePathRow.id)
    product: Annotated["Product", strawberry.lazy("schema.catalog.product")] | None = changed(ProductRow.id)
    variants: list[Annotated["ProductVariant", strawberry.lazy("schema.catalog.variant")]] = changed(
        VariantRow.id, description="Where the path starts."
    )


@strawberry.type(description="The path, and where it is shown.")
class UpgradePathUpdatePayload(Payload):
    upgrade_path: UpgradePath | None = changed(UpgradePathRow.id)
    product: Annotated["Product", strawberry.lazy("schema.catalog.product")] | None = changed(ProductRow.id)
    variants: list[Annotated["ProductVariant", strawberry.lazy("schema.catalog.variant")]] = changed(
        VariantRow.id, description="Where the path started, and where it starts."
    )


@strawberry.type(description="What is gone, and where it was shown.")
class UpgradePathDeletePayload(Payload):
    deleted_id: strawberry.ID | None = deleted("UpgradePath")
    product: Annotated["Product", strawberry.lazy("schema.catalog.product")] | None = changed(ProductRow.id)
    variants: list[Annotated["ProductVariant", strawberry.lazy("schema.catalog.variant")]] = changed(
        VariantRow.id, description="Where the path started."
    )


@strawberry.type
class UpgradePathMutations:
    upgrade_path_create: UpgradePathCreatePayload | None = performed(upgrade_path_create)
    upgrade_path_update: UpgradePathUpdatePayload | None = performed(upgrade_path_update)
    upgrade_path_delete: UpgradePathDeletePayload | None = performed(upgrade_path_delete)
