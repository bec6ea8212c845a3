"""Bundles: variants that consist of other variants. Only variants of bundle products have children."""

from sqlalchemy import CheckConstraint
from sqlmodel import Field

from db.store.row import KEY, Row


class BundleItemRow(Row, table=True):
    __tablename__ = "bundle_item"
    __table_args__ = (CheckConstraint("variant_id <> child_id", name="itself"),)

    variant_id: int = Field(foreign_key="product_variant.id", ondelete="CASCADE", primary_key=True, sa_type=KEY)
    child_id: int = Field(
        foreign_key="product_variant.id", ondelete="CASCADE", primary_key=True, index=True, sa_type=KEY
    )
    position: int = 1
