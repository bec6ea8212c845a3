"""What a checkout would come to, before anybody buys: the preview of its receipt, and the ways of sending a cart."""

import asyncio
from collections.abc import Mapping
from random import Random
from typing import Any, Final

import pytest

from db.access.viewer import ANONYMOUS, Viewer
from db.catalog.shipping import ShippingClassType
from db.catalog.variant import BillingInterval, PaymentType
from db.commerce.coupon import CouponType
from db.commerce.order import OrderRow
from db.commerce.order_bump import OrderBumpDiscountType, OrderBumpStatus
from db.commerce.shipping_method import ShippingClassAggregation, ShippingMethodType
from db.store.primary_keys import new_keys
from db.store.row import table
from tests import factories
from tests.gateway import ADMIN, Gateway
from tests.patience import PATIENCE
from tests.resolvers.shelf import as_stored, events
from tests.resolvers.test_carts import begun, by_staff, go, v
from tests.resolvers.test_checkout import AWAY, HOME, method, till
from tests.resolvers.test_orders import GOODS, gid, shop, stock, wrong
from tests.resolvers.test_taxes import IN_AUSTIN, settings, taxed

__all__ = ["shop", "taxed", "till"]

SUMS: Final = """paymentStatus paymentMethod paymentInstructions taxBehavior
  items { productTitle title quantity unitPrice { cents currency } lineTotal { cents } }
  subtotal { cents } couponDiscount { cents } shipping { cents } tax { cents }
  taxes { name rate amount { cents } } total { cents formatted }"""
PROCESS: Final = f"""mutation Go($input: CheckoutProcessInput!, $dry: Boolean!, $key: String) {{
  checkoutProcess(input: $input, validateOnly: $dry, idempotencyKey: $key) {{
    receipt {{ orderNumber {SUMS} }} preview {{ {SUMS} }} order {{ id }}
    userErrors {{ code field message }} events {{ name }} }} }}"""
WAYS: Final = """query Ways($token: String, $address: CartAddressInput!) { cart(token: $token) {
  freeShipping requiresShipping total { cents }
  shippingMethods(address: $address) { charge { cents } method { id databaseId title } } } }"""


@pytest.fixture
async def market(taxed: Gateway) -> Gateway:
    """The taxed shop, with all that makes sending dear or cheap, plans, offers, and coupons of all kinds."""
    plan = {"payment_type": PaymentType.SUBSCRIPTION, "interval": BillingInterval.MONTHLY, "has_setup_fee": True}
    await factories.store_rows(
        taxed,
        [
            factories.shipping_class(1, cost=333),
            factories.shipping_class(2, cost=1250, type=ShippingClassType.PERCENTAGE, per_item=True),
            factories.shipping_method(10, title="By price", type=ShippingMethodType.PER_PRICE, amount=777, position=4),
            factories.shipping_method(
                11,
                title="Free from",
                amount=599,
                free_from=4000,
                position=5,
                class_aggregation=ShippingClassAggregation.HIGHEST_CLASS,
            ),
            factories.shipping_method(12, title="Each", type=ShippingMethodType.PER_ITEM, amount=150, position=6),
            factories.shipping_method(
                13,
                title="Weighed",
                type=ShippingMethodType.PER_WEIGHT,
                weight_tiers=[{"min": 0, "max": 1, "cost": 300}, {"min": 1, "max": None, "cost": 1100}],
                position=7,
            ),
            factories.shipping_method(14, title="Texas", countries=["US"], states=["TX"], amount=999, position=8),
            factories.variant(60, 5, title="Plan", price=1999, setup_fee=333, **plan),
            factories.variant(61, 5, title="Trial", price=1999, setup_fee=701, trial_days=7, **plan),
            factories.variant(
                62, 5, title="Box", price=2599, setup_fee=149, setup_fee_per_item=True, fulfillment_type=GOODS, **plan
            ),
            factories.order_bump(
                1,
                4,
                hash="poster",
                discount_type=OrderBumpDiscountType.PERCENTAGE,
                discount_amount=3333,
                status=OrderBumpStatus.ACTIVE,
            ),
            factories.order_bump(
                2,
                2,
                hash="vase",
                discount_type=OrderBumpDiscountType.FIXED,
                discount_amount=501,
                status=OrderBumpStatus.ACTIVE,
            ),
            factories.coupon(20, code="ODD", type=CouponType.PERCENTAGE, amount=3333, stackable=True),
            factories.coupon(21, code="SEVEN", type=CouponType.FIXED, amount=701, stackable=True, priority=3),
            factories.coupon(
                22, code="EACH", type=CouponType.PERCENTAGE, amount=500, stackable=True, is_recurring=True
            ),
        ],
    )
    for key, weight, own in ((1, 0.4, 1), (2, 0.7, 2), (5, 1.2, None)):
        sent = {"weight": weight, "weightUnit": "kg"} | ({"shippingClassId": gid("ShippingClass", own)} if own else {})
        await by_staff(taxed, "variantUpdate", id=v(key), **sent)
    return taxed


