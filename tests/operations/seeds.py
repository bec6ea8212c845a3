"""What a case needs beside the recorded store, so that its answer does not hang on what that happens to hold.

Ids begin at 9001: the recorded ones end long before.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from connectors.providers import forms, furnishing
from connectors.providers.google_calendar import GoogleCalendar
from connectors.providers.mailchimp import Mailchimp
from connectors.providers.stripe import Stripe
from db.access.user import UserRow
from db.catalog.product import FulfillmentType, VariationType
from db.catalog.shipping import ShippingClassType
from db.catalog.variant import BillingInterval, PaymentType
from db.commerce.address import AddressType
from db.commerce.coupon import CouponStatus, CouponType
from db.commerce.customer import CustomerStatus
from db.commerce.license import LicenseStatus
from db.commerce.order import (
    LineType,
    OrderStatus,
    OrderType,
    PaymentStatus,
    ShippingStatus,
    TransactionStatus,
)
from db.commerce.order_bump import OrderBumpDiscountType, OrderBumpMatch, OrderBumpStatus
from db.commerce.shipping_method import ShippingClassAggregation, ShippingMethodType
from db.commerce.subscription import CollectionMethod, SubscriptionStatus
from db.integration.provider import ProviderRow
from db.integration.setting import IntegrationSettingRow
from db.integration.webhook import Header, WebhookSettings
from db.integration.workflow.row import RunPause, RunState, StepState, WorkflowActionType, WorkflowEntity
from db.secrets.encrypted import Secret
from db.store.row import Row
from db.work.delivery import AttemptOutcome, AttemptRow, DeliveryRow, DeliveryState
from db.work.target import TargetEventRow, TargetRow
from tests import factories
from tests.connectors.providers.letterboxes import TOKEN
from tests.packages.letterbox import Letterbox

_STAMP: Final = datetime(2026, 11, 1, tzinfo=UTC)
_STAMPS: Final = {"created_at": _STAMP, "updated_at": _STAMP}


def bundle() -> Sequence[Row]:
    """Product 9001 is a bundle: its first variant of two others, its second of one of them, its third of nothing."""
    named: dict[str, Any] = {"fulfillment_type": FulfillmentType.PHYSICAL, **_STAMPS}
    return [
        factories.product(9001, title="Camping Set", is_bundle=True, **named),
        factories.variant(9011, 9001, title="Complete", price=14900, position=1, **named),
        factories.variant(9012, 9001, title="Light", price=9900, position=2, **named),
        factories.variant(9013, 9001, title="Still empty", price=100, position=3, **named),
        factories.product(9002, title="Tent", **named),
        factories.variant(9021, 9002, title="Two persons", price=9000, **named),
        factories.variant(9022, 9002, title="Four persons", price=13000, position=2, **named),
        factories.product(9003, title="Lantern", **named),
        factories.variant(9031, 9003, title="Lantern", price=2500, **named),
        factories.bundle_item(9011, 9031, 2),
        factories.bundle_item(9011, 9022, 1),
        factories.bundle_item(9012, 9021, 1),
    ]


def sales() -> Sequence[Row]:
    """Orders of product 9001 in December, in November, a year ago, and some that do not count."""

    def sold(id: int, at: datetime, quantity: int, total: int, **values: Any) -> Sequence[Row]:
        status = values.pop("payment_status", PaymentStatus.PAID)
        line = {"product_id": 9001, "variant_id": 9011, "quantity": quantity, "line_total": total, **values}
        return [
            factories.order(id, payment_status=status, created_at=at),
            factories.order_item(id, id, **line),
        ]

    return [
        factories.product(9001, title="Field Guide", **_STAMPS),
        factories.variant(9011, 9001, title="Field Guide", price=1500, **_STAMPS),
        factories.product(9002, title="Never Sold", **_STAMPS),
        *sold(9001, datetime(2025, 12, 1, tzinfo=UTC), 10, 15000),
        *sold(9002, datetime(2026, 11, 20, tzinfo=UTC), 2, 3000, refund_total=1500),
        *sold(9003, datetime(2026, 12, 1, tzinfo=UTC), 1, 1500),
        *sold(9004, datetime(2026, 12, 1, 9, tzinfo=UTC), 7, 10500, payment_status=PaymentStatus.PENDING),
    ]


def upgrades() -> Sequence[Row]:
    """Product 9001 with a monthly plan that may become a larger one or a licence for life, and an order of the plan."""
    monthly: dict[str, Any] = {"payment_type": PaymentType.SUBSCRIPTION, "interval": BillingInterval.MONTHLY}
    fee: dict[str, Any] = {"has_setup_fee": True, "setup_fee": 500, "setup_fee_label": "Migration"}
    path = {
        "title": "Grow",
        "description": "When the first forms are out",
        "slug": "grow",
        "discount_amount": 100,
        "prorate": True,
    }
    return [
        factories.product(9001, title="Form Builder", variation_type=VariationType.SIMPLE_VARIATIONS, **_STAMPS),
        factories.variant(9011, 9001, title="Starter", price=1000, position=1, **monthly, **_STAMPS),
        factories.variant(9012, 9001, title="Team", price=2000, position=2, **monthly, **fee, **_STAMPS),
        factories.variant(9013, 9001, title="For life", price=20000, position=3, **_STAMPS),
        factories.upgrade_path(9001, 9011, **path, **_STAMPS),
        factories.upgrade_target(9001, 9012, 1),
        factories.upgrade_target(9001, 9013, 2),
        factories.upgrade_path(9002, 9012, **_STAMPS),
        factories.upgrade_target(9002, 9013),
        factories.order(9001, uuid="3f0c9a52d1", type=OrderType.SUBSCRIPTION, created_at=_STAMP),
        factories.order_item(
            9001, 9001, product_id=9001, variant_id=9011, payment_type=LineType.SUBSCRIPTION, line_total=1000
        ),
        factories.subscription(
            9001,
            order_id=9001,
            product_id=9001,
            variant_id=9011,
            interval="monthly",
            next_billing_at=datetime(2026, 12, 16, 12, tzinfo=UTC),
        ),
    ]


def turnover() -> Sequence[Row]:
    """Two customers' orders of product 9001's variants, over two years; the recorded ones are of November 2026."""

    def sold(id: int, at: datetime, paid: int, country: str, **values: Any) -> Sequence[Row]:
        quantity, variant = values.pop("quantity", 1), values.pop("variant", 9011)
        refunded = values.get("total_refund", 0)
        given: dict[str, Any] = {"customer_id": 9001, "payment_method": "stripe", "updated_at": at} | values
        line = {"product_id": 9001, "variant_id": variant, "quantity": quantity, "refund_total": refunded}
        return [
            factories.order(id, created_at=at, total=paid, total_paid=paid, **given),
            factories.order_item(id, id, line_total=paid, **line),
            factories.order_address(id, id, country=country),
        ]

    old = datetime(2025, 11, 10, tzinfo=UTC)
    return [
        factories.product(9001, title="Field Guide", **_STAMPS),
        factories.variant(9011, 9001, title="Paper", price=1500, **_STAMPS),
        factories.variant(9012, 9001, title="Linen", price=3000, position=2, **_STAMPS),
        factories.customer(9001, created_at=old),
        factories.customer(9002, created_at=datetime(2026, 10, 4, tzinfo=UTC)),
        *sold(9001, old, 2000, "DE"),
        *sold(9002, datetime(2026, 1, 31, 23, 59, 59, tzinfo=UTC), 3000, "FR", variant=9012, type=OrderType.RENEWAL),
        *sold(9003, datetime(2026, 9, 30, tzinfo=UTC), 1500, "DE", customer_id=9002),
        *sold(9004, datetime(2026, 11, 18, tzinfo=UTC), 4500, "DE", quantity=3, tax_total=300, shipping_tax=20),
        *sold(
            9005,
            datetime(2026, 11, 21, 23, 59, 59, tzinfo=UTC),
            6000,
            "FR",
            quantity=2,
            variant=9012,
            shipping_total=500,
            total_refund=1000,
            payment_status=PaymentStatus.PARTIALLY_REFUNDED,
        ),
        *sold(9006, datetime(2026, 11, 15, tzinfo=UTC), 1000, "DE", customer_id=9002),
        # What is not counted: another currency, and what is not paid.
        *sold(9007, datetime(2026, 11, 19, tzinfo=UTC), 500, "JP", currency="JPY"),
        *sold(9008, datetime(2026, 11, 19, tzinfo=UTC), 700, "DE", payment_status=PaymentStatus.PENDING),
    ]


def buyers() -> Sequence[Row]:
    """Customer 9001 has three addresses, an order on hold and a subscription with a renewal; 9002 an order of 9001's
    post box; 9003 nothing."""
    street: dict[str, Any] = {"address1": "Lindenallee 3", "city": "Bremen", "postcode": "28195", "country": "DE"}
    monthly: dict[str, Any] = {"payment_type": LineType.SUBSCRIPTION, "line_total": 1200, "unit_price": 1200}
    sent: dict[str, Any] = {"fulfillment_type": FulfillmentType.PHYSICAL, "shipping_status": ShippingStatus.UNSHIPPED}
    return [
        factories.product(9001, title="Tea of the month", **_STAMPS),
        factories.variant(9011, 9001, title="Green", price=1200, payment_type=PaymentType.SUBSCRIPTION, **_STAMPS),
        factories.customer(
            9001,
            email="Zoë.Brandt@Example.org",
            first_name="Zoë",
            last_name="Brandt",
            country="DE",
            city="Bremen",
            notes="Rings at noon",
            user_id=77,
            purchase_count=2,
            lifetime_value=2400,
            average_order_value=Decimal("1200.00"),
            first_purchase_at=_STAMP,
            last_purchase_at=_STAMP,
            **_STAMPS,
        ),
        factories.customer(9002, email="post@box.example", first_name="Otto", **_STAMPS),
        factories.customer(9003, email="nobody@example.org", status=CustomerStatus.INACTIVE, **_STAMPS),
        factories.customer_address(9001, 9001, name="Zoë Brandt", is_primary=True, **street, **_STAMPS),
        factories.customer_address(9002, 9001, name="Zoë Brandt", label="Office", **street, **_STAMPS),
        factories.customer_address(
            9003, 9001, type=AddressType.SHIPPING, name="Packstation 7", is_primary=True, **street, **_STAMPS
        ),
        factories.order(
            9001,
            uuid="3f0c9a52d1",
            customer_id=9001,
            type=OrderType.SUBSCRIPTION,
            status=OrderStatus.COMPLETED,
            invoice_no="INV-9001",
            receipt_number=9001,
            payment_method="stripe",
            payment_method_title="Card",
            subtotal=1200,
            total=1200,
            total_paid=1200,
            completed_at=_STAMP,
            **_STAMPS,
        ),
        factories.order_item(
            9001, 9001, product_id=9001, variant_id=9011, product_title="Tea of the month", title="Green", **monthly
        ),
        factories.order_transaction(9001, 9001, total=1200, payment_method="stripe", **_STAMPS),
        factories.subscription(
            9001,
            customer_id=9001,
            order_id=9001,
            product_id=9001,
            variant_id=9011,
            item_name="Tea of the month - Green",
            interval="monthly",
            recurring_amount=1200,
            recurring_total=1200,
            bill_count=2,
            vendor_subscription_id="sub_1PtEa",
            current_payment_method="stripe",
            next_billing_at=datetime(2026, 12, 20, tzinfo=UTC),
            **_STAMPS,
        ),
        factories.order(
            9002,
            customer_id=9001,
            parent_id=9001,
            type=OrderType.RENEWAL,
            status=OrderStatus.COMPLETED,
            invoice_no="INV-9002",
            payment_method="stripe",
            total=1200,
            total_paid=1200,
            **_STAMPS,
        ),
        factories.order(
            9003,
            customer_id=9001,
            status=OrderStatus.ON_HOLD,
            payment_status=PaymentStatus.PENDING,
            payment_method="offline_payment",
            subtotal=4000,
            shipping_total=500,
            total=4500,
            note="Ring twice",
            **sent,
            **_STAMPS,
        ),
        factories.order_item(
            9003,
            9003,
            product_title="Teapot",
            title="Blue",
            quantity=2,
            unit_price=2000,
            subtotal=4000,
            line_total=4000,
        ),
        factories.order_address(9003, 9003, type=AddressType.SHIPPING, name="Zoë Brandt", **street, **_STAMPS),
        factories.order(9004, customer_id=9002, payment_status=PaymentStatus.REFUNDED, total=900, **_STAMPS),
        factories.subscription(
            9002, customer_id=9002, item_name="Coffee", status=SubscriptionStatus.CANCELED, **_STAMPS
        ),
    ]


def bumps() -> Sequence[Row]:
    """Product 9001 is bought, 9002 is offered beside it: by a bump that is ACTIVE and by one that is a DRAFT."""
    named: dict[str, Any] = {"fulfillment_type": FulfillmentType.PHYSICAL, **_STAMPS}
    terms: dict[str, Any] = {
        "title": "Keep it sharp",
        "description": "A stone for the knife in your cart.",
        "call_to_action": "Yes, add the stone",
        "status": OrderBumpStatus.ACTIVE,
        "discount_type": OrderBumpDiscountType.PERCENTAGE,
        "discount_amount": 1250,
        "display_conditions_if": OrderBumpMatch.ANY,
        "conditions": [
            {"field": "product", "operator": "any_of", "product_ids": [9001]},
            {"field": "total", "operator": "at_least", "amount": 5000},
            {"field": "email", "operator": "contains", "email": "@kitchen.example"},
        ],
    }
    return [
        factories.product(9001, title="Knife", **named),
        factories.variant(9011, 9001, title="Knife", price=7900, **named),
        factories.product(9002, title="Whetstone", **named),
        factories.variant(9021, 9002, title="Coarse", price=1999, **named),
        factories.variant(9022, 9002, title="Fine", price=2999, position=2, **named),
        factories.order_bump(9001, 9021, hash="5d0c2a", priority=1, **terms, **_STAMPS),
        factories.order_bump(9002, 9022, hash="77e1b4", priority=2, title="Sharper still", **_STAMPS),
    ]


def tea() -> Sequence[Row]:
    """Three subscriptions of customer 9001: 9001 is paid by hand, 9002 by a payment provider, 9003 is over."""
    terms: dict[str, Any] = {
        "customer_id": 9001,
        "interval": "monthly",
        "recurring_amount": 1000,
        "recurring_tax_total": 190,
        "recurring_total": 1190,
        "bill_count": 2,
        "next_billing_at": datetime(2026, 12, 20, tzinfo=UTC),
    }
    expired = {"status": SubscriptionStatus.EXPIRED, "next_billing_at": datetime(2026, 11, 20, tzinfo=UTC)}
    return [
        factories.customer(9001, email="zoe@example.org", first_name="Zoë", **_STAMPS),
        factories.subscription(
            9001, item_name="Green tea", collection_method=CollectionMethod.MANUAL, **terms, **_STAMPS
        ),
        factories.subscription(9002, item_name="White tea", vendor_subscription_id="sub_1PtEa", **terms, **_STAMPS),
        factories.subscription(9003, item_name="Black tea", **(terms | expired), **_STAMPS),
    ]


def parcels() -> Sequence[Row]:
    """A mug and a vase, each of a class that charges for itself, a sticker of none, and a file that nobody sends; ways
    of sending them: near and far, by price, by weight, fetched by the customer, and one that is switched off."""
    sent: dict[str, Any] = {"fulfillment_type": FulfillmentType.PHYSICAL, **_STAMPS}
    tiers = [{"min": 0, "max": 2, "cost": 600}, {"min": 2, "max": None, "cost": 1100}]
    share = ShippingClassType.PERCENTAGE
    return [
        factories.shipping_class(9001, name="Fragile", cost=500, per_item=True, **_STAMPS),
        factories.shipping_class(9002, name="Precious", cost=1000, type=share, **_STAMPS),
        factories.product(9001, title="Mug", shipping_class_id=9001, **sent),
        factories.variant(9011, 9001, title="Mug", price=2000, weight=0.4, weight_unit="kg", **sent),
        factories.product(9002, title="Vase", shipping_class_id=9001, **sent),
        factories.variant(
            9021, 9002, title="Vase", price=3333, weight=800, weight_unit="g", shipping_class_id=9002, **sent
        ),
        factories.product(9003, title="Sticker", **sent),
        factories.variant(9031, 9003, title="Sticker", price=100, **sent),
        factories.product(9004, title="Guide", **_STAMPS),
        factories.variant(9041, 9004, title="Guide", price=1500, fulfillment_type=FulfillmentType.DIGITAL, **_STAMPS),
        factories.shipping_method(9001, title="By post", countries=["DE"], position=1, **_STAMPS),
        factories.shipping_method(
            9002,
            title="Insured",
            type=ShippingMethodType.PER_PRICE,
            amount=1000,
            countries=["DE", "AT"],
            class_aggregation=ShippingClassAggregation.HIGHEST_CLASS,
            position=2,
            **_STAMPS,
        ),
        factories.shipping_method(
            9003,
            title="By weight",
            type=ShippingMethodType.PER_WEIGHT,
            amount=0,
            weight_tiers=tiers,
            free_from=50_000,
            position=3,
            **_STAMPS,
        ),
        factories.shipping_method(
            9004,
            title="Fetched",
            type=ShippingMethodType.FREE,
            amount=0,
            countries=["DE"],
            states=["DE-HB"],
            position=4,
            **_STAMPS,
        ),
        factories.shipping_method(9005, title="By sea", enabled=False, position=5, **_STAMPS),
    ]


def coupons() -> Sequence[Row]:
    """A mug, a teapot in two colours, and tea, which is in no category. Customer 9001 has used the first coupon once,
    and in an order that was canceled."""
    begun = datetime(2026, 11, 15, tzinfo=UTC)
    return [
        factories.term(9001, name="Kitchen", slug="kitchen-9001", created_at=_STAMP, updated_at=_STAMP),
        factories.product(9001, title="Mug", **_STAMPS),
        factories.variant(9011, 9001, title="Mug", price=2000, **_STAMPS),
        factories.product_term(9001, 9001),
        factories.product(9002, title="Teapot", **_STAMPS),
        factories.variant(9021, 9002, title="White", price=1999, position=1, **_STAMPS),
        factories.variant(9022, 9002, title="Blue", price=2199, position=2, **_STAMPS),
        factories.product_term(9002, 9001),
        factories.product(9003, title="Tea", **_STAMPS),
        factories.variant(9031, 9003, title="Green", price=800, **_STAMPS),
        factories.customer(9001, email="Zoë.Brandt@example.org", first_name="Zoë", last_name="Brandt", **_STAMPS),
        factories.coupon(
            9001,
            title="Spring for everyone",
            code="SPRING10",
            type=CouponType.PERCENTAGE,
            amount=1000,
            stackable=True,
            max_uses=100,
            max_per_customer=2,
            max_discount=5000,
            use_count=1,
            start_at=begun,
            end_at=datetime(2027, 3, 1, tzinfo=UTC),
            notes="On the poster",
            **_STAMPS,
        ),
        factories.coupon(
            9002,
            title="Kitchen five",
            code="kitchen5",
            stackable=True,
            priority=1,
            min_purchase=2000,
            included_categories=[9001],
            excluded_variants=[9022],
            **_STAMPS,
        ),
        factories.coupon(9003, title="Sent free", code="SENT-FREE", type=CouponType.FREE_SHIPPING, **_STAMPS),
        factories.coupon(
            9004,
            title="Two teas, one free",
            code="TEATIME",
            type=CouponType.BUY_X_GET_Y,
            stackable=True,
            priority=2,
            buy_variants=[9031],
            get_variants=[9031],
            buy_quantity=2,
            email_restrictions=["*@example.org"],
            **_STAMPS,
        ),
        factories.coupon(
            9005,
            title="Last year",
            code="XMAS25",
            status=CouponStatus.EXPIRED,
            start_at=datetime(2025, 12, 1, tzinfo=UTC),
            end_at=datetime(2026, 1, 1, tzinfo=UTC),
            **_STAMPS,
        ),
        factories.coupon(
            9006,
            title="Next year",
            code="XMAS27",
            status=CouponStatus.SCHEDULED,
            start_at=datetime(2027, 12, 1, tzinfo=UTC),
            **_STAMPS,
        ),
        factories.order(9001, customer_id=9001, total=1800, **_STAMPS),
        factories.applied_coupon(9001, 9001, 9001, code="SPRING10", amount=200),
        factories.order(9002, customer_id=9001, status=OrderStatus.CANCELED, total=1800, **_STAMPS),
        factories.applied_coupon(9002, 9002, 9001, code="SPRING10", amount=200),
    ]


def counter() -> Sequence[Row]:
    """Mugs and vases that are counted and sent, a guide that is not. Customer 9001 has ordered two mugs (9001), which
    are not paid, and paid a guide and a vase (9002). A mug is in the cart of the token `sg_cart_counter`,
    which is offered the guide."""
    counted = {"fulfillment_type": FulfillmentType.PHYSICAL, "manage_stock": True, "total_stock": 10, **_STAMPS}
    street = {"address1": "Lindenallee 3", "city": "Bremen", "postcode": "28195", "country": "DE", "name": "Zoë Brandt"}
    unpaid: dict[str, Any] = {"status": OrderStatus.ON_HOLD, "payment_status": PaymentStatus.PENDING}
    return [
        factories.product(9001, title="Stoneware", manage_stock=True, **_STAMPS),
        factories.variant(9001, 9001, title="Mug", price=2000, available=8, on_hold=2, **counted),
        factories.variant(9002, 9001, title="Vase", price=3333, available=9, on_hold=1, position=2, **counted),
        factories.product(9002, title="Field Guide", **_STAMPS),
        factories.variant(9003, 9002, title="Ebook", price=1999, **_STAMPS),
        factories.customer(9001, email="Zoë.Brandt@example.org", first_name="Zoë", last_name="Brandt", **_STAMPS),
        factories.customer_address(9001, 9001, is_primary=True, **street, **_STAMPS),
        factories.coupon(
            9001, title="Ten off", code="TEN", type=CouponType.PERCENTAGE, amount=1000, stackable=True, **_STAMPS
        ),
        factories.order(9001, customer_id=9001, subtotal=4000, total=4000, **{**_SENT, **unpaid}, **_STAMPS),
        factories.order_item(9001, 9001, quantity=2, unit_price=2000, on_hold=2, **_sold(9001, "Mug", 4000)),
        factories.order_transaction(9001, 9001, status=TransactionStatus.PENDING, total=4000, **_STAMPS),
        factories.order(9002, customer_id=9001, subtotal=5332, total=5332, total_paid=5332, **_SENT, **_STAMPS),
        factories.order_item(9002, 9002, unit_price=1999, position=1, **_sold(9003, "Ebook", 1999)),
        factories.order_item(9003, 9002, unit_price=3333, position=2, on_hold=1, **_sold(9002, "Vase", 3333)),
        factories.order_transaction(9002, 9002, total=5332, payment_method="stripe", **_STAMPS),
        factories.payment_method("offline_payment", active=True, settings={"checkout_instructions": "Within a week."}),
        factories.shipping_method(9001, title="Parcel", amount=490, **_STAMPS),
        factories.cart(9001, "sg_cart_counter", **_STAMPS),
        factories.cart_item(9001, 9001),
        factories.order_bump(
            9001,
            9003,
            hash="c1f0a9",
            title="Read about it",
            description="The guide to stoneware.",
            call_to_action="Yes, add the guide",
            status=OrderBumpStatus.ACTIVE,
            discount_type=OrderBumpDiscountType.PERCENTAGE,
            discount_amount=1250,
            conditions=[{"field": "product", "operator": "any_of", "product_ids": [9001]}],
            **_STAMPS,
        ),
    ]


_SENT: Final[Mapping[str, Any]] = {
    "status": OrderStatus.PROCESSING,
    "shipping_status": ShippingStatus.UNSHIPPED,
    "fulfillment_type": FulfillmentType.PHYSICAL,
    "payment_method": "offline_payment",
}


def _sold(variant: int, title: str, total: int) -> dict[str, Any]:
    kind = FulfillmentType.DIGITAL if variant == 9003 else FulfillmentType.PHYSICAL
    product = {"product_id": 9002, "product_title": "Field Guide"} if variant == 9003 else {"product_id": 9001}
    sums = {"subtotal": total, "line_total": total}
    return {"variant_id": variant, "title": title, "fulfillment_type": kind, **product, **sums, **_STAMPS}


def licensed() -> Sequence[Row]:
    """Product 9001 in two editions, the first of which has a file more, and order 9001 of that one. Licence 9001 is of
    that order and on two sites, one of them local; 9002 has expired; 9003 is disabled, 9004 is
    for life. Order 9002 was paid before what it is of brought licences."""
    at = datetime(2026, 11, 2, tzinfo=UTC)
    single = {"license_limit": 1, "license_months": 12}
    of: dict[str, Any] = {"product_id": 9001, "variant_id": 9011, "customer_id": 9001, **_STAMPS}
    return [
        factories.product(9001, title="Form Builder", search_text="form builder", **_STAMPS),
        factories.variant(9011, 9001, title="Agency", price=19900, position=1, **_STAMPS),
        factories.variant(9012, 9001, title="Single site", price=4900, position=2, **_STAMPS, licensed=True, **single),
        factories.product(9002, title="Spell Checker", search_text="spell checker", **_STAMPS),
        factories.variant(9021, 9002, title="Spell Checker", price=900, **_STAMPS),
        factories.download(9001, 9001, title="The builder", type="zip", file_name="builder.zip", position=1, **_STAMPS),
        factories.download(
            9002, 9001, title="For agencies", file_name="agency.zip", position=2, for_all_variants=False, **_STAMPS
        ),
        factories.download_variant(9002, 9011),
        factories.customer(9001, email="zoe@example.org", first_name="Zoë", last_name="Brandt", **_STAMPS),
        factories.customer(9002, email="otto@example.org", first_name="Otto", **_STAMPS),
        factories.order(9001, uuid="3f0c9a52d1", customer_id=9001, invoice_no="INV-9001", **_STAMPS),
        factories.order_item(
            9001, 9001, product_id=9001, variant_id=9011, product_title="Form Builder", title="Agency", line_total=19900
        ),
        factories.order(9002, uuid="8d21f0b7c4", customer_id=9002, payment_status=PaymentStatus.PAID, **_STAMPS),
        factories.order_item(9002, 9002, product_id=9001, variant_id=9012, quantity=2, line_total=9800),
        factories.licence(
            9001,
            license_key="0f5c2d7e9b1a4c3d8e6f7a0b1c2d9001",
            order_id=9001,
            activation_limit=2,
            activation_count=1,
            expires_at=datetime(2027, 11, 1, tzinfo=UTC),
            **of,
        ),
        factories.licence(
            9002,
            license_key="0f5c2d7e9b1a4c3d8e6f7a0b1c2d9002",
            status=LicenseStatus.EXPIRED,
            activation_limit=1,
            expires_at=datetime(2026, 11, 20, tzinfo=UTC),
            **of,
        ),
        factories.licence(
            9003,
            license_key="0f5c2d7e9b1a4c3d8e6f7a0b1c2d9003",
            status=LicenseStatus.DISABLED,
            **(of | {"customer_id": 9002}),
        ),
        factories.licence(9004, license_key="0f5c2d7e9b1a4c3d8e6f7a0b1c2d9004", product_id=9002, **_STAMPS),
        factories.license_site(9001, site_url="https://shop.example", site_key="shop.example", **_STAMPS),
        factories.license_site(9002, site_url="http://shop.test", site_key="shop.test", **_STAMPS),
        factories.license_activation(
            9001,
            9001,
            9001,
            activation_hash="7d1e0a4b9c3f4e2d8a6b5c7f00009001",
            last_update_version="2.4.1",
            last_update_at=at,
            product_id=9001,
            variant_id=9011,
            **_STAMPS,
        ),
        factories.license_activation(
            9002,
            9001,
            9002,
            activation_hash="7d1e0a4b9c3f4e2d8a6b5c7f00009002",
            is_local=True,
            product_id=9001,
            variant_id=9011,
            **_STAMPS,
        ),
    ]


def files() -> Sequence[Row]:
    """Product 9001 with a file for both of its variants and one for the first alone, and an order of the first; product
    9002 has none."""
    return [
        factories.product(9001, title="Field Guide", **_STAMPS),
        factories.variant(9011, 9001, title="With maps", price=2500, position=1, **_STAMPS),
        factories.variant(9012, 9001, title="Text only", price=1500, position=2, **_STAMPS),
        factories.product(9002, title="Compass", **_STAMPS),
        factories.variant(9021, 9002, title="Compass", price=900, **_STAMPS),
        factories.download(
            9001,
            9001,
            identifier="6f1c2f0e-6f3f-4c7e-9b43-1f2f6f0c9001",
            title="The guide",
            type="pdf",
            driver="local",
            file_name="guide.pdf",
            file_path="guide__stored-00000000000000aa.pdf",
            file_url="guide__stored-00000000000000aa.pdf",
            file_size=1048576,
            position=1,
            **_STAMPS,
        ),
        factories.download(
            9002,
            9001,
            identifier="6f1c2f0e-6f3f-4c7e-9b43-1f2f6f0c9002",
            title="The maps",
            type="zip",
            driver="local",
            file_name="maps.zip",
            file_path="maps.zip",
            file_url="maps.zip",
            download_limit=3,
            download_expiry_days=60,
            position=2,
            for_all_variants=False,
            **_STAMPS,
        ),
        factories.download_variant(9002, 9011),
        factories.order(9001, uuid="f1e5", created_at=_STAMP, updated_at=_STAMP),
        factories.order_item(9001, 9001, product_id=9001, variant_id=9011, line_total=2500),
        factories.download_permission(9001, 9001, 9001, download_count=1, **_STAMPS),
    ]


def staff() -> Sequence[Row]:
    """A manager, a super admin, somebody without a role."""

    def user(id: int, login: str, role: str | None) -> UserRow:
        given: dict[str, Any] = {"login": login, "email": f"{login}@example.com", "role_key": role, **_STAMPS}
        return UserRow(id=id, **given)

    return [user(9001, "mara", "manager"), user(9002, "sol", "super_admin"), user(9003, "nils", None)]


def shirts() -> Sequence[Row]:
    """Product 9001 is a shirt in three variants: an unfinished order holds the second, and the third is spoken of by a
    bundle, two upgrade paths, a file and a feed. Product 9002 has one variant. Colours and sizes to combine from."""
    named: dict[str, Any] = {"fulfillment_type": FulfillmentType.PHYSICAL, **_STAMPS}
    return [
        factories.shipping_class(9001, name="Parcels", **_STAMPS),
        factories.product(9001, title="Shirt", variation_type=VariationType.SIMPLE_VARIATIONS, **named),
        factories.variant(9011, 9001, title="White", sku="SHIRT-W", price=1900, available=8, position=1, **named),
        factories.variant(9012, 9001, title="Black", sku="SHIRT-B", price=2100, available=0, position=2, **named),
        factories.variant(9013, 9001, title="Faded", sku="SHIRT-F", price=900, position=3, **named),
        factories.media(9001, product_id=9001, attachment_id=77, title="Front", **_STAMPS),
        factories.product(9002, title="Scarf", **named),
        factories.variant(9021, 9002, title="Scarf", sku="SCARF", price=1200, **named),
        factories.product(9003, title="Wardrobe", is_bundle=True, **named),
        factories.variant(9031, 9003, title="Wardrobe", sku="WARDROBE", price=5000, **named),
        factories.bundle_item(9031, 9013, 1),
        factories.bundle_item(9031, 9021, 2),
        factories.upgrade_path(9001, 9011, title="To the faded one", **_STAMPS),
        factories.upgrade_target(9001, 9013),
        factories.upgrade_path(9002, 9021, title="To any shirt", **_STAMPS),
        factories.upgrade_target(9002, 9011, 1),
        factories.upgrade_target(9002, 9013, 2),
        factories.download(9001, 9001, title="How to wash faded shirts", for_all_variants=False, **_STAMPS),
        factories.download_variant(9001, 9013),
        factories.provider("letters"),
        factories.feed(9001, "letters", product_id=9001, name="Buyers of faded shirts", **_STAMPS),
        factories.feed_variant(9001, 9013),
        factories.order(9001, status=OrderStatus.PROCESSING, created_at=_STAMP),
        factories.order_item(9001, 9001, product_id=9001, variant_id=9012),
        factories.attribute_group(9001, title="Colour", slug="colour", **_STAMPS),
        factories.attribute_term(9001, 9001, title="Red", slug="red", **_STAMPS),
        factories.attribute_term(9002, 9001, title="Blue", slug="blue", **_STAMPS),
        factories.attribute_group(9002, title="Size", slug="size", **_STAMPS),
        factories.attribute_term(9011, 9002, title="S", slug="s", **_STAMPS),
        factories.attribute_term(9012, 9002, title="L", slug="l", **_STAMPS),
    ]


def webhooks() -> Sequence[Row]:
    """Token 9001 has saved webhook 9001, whose receiver refused the one event that there was."""
    settings = WebhookSettings(
        url="https://warehouse.example/hooks/{{product.slug}}", headers=(Header("Authorization", "Bearer 3f1c"),)
    )
    request = "POST https://warehouse.example/hooks/linen-shirt\ncontent-type: application/json\n\n{}"
    return [
        factories.product(9001, title="Linen shirt", slug="linen-shirt", **_STAMPS),
        factories.token(9001, permissions=["integrations/manage", "products/view"]),
        factories.event(9001, "product.updated", "Product:9001", payload={"productId": 9001, "slug": "linen-shirt"}),
        TargetRow(id=9001, kind="webhook", key="9001", failing_since=_STAMP),
        TargetEventRow(target_id=9001, name="product.updated"),
        factories.feed(
            9001,
            "webhook",
            name="Warehouse",
            event_triggers=["product.updated"],
            settings=settings.document(),
            concealed=settings.concealed(),
            secret=Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
            saved_by="token:9001",
            saved_version=1,
            reads=" products/view ",
            target_id=9001,
            **_STAMPS,
        ),
        DeliveryRow(
            id=9001,
            event_id=9001,
            target_id=9001,
            key="0f" * 16,
            state=DeliveryState.FAILED,
            attempts=1,
            reason="The receiver answers 400",
            created_at=_STAMP,
            ended_at=_STAMP,
        ),
        AttemptRow(
            delivery_id=9001,
            number=1,
            started_at=_STAMP,
            duration=12,
            outcome=AttemptOutcome.FAILED,
            status=400,
            request=request,
            response="HTTP 400",
            error="The receiver answers 400",
        ),
    ]


def feeds() -> Sequence[Row]:
    """The provider `letterbox` is enabled. Feed 9001 is the store's, feed 9002 that of product 9001; neither is saved
    here."""
    settings: dict[str, Any] = {"topic": "", "greeting": "Dear reader", "tags": ["buyer"]}
    made: dict[str, Any] = {"event_triggers": ["order_paid_done"], "list_id": "news", "settings": settings, **_STAMPS}
    return [
        factories.product(9001, title="Linen shirt", slug="linen-shirt", **_STAMPS),
        factories.variant(9011, 9001, title="Small", **_STAMPS),
        factories.variant(9012, 9001, title="Large", position=2, **_STAMPS),
        factories.product(9002, title="Mug", slug="mug", **_STAMPS),
        factories.variant(9021, 9002, title="Mug", **_STAMPS),
        factories.provider("letterbox", title="Letterbox", category="marketing", **_STAMPS),
        factories.feed(9001, "letterbox", name="Newsletter", **made),
        factories.feed(9002, "letterbox", name="Readers of linen", product_id=9001, **made),
        factories.feed_variant(9002, 9011),
    ]


def letterbox() -> Sequence[Row]:
    """The newsletter of the tests is here, and nobody has installed it or set it to anything."""
    return _letterbox(installed=False, enabled=False)


def letterbox_set() -> Sequence[Row]:
    """It is installed and set to an account, and feed 9001 is for it."""
    kept = {"token": forms.Kept(TOKEN, _STAMP)}
    valid = {"settings": {"server": "https://letters.example"}, "concealed": forms.seal(kept), "valid": True}
    rows = _letterbox(installed=True, enabled=True, account="Connected to Acme", verified_at=_STAMP, **valid)
    return [*rows, factories.feed(9001, "letterbox", name="Readers", list_id="1", **_STAMPS)]


def _letterbox(*, installed: bool, enabled: bool, **setting: Any) -> list[Row]:
    provider = furnishing.declared(Letterbox()) | {"installed": installed, "enabled": enabled} | _STAMPS
    form: dict[str, Any] = furnishing.form(Letterbox()) | setting | _STAMPS
    return [ProviderRow(**provider), IntegrationSettingRow(key="letterbox", **form)]


def workflows() -> Sequence[Row]:
    """Token 9001 has saved workflow 9001, which wrote a letter when a product changed and waits now; and the store has
    one of its own."""
    steps = [
        {"type": "send_email", "recipient": "admin", "template": None, "subject": "{{product.title}}", "text": "Look."},
        {"type": "wait", "minutes": 60},
        {"type": "update_status", "status": "draft"},
    ]
    own = [
        {"type": "send_email", "recipient": "customer", "template": None, "subject": "It has come", "text": "Hello."}
    ]
    return [
        factories.product(9001, title="Linen shirt", slug="linen-shirt", **_STAMPS),
        factories.token(9001, permissions=["integrations/manage", "products/view", "products/edit"]),
        factories.event(9001, "product.updated", "Product:9001", payload={"productId": 9001, "slug": "linen-shirt"}),
        TargetRow(id=9001, kind="workflow", key=str(UUID(int=9001))),
        TargetEventRow(target_id=9001, name="product.updated"),
        factories.workflow(
            9001,
            name="Take it out",
            steps=steps,
            conditions={"post_status": "publish"},
            saved_by="token:9001",
            target_id=9001,
            **_STAMPS,
        ),
        factories.workflow(
            9002,
            name="Notify on Delivery",
            entity_type=WorkflowEntity.SHIPMENT,
            trigger="shipment_delivered",
            steps=own,
            managed=True,
            **_STAMPS,
        ),
        factories.workflow_run(
            9001,
            9001,
            9001,
            entity="Product:9001",
            steps=steps,
            state=RunState.PAUSED,
            paused=RunPause.WAIT,
            step=1,
            saved_by="token:9001",
            created_at=_STAMP,
        ),
        factories.workflow_step(
            9001,
            9001,
            type=WorkflowActionType.SEND_EMAIL,
            state=StepState.COMPLETED,
            request="E-mail to admin",
            started_at=_STAMP,
            ended_at=_STAMP,
        ),
        factories.workflow_step(9002, 9001, position=1, type=WorkflowActionType.WAIT, started_at=_STAMP),
        DeliveryRow(
            id=9001,
            event_id=9001,
            target_id=9001,
            key=f"{9001:032x}",
            state=DeliveryState.DELIVERED,
            attempts=1,
            created_at=_STAMP,
            ended_at=_STAMP,
        ),
    ]


def failed_run() -> Sequence[Row]:
    """Beside those workflows a run that failed: its letter was refused."""
    step = {"type": "send_email", "recipient": "admin", "template": None, "subject": "Changed", "text": "Look."}
    failed: dict[str, Any] = {"error": "The mail server answers 550", "ended_at": _STAMP}
    return [
        *workflows(),
        factories.event(9002, "product.updated", "Product:9001", payload={"productId": 9001, "slug": "linen-shirt"}),
        factories.workflow_run(
            9002,
            9001,
            9002,
            entity="Product:9001",
            steps=[step],
            state=RunState.FAILED,
            saved_by="token:9001",
            created_at=_STAMP,
            **failed,
        ),
        factories.workflow_step(
            9003, 9002, type=WorkflowActionType.SEND_EMAIL, state=StepState.FAILED, started_at=_STAMP, **failed
        ),
        DeliveryRow(
            id=9002,
            event_id=9002,
            target_id=9001,
            key=f"{9002:032x}",
            state=DeliveryState.FAILED,
            attempts=1,
            reason="The mail server answers 550",
            created_at=_STAMP,
            ended_at=_STAMP,
        ),
    ]


def consents() -> Sequence[Row]:
    """Whoever manages the store has saved the client of Google Calendar; Mailchimp is set to nothing, and Stripe takes
    no consent."""
    client = {"client_id": "1234-posters.apps.googleusercontent.com"}
    concealed = forms.seal({"client_secret": forms.Kept("GOCSPX-a-secret-of-the-tests", _STAMP)})
    rows: list[Row] = [*staff()]
    for provider, kept in (
        (GoogleCalendar(), {"settings": client, "concealed": concealed}),
        (Mailchimp(), {}),
        (Stripe(), {}),
    ):
        row = furnishing.declared(provider) | {"installed": True, "enabled": False} | _STAMPS
        rows.append(ProviderRow(**row))
        rows.append(IntegrationSettingRow(key=provider.key, **furnishing.form(provider) | kept | _STAMPS))
    return rows


SEEDS: Final[Mapping[str, Callable[[], Sequence[Row]]]] = {
    "staff": staff,
    "bundle": bundle,
    "bumps": bumps,
    "buyers": buyers,
    "consents": consents,
    "counter": counter,
    "coupons": coupons,
    "failed_run": failed_run,
    "files": files,
    "feeds": feeds,
    "letterbox": letterbox,
    "letterbox_set": letterbox_set,
    "licensed": licensed,
    "parcels": parcels,
    "sales": sales,
    "shirts": shirts,
    "tea": tea,
    "turnover": turnover,
    "upgrades": upgrades,
    "webhooks": webhooks,
    "workflows": workflows,
}
