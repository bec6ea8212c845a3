"""Shipping methods, and what sending costs."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final

import strawberry

from db.catalog.variant import VariantRow
from db.commerce import visibility
from db.commerce.money import Amount, MoneyFormat, money_format
from db.commerce.shipping_method import ShippingClassAggregation, ShippingMethodRow, ShippingMethodType
from db.commerce.store import MONEY_FORMAT
from engine.declared.batch import Argument, queried
from engine.declared.declaration import column, computed, derived, related
from engine.declared.entity import Node, entity
from engine.declared.lookup import every, lookup
from engine.standard.context import Context
from engine.values.columns import expression
from engine.values.scalars import Cents
from resolvers.commerce import enums as _registered  # noqa: F401  the annotations below need the enums
from resolvers.commerce.shipping.input import ShippingItemInput, ShippingMethodBy
from resolvers.commerce.shipping.quoting import ItemCharge, calculated, offered
from resolvers.commerce.shipping.writing import SHIPPING_METHODS
from schema.commerce.said import held
from schema.money import Money, amount, maybe_money
from schema.simple import edits

if TYPE_CHECKING:
    from schema.catalog.variant import ProductVariant

_FORMAT: Any = expression(MONEY_FORMAT, "money_format")


@strawberry.type(description="What weights up to a bound cost, in the store's unit (`weight_unit` of its settings).")
class ShippingWeightTier:
    min: float = strawberry.field(description="From this weight on, itself included.")
    max: float | None = strawberry.field(description="Up to this weight, itself included; null for any.")
    cost: Money = strawberry.field(description="What sending costs then.")


def _tiers(said: Iterable[Mapping[str, Any]], packed: str | None) -> list[ShippingWeightTier]:
    own = money_format(packed)
    return [
        ShippingWeightTier(
            min=float(tier["min"]),
            max=None if tier["max"] is None else float(tier["max"]),
            cost=amount(Amount(tier["cost"], own)),
        )
        for tier in said
    ]


@entity(
    ShippingMethodRow,
    visible=visibility.shipping_methods,
    description="A way of sending orders. What it charges is its own part and that of the goods' shipping classes.",
)
class ShippingMethod(Node):
    database_id: int = column(ShippingMethodRow.id)
    title: str = column(ShippingMethodRow.title, description="What customers choose by: 1 to 192 characters.")
    type: ShippingMethodType = column(ShippingMethodRow.type, description="What its own part is reckoned by.")
    amount: Cents = computed(
        Cents,
        ShippingMethodRow.amount,
        description="PER_ORDER: minor units of the currency; PER_ITEM: the same for each piece; PER_PRICE: hundredths "
        "of a percent. It means nothing of other types.",
    )
    weight_tiers: list[ShippingWeightTier] = computed(
        _tiers,
        ShippingMethodRow.weight_tiers,
        _FORMAT,
        description="Of PER_WEIGHT: what weights cost, the lightest first. The first one that a weight is in counts; "
        "a weight that is in none costs nothing.",
    )
    countries: list[str] = computed(
        list,
        ShippingMethodRow.countries,
        description="Where it is offered: two letters each (ISO 3166-1); empty: everywhere.",
    )
    states: list[str] = computed(
        list,
        ShippingMethodRow.states,
        description="The only states of its one country where it is offered, by the shop's codes in capitals; empty: "
        "all of them.",
    )
    class_aggregation: ShippingClassAggregation = column(
        ShippingMethodRow.class_aggregation, description="Which of the goods' shipping classes charge, too."
    )
    free_from: Money | None = maybe_money(
        ShippingMethodRow.free_from,
        description="From which price of the physical goods on, after discounts, it charges nothing, classes included; "
        "null for none. Not below 0.",
    )
    enabled: bool = column(ShippingMethodRow.enabled, description="Whether it is offered at all.")
    position: int = column(
        ShippingMethodRow.position, description="Of several that charge the same, the lowest comes first. Not below 0."
    )


def _money(cents: int, own: MoneyFormat) -> Money:
    return amount(Amount(cents, own))


@strawberry.type(description="A shipping method that an address is offered.")
class ShippingOffer:
    charge: Money | None = derived(
        lambda offer: None if offer.charge is None else _money(offer.charge.total, offer.format),
        description="What it charges for the `items`, or for what is in a cart, without tax; null where no items were "
        "named.",
    )
    method: ShippingMethod | None = related(ShippingMethodRow.id, to="method", description="The method itself.")
    row: strawberry.Private[Any]


@strawberry.type(description="What of a charge is one item's.")
class ShippingItemCharge:
    index: int = derived(lambda item: item.index, description="Its place in `items`, from 0.")
    quantity: int = derived(lambda item: item.quantity, description="How many pieces.")
    charge: Money = derived(
        lambda item: _money(item.cents, item.format),
        description="Its share of what the method charges, by what it costs, and what its shipping class adds. 0 of "
        "what is digital.",
    )
    variant: Annotated["ProductVariant", strawberry.lazy("schema.catalog.variant")] | None = related(
        VariantRow.id, to="variant", description="What is sent."
    )
    row: strawberry.Private[Any]


def _items(said: Sequence[ItemCharge]) -> list[ShippingItemCharge]:
    return [held(ShippingItemCharge, item) for item in said]


@strawberry.type(description="What a shipping method charges for items.")
class ShippingCalculation:
    total: Money = derived(
        lambda said: _money(said.total, said.format), description="For all of them, without tax: the sum of `items`."
    )
    items: list[ShippingItemCharge] = derived(
        lambda said: _items(said.items), description="The charge of each, in the order in which they were named."
    )
    method: ShippingMethod | None = related(ShippingMethodRow.id, to="method", description="The method itself.")
    row: strawberry.Private[Any]


async def _offered(context: Context, **arguments: Any) -> list[ShippingOffer]:
    return [held(ShippingOffer, offer) for offer in await offered(context, **arguments)]


async def _calculated(context: Context, **arguments: Any) -> ShippingCalculation:
    made: ShippingCalculation = held(ShippingCalculation, await calculated(context, **arguments))
    return made


_ITEMS: Final = "What is to be sent: 1 to 100 variants as you may see them, each with its quantity."


@strawberry.type
class ShippingQueries:
    shipping_methods: list[ShippingOffer] | None = queried(
        _offered,
        Argument("country_code", str | None, "Where to: two letters (ISO 3166-1).", default=None),
        Argument(
            "timezone",
            str | None,
            "Where the customer is, by the name of a time zone: `Europe/Paris`. It counts, whatever `countryCode`. One "
            "of them is required.",
            default=None,
        ),
        Argument(
            "state",
            str | None,
            "The state by the shop's code, whatever its case. Without one, methods for certain states are left out.",
            default=None,
        ),
        Argument("items", list[ShippingItemInput] | None, _ITEMS, default=None),
        rest=["GET /checkout/shipping-methods"],
        description="How an order can be sent to an address, the cheapest first; those that charge the same, and all "
        "where no `items` are named, by their positions.",
    )
    shipping_calculation: ShippingCalculation | None = queried(
        _calculated,
        Argument("items", list[ShippingItemInput], _ITEMS),
        Argument("method_id", strawberry.ID, "The opaque id of a `ShippingMethod`.", identifies="ShippingMethod"),
        rest=["POST /checkout/calculate-shipping"],
        description="What a shipping method charges for items at the prices of their variants, wherever they go.",
    )
    all_shipping_methods: list[ShippingMethod] | None = every(
        order=[ShippingMethodRow.position],
        permission="store/settings",
        description="All shipping methods, by their positions; those that are switched off, too.",
    )
    shipping_method: ShippingMethod | None = lookup(
        ShippingMethodBy, description="One shipping method; null when absent or hidden."
    )


@edits(ShippingMethod, SHIPPING_METHODS)
class ShippingMethodMutations:
    """Its create, update and delete."""
