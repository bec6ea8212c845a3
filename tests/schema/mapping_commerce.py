"""Where GraphQL serves what the recorded answers hold of orders and customers, key by key."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from tests.schema.mapping import (
    VARIANT,
    Each,
    Key,
    Later,
    Left,
    Record,
    Served,
    maybe_word,
    moment,
    number,
    optional,
    reference,
    text,
    word,
)

# Turns


def rate(value: Any) -> str:
    """Recorded as `1` in lines and as `1.0000` in orders: a Decimal always shows its four places."""
    return f"{Decimal(value):.4f}"


def filled(value: str | None) -> str | None:
    """An empty name is none."""
    return value or None


def document(value: Any) -> Any:
    """PHP's empty object is none."""
    return None if value in ("", []) else value


def map_(value: Any) -> Any:
    """PHP's empty object, as one."""
    return {} if value in (None, "", []) else value


def customer_status(value: str) -> str:
    """Empty in every recorded customer: the default, active."""
    return word(value or "active")


def transaction_type(value: str) -> str:
    """Empty while a payment is awaited: the default, a charge."""
    return word(value or "charge")


def tax_behavior(value: Any) -> str:
    return ("NONE", "EXCLUSIVE", "INCLUSIVE")[number(value)]


def identifiers(records: list[Record]) -> list[int]:
    return sorted(int(record["id"]) for record in records)


def identifier(record: Record | None) -> int | None:
    return None if record is None else int(record["id"])


# Keys

_LABELS: Final = "labels are not stored yet"
_CLIENTS: Final = "clients write it from what is served"
_FORMS: Final = "a form's state in the store's own administration"


def within(outer: str, keys: Mapping[str, Key], field: str = "") -> dict[str, Key]:
    """The keys of an object under `outer`, which is served as the object `field`, or spread where it stands."""
    before = f"{field}." if field else ""
    moved: dict[str, Key] = {}
    for path, key in keys.items():
        if isinstance(key, Each) and field:
            raise ValueError(f"{path}: a list in an object that is moved")
        moved[f"{outer}.{path}"] = _moved(key, before)
    return moved


def _moved(key: Key, before: str) -> Key:
    if isinstance(key, Served):
        return Served(before + key.field, key.turn)
    if isinstance(key, Later):
        return Later(Served(before + key.served.field, key.served.turn), key.reason)
    return key


CUSTOMER: Final[Mapping[str, Key]] = {
    "id": Served("databaseId", number),
    "user_id": Served("userDatabaseId", reference),
    "contact_id": Served("contactDatabaseId", reference),
    "email": Served("email"),
    "first_name": Served("firstName", text),
    "last_name": Served("lastName", text),
    "full_name": Served("fullName", text),
    "status": Served("status", customer_status),
    "purchase_value": Served("purchaseValue", map_),
    "purchase_count": Served("purchaseCount", number),
    "ltv": Served("lifetimeValue.cents", number),
    "aov": Served("averageOrderValue"),
    "first_purchase_date": Served("firstPurchaseAt", moment),
    "last_purchase_date": Served("lastPurchaseAt", moment),
    "notes": Served("notes", text),
    "uuid": Served("uuid"),
    "country": Served("country"),
    "city": Served("city", text),
    "state": Served("state", text),
    "postcode": Served("postcode"),
    "created_at": Served("createdAt", moment),
    "updated_at": Served("updatedAt", moment),
    "labels": Left(_LABELS),
    "selected_labels": Left(_LABELS),
    "photo": Left("Gravatar's address, made from the email"),
    "country_name": Left("presentation of `country`"),
    "formatted_address": Left(_CLIENTS),
    "user_link": Left("a page of WordPress's administration, made from `user_id`"),
}

ITEM: Final[Mapping[str, Key]] = {
    "id": Served("databaseId", number),
    "order_id": Served("order.databaseId", number),
    "post_id": Served("product.databaseId", reference),
    "object_id": Served("variant.databaseId", reference),
    "fulfillment_type": Served("fulfillmentType", word),
    "payment_type": Served("paymentType", word),
    "post_title": Served("productTitle", text),
    "title": Served("title", text),
    "cart_index": Served("position", number),
    "quantity": Served("quantity", number),
    "fulfilled_quantity": Served("fulfilledQuantity", number),
    "unit_price": Served("unitPrice.cents", number),
    "cost": Served("cost.cents", number),
    "subtotal": Served("subtotal.cents", number),
    "tax_amount": Served("taxAmount.cents", number),
    "shipping_charge": Served("shippingCharge.cents", number),
    "discount_total": Served("discountTotal.cents", number),
    "line_total": Served("lineTotal.cents", number),
    "refund_total": Served("refundTotal.cents", number),
    "rate": Served("rate", rate),
    "other_info": Served("otherInfo", document),
    "line_meta": Served("lineMeta", document),
    "referrer": Served("referrer"),
    "created_at": Served("createdAt", moment),
    "updated_at": Served("updatedAt", moment),
    "formatted_total": Served("lineTotal.formatted", text),
    "payment_info": Left(_CLIENTS),
    "setup_info": Left(_CLIENTS),
    "is_custom": Left("no recorded line is made by hand; such a line has no product"),
    # The variant as it is now, beside the line as it was.
    **within("variants", {path: key for path, key in VARIANT.items() if not isinstance(key, Each)}, "variant"),
    "variants.media": Left("null in orders; the variant's `media` is compared with its product"),
}

