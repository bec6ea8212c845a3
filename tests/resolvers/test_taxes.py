"""Taxes: rates of classes, and what they do to carts, checkouts and orders."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as settings_of
from hypothesis import strategies as st
from sqlalchemy import Executable, delete, text, update
from sqlmodel import col

from db.access.viewer import ANONYMOUS, Viewer
from db.catalog.product import ProductRow
from db.catalog.tax import TaxClassRow
from db.catalog.tax_rate import TaxRateRow
from db.catalog.variant import BillingInterval, PaymentType
from db.commerce.coupon import CouponType
from db.commerce.order import LineType, TaxBehavior
from db.commerce.order_bump import OrderBumpDiscountType, OrderBumpStatus
from db.commerce.sums.tax import Place, applying
from db.store.row import table
from resolvers.commerce.tax.rates import rates_of
from tests import factories
from tests.gateway import Gateway
from tests.resolvers.shelf import events
from tests.resolvers.test_carts import begun, by_staff, v
from tests.resolvers.test_carts import go as in_cart
from tests.resolvers.test_checkout import AWAY, HOME, buy, method, till
from tests.resolvers.test_orders import gid, of, shop, wrong

__all__ = ["shop", "till"]

AUSTIN = {"country": "us", "state": "tx", "city": "Austin", "postcode": "73301"}
IN_AUSTIN = {**AUSTIN, "name": "Gus Guest", "address1": "1 Main St"}
CART = """query Of($token: String, $address: CartAddressInput) { cart(token: $token, address: $address) {
  taxBehavior tax { cents } taxes { name rate amount { cents } } total { cents } items { tax { cents } } } }"""
ORDER = """query Of($key: Int!) { order(by: {databaseId: $key}) { id version taxBehavior
  subtotal { cents } total { cents }
  taxTotal { cents } shippingTotal { cents } shippingTax { cents } transactions { total { cents } }
  taxes { name rate forShipping amount { cents } shippingAmount { cents } taxRate { name } }
  items { id title taxAmount { cents } shippingCharge { cents } lineTotal { cents } }
  subscriptions { setupFee { cents } initialTaxTotal { cents } recurringAmount { cents } recurringTaxTotal { cents }
    recurringTotal { cents } } } }"""
FIGURES = "uuid orderNumber taxBehavior tax { cents } taxes { name rate amount { cents } } total { cents }"
RECEIPT = f"""mutation Go($input: CheckoutProcessInput!) {{ checkoutProcess(input: $input) {{
  receipt {{ {FIGURES} }} userErrors {{ code field message }} }} }}"""


@pytest.fixture
async def taxed(till: Gateway) -> Gateway:
    """Cups are of class 1 by themselves, books of class 2 by their category; posters of none. In Texas class 1 is taxed
    by two rates, one on top of the other, in Germany by 19 %; class 2 by 5 % in the US, by 7 % in Germany."""
    await factories.store_rows(
        till,
        [
            factories.term(70),
            factories.product_term(2, 70),
            factories.tax_class(1, priority=2),
            factories.tax_class(2, priority=1, categories=[70]),
            factories.tax_rate(1, 1, name="TX", country="US", state="TX", rate=82_500, for_shipping=80_000),
            factories.tax_rate(
                2,
                1,
                name="Local",
                country="US",
                state="TX",
                postcodes=["73301"],
                rate=20_000,
                compound=True,
                priority=2,
            ),
            factories.tax_rate(3, 2, name="Reduced", country="US", rate=50_000, for_shipping=50_000),
            factories.tax_rate(4, 1, name="MwSt", rate=190_000, for_shipping=190_000),
            factories.tax_rate(5, 2, name="MwSt 7", rate=70_000, for_shipping=70_000),
        ],
    )
    async with till.database.write() as connection:
        cups = col(ProductRow.id).in_([1, 5])
        await connection.execute(update(ProductRow).where(cups).values(tax_class_id=1))
        await connection.commit()
    await settings(till, enabled=True)
    return till


async def settings(gateway: Gateway, **tax: Any) -> None:
    await by_staff(gateway, "storeSettingsUpdate", tax=tax)


async def cart(gateway: Gateway, token: str, address: Any = None) -> Any:
    return (await gateway(CART, {"token": token, "address": address}))["cart"]


async def bought(gateway: Gateway, token: str, **input: Any) -> tuple[Any, Any]:
    """The receipt, and the order."""
    asked = {"token": token, "email": "gus@example.org", "billing": IN_AUSTIN, "paymentMethod": "offline_payment"}
    answer = (await gateway(RECEIPT, {"input": {**asked, **input}}))["checkoutProcess"]
    assert answer["userErrors"] == []
    return answer["receipt"], await read(gateway, answer["receipt"]["orderNumber"])


async def read(gateway: Gateway, key: int) -> Any:
    order = (await gateway(ORDER, {"key": key}))["order"]
    for total, amount in (("taxTotal", "amount"), ("shippingTax", "shippingAmount")):
        assert sum(each[amount]["cents"] for each in order["taxes"]) == order[total]["cents"]
    assert sum(line["taxAmount"]["cents"] for line in order["items"]) == order["taxTotal"]["cents"]
    return order


def sums(order: Any, *names: str) -> list[int]:
    return [order[name]["cents"] for name in names]


async def change(gateway: Gateway, order: Any, **input: Any) -> Any:
    document = """mutation Go($input: OrderUpdateInput!) { orderUpdate(input: $input) {
      order { databaseId } userErrors { code field message } } }"""
    payload = (await gateway(document, {"input": {"id": order["id"], **input}}))["orderUpdate"]
    return await read(gateway, payload["order"]["databaseId"]) if payload["order"] else payload


async def test_taxes_of_an_order_at_the_till(taxed: Gateway) -> None:
    token = await begun(taxed, 1, 1)
    await in_cart(taxed, "cartAdd", token=token, variantId=v(3))
    await in_cart(taxed, "cartAdd", token=token, variantId=v(4))
    receipt, order = await bought(taxed, token, **method(1))
    # 2000 at 8.25 % and 2 % on top: 208.3; 3333 at 5 %: 166.65; the poster is of no class. 4.90 go with the mug.
    assert sums(order, "subtotal", "taxTotal", "shippingTotal", "shippingTax", "total") == [5833, 376, 490, 40, 6739]
    assert [line["taxAmount"]["cents"] for line in order["items"]] == [209, 167, 0]
    assert [line["shippingCharge"]["cents"] for line in order["items"]] == [490, 0, 0]
    assert [(each["name"], each["rate"], *sums(each, "amount", "shippingAmount")) for each in order["taxes"]] == [
        ("TX", "8.25", 165, 40),
        ("Reduced", "5", 167, 0),
        ("Local", "2", 44, 0),
    ]
    assert (order["taxBehavior"], order["transactions"]) == ("EXCLUSIVE", [{"total": {"cents": 6739}}])
    assert sums(receipt, "tax", "total") == [416, 6739]
    assert [(each["name"], *sums(each, "amount")) for each in receipt["taxes"]] == [
        ("TX", 205),
        ("Reduced", 167),
        ("Local", 44),
    ]


@pytest.mark.parametrize("inclusion", ["EXCLUDED", "INCLUDED"])
@pytest.mark.parametrize("trial", [0, 14])
async def test_a_cart_costs_what_its_order_does(taxed: Gateway, inclusion: str, trial: int) -> None:
    """To the cent, each rate and each line, with coupons whose shares are no whole cents, an offer
    and a setup fee; so it says by its hash ever after."""
    await settings(taxed, inclusion=inclusion)
    plan = {"payment_type": PaymentType.SUBSCRIPTION, "interval": BillingInterval.MONTHLY, "trial_days": trial}
    await factories.store_rows(
        taxed,
        [
            factories.coupon(20, code="ODD", type=CouponType.PERCENTAGE, amount=3333, stackable=True),
            factories.order_bump(
                1,
                3,
                hash="book",
                status=OrderBumpStatus.ACTIVE,
                discount_type=OrderBumpDiscountType.PERCENTAGE,
                discount_amount=2000,
            ),
            factories.coupon(21, code="SEVEN", type=CouponType.FIXED, amount=701, stackable=True),
            factories.variant(60, 5, price=1999, has_setup_fee=True, setup_fee=333, **plan),
        ],
    )
    token = await begun(taxed, 2, 3)
    for key in (60, 5):
        await in_cart(taxed, "cartAdd", token=token, variantId=v(key))
    offered = await in_cart(taxed, "cartAddBump", token=token, bump="book", address=AUSTIN)
    assert offered["userErrors"] == []
    for code in ("ODD", "SEVEN", "SHIP"):
        await in_cart(taxed, "cartApplyCoupon", token=token, code=code)
    seen = await cart(taxed, token, AUSTIN)
    again = await in_cart(taxed, "cartUpdate", token=token, variantId=v(2), quantity=3, address=AUSTIN)
    receipt, order = await bought(taxed, token, **method(1))
    assert again["cart"]["total"] == seen["total"] == receipt["total"] == order["total"]
    assert seen["tax"] == receipt["tax"] == order["taxTotal"]
    assert seen["taxes"] == receipt["taxes"] != []
    assert seen["taxBehavior"] == receipt["taxBehavior"] == order["taxBehavior"]
    assert sum(item["tax"]["cents"] for item in seen["items"]) == seen["tax"]["cents"]
    later = f"query Of($uuid: String!) {{ checkoutReceipt(uuid: $uuid) {{ {FIGURES} }} }}"
    found = (await taxed(later, {"uuid": receipt["uuid"]}, viewer=ANONYMOUS))["checkoutReceipt"]
    assert found == receipt


async def test_prices_that_hold_their_tax_stay(taxed: Gateway) -> None:
    await settings(taxed, inclusion="INCLUDED")
    _, order = await bought(taxed, await begun(taxed, 1, 1), **method(1))
    assert sums(order, "total", "taxTotal", "shippingTax") == [2490, 189, 37]
    assert order["taxBehavior"] == "INCLUSIVE"


async def test_whose_address_counts(taxed: Gateway) -> None:
    """A cart says nothing of tax before somebody says where it goes; the store's own place is known."""
    token = await begun(taxed, 1)
    nowhere = await cart(taxed, token)
    assert (nowhere["taxBehavior"], nowhere["tax"], nowhere["taxes"]) == ("EXCLUSIVE", None, None)
    assert (nowhere["items"], nowhere["total"]["cents"]) == ([{"tax": None}], 2000)
    there = {"billing": HOME, "shipping": IN_AUSTIN, **method(1)}
    sent = (await bought(taxed, await begun(taxed, 1), **there))[1]
    assert [each["name"] for each in sent["taxes"]] == ["TX", "Local"]
    book = (await bought(taxed, await begun(taxed, 3), **{**there, "shippingMethodId": None}))[1]
    assert [each["name"] for each in book["taxes"]] == ["MwSt 7"]  # of what is not sent the bill's
    await settings(taxed, basis="BILLING")
    assert [each["name"] for each in (await bought(taxed, token, **there))[1]["taxes"]] == ["MwSt"]
    await settings(taxed, basis="STORE")
    token = await begun(taxed, 1)
    assert (await cart(taxed, token, AUSTIN))["tax"] == {"cents": 0}
    await by_staff(taxed, "storeSettingsUpdate", address={"country": "de"})
    assert (await cart(taxed, token, AUSTIN))["tax"] == {"cents": 380}
    assert (await bought(taxed, token, **there))[0]["tax"] == {"cents": 380 + 94}


