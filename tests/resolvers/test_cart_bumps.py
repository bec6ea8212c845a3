"""Order bumps beside carts: which are offered, what one costs, when that is over, and what nobody gets by one."""

import asyncio
from typing import Any

import pytest

from db.access.viewer import ANONYMOUS
from db.catalog.variant import PaymentType
from db.commerce.coupon import CouponType
from db.commerce.order_bump import OrderBumpDiscountType, OrderBumpMatch, OrderBumpStatus
from db.commerce.shipping_method import ShippingMethodType
from resolvers.commerce.cart.bumps import OVER
from tests import factories
from tests.gateway import Gateway
from tests.patience import PATIENCE
from tests.resolvers.test_carts import ADA, begun, by_staff, sums, v
from tests.resolvers.test_carts import go as ordinary
from tests.resolvers.test_checkout import ORDER, buy, method, order, till
from tests.resolvers.test_orders import gid, shop, stock, wrong

__all__ = ["shop", "till"]

ACTIVE: dict[str, Any] = {"status": OrderBumpStatus.ACTIVE}
FIFTH = {"discount_type": OrderBumpDiscountType.PERCENTAGE, "discount_amount": 2000}
CART = """cart { subtotal { cents } discount { cents } total { cents }
    items { quantity problem unitPrice { cents } variant { databaseId }
      bump { hash title price { cents } discountedPrice { cents } } }
    bumps { hash title description callToAction price { cents } discountedPrice { cents }
      variant { databaseId cost { cents } } } }"""


async def take(gateway: Gateway, token: str | None, bump: str, **more: Any) -> Any:
    document = f"""mutation Go($input: CartAddBumpInput!) {{ cartAddBump(input: $input) {{
      {CART.replace("cost { cents }", "")} userErrors {{ code field message }} }} }}"""
    viewer = more.pop("viewer", ANONYMOUS)
    return (await gateway(document, {"input": {"token": token, "bump": bump}}, viewer=viewer))["cartAddBump"]


async def read(gateway: Gateway, token: str | None, viewer: Any = ANONYMOUS) -> Any:
    asked = CART.replace("cart {", "cart(token: $token) {", 1).replace("cost { cents }", "")
    return (await gateway(f"query Read($token: String) {{ {asked} }}", {"token": token}, viewer=viewer))["cart"]


def hashes(cart: Any) -> list[str]:
    return [one["hash"] for one in cart["bumps"]]


def items(cart: Any) -> list[tuple[int, int, str | None, str | None]]:
    return [
        (line["quantity"], line["unitPrice"]["cents"], (line["bump"] or {}).get("hash"), line["problem"])
        for line in cart["items"]
    ]


async def with_bumps(gateway: Gateway, *rows: Any) -> None:
    await factories.store_rows(gateway, list(rows))


def total(amount: int, operator: str = "at_least") -> dict[str, Any]:
    return {"field": "total", "operator": operator, "amount": amount}


def has(*keys: int, field: str = "variant", operator: str = "any_of") -> dict[str, Any]:
    return {"field": field, "operator": operator, f"{field}_ids": list(keys)}


async def test_a_cart_is_offered_what_its_conditions_say(shop: Gateway) -> None:
    await with_bumps(
        shop,
        factories.order_bump(1, 3, hash="book", priority=2, conditions=[total(4000)], **FIFTH, **ACTIVE),
        factories.order_bump(2, 4, hash="poster", priority=1, conditions=[has(1)], **ACTIVE),
        factories.order_bump(3, 2, hash="vase", conditions=[has(3)], **ACTIVE),
        factories.order_bump(4, 2, hash="draft"),
        factories.order_bump(5, 8, hash="hidden", **ACTIVE),  # of a draft
        factories.order_bump(6, 7, hash="torn", **ACTIVE),  # not for sale
    )
    token = await begun(shop, 1)
    assert hashes(await read(shop, token)) == ["poster"]
    await ordinary(shop, "cartUpdate", token=token, variantId=v(1), quantity=2)
    found = await read(shop, token)
    assert hashes(found) == ["poster", "book"]
    assert found["bumps"][1] | {"variant": None} == {
        "hash": "book",
        "title": "Bump 1",
        "description": "",
        "callToAction": "",
        "price": {"cents": 3333},
        "discountedPrice": {"cents": 2666},
        "variant": None,
    }
    await ordinary(shop, "cartAdd", token=token, variantId=v(4))
    assert hashes(await read(shop, token)) == ["book"]  # it has the poster
    await by_staff(shop, "inventoryUpdate", productId=gid("Product", 2), variantId=v(3), totalStock=0, available=0)
    assert hashes(await read(shop, token)) == []  # sold out
    await ordinary(shop, "cartRemove", token=token, variantId=v(1))
    await ordinary(shop, "cartRemove", token=token, variantId=v(4))
    assert (await read(shop, token))["bumps"] == []


