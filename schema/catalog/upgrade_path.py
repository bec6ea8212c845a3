"""Upgrade paths between variants."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from sqlmodel import col

from db.catalog import visibility
from db.catalog.upgrade_path import UpgradePathRow, UpgradePathTargetRow
from db.catalog.variant import VariantRow
from engine.declared.declaration import column, related
from engine.declared.entity import Node, entity
from schema.money import Money, money

if TYPE_CHECKING:
    from schema.catalog.variant import ProductVariant


@entity(UpgradePathRow, visible=visibility.upgrade_paths, description="What owners of a variant may change to.")
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
    version: int = column(UpgradePathRow.version)
    created_at: datetime | None = column(UpgradePathRow.created_at)
    updated_at: datetime | None = column(UpgradePathRow.updated_at)