async def test_the_subscription_of_the_documents(taxed: Gateway) -> None:
    """100.00 yearly with a setup fee of 15.00: 1657, 1042 and 11042; with prices that hold their tax all stays."""
    plan = {"payment_type": PaymentType.SUBSCRIPTION, "interval": BillingInterval.YEARLY, "billing_times": 3}
    await factories.store_rows(
        taxed, [factories.variant(60, 5, price=10000, has_setup_fee=True, setup_fee=1500, **plan)]
    )
    names = ("setupFee", "initialTaxTotal", "recurringAmount", "recurringTaxTotal", "recurringTotal")
    _, order = await bought(taxed, await begun(taxed, 60))
    assert sums(order["subscriptions"][0], *names) == [1657, 1199, 10000, 1042, 11042]
    assert sums(order, "taxTotal", "total") == [1199, 12699]
    await settings(taxed, inclusion="INCLUDED")
    _, order = await bought(taxed, await begun(taxed, 60))
    assert sums(order["subscriptions"][0], *names) == [1500, 944 + 142, 9056, 944, 10000]
    assert sums(order, "taxTotal", "total") == [944 + 142, 11500]


async def taken(gateway: Gateway, *items: Any, **input: Any) -> Any:
    return await read(gateway, await take(gateway, *items, **input))