CODES: Final = ("TEN", "FIVE", "SHIP", "LONE", "ODD", "SEVEN", "EACH")
PLANS: Final = (6, 60, 61, 62)


async def filled(gateway: Gateway, random: Random) -> str:
    """A cart of anything that the market has; what it refuses is left out."""
    keys = random.sample((1, 2, 3, 4, 5), random.randint(1, 4))
    if random.random() < 0.6:
        keys.insert(0, random.choice(PLANS))
    token = await begun(gateway, keys[0])
    for key in keys[1:]:
        await go(gateway, "cartAdd", token=token, variantId=v(key), quantity=1 if key == 4 else random.randint(1, 3))
    for bump in random.sample(("poster", "vase"), random.randint(0, 2)):
        await go(gateway, "cartAddBump", token=token, bump=bump)
    for code in random.sample(CODES, random.randint(0, 3)):
        await go(gateway, "cartApplyCoupon", token=token, code=code)
    return token


async def processed(
    gateway: Gateway, input: Mapping[str, Any], *, dry: bool, key: str | None = None, viewer: Viewer = ANONYMOUS
) -> Any:
    return (await gateway(PROCESS, {"input": input, "dry": dry, "key": key}, viewer=viewer))["checkoutProcess"]


async def ways(gateway: Gateway, token: str, address: Mapping[str, Any]) -> Any:
    to = {name: address[name] for name in ("country", "state", "city", "postcode") if name in address}
    return (await gateway(WAYS, {"token": token, "address": to}, viewer=ANONYMOUS))["cart"]


def asked(token: str, address: Mapping[str, Any] = HOME, /, **more: Any) -> dict[str, Any]:
    billed = {"email": "gus@example.org", "billing": address, "paymentMethod": "offline_payment"}
    return {"token": token, **billed, **more}


@pytest.mark.parametrize("seed", range(12))
async def test_what_is_previewed_is_what_is_charged(market: Gateway, seed: int) -> None:
    """Of any cart, wherever it goes and however it is sent: preview, ways of sending and receipt say the same."""
    random = Random(seed)
    basis = random.choice(["SHIPPING", "BILLING", "STORE"])
    inclusion = random.choice(["EXCLUDED", "INCLUDED"])
    await settings(market, enabled=seed % 4 > 0, inclusion=inclusion, basis=basis)
    sold = 0
    for _ in range(4):
        token = await filled(market, random)
        billing, shipping = (random.choice([HOME, AWAY, IN_AUSTIN]) for _ in range(2))
        cart = await ways(market, token, shipping)
        assert (cart["shippingMethods"] != []) is cart["requiresShipping"]
        way = random.choice(cart["shippingMethods"] or [None])
        wish = asked(token, billing, shipping=shipping, shippingMethodId=way and way["method"]["id"])
        dry = await processed(market, wish, dry=True)
        bought = await processed(market, wish, dry=False)
        assert dry["userErrors"] == bought["userErrors"]
        if bought["userErrors"]:
            assert (dry["preview"], bought["receipt"]) == (None, None)
            continue
        sold += 1
        receipt = bought["receipt"]
        assert dry["preview"] == {name: value for name, value in receipt.items() if name != "orderNumber"}
        assert receipt["shipping"] == ({"cents": 0} if way is None else way["charge"])
        assert (dry["receipt"], dry["order"], bought["preview"]) == (None, None, None)
    assert sold


