"""Carts: what they come to, who has one, and what cannot be in it."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from db.access.viewer import ANONYMOUS, Viewer, ViewerKind
from db.catalog.variant import BillingInterval, PaymentType
from db.commerce.cart import forget_carts
from db.commerce.coupon import CouponStatus, CouponType
from db.store.row import now
from tests import factories
from tests.gateway import ADMIN, Gateway
from tests.patience import PATIENCE
from tests.resolvers.test_orders import gid, shop, wrong

__all__ = ["shop"]

CART = """cart { quantity requiresShipping freeShipping subtotal { cents } discount { cents } total { cents }
    items { quantity problem unitPrice { cents } setupFee { cents } total { cents } variant { databaseId } }
    coupons { code problem discount { cents } } }"""
READ = f"query Read($token: String) {{ {CART.replace('cart {', 'cart(token: $token) {', 1)} }}"
ADA = Viewer("session:1", "ada", kind=ViewerKind.USER, user_id=1)
OTTO = Viewer("session:2", "otto", kind=ViewerKind.USER, user_id=2)


async def go(gateway: Gateway, mutation: str, /, **input: Any) -> Any:
    viewer = input.pop("viewer", ANONYMOUS)
    kind = mutation[0].upper() + mutation[1:]
    more = "token" if mutation == "cartAdd" else ""
    document = f"""mutation Go($input: {kind}Input!) {{ {mutation}(input: $input) {{
      {CART} {more} userErrors {{ code field message }} }} }}"""
    return (await gateway(document, {"input": input}, viewer=viewer))[mutation]


async def by_staff(gateway: Gateway, mutation: str, **input: Any) -> None:
    kind = mutation[0].upper() + mutation[1:]
    document = f"mutation Go($input: {kind}Input!) {{ {mutation}(input: $input) {{ userErrors {{ code }} }} }}"
    assert (await gateway(document, {"input": input}))[mutation] == {"userErrors": []}


async def read(gateway: Gateway, token: str | None, viewer: Viewer = ANONYMOUS) -> Any:
    return (await gateway(READ, {"token": token}, viewer=viewer))["cart"]


def v(key: int) -> str:
    return gid("ProductVariant", key)


async def begun(gateway: Gateway, key: int = 1, quantity: int = 1) -> str:
    made = await go(gateway, "cartAdd", variantId=v(key), quantity=quantity)
    assert made["userErrors"] == []
    token: str = made["token"]
    return token


def sums(cart: Any) -> tuple[int, int, int]:
    return cart["subtotal"]["cents"], cart["discount"]["cents"], cart["total"]["cents"]


async def test_a_cart_comes_to_what_things_cost_now(shop: Gateway) -> None:
    token = await begun(shop, 1, 2)
    assert token.startswith("sg_cart_")
    again = await go(shop, "cartAdd", token=token, variantId=v(1))
    assert (again["token"], [line["quantity"] for line in again["cart"]["items"]]) == (None, [3])
    both = (await go(shop, "cartAdd", token=token, variantId=v(3)))["cart"]
    assert (sums(both), both["requiresShipping"], both["quantity"]) == ((9333, 0, 9333), True, 4)
    less = (await go(shop, "cartUpdate", token=token, variantId=v(1), quantity=1))["cart"]
    assert sums(less) == (5333, 0, 5333)
    await by_staff(shop, "variantUpdate", id=v(1), price=1000)
    assert sums(await read(shop, token)) == (4333, 0, 4333)
    gone = (await go(shop, "cartRemove", token=token, variantId=v(1)))["cart"]
    assert (sums(gone), gone["requiresShipping"]) == ((3333, 0, 3333), False)
    empty = (await go(shop, "cartUpdate", token=token, variantId=v(3), quantity=0))["cart"]
    assert (empty["items"], sums(empty)) == ([], (0, 0, 0))


async def test_a_bundle_is_sent_where_a_part_of_it_is(shop: Gateway) -> None:
    await by_staff(shop, "variantUpdate", id=v(5), fulfillmentType="DIGITAL")
    assert (await read(shop, await begun(shop, 5)))["requiresShipping"] is True


async def test_coupons_of_a_cart(shop: Gateway) -> None:
    token = await begun(shop, 1)
    lowered = await go(shop, "cartApplyCoupon", token=token, code="ten")
    assert (lowered["userErrors"], sums(lowered["cart"])) == ([], (2000, 200, 1800))
    both = (await go(shop, "cartApplyCoupon", token=token, code="Ship"))["cart"]
    assert (both["freeShipping"], [one["code"] for one in both["coupons"]]) == (True, ["TEN", "SHIP"])
    for code, expected in (
        ("ten", ("BUSINESS_RULE", "code")),
        ("NONE", ("NOT_FOUND", "code")),
        ("LONE", ("BUSINESS_RULE", "code")),
        ("OVER", ("BUSINESS_RULE", "code")),
        ("x\x00", ("NOT_FOUND", "code")),
        ("x" * 100_000, ("NOT_FOUND", "code")),
    ):
        assert wrong(await go(shop, "cartApplyCoupon", token=token, code=code)) == [expected], code[:9]
    await by_staff(shop, "couponUpdate", id=gid("Coupon", 1), status="DISABLED")
    changed = await read(shop, token)
    assert sums(changed) == (2000, 0, 2000)
    assert changed["coupons"][-1] == {"code": "TEN", "problem": "This coupon is disabled", "discount": {"cents": 0}}
    left = await go(shop, "cartRemoveCoupon", token=token, code="TEN")
    assert [one["code"] for one in left["cart"]["coupons"]] == ["SHIP"]
    assert wrong(await go(shop, "cartRemoveCoupon", token=token, code="TEN")) == [("NOT_FOUND", "code")]


async def test_what_a_cart_cannot_have(shop: Gateway) -> None:
    token = await begun(shop, 3)
    for asked, expected in (
        ({"variantId": v(99)}, ("NOT_FOUND", "variantId")),
        ({"variantId": v(8)}, ("NOT_FOUND", "variantId")),  # of a draft
        ({"variantId": v(7)}, ("NOT_FOUND", "variantId")),  # not for sale
        ({"variantId": v(1), "quantity": 0}, ("VALIDATION", "quantity")),
        ({"variantId": v(1), "quantity": -1}, ("VALIDATION", "quantity")),
        ({"variantId": v(1), "quantity": 11}, ("CONFLICT", "quantity")),
        ({"variantId": v(3), "quantity": 10}, ("CONFLICT", "quantity")),  # beside the one that it has
        ({"variantId": v(5), "quantity": 11}, ("CONFLICT", "quantity")),
        ({"variantId": v(4), "quantity": 2}, ("BUSINESS_RULE", "quantity")),
        ({"variantId": v(6), "quantity": 2}, ("BUSINESS_RULE", "quantity")),
        ({"variantId": v(1), "token": "sg_cart_none"}, ("NOT_FOUND", "token")),
        ({"variantId": v(1), "token": "t" * 100_000}, ("NOT_FOUND", "token")),
    ):
        assert wrong(await go(shop, "cartAdd", **{"token": token, **asked})) == [expected], asked
    assert wrong(await go(shop, "cartUpdate", variantId=v(1), quantity=1)) == [("NOT_FOUND", "token")]
    assert wrong(await go(shop, "cartUpdate", token=token, variantId=v(1), quantity=1)) == [("NOT_FOUND", "variantId")]
    assert sums(await read(shop, token)) == (3333, 0, 3333)


async def test_what_cannot_be_bought_any_more_is_in_no_sum(shop: Gateway) -> None:
    token = await begun(shop, 1, 5)
    await go(shop, "cartAdd", token=token, variantId=v(3))
    await by_staff(shop, "inventoryUpdate", productId=gid("Product", 1), variantId=v(1), totalStock=4, available=4)
    await by_staff(shop, "variantUpdate", id=v(3), status="INACTIVE")
    found = await read(shop, token)
    assert [(line["problem"], line["variant"]) for line in found["items"]] == [
        ("There is not enough of it", {"databaseId": 1}),
        ("It is not for sale any more", None),
    ]
    assert sums(found) == (0, 0, 0)


async def test_one_subscription_with_its_fee(shop: Gateway) -> None:
    plan = {"payment_type": PaymentType.SUBSCRIPTION, "interval": BillingInterval.MONTHLY, "price": 3000}
    fee = {"has_setup_fee": True, "setup_fee": 500, "setup_fee_label": "Setup"}
    rows = [factories.variant(60, 5, **plan, **fee), factories.variant(61, 5, **plan, **fee, trial_days=14)]
    await factories.store_rows(shop, rows)
    token = await begun(shop, 60)
    assert sums(await read(shop, token)) == (3500, 0, 3500)
    assert wrong(await go(shop, "cartAdd", token=token, variantId=v(61))) == [("BUSINESS_RULE", "variantId")]
    assert sums(await read(shop, await begun(shop, 61))) == (500, 0, 500)


async def test_whose_a_cart_is(shop: Gateway) -> None:
    await factories.store_rows(shop, [factories.user(1), factories.user(2)])
    token = await begun(shop, 1)
    assert await read(shop, None) is None
    assert await read(shop, token + "x") is None
    assert (await read(shop, token, OTTO))["quantity"] == 1  # whoever has the token has the cart
    hers = await go(shop, "cartAdd", viewer=ADA, variantId=v(3))
    assert hers["token"] is not None
    await go(shop, "cartAdd", viewer=ADA, variantId=v(3))
    assert ((await read(shop, None, ADA))["quantity"], await read(shop, None, OTTO)) == (2, None)
    assert (await read(shop, hers["token"]))["quantity"] == 2
    async with asyncio.timeout(PATIENCE):
        both = await asyncio.gather(*(go(shop, "cartAdd", viewer=OTTO, variantId=v(3)) for _ in range(3)))
    assert sorted(one["token"] is None for one in both) == [False, True, True]
    assert (await read(shop, None, OTTO))["quantity"] == 3


async def test_the_token_is_shown_once(shop: Gateway) -> None:
    document = """mutation Go($input: CartAddInput!, $key: String) {
      cartAdd(input: $input, idempotencyKey: $key) { token cart { quantity } } }"""
    asked = {"input": {"variantId": v(1)}, "key": "k"}
    first, again = [(await shop(document, asked, viewer=ADMIN))["cartAdd"] for _ in range(2)]
    assert (first["token"] is None, again) == (False, {"token": None, "cart": {"quantity": 1}})


async def test_visitors_who_use_one_key_do_not_meet(shop: Gateway) -> None:
    """A new cart is nobody else's, a repeat changes nothing, and the key of one is none of another's."""

    async def keyed(mutation: str, **input: Any) -> Any:
        kind, token = mutation[0].upper() + mutation[1:], "token" if mutation == "cartAdd" else ""
        document = f"""mutation Go($input: {kind}Input!) {{ {mutation}(input: $input, idempotencyKey: "1") {{
          {token} cart {{ quantity }} userErrors {{ code field }} }} }}"""
        answer = await shop.answer(document, {"input": input}, ANONYMOUS)
        said = answer.body["data"][mutation]
        return said | {"repeated": "extensions" in answer.body}

    mine, yours = [(await keyed("cartAdd", variantId=v(1)))["token"] for _ in range(2)]
    assert len({mine, yours} - {None}) == 2
    said: Any = None
    for token, quantity in ((mine, 2), (yours, 3), (mine, 2)):
        said = await keyed("cartUpdate", token=token, variantId=v(1), quantity=quantity)
        assert (said["cart"], said["userErrors"]) == ({"quantity": quantity}, [])
    assert said["repeated"]
    other = await keyed("cartUpdate", token=mine, variantId=v(1), quantity=3)
    assert [error["field"] for error in other["userErrors"]] == [["idempotencyKey"]]
    assert [(await read(shop, token))["quantity"] for token in (mine, yours)] == [2, 3]


async def test_what_is_hidden_stays_so(shop: Gateway) -> None:
    """A product that was published, and is a draft by now."""
    token = await begun(shop, 4)
    await by_staff(shop, "productUpdate", id=gid("Product", 3), status="DRAFT")
    await by_staff(shop, "variantUpdate", id=v(4), price=777)
    document = """query Of($token: String) { cart(token: $token) { items {
      problem isSubscription quantity variant { databaseId } bump { hash }
      unitPrice { cents } setupFee { cents } subtotal { cents } discount { cents } total { cents } } } }"""
    nothing = {key: {"cents": 0} for key in ("unitPrice", "setupFee", "subtotal", "discount", "total")}
    gone = {"problem": "It is not for sale any more", "quantity": 1, "isSubscription": False, "bump": None}
    (line,) = (await shop(document, {"token": token}, viewer=ANONYMOUS))["cart"]["items"]
    assert line == {**nothing, **gone, "variant": None}
    (line,) = (await shop(document, {"token": token}))["cart"]["items"]
    assert (line["variant"], line["unitPrice"], line["problem"]) == ({"databaseId": 4}, {"cents": 777}, gone["problem"])


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("cartAdd", -1), "From 1 to 1000000 pieces"),
        (("cartAdd", 0), "From 1 to 1000000 pieces"),
        (("cartUpdate", -1), "From 1 to 1000000 pieces, or 0 to take it out"),
        (("cartUpdate", 1_000_001), "From 1 to 1000000 pieces, or 0 to take it out"),
    ],
)
async def test_how_many_is_said_as_it_is(shop: Gateway, asked: tuple[str, int], said: str) -> None:
    name, quantity = asked
    refused = await go(shop, name, token=await begun(shop, 1), variantId=v(1), quantity=quantity)
    assert [(error["message"], error["field"]) for error in refused["userErrors"]] == [(said, ["quantity"])]


OFFERED = """query Of($token: String) { cart(token: $token) {
  offeredCoupons { code discount { cents } freeShipping } } }"""


async def offered(gateway: Gateway, token: str | None, viewer: Viewer = ANONYMOUS) -> list[tuple[str, int, bool]]:
    found = (await gateway(OFFERED, {"token": token}, viewer=viewer))["cart"]["offeredCoupons"]
    return [(one["code"], one["discount"]["cents"], one["freeShipping"]) for one in found]


async def test_a_cart_is_told_of_the_coupons_that_the_shop_shows(shop: Gateway) -> None:
    """What each takes off is what it takes off once it is taken."""
    shown = {"type": CouponType.FIXED, "amount": 100, "stackable": True}
    rows = [
        factories.coupon(20, code="SECRET", show_on_checkout=False, **shown),
        factories.coupon(21, code="RICH", min_purchase=1_000_000, **shown),
        factories.coupon(22, code="USED", max_uses=1, use_count=1, **shown),
        factories.coupon(23, code="LATER", status=CouponStatus.SCHEDULED, **shown),
        factories.coupon(24, code="PASSED", end_at=now() - timedelta(days=1), **shown),
        factories.coupon(25, code="ADAS", email_restrictions=["user-1@*"], **shown),
        factories.coupon(26, code="BOOKS", included_variants=[3], **shown),
    ]
    await factories.store_rows(shop, [*rows, factories.user(1, email="user-1@example.com"), factories.user(2)])
    token = await begun(shop, 1)
    all_ = [("TEN", 200, False), ("SHIP", 0, True), ("LONE", 1, False), ("FIVE", 500, False)]
    assert await offered(shop, token) == all_
    lowered = await go(shop, "cartApplyCoupon", token=token, code="FIVE")
    assert sums(lowered["cart"]) == (2000, 500, 1500)
    # Ten percent come first, and leave all of the five; what goes alone is offered no more.
    assert await offered(shop, token) == [("TEN", 200, False), ("SHIP", 0, True)]
    lowered = await go(shop, "cartApplyCoupon", token=token, code="TEN")
    assert sums(lowered["cart"]) == (2000, 700, 1300)
    assert await offered(shop, token) == [("SHIP", 0, True)]
    book = await begun(shop, 3)
    assert ("BOOKS", 100, False) in await offered(shop, book)
    assert not [code for code, *_ in await offered(shop, book) if code in ("SHIP", "ADAS")]  # nothing of it is sent
    for viewer, is_hers in ((ADA, True), (OTTO, False)):
        await go(shop, "cartAdd", viewer=viewer, variantId=v(1))
        assert (("ADAS", 100, False) in await offered(shop, None, viewer)) is is_hers


async def test_an_empty_cart_is_told_of_no_coupons(shop: Gateway) -> None:
    token = await begun(shop, 1)
    await go(shop, "cartRemove", token=token, variantId=v(1))
    assert await offered(shop, token) == []


async def test_more_coupons_take_no_more_statements(shop: Gateway) -> None:
    one, three = await begun(shop, 1), await begun(shop, 1)
    await go(shop, "cartAdd", token=three, variantId=v(2))
    with shop.counting() as few:
        await offered(shop, one)
    more = [factories.coupon(key, code=f"MORE{key}", stackable=True) for key in range(40, 60)]
    await factories.store_rows(shop, more)
    with shop.counting() as many:
        assert len(await offered(shop, three)) == 10
    assert len(few) == len(many)


async def test_what_nobody_touches_goes(shop: Gateway) -> None:
    before = now() - timedelta(days=30)
    old = {"updated_at": before - timedelta(minutes=1)}
    rows = [factories.cart(70, "old", **old), factories.cart(71, "young", updated_at=before + timedelta(days=1))]
    await factories.store_rows(shop, [*rows, factories.cart_item(70, 1), factories.cart_item(71, 1)])
    assert await shop.database.tell(lambda connection: forget_carts(connection, before), seconds=PATIENCE) == 1
    assert [await read(shop, token) is None for token in ("old", "young")] == [True, False]