async def take(gateway: Gateway, *items: Any, **input: Any) -> int:
    document = """mutation Go($input: OrderCreateInput!) { orderCreate(input: $input) {
      order { databaseId } userErrors { code field message } } }"""
    asked = {"customerId": gid("Customer", 1), "items": list(items), **input}
    made = (await gateway(document, {"input": asked}))["orderCreate"]
    assert made["userErrors"] == []
    key: int = made["order"]["databaseId"]
    return key


async def test_an_order_keeps_its_rates(taxed: Gateway) -> None:
    """Rates may change or go: its lines are taxed as they were, and a new one as its neighbours are."""
    order = await taken(taxed, of(1), shippingTotal=100)
    assert sums(order, "taxTotal", "shippingTax", "total") == [380, 19, 2499]
    await by_staff(taxed, "taxRateUpdate", id=gid("TaxRate", 4), rate="21", forShipping=None)
    twice = await change(taxed, order, items=[{"id": order["items"][0]["id"], "quantity": 2}])
    assert sums(twice, "taxTotal", "shippingTax", "total") == [760, 19, 4879]
    more = await change(taxed, order, items=[of(2), of(3)])
    assert sums(more, "taxTotal") == [760 + 380 + 234]
    assert [(each["name"], each["rate"]) for each in more["taxes"]] == [("MwSt", "19"), ("MwSt 7", "7")]
    await by_staff(taxed, "taxRateDelete", id=gid("TaxRate", 4))
    cheaper = await change(taxed, order, discount={"percentage": "50"})
    assert sums(cheaper, "taxTotal") == [380 + 190 + 117]
    assert [each["taxRate"] for each in cheaper["taxes"]] == [None, {"name": "MwSt 7"}]
    names = [one["name"] for one in await events(taxed)]
    assert {"tax_rate.updated", "tax_rate.deleted"} <= set(names)


