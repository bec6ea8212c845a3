"""Ways of sending an order, where each is offered, and what it charges."""

from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint
from sqlmodel import Field

from db.commerce.sums.share import WHOLE
from db.store.row import DOCUMENT, KEY, MONEY, VersionedRow, wire


class ShippingMethodType(StrEnum):
    PER_ORDER = "per_order"
    PER_PRICE = "per_price"
    PER_ITEM = "per_item"
    PER_WEIGHT = "per_weight"
    FREE = "free"


class ShippingClassAggregation(StrEnum):
    SUM_ALL = "sum_all"
    HIGHEST_CLASS = "highest_class"


class ShippingMethodRow(VersionedRow, table=True):
    """`amount` is minor units: of the order, or of each piece; of a PER_PRICE one basis points of the goods' price; it
    means nothing of the others. `weight_tiers` are `min`, `max` (null: open) and `cost` (minor units), the lightest
    first, in the store's unit of weight. `countries` are ISO 3166-1 codes, none: everywhere; `states` are the shop's
    codes within the one country. From `free_from` on, minor units of the goods, nothing is charged."""

    __tablename__ = "shipping_method"
    __table_args__ = (
        CheckConstraint(f"amount >= 0 AND (type <> 'per_price' OR amount <= {WHOLE})", name="amount"),
        {"sqlite_autoincrement": True},
    )

    id: int = Field(default=None, primary_key=True, sa_type=KEY)
    title: str
    type: ShippingMethodType = Field(sa_type=wire(ShippingMethodType))
    amount: int = Field(default=0, sa_type=MONEY)
    weight_tiers: Any = Field(default_factory=list, sa_type=DOCUMENT, nullable=False)
    countries: Any = Field(default_factory=list, sa_type=DOCUMENT, nullable=False)
    states: Any = Field(default_factory=list, sa_type=DOCUMENT, nullable=False)
    class_aggregation: ShippingClassAggregation = Field(
        default=ShippingClassAggregation.SUM_ALL, sa_type=wire(ShippingClassAggregation)
    )
    free_from: int | None = Field(default=None, sa_type=MONEY)
    enabled: bool = True
    position: int = 1
