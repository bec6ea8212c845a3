"""What a case needs beside the recorded store, so that its answer does not hang on what that happens to hold.

Ids begin at 9001: the recorded ones end long before.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from db.catalog.product import FulfillmentType, VariationType
from db.catalog.variant import BillingInterval, PaymentType
from db.commerce.order import LineType, OrderType, PaymentStatus
from db.row import Row
from tests import factories

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


SEEDS: Final[Mapping[str, Callable[[], Sequence[Row]]]] = {"bundle": bundle, "sales": sales, "upgrades": upgrades}
