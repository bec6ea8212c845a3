"""The checkout: what becomes of a cart, what keeps it from becoming an order, and who meets whom."""

import asyncio
import hashlib
from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import update
from sqlmodel import col

from connectors.connected_stores.shape import made_up
from connectors.importers.fluentcart.commerce.order import read_orders
from connectors.importers.fluentcart.remote_list import Batch
from db.access.viewer import ANONYMOUS, Viewer
from db.catalog.variant import BillingInterval, PaymentType
from db.commerce.coupon import CouponType
from db.commerce.payment_method import PaymentMethodRow
from db.commerce.shipping_method import ShippingMethodType
from tests import factories
from tests.gateway import ADMIN, Gateway
from tests.patience import PATIENCE
from tests.resolvers.shelf import events
from tests.resolvers.test_carts import begun, by_staff, go, read, v
from tests.resolvers.test_orders import gid, shop, stock, wrong
from tests.resolvers.test_orders import go as staff

__all__ = ["shop"]

DOCUMENT = """mutation Go($input: CheckoutProcessInput!) { checkoutProcess(input: $input) {
  receipt { orderNumber status paymentStatus paymentMethod paymentInstructions
    subtotal { cents } couponDiscount { cents } shipping { cents } total { cents } }
  order { id } subscription { id } userErrors { code field message } } }"""
HOME = {"name": "Grace Hopper", "address1": "Lindenallee 3", "city": "Bremen", "postcode": "28195", "country": "de"}
AWAY = {"name": "Jean", "address1": "12 Rue de la Paix", "city": "Paris", "postcode": "75002", "country": "FR"}
ORDER = """query Of($key: Int!) { order(by: {databaseId: $key}) { type status paymentStatus total { cents } note
  billingAddress { name city country }
  shippingAddress { city country } customer { databaseId email fullName city }
  items { title paymentType quantity lineTotal { cents } } transactions { status total { cents } }
  subscriptions { status interval recurringTotal { cents } billCount trialDays nextBillingAt collectionMethod } } }"""


@pytest.fixture
async def till(shop: Gateway) -> Gateway:
    """The shop of orders, where one pays by transfer, and goods are sent for 4.90, at home alone for nothing."""
    await factories.store_rows(
        shop,
        [
            factories.shipping_method(1, title="Parcel", type=ShippingMethodType.PER_ORDER, amount=490),
            factories.shipping_method(2, title="Bike", type=ShippingMethodType.FREE, amount=0, countries=["DE"]),
            factories.shipping_method(3, title="Ship", enabled=False),
        ],
    )
    async with shop.database.write() as connection:
        offline = col(PaymentMethodRow.key) == "offline_payment"
        said = {"checkout_instructions": "To IBAN DE00", "checkout_label": "Transfer"}
        await connection.execute(update(PaymentMethodRow).where(offline).values(active=True, settings=said))
        await connection.commit()
    return shop


async def buy(gateway: Gateway, token: str | None, **input: Any) -> Any:
    viewer: Viewer = input.pop("viewer", ANONYMOUS)
    asked = {"token": token, "email": "grace@example.org", "billing": HOME, "paymentMethod": "offline_payment", **input}
    return (await gateway(DOCUMENT, {"input": asked}, viewer=viewer))["checkoutProcess"]


def method(key: int) -> dict[str, str]:
    return {"shippingMethodId": gid("ShippingMethod", key)}


async def order(gateway: Gateway, bought: Mapping[str, Any]) -> Any:
    assert bought["userErrors"] == []
    return (await gateway(ORDER, {"key": bought["receipt"]["orderNumber"]}))["order"]


