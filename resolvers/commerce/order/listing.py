"""How orders and their lines are found and listed."""

from typing import Final

from db.commerce import visibility
from db.commerce.customer import CustomerRow
from db.commerce.order import (
    LineType,
    OrderItemRow,
    OrderMode,
    OrderRow,
    OrderStatus,
    OrderType,
    PaymentStatus,
    ShippingStatus,
)
from db.store.row import table
from engine.declared.filter_input import filter_input
from engine.declared.input import lookup_input
from engine.declared.listing import Listing
from engine.declared.sorting import sortable
from engine.values.filtering import filters, has_any
from engine.values.operators import CentsOperators, DateTimeOperators, EnumOperators, IntOperators, TextOperators
from engine.values.ordering import SortDirection
from resolvers.commerce import enums as _registered  # noqa: F401  the annotations below need the enums
from resolvers.commerce.customer.listing import CustomerFilter
from resolvers.commerce.searching import of_customer, search_through

ORDER: Final = table(OrderRow)
ITEM: Final = table(OrderItemRow)
CUSTOMER: Final = table(CustomerRow)

OrderBy: Final = lookup_input("Order", OrderRow.id, uuid=OrderRow.uuid)


@filter_input()
class OrderItemFilter:
    database_id: IntOperators | None = filters(OrderItemRow.id)
    order_database_id: IntOperators | None = filters(
        OrderItemRow.order_id, description="By the `databaseId` of its order."
    )
    product_database_id: IntOperators | None = filters(
        OrderItemRow.product_id, description="By the `databaseId` of its product; null once that is deleted."
    )
    variant_database_id: IntOperators | None = filters(
        OrderItemRow.variant_id, description="By the `databaseId` of its variant; null once that is deleted."
    )
    payment_type: EnumOperators[LineType] | None = filters(OrderItemRow.payment_type)
    quantity: IntOperators | None = filters(OrderItemRow.quantity)


@filter_input()
class OrderFilter:
    database_id: IntOperators | None = filters(OrderRow.id)
    status: EnumOperators[OrderStatus] | None = filters(OrderRow.status)
    payment_status: EnumOperators[PaymentStatus] | None = filters(OrderRow.payment_status)
    shipping_status: EnumOperators[ShippingStatus] | None = filters(OrderRow.shipping_status)
    type: EnumOperators[OrderType] | None = filters(OrderRow.type)
    mode: EnumOperators[OrderMode] | None = filters(OrderRow.mode)
    created_at: DateTimeOperators | None = filters(OrderRow.created_at)
    completed_at: DateTimeOperators | None = filters(OrderRow.completed_at)
    total: CentsOperators | None = filters(OrderRow.total)
    total_paid: CentsOperators | None = filters(OrderRow.total_paid)
    total_refund: CentsOperators | None = filters(OrderRow.total_refund)
    invoice_no: TextOperators | None = filters(OrderRow.invoice_no, description="Case counts.")
    payment_method: TextOperators | None = filters(
        OrderRow.payment_method, description="By the gateway's key; case counts."
    )
    parent_database_id: IntOperators | None = filters(
        OrderRow.parent_id, description="By the `databaseId` of the order that it renews or upgrades."
    )
    customer_database_id: IntOperators | None = filters(
        OrderRow.customer_id, description="By the `databaseId` of its customer."
    )
    customer: CustomerFilter | None = has_any(
        CUSTOMER,
        CUSTOMER.c.id == ORDER.c.customer_id,
        of=ORDER,
        visible=visibility.customers,
        description="Its customer passes; none does without customers/view.",
    )
    items: OrderItemFilter | None = has_any(
        ITEM,
        ITEM.c.order_id == ORDER.c.id,
        of=ORDER,
        visible=visibility.order_items,
        description="Some line of it passes.",
    )


ORDERS = Listing(
    sorting=sortable(
        "Order",
        description="What orders can be sorted by. A single field is answered from an index.",
        default=("ID", SortDirection.DESC),  # the documented default
        ID=OrderRow.id,
        CREATED_AT=OrderRow.created_at,
        TOTAL=(OrderRow.total, "As numbers, whatever the currency."),
        STATUS=OrderRow.status,
        PAYMENT_STATUS=OrderRow.payment_status,
    ),
    filter=OrderFilter,
    search=search_through(
        ORDER.c.search_text,
        (ITEM.c.search_text, ITEM.c.order_id == ORDER.c.id, visibility.order_items),
        of_customer(ORDER.c.customer_id),
        said="All words, in any order, are looked for in numbers and invoice numbers, or in the titles of one line, or "
        "in the customer's name, number and e-mail address, whatever the case and the accents; customers are "
        "found with customers/view alone. An index helps with words of three characters on.",
    ),
)


ORDER_ITEMS = Listing(
    sorting=sortable(
        "OrderItem",
        description="What lines of orders can be sorted by.",
        default=("ID", SortDirection.DESC),
        ID=OrderItemRow.id,
    ),
    filter=OrderItemFilter,
)
