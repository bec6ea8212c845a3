"""How orders and their lines are listed."""

from db.commerce.order import (
    OrderItemRow,
    OrderMode,
    OrderRow,
    OrderStatus,
    OrderType,
    PaymentStatus,
    ShippingStatus,
)
from engine.declared.filter_input import filter_input
from engine.declared.listing import Listing
from engine.declared.sorting import sortable
from engine.values.filtering import filters
from engine.values.operators import CentsOperators, DateTimeOperators, EnumOperators, IntOperators
from engine.values.ordering import SortDirection
from resolvers.commerce import enums as _registered  # noqa: F401  the annotations below need the enums


@filter_input()
class OrderFilter:
    database_id: IntOperators | None = filters(OrderRow.id)
    status: EnumOperators[OrderStatus] | None = filters(OrderRow.status)
    payment_status: EnumOperators[PaymentStatus] | None = filters(OrderRow.payment_status)
    shipping_status: EnumOperators[ShippingStatus] | None = filters(OrderRow.shipping_status)
    type: EnumOperators[OrderType] | None = filters(OrderRow.type)
    mode: EnumOperators[OrderMode] | None = filters(OrderRow.mode)
    created_at: DateTimeOperators | None = filters(OrderRow.created_at)
    total: CentsOperators | None = filters(OrderRow.total)


ORDERS = Listing(
    sorting=sortable(
        "Order",
        description="What orders can be sorted by.",
        default=("ID", SortDirection.DESC),
        ID=OrderRow.id,
        CREATED_AT=OrderRow.created_at,
        TOTAL=OrderRow.total,
    ),
    filter=OrderFilter,
)


@filter_input()
class OrderItemFilter:
    database_id: IntOperators | None = filters(OrderItemRow.id)
    order_database_id: IntOperators | None = filters(
        OrderItemRow.order_id, description="By the `databaseId` of its order."
    )
    quantity: IntOperators | None = filters(OrderItemRow.quantity)


ORDER_ITEMS = Listing(
    sorting=sortable(
        "OrderItem",
        description="What lines of orders can be sorted by.",
        default=("ID", SortDirection.DESC),
        ID=OrderItemRow.id,
    ),
    filter=OrderItemFilter,
)