async def test_a_cart_becomes_an_order(till: Gateway) -> None:
    token = await begun(till, 1, 2)
    await go(till, "cartAdd", token=token, variantId=v(3))
    await go(till, "cartApplyCoupon", token=token, code="TEN")
    bought = await buy(till, token, **method(1), note="Ring twice", shipping=AWAY)
    receipt = bought["receipt"]
    assert {name: receipt[name]["cents"] for name in ("subtotal", "couponDiscount", "shipping", "total")} == {
        "subtotal": 7333,
        "couponDiscount": 733,
        "shipping": 490,
        "total": 7090,
    }
    assert (receipt["status"], receipt["paymentStatus"]) == ("ON_HOLD", "PENDING")
    assert (receipt["paymentInstructions"], bought["order"]) == ("To IBAN DE00", None)
    found = await order(till, bought)
    assert (found["type"], found["total"], found["note"]) == ("PAYMENT", {"cents": 7090}, "Ring twice")
    assert found["billingAddress"] == {"name": "Grace Hopper", "city": "Bremen", "country": "DE"}
    assert found["shippingAddress"] == {"city": "Paris", "country": "FR"}
    assert found["customer"] == {
        "databaseId": 3,
        "email": "grace@example.org",
        "fullName": "Grace Hopper",
        "city": "Bremen",
    }
    assert found["transactions"] == [{"status": "PENDING", "total": {"cents": 7090}}]
    assert [await stock(till, key) for key in (1, 3)] == [(8, 2, 0), (9, 1, 0)]
    names = [one["name"] for one in await events(till)]
    assert {"order.created", "customer.created", "coupon.updated", "inventory.changed"} <= set(names)
    assert await read(till, token) is None
    assert wrong(await buy(till, token, **method(1))) == [("NOT_FOUND", "token")]


async def test_a_visitor_who_asks_again_is_told_of_the_same_order(till: Gateway) -> None:
    """By the token of their cart; another visitor's is another order."""
    keyed = DOCUMENT.replace("(input: $input)", '(input: $input, idempotencyKey: "checkout")')
    asked = {"email": "grace@example.org", "billing": HOME, "paymentMethod": "offline_payment", **method(1)}
    mine, yours = await begun(till, 1), await begun(till, 1)
    found = []
    for token in (mine, mine, yours, mine):
        answer = await till.answer(keyed, {"input": {**asked, "token": token}}, ANONYMOUS)
        bought = answer.body["data"]["checkoutProcess"]
        assert bought["userErrors"] == []
        found.append((bought["receipt"]["orderNumber"], "extensions" in answer.body))
    (first, _), (third, _) = found[0], found[2]
    assert found == [(first, False), (first, True), (third, False), (first, True)]
    assert first != third
    assert await stock(till, 1) == (8, 2, 0)


async def test_a_cart_costs_what_its_order_does(till: Gateway) -> None:
    """To the cent, with coupons whose shares are no whole cents."""
    await factories.store_rows(
        till,
        [
            factories.coupon(20, code="ODD", type=CouponType.PERCENTAGE, amount=3333, stackable=True),
            factories.coupon(21, code="SEVEN", type=CouponType.FIXED, amount=701, stackable=True),
            factories.variant(
                60,
                5,
                price=1999,
                payment_type=PaymentType.SUBSCRIPTION,
                interval=BillingInterval.MONTHLY,
                has_setup_fee=True,
                setup_fee=333,
            ),
        ],
    )
    token = await begun(till, 2, 3)
    for key in (3, 60, 5):
        await go(till, "cartAdd", token=token, variantId=v(key))
    for code in ("ODD", "SEVEN"):
        await go(till, "cartApplyCoupon", token=token, code=code)
    cart = await read(till, token)
    receipt = (await buy(till, token, **method(2)))["receipt"]
    assert receipt["total"] == cart["total"]
    assert receipt["couponDiscount"] == cart["discount"]