async def test_an_order_that_moves_is_taxed_there(taxed: Gateway) -> None:
    order = await taken(taxed, of(1), of(4))
    assert [each["name"] for each in order["taxes"]] == ["MwSt"]
    async with taxed.database.write() as connection:
        await factories.insert_row(
            connection, factories.customer_address(9, 1, **{**AUSTIN, "country": "US", "state": "TX"})
        )
        await connection.commit()
    moved = await change(taxed, order, billingAddressId=gid("CustomerAddress", 9))
    assert [each["name"] for each in moved["taxes"]] == ["TX", "Local"]
    assert sums(moved, "taxTotal", "total") == [209, 2709]
    assert moved["transactions"] == [{"total": {"cents": 2709}}]
    gone = await change(taxed, order, billingAddressId=None)
    assert (gone["taxes"], sums(gone, "taxTotal", "total")) == ([], [0, 2500])
    back = await change(taxed, order, billingAddressId=gid("CustomerAddress", 1))
    assert sums(back, "taxTotal", "total") == [380, 2880]


async def test_what_was_taxed_elsewhere(taxed: Gateway) -> None:
    """It keeps what the shop said until its lines change; where the store does not tax they may not."""
    said = {"tax_total": 500, "tax_behavior": TaxBehavior.EXCLUSIVE, "subtotal": 2000, "total": 2500}
    await factories.store_rows(
        taxed,
        [
            factories.order(50, customer_id=1, **said),
            factories.order_item(
                50, 50, product_id=1, variant_id=1, unit_price=2000, subtotal=2000, line_total=2000, tax_amount=500
            ),
            factories.order_address(50, 50, country="DE"),
            factories.order(51, customer_id=1, **said),
            factories.order_item(51, 51, product_id=1, unit_price=2000, subtotal=2000, line_total=2000, tax_amount=400),
            factories.order_item(52, 51, payment_type=LineType.FEE, unit_price=100, subtotal=100, tax_amount=100),
        ],
    )
    old = {"id": gid("Order", 50)}
    noted = await by(taxed, 50, note="Ring twice", billingAddressId=None)
    assert (noted["userErrors"], noted["order"]["taxTotal"], noted["order"]["total"]) == (
        [],
        {"cents": 500},
        {"cents": 2500},
    )
    assert wrong(await by(taxed, 51, shippingTotal=100)) == [("BUSINESS_RULE", "id")]
    await settings(taxed, enabled=False)
    assert wrong(await by(taxed, 50, shippingTotal=100)) == [("BUSINESS_RULE", "id")]
    await settings(taxed, enabled=True)
    await by(taxed, 50, billingAddressId=gid("CustomerAddress", 1))
    anew = await change(taxed, old, shippingTotal=100)
    assert (sums(anew, "taxTotal", "total"), [each["name"] for each in anew["taxes"]]) == ([380, 2499], ["MwSt"])