async def test_what_is_taken_by_an_offer_costs_what_it_says(shop: Gateway) -> None:
    await with_bumps(shop, factories.order_bump(1, 3, hash="book", conditions=[has(1)], **FIFTH, **ACTIVE))
    token = await begun(shop, 1)
    taken = await take(shop, token, "book")
    assert taken["userErrors"] == []
    assert items(taken["cart"]) == [(1, 2000, None, None), (1, 2666, "book", None)]
    assert taken["cart"]["items"][1]["bump"] == {
        "hash": "book",
        "title": "Bump 1",
        "price": {"cents": 3333},
        "discountedPrice": {"cents": 2666},
    }
    assert (sums(taken["cart"]), hashes(taken["cart"])) == ((4666, 0, 4666), [])
    assert items(await read(shop, token)) == items(taken["cart"])
    # A new price of the variant is a new price of the offer.
    await by_staff(shop, "variantUpdate", id=v(3), price=1000)
    assert items(await read(shop, token))[1] == (1, 800, "book", None)


async def test_an_offer_is_taken_once_and_by_one_piece(shop: Gateway) -> None:
    await with_bumps(
        shop,
        factories.order_bump(1, 3, hash="book", **FIFTH, **ACTIVE),
        factories.order_bump(2, 3, hash="again", **FIFTH, **ACTIVE),
    )
    token = await begun(shop, 1)
    await take(shop, token, "book")
    for bump in ("book", "again"):
        assert wrong(await take(shop, token, bump)) == [("BUSINESS_RULE", "bump")]
    assert wrong(await ordinary(shop, "cartAdd", token=token, variantId=v(3))) == [("BUSINESS_RULE", "variantId")]
    more = {"token": token, "variantId": v(3)}
    assert wrong(await ordinary(shop, "cartUpdate", **more, quantity=2)) == [("BUSINESS_RULE", "quantity")]
    assert (await ordinary(shop, "cartUpdate", **more, quantity=1))["userErrors"] == []
    assert items(await read(shop, token)) == [(1, 2000, None, None), (1, 2666, "book", None)]
    await ordinary(shop, "cartRemove", **more)
    assert hashes(await read(shop, token)) == ["book", "again"]
    async with asyncio.timeout(PATIENCE):
        both = await asyncio.gather(*(take(shop, token, bump) for bump in ("book", "again", "book")))
    assert sorted(len(one["userErrors"]) for one in both) == [0, 1, 1]
    assert len((await read(shop, token))["items"]) == 2


async def test_what_is_no_offer_is_refused(shop: Gateway) -> None:
    await with_bumps(
        shop,
        factories.order_bump(1, 3, hash="dear", conditions=[total(9000)], **ACTIVE),
        factories.order_bump(2, 3, hash="draft"),
        factories.order_bump(3, 8, hash="hidden", **ACTIVE),
        factories.order_bump(4, 6, hash="club", **ACTIVE),  # a subscription by now
        factories.order_bump(5, 2, hash="vase", **ACTIVE),
    )
    token = await begun(shop, 1)
    for bump, code in (
        ("dear", "BUSINESS_RULE"),
        ("club", "BUSINESS_RULE"),
        ("draft", "NOT_FOUND"),
        ("hidden", "NOT_FOUND"),
        ("none", "NOT_FOUND"),
        ("b\x00", "NOT_FOUND"),
        ("b" * 100_000, "NOT_FOUND"),
    ):
        assert wrong(await take(shop, token, bump)) == [(code, "bump")], bump[:9]
    await by_staff(shop, "inventoryUpdate", productId=gid("Product", 1), variantId=v(2), totalStock=0, available=0)
    assert wrong(await take(shop, token, "vase")) == [("CONFLICT", "bump")]
    assert wrong(await take(shop, None, "vase")) == [("NOT_FOUND", "token")]
    await ordinary(shop, "cartRemove", token=token, variantId=v(1))
    assert wrong(await take(shop, token, "dear")) == [("BUSINESS_RULE", "bump")]
    assert items(await read(shop, token)) == []


async def _ended(shop: Gateway, token: str) -> None:
    await by_staff(shop, "orderBumpUpdate", id=gid("OrderBump", 1), status="DRAFT")


