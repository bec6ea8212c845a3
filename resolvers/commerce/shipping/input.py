"""Inputs of shipping methods, and of what sending costs."""

from typing import Final

import strawberry

from db.commerce.shipping_method import ShippingClassAggregation, ShippingMethodRow, ShippingMethodType
from engine.declared.input import identifies, lookup_input
from engine.values.scalars import Cents
from resolvers.commerce import enums as _registered  # noqa: F401  the annotations below need the enums

AMOUNT: Final = (
    "PER_ORDER: minor units of the currency; PER_ITEM: the same for each piece; PER_PRICE: hundredths of a percent, up "
    "to 10000. It means nothing of other types. Not below 0."
)
TIERS: Final = (
    "Of PER_WEIGHT, which needs one at least: what weights cost, the lightest first, at most 50. Null or an empty list "
    "for none."
)
COUNTRIES: Final = "Where it is offered: two letters each (ISO 3166-1). Null or an empty list: everywhere."
STATES: Final = (
    "The only states where it is offered, by the shop's codes of up to 100 characters, whatever their case; they need "
    "one country exactly. At most 200; null or an empty list: all of them."
)
FREE_FROM: Final = (
    "From which price of the goods on, after discounts, it charges nothing, classes included; null for none."
)

ShippingMethodBy: Final = lookup_input("ShippingMethod", ShippingMethodRow.id)


@strawberry.input(description="What weights up to a bound cost, in the store's unit (`weight_unit` of its settings).")
class ShippingWeightTierInput:
    min: float = strawberry.field(description="From this weight on, itself included. Not below 0.")
    max: float | None = strawberry.field(
        default=None, description="Up to this weight, itself included; null, of the last tier alone, for any."
    )
    cost: Cents = strawberry.field(description="What sending costs then, in minor units. Not below 0.")


@strawberry.input(description="A new shipping method.")
class ShippingMethodCreateInput:
    title: str
    type: ShippingMethodType
    amount: Cents = strawberry.field(default=Cents(0), description=AMOUNT)
    weight_tiers: strawberry.Maybe[list[ShippingWeightTierInput] | None] = strawberry.field(
        default=None, description=TIERS
    )
    countries: strawberry.Maybe[list[str] | None] = strawberry.field(default=None, description=COUNTRIES)
    states: strawberry.Maybe[list[str] | None] = strawberry.field(default=None, description=STATES)
    class_aggregation: ShippingClassAggregation = ShippingClassAggregation.SUM_ALL
    free_from: Cents | None = strawberry.field(default=None, description=FREE_FROM)
    enabled: bool = True
    position: int = 1


@strawberry.input(description="Something that is to be sent.")
class ShippingItemInput:
    variant_id: strawberry.ID = identifies("ProductVariant", description="What is sent, as you may see it.")
    quantity: int = strawberry.field(description="How many pieces, from 1 to 1000000.")