async def by(gateway: Gateway, order: int, **input: Any) -> Any:
    document = """mutation Go($input: OrderUpdateInput!) { orderUpdate(input: $input) {
      order { taxTotal { cents } total { cents } } userErrors { code field message } } }"""
    return (await gateway(document, {"input": {"id": gid("Order", order), **input}}))["orderUpdate"]


async def test_an_order_without_tax_stays_so(till: Gateway) -> None:
    order = await taken(till, of(1))
    assert (order["taxBehavior"], order["taxes"]) == ("NONE", [])
    await settings(till, enabled=True, basis="STORE")
    await by_staff(till, "storeSettingsUpdate", address={"country": "DE"})
    await factories.store_rows(till, [factories.tax_class(1), factories.tax_rate(1, 1)])
    await by_staff(till, "productTaxClassSet", id=gid("Product", 1), taxClassId=gid("TaxClass", 1))
    more = await change(till, order, items=[of(2)])
    assert (more["taxBehavior"], sums(more, "taxTotal")) == ("NONE", [0])
    assert sums(await taken(till, of(1)), "taxTotal") == [380]


async def test_statements(taxed: Gateway) -> None:
    """Taxes cost two reads and a write, whatever the number of lines; where they are off nothing."""
    one, five = await begun(taxed, 1), await begun(taxed, 1)
    for key in (2, 3, 4, 5):
        await in_cart(taxed, "cartAdd", token=five, variantId=v(key))
    counts = {}
    for enabled in (False, True):
        await settings(taxed, enabled=enabled)
        with taxed.counting() as of_one:
            await cart(taxed, one, AUSTIN)
        with taxed.counting() as of_five:
            await cart(taxed, five, AUSTIN)
        with taxed.counting() as order:
            await take(taxed, of(1), of(3))
        with taxed.counting() as orders:
            await take(taxed, of(1), of(2), of(3), of(4))
        counts[enabled] = [len(each) for each in (of_one, of_five, order, orders)]
    assert counts[True][0] == counts[True][1] == counts[False][0] + 2 == counts[False][1] + 2
    more = [with_taxes - without for with_taxes, without in zip(counts[True], counts[False], strict=True)]
    assert more[2] == more[3] <= 5  # keys of several rows are asked for on SQLite


RATE = {"taxClassId": gid("TaxClass", 1), "name": "VAT", "country": "fr", "rate": "20"}
SENSITIVE = frozenset({"store/sensitive", "products/view"})


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"taxClassId": gid("TaxClass", 99)}, [("NOT_FOUND", "taxClassId")]),
        ({"name": " "}, [("VALIDATION", "name")]),
        ({"name": "n" * 193}, [("VALIDATION", "name")]),
        ({"country": "XX"}, [("VALIDATION", "country")]),
        ({"country": "f" * 100_000}, [("VALIDATION", "country")]),
        *(({"rate": rate}, [("VALIDATION", "rate")]) for rate in ("-1", "100.0001", "8.25001", "8.250000000000001")),
        ({"forShipping": "101"}, [("VALIDATION", "forShipping")]),
        ({"state": "s" * 101}, [("VALIDATION", "state")]),
        ({"city": "c" * 101}, [("VALIDATION", "city")]),
        ({"priority": -1}, [("VALIDATION", "priority")]),
        ({"postcodes": ["75001", "", "1" * 33]}, [("VALIDATION", "postcodes.1"), ("VALIDATION", "postcodes.2")]),
        ({"postcodes": ["75001...75000"]}, [("VALIDATION", "postcodes.0")]),
        ({"postcodes": ["1...10"]}, [("VALIDATION", "postcodes.0")]),
        ({"postcodes": ["A1...A9"]}, [("VALIDATION", "postcodes.0")]),
        ({"postcodes": ["7" * 100_000]}, [("VALIDATION", "postcodes.0")]),
        ({"postcodes": ["75001"] * 201}, [("VALIDATION", "postcodes")]),
    ],
)
async def test_what_is_no_rate_is_refused(taxed: Gateway, values: dict[str, Any], expected: list[Any]) -> None:
    document = """mutation Go($input: TaxRateCreateInput!) { taxRateCreate(input: $input) {
      taxRate { id } userErrors { code field message } } }"""
    assert wrong((await taxed(document, {"input": {**RATE, **values}}))["taxRateCreate"]) == expected
    assert (await taxed("{ taxRates { totalCount } }"))["taxRates"] == {"totalCount": 5}


