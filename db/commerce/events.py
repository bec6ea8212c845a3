"""What happens to the store itself."""

from typing import Final

from db.commerce.customer import CustomerRow
from db.commerce.order import OrderRow
from db.commerce.store import StoreRow
from db.commerce.subscription import SubscriptionRow
from db.store.events import Subject, readers, told

STORE: Final = Subject(
    "store",
    "StoreSettings",
    readers("store/settings"),
    {
        "importId": told("import_id", str, sample="4b0f6f1c2a8e4a53a8b8f7d3c9e01a77"),
        "source": told("source", str, sample="https://shop.example"),
        "first": told("first", bool),
        "changes": told("written", int, sample=412),
    },
)
# The `id` of the store's row, with what is told beside it.
STORE_IMPORTED: Final = STORE.beside(
    "imported",
    "An import of another store came to its end. The first one tells of nothing else: read everything anew. After a "
    "later one each entity that it changed has an event of its own, whose `cause` names this one's `importId`.",
)

# The row with `changed_settings` beside it: keys of the settings that changed, by their documented names.
STORE_UPDATED: Final = Subject(
    "store",
    "StoreSettings",
    readers("store/settings"),
    {
        "settings": told("changed_settings", list[str], sample=["checkout_button_text"]),
        "currency": told(StoreRow.currency, sample="EUR"),
    },
    # Which of them are fields of their own and which are `settings` hangs on their keys.
    shown_as={"settings": None},
).updated("Settings of the store were changed.")

CUSTOMER: Final = Subject("customer", "Customer", readers("customers/view"), {"customerId": CustomerRow.id})
CUSTOMER_CREATED: Final = CUSTOMER.created("Somebody is a customer from now on.")
CUSTOMER_UPDATED: Final = CUSTOMER.updated("A customer was changed, or one of their addresses.")

ORDER: Final = Subject(
    "order",
    "Order",
    readers("orders/view"),
    {
        "orderId": OrderRow.id,
        "customerId": OrderRow.customer_id,
        "status": OrderRow.status,
        "paymentStatus": OrderRow.payment_status,
    },
    shown_as={"customer_id": "customer", "parent_id": "parent"},
)
ORDER_CREATED: Final = ORDER.created("An order came, with its items, payments and addresses.")
ORDER_UPDATED: Final = ORDER.updated("An order was changed, or its items, payments or addresses.")

SUBSCRIPTION: Final = Subject(
    "subscription",
    "CustomerSubscription",
    readers("subscriptions/view"),
    {
        "subscriptionId": SubscriptionRow.id,
        "customerId": SubscriptionRow.customer_id,
        "status": SubscriptionRow.status,
    },
    shown_as={"customer_id": "customer", "order_id": "order", "product_id": "product", "variant_id": "variant"},
)
SUBSCRIPTION_CREATED: Final = SUBSCRIPTION.created("A customer subscribed.")
SUBSCRIPTION_UPDATED: Final = SUBSCRIPTION.updated("A subscription was changed: renewed, canceled, expired.")
