"""Upgrade paths: from a variant that a customer has to variants that they may have instead."""

from sqlalchemy import CheckConstraint
from sqlmodel import Field

from db.store.row import KEY, MONEY, SORTED_TEXT, Row, VersionedRow


class UpgradePathRow(VersionedRow, table=True):
    __tablename__ = "upgrade_path"
    __table_args__ = (CheckConstraint("discount_amount >= 0", name="discount_amount"), {"sqlite_autoincrement": True})

    id: int = Field(default=None, primary_key=True, sa_type=KEY)
    from_variant_id: int = Field(foreign_key="product_variant.id", ondelete="CASCADE", index=True, sa_type=KEY)
    title: str | None = None
    description: str | None = None
    slug: str | None = Field(default=None, sa_type=SORTED_TEXT)
    discount_amount: int = Field(default=0, sa_type=MONEY)
    prorate: bool = False


class UpgradePathTargetRow(Row, table=True):
    __tablename__ = "upgrade_path_target"

    path_id: int = Field(foreign_key="upgrade_path.id", ondelete="CASCADE", primary_key=True, sa_type=KEY)
    variant_id: int = Field(
        foreign_key="product_variant.id", ondelete="CASCADE", primary_key=True, index=True, sa_type=KEY
    )
    position: int = 1