async def test_a_rate_is_made_changed_and_goes_with_its_class(taxed: Gateway) -> None:
    document = """mutation Go($input: TaxRateCreateInput!) { taxRateCreate(input: $input) { taxRate {
      id name country state city postcodes rate forShipping compound priority version taxClass { databaseId } }
      userErrors { code } } }"""
    more = {"state": " idf ", "postcodes": ["75 001", "75001", "75002...75-020"], "forShipping": "5.5000"}
    made = (await taxed(document, {"input": {**RATE, **more}}))["taxRateCreate"]["taxRate"]
    key = made.pop("id")
    assert made == {
        "name": "VAT",
        "country": "FR",
        "state": "IDF",
        "city": "",
        "postcodes": ["75001", "75002...75020"],
        "rate": "20",
        "forShipping": "5.5",
        "compound": False,
        "priority": 1,
        "version": 1,
        "taxClass": {"databaseId": 1},
    }
    await by_staff(taxed, "taxRateUpdate", id=key, state=None, postcodes=None, forShipping=None, rate="0.0001")
    asked = """query Of($id: ID!) { taxRate(by: {id: $id}) { state postcodes rate forShipping version }
      taxClass(by: {databaseId: 1}) { rates(filter: {country: {eq: "FR"}}) { nodes { name } } } }"""
    found = await taxed(asked, {"id": key})
    assert found["taxRate"] == {"state": "", "postcodes": [], "rate": "0.0001", "forShipping": None, "version": 2}
    assert found["taxClass"]["rates"]["nodes"] == [{"name": "VAT"}]
    await by_staff(taxed, "taxClassDelete", id=gid("TaxClass", 1))
    assert (await taxed("{ taxRates { nodes { databaseId } } }"))["taxRates"]["nodes"] == [
        {"databaseId": 3},
        {"databaseId": 5},
    ]
    told = [one["name"] for one in await events(taxed)]
    assert told.count("tax_rate.deleted") == 4
    assert told.count("tax_class.deleted") == 1


async def test_who_may_say_what_is_taxed(taxed: Gateway) -> None:
    manager = Viewer("token:manager", "manager", frozenset({"store/settings", "products/view"}))
    document = (
        "mutation Go($input: StoreSettingsUpdateInput!) { storeSettingsUpdate(input: $input) { userErrors { code } } }"
    )
    refused = await taxed.answer(document, {"input": {"tax": {"enabled": False}}}, viewer=manager)
    assert [error["extensions"]["code"] for error in refused.body["errors"]] == ["FORBIDDEN"]
    assert refused.body["errors"][0]["extensions"]["permission"] == "store/sensitive"
    asked = "{ storeSettings { tax { enabled inclusion basis } } }"
    assert (await taxed(asked, viewer=manager))["storeSettings"] == {
        "tax": {"enabled": True, "inclusion": "EXCLUDED", "basis": "SHIPPING"}
    }
    named = {"settings": {"enable_tax": "no"}}
    payload = (await taxed(document, {"input": named}))["storeSettingsUpdate"]
    assert [error["code"] for error in payload["userErrors"]] == ["VALIDATION"]


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ({"country": "XX"}, "address.country"),
        ({"country": "\0"}, "address.country"),
        ({"country": "US", "state": "s" * 256}, "address.state"),
    ],
)
async def test_a_cart_goes_to_an_address(taxed: Gateway, address: dict[str, str], expected: str) -> None:
    token = await begun(taxed, 1)
    answer = await taxed.answer(CART, {"token": token, "address": address})
    (error,) = answer.body["errors"]
    assert (error["extensions"]["code"], expected in error["message"]) == ("VALIDATION", True)
    added = await in_cart(taxed, "cartAdd", token=token, variantId=v(3), address=address)
    assert wrong(added) == [("VALIDATION", expected)]
    odd = await cart(taxed, token, {"country": "US", "state": "t\0x", "city": "\0", "postcode": "\0"})
    assert len(odd["items"]) == 1


async def test_a_checkout_with_taxes_off_says_so(till: Gateway) -> None:
    token = await begun(till, 3)
    seen = await cart(till, token, AUSTIN)
    assert (seen["taxBehavior"], seen["tax"], seen["taxes"]) == ("NONE", None, None)
    bought_ = await buy(till, token, billing=AWAY)
    assert bought_["userErrors"] == []


