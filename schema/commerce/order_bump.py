"""Order bumps: offers beside what is in a cart."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final

import strawberry

from db.catalog.variant import VariantRow
from db.commerce import visibility
from db.commerce.money import Amount
from db.commerce.order_bump import (
    FIELDS,
    ConditionField,
    ConditionOperator,
    OrderBumpDiscountType,
    OrderBumpMatch,
    OrderBumpRow,
    OrderBumpStatus,
)
from engine.declared.batch import batched
from engine.declared.connection import Connection
from engine.declared.declaration import column, computed, derived, related
from engine.declared.entity import Node, entity
from engine.declared.listing import connected
from engine.declared.lookup import lookup, picked
from engine.standard.context import Context
from engine.values.scalars import Cents
from resolvers.commerce import enums as _registered  # noqa: F401  the annotations below need the enums
from resolvers.commerce.bump.input import AMOUNT, OrderBumpBy
from resolvers.commerce.bump.listing import LISTED
from resolvers.commerce.bump.pricing import discounted_prices
from resolvers.commerce.bump.writing import ORDER_BUMPS
from schema.commerce.said import said_value
from schema.money import Money, amount
from schema.simple import edits

if TYPE_CHECKING:
    from schema.catalog.product import Product
    from schema.catalog.taxonomy import Term
    from schema.catalog.variant import ProductVariant


@strawberry.type(description="What an order bump takes off the price of what it offers.")
class OrderBumpDiscount:
    type: OrderBumpDiscountType = strawberry.field(description="What `amount` is: an amount, or a share of the price.")
    amount: Cents = strawberry.field(description=AMOUNT)


def _discount(type_: OrderBumpDiscountType | None, value: int | None) -> OrderBumpDiscount | None:
    if type_ is None or value is None:
        return None
    return OrderBumpDiscount(type=type_, amount=Cents(value))


async def _prices(context: Context, keys: Sequence[int]) -> list[Money | None]:
    found: list[Amount | None] = await discounted_prices(context, keys)
    return [None if one is None else amount(one) for one in found]


@strawberry.type(
    description="What a cart has to have. The value that it is compared with stands under one of the names; the others "
    "are null, and the lists empty."
)
class OrderBumpCondition:
    field: ConditionField = derived(lambda c: c.field, description="What of the cart is looked at.")
    operator: ConditionOperator = derived(lambda c: c.operator, description="How it is compared with the value.")
    amount: Cents | None = derived(lambda c: c.amount, description="Of TOTAL, in minor units of the currency.")
    quantity: int | None = derived(lambda c: c.quantity, description="Of QUANTITY: pieces in the cart.")
    email: str | None = derived(
        lambda c: c.email, description="Of EMAIL: an address or a part of one; case does not count."
    )
    variants: list[Annotated["ProductVariant", strawberry.lazy("schema.catalog.variant")]] = picked(
        "variant_ids", description="Of VARIANT: those of them that there still are."
    )
    products: list[Annotated["Product", strawberry.lazy("schema.catalog.product")]] = picked(
        "product_ids", description="Of PRODUCT: those of them that there still are."
    )
    categories: list[Annotated["Term", strawberry.lazy("schema.catalog.taxonomy")]] = picked(
        "category_ids", description="Of CATEGORY: those of them that there still are, each with all below it."
    )
    row: strawberry.Private[Any]


# A list of keys is under none of the other fields' names either.
_VALUES: Final[Mapping[str, Any]] = {
    looked.value: [] if looked.value.endswith("_ids") else None for looked in FIELDS.values()
}


def _conditions(kept: Sequence[Mapping[str, Any]]) -> list[OrderBumpCondition]:
    found = []
    for one in kept:
        read = {"field": ConditionField(one["field"]), "operator": ConditionOperator(one["operator"])}
        found.append(said_value(OrderBumpCondition, {**_VALUES, **one, **read}))
    return found


@entity(
    OrderBumpRow,
    visible=visibility.order_bumps,
    description="What a checkout offers beside what is in the cart: one variant, at a price of its own.",
)
class OrderBump(Node):
    database_id: int = column(OrderBumpRow.id)
    hash: str = column(
        OrderBumpRow.hash, description="Stable, and not to be guessed: what checkouts and other systems know it by."
    )
    title: str = column(OrderBumpRow.title, description="What the customer reads first: 1 to 194 characters.")
    description: str = column(
        OrderBumpRow.description,
        description="What the customer reads below it, plain text of up to 2000 characters; empty when there is none.",
    )
    call_to_action: str = column(
        OrderBumpRow.call_to_action,
        description="What stands beside the box that is ticked to take it (`Yes, add it`), up to 200 characters; empty "
        "when the checkout says it in its own words.",
    )
    type: str = column(OrderBumpRow.type, description="What kind of promotion it is, by the shop's own word for it.")
    status: OrderBumpStatus = column(OrderBumpRow.status, description="Whether carts are offered it.")
    source_type: str = column(
        OrderBumpRow.source_type,
        description="What kind of thing it offers, by the shop's own word, up to 50 characters: `product_variation`.",
    )
    priority: int = column(
        OrderBumpRow.priority, description="Of several that a cart is offered the lowest comes first. From 1."
    )
    discount: OrderBumpDiscount | None = computed(
        _discount,
        OrderBumpRow.discount_type,
        OrderBumpRow.discount_amount,
        description="What is taken off the variant's price; null when nothing is.",
    )
    discounted_price: Money | None = batched(
        _prices,
        to=OrderBumpRow.id,
        description="What the variant costs beside a cart: its price without the discount, half a minor unit rounded "
        "up, never below 0. Null while the variant is hidden from you.",
    )
    display_conditions_if: OrderBumpMatch = column(
        OrderBumpRow.display_conditions_if, description="How many of its `conditions` a cart has to meet."
    )
    conditions: list[OrderBumpCondition] = computed(
        _conditions, OrderBumpRow.conditions, description="When it is offered; none: beside every cart."
    )
    variant: Annotated["ProductVariant", strawberry.lazy("schema.catalog.variant")] | None = related(
        VariantRow.id,
        to=OrderBumpRow.source_variant_id,
        description="What it offers; null while it is hidden from you. The bump is gone with it.",
    )
    parent: Annotated["OrderBump", strawberry.lazy("schema.commerce.order_bump")] | None = related(
        OrderBumpRow.id,
        to=OrderBumpRow.parent_id,
        description="The one that it belongs to in the shop that it came from; null for those that were made here.",
    )


@strawberry.type
class OrderBumpQueries:
    order_bumps: Connection[OrderBump] | None = connected(
        LISTED,
        permission="store/sensitive",
        rest=["GET /order-bumps"],
        description="Order bumps, the newest first unless sorted.",
    )
    order_bump: OrderBump | None = lookup(
        OrderBumpBy,
        permission="store/sensitive",
        rest=["GET /order-bumps/{id}"],
        description="One order bump; null when absent.",
    )


@edits(OrderBump, ORDER_BUMPS)
class OrderBumpMutations:
    """Its create, update and delete."""
