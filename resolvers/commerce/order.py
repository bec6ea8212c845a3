"""How orders and their lines are listed."""

from enum import Enum

import strawberry

from db.commerce.order import (
    OrderItemRow,
    OrderMode,
    OrderRow,
    OrderStatus,
    OrderType,
    PaymentStatus,
    ShippingStatus,
)
from engine.declared.listing import Listing
from engine.values.filtering import filters
from engine.values.operators import CentsOperators, DateTimeOperators, EnumOperators, IntOperators
from engine.values.ordering import SortDirection
from resolvers.commerce import enums as _registered  # noqa: F401  the annotations below need the enums


@strawberry.enum(description="What orders can be sorted by.")
class OrderSortField(Enum):
    ID = "ID"
    CREATED_AT = "CREATED_AT"
    TOTAL = "TOTAL"


@strawberry.input(description="A field to sort by, and which way.")
class OrderSort:
    field: OrderSortField
    direction: SortDirection = SortDirection.ASC


@strawberry.input(description="Everything given must hold; `or` needs one of its parts, `not` none.")
class OrderFilter:
    database_id: IntOperators | None = filters(OrderRow.id)
    status: EnumOperators[OrderStatus] | None = filters(OrderRow.status)
    payment_status: EnumOperators[PaymentStatus] | None = filters(OrderRow.payment_status)
    shipping_status: EnumOperators[ShippingStatus] | None = filters(OrderRow.shipping_status)
    type: EnumOperators[OrderType] | None = filters(OrderRow.type)
    mode: EnumOperators[OrderMode] | None = filters(OrderRow.mode)
    created_at: DateTimeOperators | None = filters(OrderRow.created_at)
    total: CentsOperators | None = filters(OrderRow.total)
    and_: list["OrderFilter"] | None = strawberry.field(default=None, name="and")
    or_: list["OrderFilter"] | None = strawberry.field(default=None, name="or")
    not_: "OrderFilter | None" = strawberry.field(default=None, name="not")


ORDERS = Listing(
    sorts={
        OrderSortField.ID: OrderRow.id,
        OrderSortField.CREATED_AT: OrderRow.created_at,
        OrderSortField.TOTAL: OrderRow.total,
    },
    sort=OrderSort,
    filter=OrderFilter,
    default=((OrderSortField.ID, SortDirection.DESC),),
)


@strawberry.enum(description="What lines of orders can be sorted by.")
class OrderItemSortField(Enum):
    ID = "ID"


@strawberry.input(description="A field to sort by, and which way.")
class OrderItemSort:
    field: OrderItemSortField
    direction: SortDirection = SortDirection.ASC


@strawberry.input(description="Everything given must hold; `or` needs one of its parts, `not` none.")
class OrderItemFilter:
    database_id: IntOperators | None = filters(OrderItemRow.id)
    order_database_id: IntOperators | None = filters(
        OrderItemRow.order_id, description="By the `databaseId` of its order."
    )
    quantity: IntOperators | None = filters(OrderItemRow.quantity)
    and_: list["OrderItemFilter"] | None = strawberry.field(default=None, name="and")
    or_: list["OrderItemFilter"] | None = strawberry.field(default=None, name="or")
    not_: "OrderItemFilter | None" = strawberry.field(default=None, name="not")


ORDER_ITEMS = Listing(
    sorts={OrderItemSortField.ID: OrderItemRow.id},
    sort=OrderItemSort,
    filter=OrderItemFilter,
    default=((OrderItemSortField.ID, SortDirection.DESC),),
)
