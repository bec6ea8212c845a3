"""Shipping classes: what a product adds to the cost of sending it."""

from enum import StrEnum

from sqlalchemy import CheckConstraint
from sqlmodel import Field

from db.store.row import KEY, MONEY, VersionedRow, wire


class ShippingClassType(StrEnum):
    FIXED = "fixed"
    PERCENTAGE = "percentage"


class ShippingClassRow(VersionedRow, table=True):
    __tablename__ = "shipping_class"
    __table_args__ = (CheckConstraint("cost >= 0", name="cost"), {"sqlite_autoincrement": True})

    id: int = Field(default=None, primary_key=True, sa_type=KEY)
    name: str
    description: str = ""
    cost: int = Field(sa_type=MONEY)  # cents; of a percentage, hundredths of a percent
    per_item: bool = False
    type: ShippingClassType = Field(sa_type=wire(ShippingClassType))