async def test_a_coupon_asks_for_a_purchase_with_its_setup_fee(till: Gateway) -> None:
    """As the customer reads it: the bounds of a coupon are those of the subtotal, of a trial too."""
    plan = {"payment_type": PaymentType.SUBSCRIPTION, "interval": BillingInterval.MONTHLY, "has_setup_fee": True}
    await factories.store_rows(
        till,
        [
            factories.coupon(20, code="LEAST", amount=100, min_purchase=2332),
            factories.coupon(21, code="MOST", amount=100, max_purchase=2331),
            factories.coupon(22, code="TRIAL", amount=100, min_purchase=333, max_purchase=333),
            factories.variant(60, 5, price=1999, setup_fee=333, **plan),
            factories.variant(61, 5, price=1999, setup_fee=333, trial_days=7, **plan),
        ],
    )
    for variant, code, total in ((60, "LEAST", 2232), (61, "TRIAL", 233)):
        token = await begun(till, variant)
        lowered = await go(till, "cartApplyCoupon", token=token, code=code)
        assert (lowered["userErrors"], lowered["cart"]["total"]) == ([], {"cents": total})
        bought = await buy(till, token)
        assert (bought["userErrors"], bought["receipt"]["total"]) == ([], {"cents": total})
    token = await begun(till, 60)
    assert wrong(await go(till, "cartApplyCoupon", token=token, code="MOST")) == [("BUSINESS_RULE", "code")]


async def test_whoever_has_the_address_is_the_customer(till: Gateway) -> None:
    """Whatever its case; what is known of them stays."""
    token = await begun(till, 3)
    found = await order(till, await buy(till, token, email="ADA@Example.org", billing={**HOME, "name": "Eve"}))
    assert (found["customer"]["databaseId"], found["customer"]["fullName"]) == (1, "Ada")
    await by_staff(till, "customerUpdate", id=gid("Customer", 1), status="INACTIVE")
    token = await begun(till, 3)
    refused = await buy(till, token, email="ada@example.org")
    assert [(one["code"], one["field"], one["message"]) for one in refused["userErrors"]] == [
        ("BUSINESS_RULE", None, "The store cannot take this order here: please ask the store")
    ]
    assert (refused["receipt"], await stock(till, 3)) == (None, (9, 1, 0))
    assert (await buy(till, token, email="eve@example.org"))["userErrors"] == []


async def test_two_at_once_are_one_customer(till: Gateway) -> None:
    tokens = [await begun(till, 4) for _ in range(4)]
    async with asyncio.timeout(PATIENCE):
        bought = await asyncio.gather(*(buy(till, token, email="NEW@example.org") for token in tokens))
    found = [await order(till, one) for one in bought]
    assert {one["customer"]["databaseId"] for one in found} == {found[0]["customer"]["databaseId"]}


async def test_one_cart_is_one_order(till: Gateway) -> None:
    token = await begun(till, 3)
    async with asyncio.timeout(PATIENCE):
        found = await asyncio.gather(*(buy(till, token) for _ in range(4)))
    assert sorted(len(one["userErrors"]) for one in found) == [0, 1, 1, 1]
    assert await stock(till, 3) == (9, 1, 0)


async def test_the_last_piece_is_sold_once(till: Gateway) -> None:
    tokens = [await begun(till, 3, 6) for _ in range(3)]
    async with asyncio.timeout(PATIENCE):
        found = await asyncio.gather(*(buy(till, token) for token in tokens))
    assert sorted(len(one["userErrors"]) for one in found) == [0, 1, 1]
    assert {pair for one in found for pair in wrong(one)} == {("CONFLICT", "items.0.quantity")}


