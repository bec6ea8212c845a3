"""What callers say of order bumps."""

from typing import Final

import strawberry

from db.commerce.order_bump import (
    ConditionField,
    ConditionOperator,
    OrderBumpDiscountType,
    OrderBumpMatch,
    OrderBumpRow,
    OrderBumpStatus,
)
from engine.declared.input import identifies, lookup_input
from engine.values.scalars import Cents
from resolvers.commerce import enums as _registered  # noqa: F401  the annotations below need the enums

AMOUNT: Final = "FIXED: minor units of the currency; PERCENTAGE: hundredths of a percent, up to 10000."
VARIANT: Final = "What it offers: a variant that is paid once."
DISCOUNT: Final = "What is taken off the variant's price; null: nothing."
CONDITIONS: Final = "When it is offered, up to 20; in a change all of them. None: beside every cart."

OrderBumpBy: Final = lookup_input("OrderBump", OrderBumpRow.id, hash=OrderBumpRow.hash)


@strawberry.input(description="What an order bump takes off the price of what it offers.")
class OrderBumpDiscountInput:
    type: OrderBumpDiscountType
    amount: Cents = strawberry.field(description=AMOUNT)


@strawberry.input(
    description="What a cart has to have: what of it is looked at, how, and the one value that this is compared with. "
    "What its field does not take is refused."
)
class OrderBumpConditionInput:
    field: ConditionField
    operator: ConditionOperator = strawberry.field(
        description="TOTAL and QUANTITY take AT_LEAST and AT_MOST; VARIANT, PRODUCT and CATEGORY take ANY_OF, ALL_OF "
        "and NONE_OF; EMAIL takes EQUALS, NOT_EQUALS, CONTAINS and NOT_CONTAINS."
    )
    amount: Cents | None = strawberry.field(
        default=None, description="TOTAL: minor units of the currency, not below 0."
    )
    quantity: int | None = strawberry.field(default=None, description="QUANTITY: pieces, not below 0.")
    variant_ids: list[strawberry.ID] | None = identifies("ProductVariant", description="VARIANT: 1 to 100 variants.")
    product_ids: list[strawberry.ID] | None = identifies("Product", description="PRODUCT: 1 to 100 products.")
    category_ids: list[strawberry.ID] | None = identifies(
        "Term", description="CATEGORY: 1 to 100 categories, each with all below it."
    )
    email: str | None = strawberry.field(
        default=None,
        description="EMAIL: an address, or a part of one (`@example.org`), whatever the case; up to 254 characters.",
    )


@strawberry.input(description="A new order bump. Without a `status` it is a DRAFT, which no cart sees.")
class OrderBumpCreateInput:
    title: str = strawberry.field(description="What the customer reads first: 1 to 194 characters.")
    variant_id: strawberry.ID = identifies("ProductVariant", description=VARIANT)
    source_type: str | None = strawberry.field(
        default=None, description="What kind of thing that is, in the shop's words, up to 50 characters."
    )
    status: OrderBumpStatus = OrderBumpStatus.DRAFT
    description: str = ""
    call_to_action: str = ""
    discount: OrderBumpDiscountInput | None = strawberry.field(default=None, description=DISCOUNT)
    display_conditions_if: OrderBumpMatch = OrderBumpMatch.ALL
    conditions: list[OrderBumpConditionInput] | None = strawberry.field(default=None, description=CONDITIONS)
    priority: int | None = strawberry.field(
        default=None, description="Of several bumps the lowest comes first, from 1; when absent it is behind the last."
    )