async def test_every_way_of_sending_is_charged_as_it_was_offered(market: Gateway) -> None:
    token = await begun(market, 1, 2)
    await go(market, "cartAdd", token=token, variantId=v(5))
    await go(market, "cartAddBump", token=token, bump="vase")
    for code in ("ODD", "SEVEN"):
        assert wrong(await go(market, "cartApplyCoupon", token=token, code=code)) == []
    offered = (await ways(market, token, IN_AUSTIN))["shippingMethods"]
    charges = [one["charge"]["cents"] for one in offered]
    assert {one["method"]["databaseId"] for one in offered} == {1, 10, 11, 12, 13, 14}
    assert charges == sorted(charges)
    for one in offered:
        dry = await processed(market, asked(token, IN_AUSTIN, shippingMethodId=one["method"]["id"]), dry=True)
        assert (dry["userErrors"], dry["preview"]["shipping"]) == ([], one["charge"])


async def test_a_cart_is_sent_for_what_it_costs_after_discounts(till: Gateway) -> None:
    """Where `shippingMethods` knows the prices of the catalogue alone."""
    free = {"free_from": 4000, "position": 5}
    by_price = {"type": ShippingMethodType.PER_PRICE, "amount": 1000, "position": 4}
    await factories.store_rows(till, [factories.shipping_method(10, **by_price), factories.shipping_method(11, **free)])
    token = await begun(till, 1, 2)

    async def said(address: Mapping[str, Any] = AWAY) -> dict[int, int]:
        found = (await ways(till, token, address))["shippingMethods"]
        return {one["method"]["databaseId"]: one["charge"]["cents"] for one in found}

    assert await said() == {1: 490, 10: 400, 11: 0}
    assert wrong(await go(till, "cartApplyCoupon", token=token, code="TEN")) == []
    assert await said() == {1: 490, 10: 360, 11: 500}
    assert await said(HOME) == {1: 490, 2: 0, 10: 360, 11: 500}
    assert wrong(await go(till, "cartApplyCoupon", token=token, code="SHIP")) == []
    assert await said() == {1: 0, 10: 0, 11: 0}


async def test_what_is_not_sent_is_offered_no_way(till: Gateway) -> None:
    token = await begun(till, 3)
    assert (await ways(till, token, HOME))["shippingMethods"] == []
    await go(till, "cartAdd", token=token, variantId=v(1))
    assert (await ways(till, token, HOME))["shippingMethods"] != []
    await by_staff(till, "variantUpdate", id=v(1), status="INACTIVE")
    assert (await ways(till, token, HOME))["shippingMethods"] == []


@pytest.mark.parametrize("country", ["XX", "", "\0", "d" * 100_000])
async def test_a_way_leads_to_a_country(till: Gateway, country: str) -> None:
    token = await begun(till, 1)
    answer = await till.answer(WAYS, {"token": token, "address": {"country": country}}, viewer=ANONYMOUS)
    (error,) = answer.body["errors"]
    assert (error["extensions"]["code"], "address.country" in error["message"]) == ("VALIDATION", True)
    assert answer.body["data"]["cart"]["shippingMethods"] is None
    assert answer.body["data"]["cart"]["requiresShipping"] is True


async def test_more_ways_and_lines_take_no_more_statements(market: Gateway) -> None:
    one, five = await begun(market, 5), await begun(market, 5)
    for key in (1, 2, 3, 4):
        await go(market, "cartAdd", token=five, variantId=v(key))
    for token in (one, five):
        await go(market, "cartApplyCoupon", token=token, code="TEN")
    with market.counting() as of_one:
        await ways(market, one, HOME)
    with market.counting() as of_five:
        await ways(market, five, HOME)
    more = [factories.shipping_method(key, position=key) for key in range(30, 60)]
    await factories.store_rows(market, more)
    with market.counting() as of_many:
        assert len((await ways(market, five, HOME))["shippingMethods"]) > 30
    assert len(of_one) == len(of_five) == len(of_many)


async def test_a_preview_keeps_nothing(market: Gateway) -> None:
    """No row, no event, no piece, and no number: the next order has the next one."""
    wish = asked(await begun(market, 1, 2), HOME, **method(1))
    first = await processed(market, asked(await begun(market, 3)), dry=False)
    stored, told = await as_stored(market), await events(market)
    said = [await processed(market, wish, dry=True, key="k") for _ in range(3)]
    assert said[0] == said[1] == said[2]
    assert said[0]["preview"]["shipping"] == {"cents": 490 + 333}
    assert (await as_stored(market), await events(market)) == (stored, told)
    assert await stock(market, 1) == (10, 0, 0)
    bought = await processed(market, wish, dry=False, key="k")
    assert bought["receipt"]["orderNumber"] == first["receipt"]["orderNumber"] + 1