@pytest.mark.parametrize(
    ("input", "expected"),
    [
        ({"email": "grace"}, [("VALIDATION", "email")]),
        ({"email": ""}, [("VALIDATION", "email")]),
        ({"billing": {**HOME, "name": "  "}}, [("VALIDATION", "billing.name")]),
        ({"billing": {**HOME, "country": "XX"}}, [("VALIDATION", "billing.country")]),
        ({"billing": {**HOME, "postcode": "1"}}, [("VALIDATION", "billing.postcode")]),
        ({"billing": {**HOME, "city": "c" * 256}}, [("VALIDATION", "billing.city")]),
        (
            {"shipping": {"name": "J", "country": "FR"}},
            [("VALIDATION", f"shipping.{n}") for n in ("address1", "city", "postcode")],
        ),
        ({"paymentMethod": "stripe"}, [("NOT_FOUND", "paymentMethod")]),
        ({"paymentMethod": "m" * 100_000}, [("NOT_FOUND", "paymentMethod")]),
        ({"note": "n" * 5001}, [("VALIDATION", "note")]),
        ({"shippingMethodId": None}, [("VALIDATION", "shippingMethodId")]),
        (method(3), [("NOT_FOUND", "shippingMethodId")]),
        ({**method(2), "shipping": AWAY}, [("NOT_FOUND", "shippingMethodId")]),
        ({"token": None}, [("NOT_FOUND", "token")]),
    ],
)
async def test_what_is_no_checkout_is_refused(till: Gateway, input: dict[str, Any], expected: list[Any]) -> None:
    token = await begun(till, 1)
    refused = await buy(till, **{"token": token, **method(1), **input})
    assert sorted(wrong(refused)) == sorted(expected)
    assert (refused["receipt"], refused["order"]) == (None, None)
    assert (await read(till, token))["quantity"] == 1
    assert (await till("{ orders { totalCount } customers { totalCount } }")) == {
        "orders": {"totalCount": 0},
        "customers": {"totalCount": 2},
    }


async def test_what_went_meanwhile_is_refused(till: Gateway) -> None:
    token = await begun(till, 1, 5)
    await go(till, "cartApplyCoupon", token=token, code="TEN")
    await by_staff(till, "couponUpdate", id=gid("Coupon", 1), status="DISABLED")
    assert wrong(await buy(till, token, **method(1))) == [("BUSINESS_RULE", "coupons.0")]
    await go(till, "cartRemoveCoupon", token=token, code="TEN")
    await by_staff(till, "inventoryUpdate", productId=gid("Product", 1), variantId=v(1), totalStock=4, available=4)
    assert wrong(await buy(till, token, **method(1))) == [("CONFLICT", "items.0.quantity")]
    await by_staff(till, "variantUpdate", id=v(1), status="INACTIVE")
    assert wrong(await buy(till, token, **method(1))) == [("NOT_FOUND", "items.0.variantId")]
    await go(till, "cartRemove", token=token, variantId=v(1))
    assert wrong(await buy(till, token)) == [("BUSINESS_RULE", "token")]


async def test_coupons_for_certain_people(till: Gateway) -> None:
    coupon = {"type": CouponType.FIXED, "amount": 100, "max_per_customer": 1, "email_restrictions": ["*@example.org"]}
    await factories.store_rows(till, [factories.coupon(30, code="ONCE", **coupon)])
    for email, expected in (
        ("grace@example.org", []),
        ("GRACE@example.org", [("BUSINESS_RULE", "coupons.0")]),
        ("grace@example.com", [("BUSINESS_RULE", "coupons.0")]),
    ):
        token = await begun(till, 3)
        await go(till, "cartApplyCoupon", token=token, code="ONCE")
        assert wrong(await buy(till, token, email=email)) == expected


async def test_what_the_store_asks_for(till: Gateway) -> None:
    await by_staff(till, "storeSettingsUpdate", checkout={"signInRequired": True, "termsRequired": True})
    token = await begun(till, 3)
    assert wrong(await buy(till, token)) == [("BUSINESS_RULE", ""), ("VALIDATION", "termsAccepted")]
    await by_staff(till, "storeSettingsUpdate", checkout={"signInRequired": False})
    assert (await buy(till, token, termsAccepted=True))["userErrors"] == []


async def test_free_shipping_by_a_coupon(till: Gateway) -> None:
    token = await begun(till, 1)
    await go(till, "cartApplyCoupon", token=token, code="SHIP")
    assert (await buy(till, token, **method(1)))["receipt"]["shipping"] == {"cents": 0}