async def _deleted(shop: Gateway, token: str) -> None:
    await by_staff(shop, "orderBumpDelete", id=gid("OrderBump", 1))


async def _of_another(shop: Gateway, token: str) -> None:
    await by_staff(shop, "orderBumpUpdate", id=gid("OrderBump", 1), variantId=v(2))


async def _unmet(shop: Gateway, token: str) -> None:
    await ordinary(shop, "cartRemove", token=token, variantId=v(1))


async def _a_plan(shop: Gateway, token: str) -> None:
    plan = {"paymentType": "SUBSCRIPTION", "interval": "MONTHLY"}
    await by_staff(shop, "variantUpdate", id=v(3), **plan)


@pytest.mark.parametrize("happens", [_ended, _deleted, _of_another, _unmet, _a_plan])
async def test_an_offer_that_is_over_sells_nothing_unasked(till: Gateway, happens: Any) -> None:
    await with_bumps(till, factories.order_bump(1, 3, hash="book", conditions=[has(1)], **FIFTH, **ACTIVE))
    token = await begun(till, 1)
    await ordinary(till, "cartAdd", token=token, variantId=v(4))
    await take(till, token, "book")
    await happens(till, token)
    found = await read(till, token)
    place = len(found["items"]) - 1
    assert items(found)[place] == (1, 3333, None, OVER)
    assert sums(found)[2] == sum(price for _, price, _, problem in items(found) if problem is None)
    assert wrong(await buy(till, token, **method(1))) == [("BUSINESS_RULE", f"items.{place}.bump")]
    assert await stock(till, 3) == (10, 0, 0)
    kept = await ordinary(till, "cartUpdate", token=token, variantId=v(3), quantity=1)
    assert (kept["cart"]["items"][place]["problem"], kept["userErrors"]) == (None, [])
    bought = await buy(till, token, **method(1))
    assert (bought["userErrors"], bought["receipt"]["subtotal"]) == ([], kept["cart"]["subtotal"])


async def test_an_offer_that_holds_again_is_one_again(shop: Gateway) -> None:
    await with_bumps(shop, factories.order_bump(1, 3, hash="book", conditions=[total(4000)], **FIFTH, **ACTIVE))
    token = await begun(shop, 1, 2)
    await take(shop, token, "book")
    for quantity, expected in ((1, (1, 3333, None, OVER)), (2, (1, 2666, "book", None))):
        await ordinary(shop, "cartUpdate", token=token, variantId=v(1), quantity=quantity)
        assert items(await read(shop, token))[1] == expected


async def test_offers_do_not_keep_each_other(shop: Gateway) -> None:
    """Nor does one end itself."""
    await with_bumps(
        shop,
        factories.order_bump(
            1, 3, hash="book", conditions=[has(1, 4)], display_conditions_if=OrderBumpMatch.ANY, **ACTIVE
        ),
        factories.order_bump(2, 4, hash="poster", conditions=[has(1, 3)], **ACTIVE),
        factories.order_bump(3, 2, hash="vase", conditions=[total(2000, "at_most")], **ACTIVE),
    )
    token = await begun(shop, 1)
    for bump in ("book", "poster", "vase"):
        assert (await take(shop, token, bump))["userErrors"] == []
    assert [problem for *_, problem in items(await read(shop, token))] == [None] * 4
    await ordinary(shop, "cartRemove", token=token, variantId=v(1))
    assert items(await read(shop, token)) == [(1, 3333, None, OVER), (1, 500, None, OVER), (1, 1999, None, OVER)]


async def test_categories_count_with_all_above_them(shop: Gateway) -> None:
    await with_bumps(
        shop,
        factories.categories(),
        factories.term(1, name="Home"),
        factories.term(2, name="Kitchen", parent_id=1),
        factories.term(3, name="Garden"),
        factories.product_term(1, 2),
        factories.order_bump(1, 3, hash="in", conditions=[has(1, field="category")], **ACTIVE),
        factories.order_bump(2, 4, hash="out", conditions=[has(3, field="category")], **ACTIVE),
    )
    assert hashes(await read(shop, await begun(shop, 1))) == ["in"]


async def test_the_address_is_that_of_whose_cart_it_is(till: Gateway) -> None:
    mail = [{"field": "email", "operator": "contains", "email": "@EXAMPLE.org"}]
    await with_bumps(
        till,
        factories.user(1, email="ada@example.org"),
        factories.order_bump(1, 3, hash="book", conditions=mail, **FIFTH, **ACTIVE),
    )
    assert hashes(await read(till, await begun(till, 1))) == []
    await ordinary(till, "cartAdd", viewer=ADA, variantId=v(4))
    assert (await take(till, None, "book", viewer=ADA))["userErrors"] == []
    cart = await read(till, None, ADA)
    assert sums(cart) == (3166, 0, 3166)
    assert (await buy(till, None, viewer=ADA))["receipt"]["total"] == cart["total"]


