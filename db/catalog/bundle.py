"""Bundles: variants that consist of other variants. Only variants of bundle products have children."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import CheckConstraint, ColumnElement, and_, exists, not_, or_, select
from sqlmodel import Field

from db.catalog.product import StockStatus
from db.catalog.variant import VariantRow, VariantStatus
from db.store.row import KEY, Row, table


class BundleItemRow(Row, table=True):
    __tablename__ = "bundle_item"
    __table_args__ = (CheckConstraint("variant_id <> child_id", name="itself"),)

    variant_id: int = Field(foreign_key="product_variant.id", ondelete="CASCADE", primary_key=True, sa_type=KEY)
    child_id: int = Field(
        foreign_key="product_variant.id", ondelete="CASCADE", primary_key=True, index=True, sa_type=KEY
    )
    position: int = 1


_VARIANT = table(VariantRow)
_ITEM = table(BundleItemRow)
_CHILD = _VARIANT.alias("child")


def to_be_had(variant: Mapping[str, Any]) -> bool:
    """Whether a variant can be had as part of a bundle: ACTIVE, and in stock where its stock is managed."""
    in_stock = variant["available"] > 0 and variant["stock_status"] is StockStatus.IN_STOCK
    return variant["status"] is VariantStatus.ACTIVE and (not variant["manage_stock"] or in_stock)


# The same of a row in SQL.
_to_be_had = and_(
    _CHILD.c.status == VariantStatus.ACTIVE,
    or_(~_CHILD.c.manage_stock, and_(_CHILD.c.available > 0, _CHILD.c.stock_status == StockStatus.IN_STOCK)),
)
_lacking = (
    select(1)
    .select_from(_ITEM.join(_CHILD, _CHILD.c.id == _ITEM.c.child_id))
    .where(_ITEM.c.variant_id == _VARIANT.c.id, not_(_to_be_had))
    .correlate(_VARIANT)
)
# Of a variant: whether every variant that it consists of can be had; and none of them is gone.
ITEMS_TO_BE_HAD: Final[ColumnElement[bool]] = not_(exists(_lacking))
SUPPLIED: Final[ColumnElement[bool]] = and_(~_VARIANT.c.incomplete, ITEMS_TO_BE_HAD)