async def test_a_subscription_begins_when_it_is_paid(till: Gateway) -> None:
    plan = {
        "payment_type": PaymentType.SUBSCRIPTION,
        "interval": BillingInterval.MONTHLY,
        "price": 3000,
        "has_setup_fee": True,
        "setup_fee": 500,
        "setup_fee_label": "Setup",
    }
    await factories.store_rows(
        till, [factories.variant(60, 5, **plan), factories.variant(61, 5, **plan, trial_days=14)]
    )
    bought = await buy(till, await begun(till, 60), viewer=ADMIN)
    found = await order(till, bought)
    assert (found["type"], found["total"]) == ("SUBSCRIPTION", {"cents": 3500})
    assert [(line["title"], line["paymentType"], line["lineTotal"]["cents"]) for line in found["items"]] == [
        ("Variant 60", "SUBSCRIPTION", 3000),
        ("Setup", "SIGNUP_FEE", 500),
    ]
    (subscription,) = found["subscriptions"]
    assert (subscription["status"], subscription["collectionMethod"]) == ("PENDING", "MANUAL")
    assert (subscription["recurringTotal"], subscription["nextBillingAt"]) == ({"cents": 3000}, None)
    await staff(till, "orderMarkAsPaid", id=bought["order"]["id"])
    (subscription,) = (await order(till, bought))["subscriptions"]
    assert (subscription["status"], subscription["billCount"]) == ("ACTIVE", 1)
    assert subscription["nextBillingAt"] is not None
    trial = await order(till, await buy(till, await begun(till, 61)))
    assert (trial["total"], trial["subscriptions"][0]["trialDays"]) == ({"cents": 500}, 14)
    names = [one["name"] for one in await events(till)]
    assert [names.count(name) for name in ("subscription.created", "subscription.activated")] == [2, 1]


async def test_later_bills_are_lower_by_what_recurs_alone(till: Gateway) -> None:
    """Beside a coupon that is for the first bill; whichever of them takes off first."""
    plan = {"payment_type": PaymentType.SUBSCRIPTION, "interval": BillingInterval.MONTHLY, "price": 3000}
    each = {"type": CouponType.PERCENTAGE, "amount": 1000, "stackable": True}
    rows = [
        factories.variant(60, 5, **plan),
        factories.coupon(20, code="EACH", is_recurring=True, priority=1, **each),
        factories.coupon(21, code="AFTER", priority=2, **each),
        factories.coupon(22, code="BEFORE", priority=0, **each),
    ]
    await factories.store_rows(till, rows)
    used = ((("EACH", "AFTER"), 2430, 2700), (("EACH", "BEFORE"), 2430, 2730), (("AFTER",), 2700, 3000))
    for codes, total, later in used:
        token = await begun(till, 60)
        for code in codes:
            assert (await go(till, "cartApplyCoupon", token=token, code=code))["userErrors"] == []
        found = await order(till, await buy(till, token))
        said = found["total"], found["subscriptions"][0]["recurringTotal"]
        assert said == ({"cents": total}, {"cents": later})


async def test_what_recurs_takes_nothing_off_after_a_trial(till: Gateway) -> None:
    """It lowers later bills by what it takes off the first period, which costs nothing; as measured."""
    plan = {"payment_type": PaymentType.SUBSCRIPTION, "interval": BillingInterval.MONTHLY, "price": 3000}
    half = {"type": CouponType.PERCENTAGE, "amount": 5000, "is_recurring": True}
    rows = [
        factories.variant(60, 5, **plan, trial_days=14, has_setup_fee=True, setup_fee=500),
        factories.coupon(20, code="HALF", **half),
    ]
    await factories.store_rows(till, rows)
    token = await begun(till, 60)
    await go(till, "cartApplyCoupon", token=token, code="HALF")
    found = await order(till, await buy(till, token))
    said = found["total"], found["subscriptions"][0]["recurringTotal"]
    assert said == ({"cents": 250}, {"cents": 3000})


async def test_what_costs_nothing_is_paid_at_once(till: Gateway) -> None:
    free = {"payment_type": PaymentType.SUBSCRIPTION, "interval": BillingInterval.WEEKLY, "price": 800}
    await factories.store_rows(till, [factories.variant(62, 5, **free, trial_days=7)])
    found = await order(till, await buy(till, await begun(till, 62)))
    assert (found["status"], found["paymentStatus"], found["subscriptions"][0]["status"]) == (
        "COMPLETED",
        "PAID",
        "TRIALING",
    )