TRANSACTION: Final[Mapping[str, Key]] = {
    "id": Served("databaseId", number),
    "order_id": Served("order.databaseId", number),
    "order_type": Served("orderType", word),
    "transaction_type": Served("type", transaction_type),
    "subscription_id": Served("subscription.databaseId", reference),
    "card_last_4": Served("cardLast4"),
    "card_brand": Served("cardBrand"),
    "vendor_charge_id": Served("vendorChargeId"),
    "payment_method": Served("paymentMethod"),
    "payment_mode": Served("paymentMode"),
    "payment_method_type": Served("paymentMethodType"),
    "status": Served("status", word),
    "currency": Served("total.currency"),
    "total": Served("total.cents", number),
    "rate": Served("rate", rate),
    "uuid": Served("uuid"),
    "meta": Served("metadata", document),
    "created_at": Served("createdAt", moment),
    "updated_at": Served("updatedAt", moment),
    "url": Left("the payment provider's page, made by its plugin"),
}

ORDER: Final[Mapping[str, Key]] = {
    "id": Served("databaseId", number),
    "uuid": Served("uuid"),
    "status": Served("status", word),
    "parent_id": Served("parent.databaseId", reference),
    "receipt_number": Served("receiptNumber", optional),
    "invoice_no": Served("invoiceNo", filled),
    "fulfillment_type": Served("fulfillmentType", word),
    "type": Served("type", word),
    "mode": Served("mode", word),
    "shipping_status": Served("shippingStatus", maybe_word),
    "customer_id": Served("customer.databaseId", reference),
    "payment_method": Served("paymentMethod"),
    "payment_method_title": Served("paymentMethodTitle", text),
    "payment_status": Served("paymentStatus", word),
    "currency": Served("currency"),
    "subtotal": Served("subtotal.cents", number),
    "discount_tax": Served("discountTax.cents", number),
    "manual_discount_total": Served("manualDiscountTotal.cents", number),
    "coupon_discount_total": Served("couponDiscountTotal.cents", number),
    "shipping_tax": Served("shippingTax.cents", number),
    "shipping_total": Served("shippingTotal.cents", number),
    "fee_total": Served("feeTotal.cents", number),
    "tax_total": Served("taxTotal.cents", number),
    "total_amount": Served("total.cents", number),
    "total_paid": Served("totalPaid.cents", number),
    "total_refund": Served("totalRefund.cents", number),
    "rate": Served("rate", rate),
    "tax_behavior": Served("taxBehavior", tax_behavior),
    "note": Served("note", text),
    "ip_address": Served("ipAddress"),
    "completed_at": Served("completedAt", moment),
    "refunded_at": Served("refundedAt", moment),
    "config": Served("config", document),
    "created_at": Served("createdAt", moment),
    "updated_at": Served("updatedAt", moment),
    "order_items": Each("items", ITEM),
    "transactions": Each("transactions", TRANSACTION),
    **within("customer", CUSTOMER, "customer"),
    # Of these the recorded orders have none, and none is served.
    "subscriptions": Served("subscriptions.databaseId", identifiers),
    "children": Served("children.databaseId", identifiers),
    "billing_address": Served("billingAddress.databaseId", identifier),
    "shipping_address": Served("shippingAddress.databaseId", identifier),
    "parent_order": Served("parent.databaseId", identifier),
    "applied_coupons": Served("appliedCoupons.databaseId", identifiers),
    "order_addresses": Left("the billing and the shipping address again"),
    "activities": Left("the store's log of an order is not stored yet"),
    "labels": Left(_LABELS),
    "custom_checkout_url": Left("made from the uuid"),
    "receipt_url": Left("made from the uuid"),
    "has_missing_licenses": Left("licenses are another plugin's"),
    "order_operation": Left("where an order came from is not stored yet; none is recorded"),
}

ORDER_ANSWER: Final[Mapping[str, Key]] = {
    **within("order", ORDER),
    "discount_meta": Left(_FORMS),
    "shipping_meta": Left(_FORMS),
    "order_settings": Left(_FORMS),
    "selected_labels": Left(_LABELS),
    "tax_id": Left("a customer's tax number is not stored yet; none is recorded"),
    "can_send_payment_reminder": Left("a button in the store's own administration"),
}
CUSTOMER_ANSWER: Final[Mapping[str, Key]] = within("customer", CUSTOMER)

_OURS: Final = {"id": "the global id", "version": "counts changes made here"}
# Fields without a recorded key: where their value is from.
OURS: Final[Mapping[str, Mapping[str, str]]] = {
    "Order": _OURS,
    "OrderItem": {**_OURS, "restockedQuantity": "of refunds that were written down here"},
    "OrderTransaction": {**_OURS, "note": "out of `metadata`: a refund's `reason`, a payment's `note`"},
    "Customer": _OURS,
}