async def test_an_order_costs_what_its_cart_did(till: Gateway) -> None:
    """To the cent, where both a bump and coupons take shares that are no whole cents."""
    odd = {"discount_type": OrderBumpDiscountType.PERCENTAGE, "discount_amount": 3333}
    await with_bumps(
        till,
        factories.order_bump(1, 3, hash="book", **odd, **ACTIVE),
        factories.order_bump(2, 4, hash="poster", **odd, **ACTIVE),
        factories.coupon(20, code="ODD", type=CouponType.PERCENTAGE, amount=3333, stackable=True),
        factories.coupon(21, code="SEVEN", type=CouponType.FIXED, amount=701, stackable=True),
        factories.coupon(22, code="LARGE", type=CouponType.FIXED, amount=1, min_purchase=8553, stackable=True),
        factories.shipping_method(9, title="Share", type=ShippingMethodType.PER_PRICE, amount=1000),
    )
    token = await begun(till, 2, 3)
    for bump in ("book", "poster"):
        await take(till, token, bump)
    # 3 × 19.99 + 22.22 + 3.33: a cent too little for LARGE, which looks at what is paid.
    assert wrong(await ordinary(till, "cartApplyCoupon", token=token, code="LARGE")) == [("BUSINESS_RULE", "code")]
    for code in ("ODD", "SEVEN"):
        await ordinary(till, "cartApplyCoupon", token=token, code=code)
    cart = await read(till, token)
    assert sums(cart)[0] == 8552
    bought = await buy(till, token, **method(9))
    receipt = bought["receipt"]
    assert (receipt["subtotal"], receipt["couponDiscount"]) == (cart["subtotal"], cart["discount"])
    assert receipt["total"]["cents"] == cart["total"]["cents"] + receipt["shipping"]["cents"]
    found = await order(till, bought)
    assert found["total"] == receipt["total"]
    asked = ORDER.replace("quantity lineTotal", "quantity unitPrice { cents } lineMeta lineTotal")
    lines = (await till(asked, {"key": receipt["orderNumber"]}))["order"]["items"]
    assert [(line["unitPrice"]["cents"], line["lineMeta"]) for line in lines] == [
        (1999, None),
        (2222, {"order_bump_id": 1}),
        (333, {"order_bump_id": 2}),
    ]


async def test_a_discount_is_never_more_than_the_price(till: Gateway) -> None:
    fixed = {"discount_type": OrderBumpDiscountType.FIXED, "discount_amount": 5000}
    await with_bumps(till, factories.order_bump(1, 3, hash="book", **fixed, **ACTIVE))
    token = await begun(till, 4)
    assert items((await take(till, token, "book"))["cart"])[1] == (1, 0, "book", None)
    assert (await buy(till, token))["receipt"]["total"] == {"cents": 500}


async def test_a_visitor_sees_no_costs_and_no_bumps_of_the_staff(shop: Gateway) -> None:
    await with_bumps(shop, factories.order_bump(1, 1, hash="mug", **ACTIVE))
    token = await begun(shop, 3)
    asked = CART.replace("cart {", "cart(token: $token) {", 1)
    answer = await shop.answer(f"query Read($token: String) {{ {asked} }}", {"token": token}, viewer=ANONYMOUS)
    assert [error["extensions"]["code"] for error in answer.body["errors"]] == ["UNAUTHENTICATED"]
    assert answer.body["data"]["cart"]["bumps"][0]["variant"]["cost"] is None
    hidden = await shop.answer("{ orderBumps { nodes { title } } }", viewer=ANONYMOUS)
    assert [error["extensions"]["code"] for error in hidden.body["errors"]] == ["UNAUTHENTICATED"]


async def test_a_plan_counts_by_what_is_due_now(shop: Gateway) -> None:
    await with_bumps(
        shop,
        factories.variant(60, 5, price=3000, payment_type=PaymentType.SUBSCRIPTION, has_setup_fee=True, setup_fee=500),
        factories.order_bump(1, 3, hash="book", conditions=[total(3500), total(3500, "at_most")], **ACTIVE),
    )
    assert hashes(await read(shop, await begun(shop, 60))) == ["book"]