async def test_whoever_bought_sees_how_the_order_stands(till: Gateway) -> None:
    """By its hash, in the currency that it was made in; and nobody by anything else."""
    document = """query Of($uuid: String!) { checkoutReceipt(uuid: $uuid) {
      orderNumber status paymentStatus total { cents currency }
      items { title quantity lineTotal { cents currency } } } }"""
    mine = DOCUMENT.replace("orderNumber", "uuid orderNumber")
    asked = {"token": await begun(till, 3, 2), "email": "grace@example.org", "billing": HOME}
    paid = {"input": {**asked, "paymentMethod": "offline_payment"}}
    bought = (await till(mine, paid, viewer=ANONYMOUS))["checkoutProcess"]["receipt"]
    found = (await till(document, {"uuid": bought["uuid"]}, viewer=ANONYMOUS))["checkoutReceipt"]
    assert found == {
        "orderNumber": bought["orderNumber"],
        "status": "ON_HOLD",
        "paymentStatus": "PENDING",
        "items": [{"title": "Book", "quantity": 2, "lineTotal": {"cents": 6666, "currency": "USD"}}],
        "total": {"cents": 6666, "currency": "USD"},
    }
    await staff(till, "orderMarkAsPaid", id=gid("Order", bought["orderNumber"]))
    assert (await till(document, {"uuid": bought["uuid"]}, viewer=ANONYMOUS))["checkoutReceipt"][
        "paymentStatus"
    ] == "PAID"
    await factories.store_rows(till, [factories.order(900, uuid="abroad", currency="EUR", total=5)])
    abroad = (await till(document, {"uuid": "abroad"}, viewer=ANONYMOUS))["checkoutReceipt"]
    assert abroad["total"] == {"cents": 5, "currency": "EUR"}
    for unknown in ("", "none", str(bought["orderNumber"]), bought["uuid"].upper() + "x", "u\x00", "u" * 100_000):
        assert (await till(document, {"uuid": unknown}, viewer=ANONYMOUS))["checkoutReceipt"] is None, unknown[:9]


@pytest.mark.parametrize("imported", [True, False])
async def test_a_hash_that_anybody_can_work_out_shows_nothing(till: Gateway, imported: bool) -> None:
    """An order that came without a hash has one by the shop's address and its number, which no secret is."""
    site = "https://shop.example"
    record: Mapping[str, Any] = {"id": 900, "currency": "EUR", "uuid": ""}
    ((order,), _) = read_orders(Batch(0, 900, frozenset({900}), [(900, record)], [], 1), site)
    uuid = order.row["uuid"] if imported else made_up(site, "orders", 900)
    told = hashlib.md5(b"of a shop", usedforsecurity=False).hexdigest()
    told = f"{told[:12]}5{told[13:16]}8{told[17:]}"  # its bits where a UUID of version 5 has its own
    await factories.store_rows(till, [factories.order(900, uuid=uuid), factories.order(901, uuid=told)])
    document = "query Of($uuid: String!) { checkoutReceipt(uuid: $uuid) { orderNumber } }"
    assert (await till(document, {"uuid": uuid}, viewer=ANONYMOUS)) == {"checkoutReceipt": None}
    assert (await till(document, {"uuid": uuid})) == {"checkoutReceipt": {"orderNumber": 900}}
    assert (await till(document, {"uuid": told}, viewer=ANONYMOUS)) == {"checkoutReceipt": {"orderNumber": 901}}


async def test_a_visitor_learns_how_to_pay_and_no_secret(till: Gateway) -> None:
    token = await begun(till, 3)
    asked = "query Of($token: String) { cart(token: $token) { paymentMethods { method title logo instructions } } }"
    (one,) = (await till(asked, {"token": token}, viewer=ANONYMOUS))["cart"]["paymentMethods"]
    assert one == {
        "method": "offline_payment",
        "title": "Transfer",
        "logo": None,
        "instructions": "To IBAN DE00",
    }
    assert (await buy(till, token, paymentMethod=one["method"]))["userErrors"] == []