async def test_a_dry_run_tells_no_stranger_who_is_a_customer(market: Gateway) -> None:
    """By what would be written they would know; whoever may read such events is told all of them."""
    said = {}
    for email in ("ada@example.org", "nobody@example.org"):
        wish = asked(await begun(market, 3), HOME, email=email)
        said[email] = await processed(market, wish, dry=True)
        assert said[email]["events"] == []
        names = [one["name"] for one in (await processed(market, wish, dry=True, viewer=ADMIN))["events"]]
        before = len(await events(market))
        await processed(market, wish, dry=False)
        assert names == [one["name"] for one in (await events(market))[before:]]
        assert ("customer.created" in names) is (email == "nobody@example.org")
    assert said["ada@example.org"] == said["nobody@example.org"]
    reads = Viewer("token:orders", "orders", frozenset({"orders/view"}))
    wish = asked(await begun(market, 3), HOME, email="somebody@example.org")
    told = (await processed(market, wish, dry=True, viewer=reads))["events"]
    assert told == [{"name": "order.created"}]


async def test_previews_and_purchases_at_once(market: Gateway) -> None:
    """None waits for another for ever, none is refused for another's sake, and the numbers have no gap."""
    tokens = [await begun(market, 3) for _ in range(4)]
    async with asyncio.timeout(PATIENCE):
        found = await asyncio.gather(
            *(processed(market, asked(token, email=f"p{n}@example.org"), dry=True) for n, token in enumerate(tokens)),
            *(processed(market, asked(token, email=f"b{n}@example.org"), dry=False) for n, token in enumerate(tokens)),
        )
    previews, bought = found[:4], found[4:]
    assert [one["userErrors"] for one in bought] == [[]] * 4
    assert {wrong(one)[0] for one in previews if one["userErrors"]} <= {("NOT_FOUND", "token")}
    numbers = sorted(one["receipt"]["orderNumber"] for one in bought)
    assert numbers == list(range(numbers[0], numbers[0] + 4))


async def test_what_is_refused_has_no_preview(market: Gateway) -> None:
    refused = await processed(market, asked(await begun(market, 1)), dry=True)
    assert (wrong(refused), refused["preview"], refused["receipt"]) == (
        [("VALIDATION", "shippingMethodId")],
        None,
        None,
    )


async def test_keys_of_a_dry_run_are_no_tables(gateway: Gateway) -> None:
    orders = table(OrderRow)
    async with gateway.database.write() as connection:
        (before,) = (await new_keys(connection, {orders: 1}))[orders]
    for _ in range(3):
        async with gateway.database.write(dry=True) as connection:
            keys = (await new_keys(connection, {orders: 5}))[orders]
            assert keys == sorted(set(keys))
            assert keys[0] >= before + (not gateway.database.embedded)
    async with gateway.database.write() as connection:
        (after,) = (await new_keys(connection, {orders: 1}))[orders]
    # SQLite gives a number again that no row has taken.
    assert after == before + (not gateway.database.embedded)


async def test_one_fragment_serves_preview_and_receipt(market: Gateway) -> None:
    document = """mutation Go($input: CheckoutProcessInput!, $dry: Boolean!) {
      checkoutProcess(input: $input, validateOnly: $dry) {
        preview { __typename ...Sums } receipt { __typename ...Sums } } }
    fragment Sums on CheckoutSums { total { cents } tax { cents } }"""
    wish = asked(await begun(market, 3), IN_AUSTIN)
    answers = [
        (await market(document, {"input": wish, "dry": dry}, viewer=ANONYMOUS))["checkoutProcess"]
        for dry in (True, False)
    ]
    sums = {"total": {"cents": 3500}, "tax": {"cents": 167}}
    assert answers == [
        {"preview": {"__typename": "CheckoutPreview", **sums}, "receipt": None},
        {"preview": None, "receipt": {"__typename": "CheckoutReceipt", **sums}},
    ]
