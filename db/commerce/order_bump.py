"""Order bumps: what a checkout offers beside what is in the cart, when, and for how much."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field

from db.commerce.customer import email_key
from db.commerce.sums.share import WHOLE, share
from db.store.row import DOCUMENT, KEY, MONEY, SORTED_TEXT, VersionedRow, wire
from db.text.search import FoundBy, text_of


class OrderBumpStatus(StrEnum):
    ACTIVE = "active"
    DRAFT = "draft"


class OrderBumpDiscountType(StrEnum):
    FIXED = "fixed"
    PERCENTAGE = "percentage"


class OrderBumpMatch(StrEnum):
    ALL = "all"
    ANY = "any"


class ConditionField(StrEnum):
    """What of a cart a condition looks at."""

    TOTAL = "total"
    QUANTITY = "quantity"
    VARIANT = "variant"
    PRODUCT = "product"
    CATEGORY = "category"
    EMAIL = "email"


class ConditionOperator(StrEnum):
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    ANY_OF = "any_of"
    ALL_OF = "all_of"
    NONE_OF = "none_of"
    EQUALS = "equals"
    NOT_EQUALS = "not_equals"
    CONTAINS = "contains"
    NOT_CONTAINS = "not_contains"


class OrderBumpRow(VersionedRow, table=True):
    """`conditions` is a list of what `offered` reads: `{"field": "total", "operator": "at_least", "amount": 5000}`."""

    __tablename__ = "order_bump"
    __table_args__ = (
        CheckConstraint("priority >= 1", name="priority"),
        CheckConstraint("(discount_type IS NULL) = (discount_amount IS NULL)", name="discount"),
        CheckConstraint(
            f"discount_amount >= 0 AND (discount_type = 'fixed' OR discount_amount <= {WHOLE})", name="discount_amount"
        ),
        Index("ix_order_bump_search_text_id", "search_text", "id"),
        Index("ix_order_bump_priority_id", "priority", "id"),
        Index("ix_order_bump_status_id", "status", "id"),
        {"sqlite_autoincrement": True},
    )

    id: int = Field(default=None, primary_key=True, sa_type=KEY)
    hash: str = Field(unique=True)
    # Nobody here makes one below another: it is for what other systems keep so.
    parent_id: int | None = Field(
        default=None, foreign_key="order_bump.id", ondelete="SET NULL", index=True, sa_type=KEY
    )
    type: str = "order_bump"
    status: OrderBumpStatus = Field(default=OrderBumpStatus.DRAFT, sa_type=wire(OrderBumpStatus))
    source_variant_id: int = Field(foreign_key="product_variant.id", ondelete="CASCADE", index=True, sa_type=KEY)
    source_type: str = "product_variation"
    title: str
    # The folded title and nothing else, so that it is also what titles are sorted by.
    search_text: str = Field(default="", sa_type=SORTED_TEXT, sa_column_kwargs={"server_default": text("''")})
    description: str = ""
    call_to_action: str = ""
    discount_type: OrderBumpDiscountType | None = Field(default=None, sa_type=wire(OrderBumpDiscountType))
    discount_amount: int | None = Field(default=None, sa_type=MONEY)  # cents, or hundredths of a percent
    display_conditions_if: OrderBumpMatch = Field(default=OrderBumpMatch.ALL, sa_type=wire(OrderBumpMatch))
    conditions: list[dict[str, Any]] = Field(default_factory=list, sa_type=DOCUMENT)
    priority: int = 1


FOUND_BY: Final[FoundBy] = {"search_text": text_of("title")}


def offered_price(price: int, kind: OrderBumpDiscountType | None, value: int | None) -> int:
    """What one costs with the discount, in cents like `price`: half a cent is rounded up, and it is never below 0.
    `value` is cents of a FIXED discount and hundredths of a percent of a PERCENTAGE; without a kind there is none."""
    if kind is None or value is None:
        return price
    if kind is OrderBumpDiscountType.FIXED:
        return max(price - value, 0)
    return max(share(WHOLE - value, price), 0)


@dataclass(frozen=True, slots=True)
class Cart:
    """What conditions look at. `total` is what its lines cost together, in cents, before coupons, tax and shipping;
    `quantity` counts pieces. `category_ids` are the categories of its products and all above those. `email` is the
    customer's address, None while it is not known."""

    total: int = 0
    quantity: int = 0
    variant_ids: frozenset[int] = frozenset()
    product_ids: frozenset[int] = frozenset()
    category_ids: frozenset[int] = frozenset()
    email: str | None = None


@dataclass(frozen=True, slots=True)
class Looked:
    """How a field is looked at: the key of a condition under which its value stands, and the operators that it has."""

    value: str
    operators: Mapping[ConditionOperator, Callable[[Any, Any], bool]]
    of: Callable[[Cart], Any]


_NUMBERS: Final[Mapping[ConditionOperator, Callable[[Any, Any], bool]]] = {
    ConditionOperator.AT_LEAST: lambda has, asked: bool(has >= asked),
    ConditionOperator.AT_MOST: lambda has, asked: bool(has <= asked),
}
_SETS: Final[Mapping[ConditionOperator, Callable[[Any, Any], bool]]] = {
    ConditionOperator.ANY_OF: lambda has, asked: not has.isdisjoint(asked),
    ConditionOperator.ALL_OF: lambda has, asked: has.issuperset(asked),
    ConditionOperator.NONE_OF: lambda has, asked: has.isdisjoint(asked),
}
_TEXTS: Final[Mapping[ConditionOperator, Callable[[Any, Any], bool]]] = {
    ConditionOperator.EQUALS: lambda has, asked: has == email_key(asked),
    ConditionOperator.NOT_EQUALS: lambda has, asked: has != email_key(asked),
    ConditionOperator.CONTAINS: lambda has, asked: email_key(asked) in has,
    ConditionOperator.NOT_CONTAINS: lambda has, asked: email_key(asked) not in has,
}
FIELDS: Final[Mapping[ConditionField, Looked]] = {
    ConditionField.TOTAL: Looked("amount", _NUMBERS, lambda cart: cart.total),
    ConditionField.QUANTITY: Looked("quantity", _NUMBERS, lambda cart: cart.quantity),
    ConditionField.VARIANT: Looked("variant_ids", _SETS, lambda cart: cart.variant_ids),
    ConditionField.PRODUCT: Looked("product_ids", _SETS, lambda cart: cart.product_ids),
    ConditionField.CATEGORY: Looked("category_ids", _SETS, lambda cart: cart.category_ids),
    ConditionField.EMAIL: Looked("email", _TEXTS, lambda cart: None if cart.email is None else email_key(cart.email)),
}


def offered(conditions: Sequence[Mapping[str, Any]], cart: Cart, match: OrderBumpMatch = OrderBumpMatch.ALL) -> bool:
    """Whether a bump with these conditions is offered beside this cart: when all of them are met or, with ANY, one.
    Without conditions it always is. What a cart does not say (an address that is not known yet) meets none."""
    if not conditions:
        return True
    met = (_met(one, cart) for one in conditions)
    return any(met) if match is OrderBumpMatch.ANY else all(met)


def _met(condition: Mapping[str, Any], cart: Cart) -> bool:
    looked = FIELDS[ConditionField(condition["field"])]
    has = looked.of(cart)
    return has is not None and looked.operators[ConditionOperator(condition["operator"])](has, condition[looked.value])
