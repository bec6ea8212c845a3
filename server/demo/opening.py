"""What the demo's shop needs to sell: ways of sending and of paying, coupons, and an offer beside carts. They are made
by the mutations that a shop's staff makes them with, so that the same rules hold."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import exists, or_, select

from db.access.viewer import SYSTEM
from db.commerce.coupon import CouponRow
from db.commerce.order_bump import OrderBumpRow
from db.commerce.payment_method import PaymentMethodRow
from db.commerce.shipping_method import ShippingMethodRow
from db.store.database import Database
from db.store.row import table
from db.store.unit import Units
from engine.unit.perform import perform
from engine.unit.unit import Cause
from engine.values.identity import encode
from schema.root import schema

# The small one of the Lunar Planner.
_PLANNER: Final = encode("ProductVariant", 39)
_EUROPE: Final = ("AT", "BE", "DE", "DK", "ES", "FR", "IT", "NL", "PL", "SE")
_SOLD_WITH: Final[tuple[tuple[str, Mapping[str, Any]], ...]] = (
    (
        "shippingMethodCreate",
        {"title": "Parcel", "type": "PER_ORDER", "amount": 490, "countries": ["US"], "freeFrom": 15000, "position": 1},
    ),
    (
        "shippingMethodCreate",
        {"title": "Courier, by the piece", "type": "PER_ITEM", "amount": 350, "countries": ["US"], "position": 2},
    ),
    (
        "shippingMethodCreate",
        {
            "title": "Collected at the shop in Portland",
            "type": "FREE",
            "countries": ["US"],
            "states": ["OR"],
            "position": 3,
        },
    ),
    (
        "shippingMethodCreate",
        {"title": "Parcel to Europe", "type": "PER_ORDER", "amount": 1290, "countries": list(_EUROPE), "position": 4},
    ),
    ("shippingMethodCreate", {"title": "Air mail", "type": "PER_ITEM", "amount": 1900, "position": 5}),
    (
        "paymentMethodSettingsUpdate",
        {
            "method": "offline_payment",
            "settings": {
                "is_active": True,
                "checkout_label": "Bank transfer",
                "checkout_instructions": "Transfer the total to the demo's bank, which is none. Nothing is charged.",
            },
        },
    ),
    (
        "couponCreate",
        {
            "title": "Ten percent off",
            "code": "WELCOME10",
            "type": "PERCENTAGE",
            "percentage": "10",
            "stackable": True,
            "showOnCheckout": True,
        },
    ),
    (
        "couponCreate",
        {
            "title": "$15 off from $100",
            "code": "SAVE15",
            "type": "FIXED",
            "amount": 1500,
            "minPurchase": 10000,
            "stackable": True,
            "showOnCheckout": True,
        },
    ),
    (
        "couponCreate",
        {"title": "Sent for nothing", "code": "FREESHIP", "type": "FREE_SHIPPING", "stackable": True},
    ),
    (
        "orderBumpCreate",
        {
            "title": "A planner for the new year",
            "description": "Small, dotted, and a quarter off beside anything from $50.",
            "callToAction": "Yes, add the planner",
            "variantId": _PLANNER,
            "status": "ACTIVE",
            "discount": {"type": "PERCENTAGE", "amount": 2500},
            "conditions": [{"field": "TOTAL", "operator": "AT_LEAST", "amount": 5000}],
        },
    ),
)
_METHOD: Final = table(PaymentMethodRow)
_MADE_HERE: Final = (ShippingMethodRow, CouponRow, OrderBumpRow)


async def open_shop(database: Database) -> bool:
    """All of it in one transaction; False where there is any of it, as after the first start: what was changed since
    stays so."""
    any_made = or_(*(exists(select(table(row).c.id)) for row in _MADE_HERE))
    units = Units(database)
    async with units.unit(SYSTEM, cause=Cause("command:serve")) as unit:
        active = exists(select(_METHOD.c.key).where(_METHOD.c.active))
        if (await unit.connection.execute(select(or_(any_made, active)))).scalar_one():
            return False
        for mutation, asked in _SOLD_WITH:
            # What the demo's own rules refuse is a fault of this page, and raises.
            await perform(schema.mutations[mutation], asked, SYSTEM, units, unit=unit)
        await unit.commit("demo", None, {}, audited=True)
    return True