CODES = (
    "73301",
    "73301-1234",
    "7330",
    "73302",
    "73399",
    "sw1a 1aa",
    "SW1A1AA",
    "",
    "0733",
    "%",
    "_____",
    "73 301",
    "..",
    "\\",
    '"',
)
PLACES = st.builds(
    Place,
    st.sampled_from(["US", "DE"]),
    st.sampled_from(["", "TX"]),
    st.sampled_from(["", "Austin"]),
    st.sampled_from(CODES),
)
NAMED = ("73301", "7330", "73302", "SW1A1AA", "%", "73300...73399", "7330...7339", "0000...9999", "00000...73301")
ONE: st.SearchStrategy[dict[str, Any]] = st.builds(
    dict,
    country=st.sampled_from(["US", "DE"]),
    state=st.sampled_from(["", "TX", "CA"]),
    city=st.sampled_from(["", "austin"]),
    postcodes=st.lists(st.sampled_from(NAMED), max_size=3, unique=True),
    priority=st.integers(1, 2),
)


@settings_of(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ONE, max_size=12), st.lists(PLACES, min_size=1, max_size=6))
async def test_the_rates_that_are_read_are_those_that_match(
    gateway: Gateway, several: list[dict[str, Any]], places: list[Place]
) -> None:
    """As matching all of them one by one says."""
    async with gateway.database.write() as connection:
        for of in (TaxRateRow, TaxClassRow, ProductRow):
            await connection.execute(delete(table(of)))
        await connection.commit()
    rates = [factories.tax_rate(key, 1, **each) for key, each in enumerate(several, 1)]
    await factories.store_rows(gateway, [factories.tax_class(1), factories.product(1, tax_class_id=1), *rates])
    rows = [{name: getattr(rate, name) for name in TaxRateRow.model_fields} for rate in rates]
    async with gateway.database.read() as connection:

        async def asked(statement: Executable) -> Sequence[Any]:
            return (await connection.execute(statement)).all()

        for place in places:
            found = await rates_of(asked, place, [1])
            assert [rate["id"] for rate in found.get(1, [])] == [rate["id"] for rate in applying(rows, place)], place


async def test_of_thousands_of_rates_a_few_are_read(gateway: Gateway) -> None:
    several: list[dict[str, Any]] = [{"postcodes": [f"{70_000 + n}"]} for n in range(1500)]
    several += [{"postcodes": [f"{10 * n:05}...{10 * n + 9:05}"]} for n in range(7000, 8500)]
    several += [{"postcodes": []}, {"state": ""}, {"state": "CA"}]
    rates = [
        factories.tax_rate(key, 1, **{"country": "US", "state": "TX", **each}) for key, each in enumerate(several, 1)
    ]
    await factories.store_rows(gateway, [factories.tax_class(1), factories.product(1, tax_class_id=1), *rates])
    read: list[int] = []
    async with gateway.database.read() as connection:
        if connection.dialect.name == "postgresql":
            await connection.execute(text("ANALYZE tax_rate"))

        async def asked(statement: Executable) -> Sequence[Any]:
            rows = (await connection.execute(statement)).all()
            read.append(len(rows))
            compiled = statement.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})  # type: ignore[attr-defined]
            written = str(compiled).replace("%%", "%")
            if len(read) == 1:
                embedded = connection.dialect.name == "sqlite"
                prefix = "EXPLAIN QUERY PLAN" if embedded else "EXPLAIN (ANALYZE)"
                plan = "\n".join(
                    str(row[-1]) for row in (await connection.exec_driver_sql(f"{prefix} {written}")).all()
                )
                plans.append(plan)
            return rows

        plans: list[str] = []
        found = await rates_of(asked, Place("US", "TX", "Austin", "70123-0001"), [1])
    assert [several[rate["id"] - 1] for rate in found[1]] == [
        {"postcodes": ["70123"]},
        {"postcodes": ["70120...70129"]},
        {"postcodes": []},
        {"state": ""},
    ]
    assert read == [4, 1]
    (plan,) = plans
    if "SEARCH" in plan or "SCAN" in plan:
        assert "SCAN tax_rate" not in plan, plan
    else:
        top = plan.splitlines()[0]
        assert "rows=4 " in top[top.index("actual") :] or "rows=4.00" in top, plan
