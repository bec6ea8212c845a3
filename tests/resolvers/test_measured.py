"""What was measured of the documented system, done again here: carts, checkouts, orders of the staff, lists.

`measured.json` has what was done and what it came to there. Where it comes to something else here, `ours` says to what,
and `because` names the line of docs/differences.md that says why: figures that agree have neither, and a difference
that is none any more fails. `refused` is any refusal there; here it is one of a code.
"""

import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import update
from sqlmodel import col

from db.access.viewer import ANONYMOUS
from db.catalog.product import FulfillmentType
from db.catalog.shipping import ShippingClassType
from db.catalog.variant import BillingInterval, PaymentType
from db.commerce.coupon import CouponStatus, CouponType
from db.commerce.order import OrderStatus, OrderType, PaymentStatus, ShippingStatus
from db.commerce.payment_method import PaymentMethodRow
from db.commerce.shipping_method import ShippingClassAggregation, ShippingMethodType
from db.commerce.subscription import SubscriptionStatus
from tests import factories
from tests.gateway import Gateway
from tests.resolvers import test_orders as orders
from tests.resolvers.shelf import derive
from tests.resolvers.test_carts import begun, go, v
from tests.resolvers.test_checkout import buy, method
from tests.resolvers.test_orders import gid, stock

MEASURED: Final = json.loads((Path(__file__).parent / "measured.json").read_text())
PAGE: Final = Path(__file__).parents[2] / "docs" / "differences.md"
CUSTOMER: Final = 4
CARTS: Final = """query Read($token: String) { cart(token: $token) { total { cents } items { discount { cents } }
  coupons { code problem } } }"""
SAID: Final = """mutation Say($input: CouponApplyInput!) { couponApply(input: $input) {
  totalDiscount { cents } userErrors { code } } }"""
BOUGHT: Final = """query Of($key: Int!) { order(by: {databaseId: $key}) { status paymentStatus
  subtotal { cents } couponDiscountTotal { cents } shippingTotal { cents } total { cents }
  items { quantity unitPrice { cents } discountTotal { cents } lineTotal { cents } }
  subscriptions { setupFee { cents } recurringTotal { cents } billTimes trialDays } } }"""
US: Final = {"name": "Gus Guest", "address1": "1 Main St", "city": "Austin", "state": "TX", "postcode": "73301"}
DE: Final = {"name": "Gus Guest", "address1": "Lindenallee 3", "city": "Bremen", "postcode": "28195"}

Case = Mapping[str, Any]


def goods() -> list[Any]:
    """What the measured store sold; its ways of sending; its coupons."""
    rows: list[Any] = [factories.categories(), factories.term(2), factories.term(3)]
    for key, one in MEASURED["classes"].items():
        kind = ShippingClassType.FIXED if "cost" in one else ShippingClassType.PERCENTAGE
        cost = one.get("cost", one.get("percentage"))
        rows.append(factories.shipping_class(int(key), type=kind, cost=cost, per_item=one.get("per_item", False)))
    products: dict[int, Any] = {}
    of_them: list[Any] = []
    bundles: list[Any] = []
    for number, one in MEASURED["variants"].items():
        of, key = one["product"], int(number)
        sent = FulfillmentType.PHYSICAL if one.get("sent") else FulfillmentType.DIGITAL
        if of not in products:
            said = {"manage_stock": "stock" in one, "is_bundle": "parts" in one, "shipping_class_id": one.get("class")}
            products[of] = factories.product(of, title=one["title"], fulfillment_type=sent, **said)
            of_them += [factories.product_term(of, one["category"])] if "category" in one else []
        of_them.append(factories.variant(key, of, price=one["price"], fulfillment_type=sent, **terms(one)))
        bundles += [factories.bundle_item(key, part, place) for place, part in enumerate(one.get("parts", ()), start=1)]
    ways = [way(int(key), one) for key, one in MEASURED["methods"].items()]
    codes = MEASURED["coupons"].items()
    coupons = [coupon(key, code, one) for key, (code, one) in enumerate(codes, start=1)]
    return [*rows, *products.values(), *of_them, *bundles, *ways, *coupons]


def terms(one: Case) -> dict[str, Any]:
    """Of a variant that is counted, or of a plan."""
    if "stock" in one:
        return {"manage_stock": True, "available": one["stock"], "total_stock": one["stock"]}
    if "interval" not in one:
        return {}
    return {
        "payment_type": PaymentType.SUBSCRIPTION,
        "interval": BillingInterval(one["interval"]),
        "billing_times": one.get("times", 0),
        "trial_days": one.get("trial", 0),
        "has_setup_fee": "fee" in one,
        "setup_fee": one.get("fee"),
    }


def way(key: int, one: Case) -> Any:
    aggregation = ShippingClassAggregation(one.get("class_aggregation", "sum_all"))
    return factories.shipping_method(
        key, **{**one, "type": ShippingMethodType(one["type"]), "class_aggregation": aggregation}
    )


def coupon(key: int, code: str, said: Case) -> Any:
    more = {name: value for name, value in said.items() if name not in ("amount", "percentage", "free", "from", "to")}
    dates = {
        name: datetime.fromisoformat(said[of]).replace(tzinfo=UTC)
        for name, of in (("start_at", "from"), ("end_at", "to"))
        if of in said
    }
    kind = CouponType.FIXED if "amount" in said else CouponType.PERCENTAGE
    if "free" in said:
        kind = CouponType.FREE_SHIPPING if said["free"] == "shipping" else CouponType.BUY_X_GET_Y
    if "status" in more:
        more["status"] = CouponStatus(more["status"])
    amount = said.get("amount", said.get("percentage", 0))
    return factories.coupon(key, code=code, title=f"{code} coupon", type=kind, amount=amount, **{**more, **dates})


@pytest.fixture
async def measured(gateway: Gateway) -> Gateway:
    buyers = [
        factories.customer(key, email=f"{name}@example.test", first_name=first, last_name=last, lifetime_value=value)
        for key, name, first, last, value in (
            (1, "bob", "Bob Baker", "Jr", 3999),
            (2, "cem", "Cem", "Demir", 0),
            (3, "sub1", "Sub", "One", 0),
            (CUSTOMER, "ann", "Ann B.", "Able", 14346),
            (5, "dee", "Dee", "", 0),
        )
    ]
    await factories.store_rows(gateway, [*goods(), *buyers])
    await derive(gateway, *{one["product"] for one in MEASURED["variants"].values()})
    async with gateway.database.write() as connection:
        offline = col(PaymentMethodRow.key) == "offline_payment"
        await connection.execute(update(PaymentMethodRow).where(offline).values(active=True))
        await connection.commit()
    return gateway


def expected(case: Case) -> Any:
    """What it comes to here."""
    return case.get("ours", case["measured"])


async def compare(cases: Sequence[Case], come_to: Callable[[Case], Awaitable[Any]]) -> None:
    """All of them, so that one look tells all that differs."""
    found = [(case, await come_to(case)) for case in cases]
    wrong = [(case, came) for case, came in found if came != expected(case)]
    assert wrong == [], "\n".join(map(str, wrong))


def only(found: Mapping[str, Any], case: Case) -> dict[str, Any]:
    """What was measured of it."""
    asked = expected(case)
    return {name: value for name, value in found.items() if not isinstance(asked, Mapping) or name in asked}


# What is said


def every(of: Any) -> list[Case]:
    if isinstance(of, list):
        return [case for one in of for case in every(one)]
    if not isinstance(of, dict):
        return []
    return [of] if "measured" in of else [case for one in of.values() for case in every(one)]


def test_a_difference_is_one_and_has_a_reason() -> None:
    reasons = set(re.findall(r"^\| \*\*(.+?)\*\* \|", PAGE.read_text(), re.MULTILINE))
    for case in every(MEASURED):
        named = case.get("because")
        if "ours" not in case:
            assert (named, case["measured"] == "refused") == (None, False), case
        elif case["measured"] == "refused" and isinstance(case["ours"], str):
            assert named is None, case
        else:
            assert case["ours"] != case["measured"], case
            assert named in reasons, case


# Carts and coupons


async def filled(gateway: Gateway, case: Case) -> tuple[str, list[Any]]:
    """The token of a cart, and what was wrong with its coupons."""
    (first, quantity), *others = case["of"]
    token = await begun(gateway, first, quantity)
    for key, many in others:
        assert (await go(gateway, "cartAdd", token=token, variantId=v(key), quantity=many))["userErrors"] == []
    wrong: list[Any] = []
    for code in case.get("codes", ()):
        wrong += (await go(gateway, "cartApplyCoupon", token=token, code=code))["userErrors"]
    return token, wrong


async def test_carts(measured: Gateway) -> None:
    async def come_to(case: Case) -> Any:
        token, wrong = await filled(measured, case)
        if wrong:
            return wrong[0]["code"]
        cart = (await measured(CARTS, {"token": token}, viewer=ANONYMOUS))["cart"]
        assert all(one["problem"] is None for one in cart["coupons"])
        return {"taken": [one["discount"]["cents"] for one in cart["items"]], "total": cart["total"]["cents"]}

    await compare(MEASURED["carts"], come_to)


async def test_coupons_that_the_staff_asks_about(measured: Gateway) -> None:
    async def come_to(case: Case) -> Any:
        items = [{"variantId": v(key), "quantity": quantity} for key, quantity in case["of"]]
        asked = {"code": case["code"], "items": items, "customerEmail": case.get("email")}
        said = (await measured(SAID, {"input": asked}))["couponApply"]
        return said["userErrors"][0]["code"] if said["userErrors"] else said["totalDiscount"]["cents"]

    await compare(MEASURED["said_to_staff"], come_to)


# Shipping


async def test_ways_of_sending(measured: Gateway) -> None:
    document = """query Ways($countryCode: String, $state: String, $timezone: String) {
      shippingMethods(countryCode: $countryCode, state: $state, timezone: $timezone) { method { databaseId } } }"""

    async def come_to(case: Case) -> Any:
        answer = await measured(document, case["to"], viewer=ANONYMOUS)
        return [one["method"]["databaseId"] for one in answer["shippingMethods"]]

    await compare(MEASURED["shipping"], come_to)


async def test_what_sending_costs(measured: Gateway) -> None:
    document = """query Cost($items: [ShippingItemInput!]!, $method: ID!) {
      shippingCalculation(items: $items, methodId: $method) { total { cents } } }"""

    async def come_to(case: Case) -> Any:
        items = [{"variantId": v(key), "quantity": quantity} for key, quantity in case["of"]]
        asked = {"items": items, "method": gid("ShippingMethod", case["method"])}
        return (await measured(document, asked))["shippingCalculation"]["total"]["cents"]

    await compare(MEASURED["charges"], come_to)


# Checkouts


async def test_checkouts(measured: Gateway) -> None:
    async def come_to(case: Case) -> Any:
        token, wrong = await filled(measured, case)
        assert wrong == []
        country = case.get("country", "US")
        billing = {**(US if country == "US" else DE), "country": country}
        way = method(case["method"]) if "method" in case else {}
        bought = await buy(measured, token, billing=billing, **way)
        if bought["userErrors"]:
            return bought["userErrors"]
        order = (await measured(BOUGHT, {"key": bought["receipt"]["orderNumber"]}))["order"]
        return only(
            {
                "sums": orders.cents(order, "subtotal", "couponDiscountTotal", "shippingTotal", "total"),
                "state": state(order),
                "lines": lines(order),
                "plan": plan(order),
            },
            case,
        )

    await compare(MEASURED["checkouts"], come_to)


def state(order: Any) -> str:
    return f"{order['status']} {order['paymentStatus']}".lower().replace("on_hold", "on-hold")


def lines(order: Any) -> list[list[int]]:
    """Before discounts, taken off, after them."""
    found = [orders.cents(line, "discountTotal", "lineTotal") for line in order["items"]]
    return [[off + left, off, left] for off, left in found]


def plan(order: Any) -> list[int]:
    """Setup fee, what recurs, how often, days of trial."""
    return [
        value
        for one in order["subscriptions"]
        for value in (*orders.cents(one, "setupFee", "recurringTotal"), one["billTimes"], one["trialDays"])
    ]


# Orders of the staff


class Order:
    """One that steps are done to."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.seen: Any = {}

    async def do(self, step: Case) -> Any:
        """What it came to; the code of what was wrong."""
        done = await getattr(self, f"_{step['do']}")(step)
        if done["userErrors"]:
            return done["userErrors"][0]["code"]
        if "order" not in done:
            return {}
        self.seen = done["order"]
        order = self.seen
        discounts = sum(orders.cents(order, "couponDiscountTotal", "manualDiscountTotal"))
        return {
            "sums": [*orders.cents(order, "subtotal"), discounts, *orders.cents(order, "shippingTotal", "total")],
            "state": state(order),
            "payment": order["paymentStatus"].lower(),
            "receipt": order["receiptNumber"],
            "lines": lines(order),
            "refunded": [line["refundTotal"]["cents"] for line in order["items"]],
            "quantity": [line["quantity"] for line in order["items"]],
        }

    async def _create(self, step: Case) -> Any:
        items = [
            orders.of(key, quantity, **({"unitPrice": price[0]} if price else {}))
            for key, quantity, *price in step["of"]
        ]
        more = {
            "shippingTotal": step.get("shipping", 0),
            "couponCodes": step.get("codes", []),
            "discount": step.get("off"),
        }
        return await orders.go(self.gateway, "orderCreate", customerId=gid("Customer", CUSTOMER), items=items, **more)

    async def _pay(self, _: Case) -> Any:
        return await orders.go(self.gateway, "orderMarkAsPaid", id=self.seen["id"])

    async def _send(self, step: Case) -> Any:
        return await orders.go(self.gateway, "orderStatusesUpdate", id=self.seen["id"], shippingStatus=step["to"])

    async def _set(self, step: Case) -> Any:
        return await orders.go(self.gateway, "orderStatusesUpdate", id=self.seen["id"], status=step["to"])

    async def _cancel(self, _: Case) -> Any:
        return await self._set({"to": "CANCELED"})

    async def _delete(self, _: Case) -> Any:
        return await orders.go(self.gateway, "orderDelete", id=self.seen["id"])

    async def _refund(self, step: Case) -> Any:
        def line(place: int) -> str:
            return gid("OrderItem", self.seen["items"][place]["databaseId"])

        return await orders.go(
            self.gateway,
            "orderRefund",
            id=self.seen["id"],
            transactionId=gid("OrderTransaction", self.seen["transactions"][0]["databaseId"]),
            amount=step["amount"],
            itemIds=[line(place) for place in step.get("items", ())],
            restock=[{"itemId": line(int(at)), "quantity": many} for at, many in step.get("restock", {}).items()],
        )


async def test_orders(measured: Gateway) -> None:
    failed = []
    counted = [int(key) for key, one in MEASURED["variants"].items() if "stock" in one]
    for title, steps in MEASURED["orders"].items():
        order = Order(measured)
        before = {key: await stock(measured, key) for key in counted}
        for step in steps:
            came = await order.do(step)
            moved = {
                key: [now - was for now, was in zip(await stock(measured, int(key)), before[int(key)], strict=True)]
                for key in step.get("stock", {})
            }
            if "measured" in step:
                held = {"stock": moved["1"][1]} if "1" in moved else {}
                came = only({**came, **held}, step) if isinstance(came, dict) else came
                failed += [(title, step, came)] if came != expected(step) else []
            failed += [(title, step, moved)] if moved != step.get("stock", {}) else []
    assert failed == []


async def test_what_a_customer_has_bought(measured: Gateway) -> None:
    for one in MEASURED["customer"]["orders"]:
        order = Order(measured)
        for step in [{"do": "create", **one}, *map(what, one.get("then", ()))]:
            assert isinstance(await order.do(step), dict), step
    found = await measured(
        "query Of($key: Int!) { customer(by: {databaseId: $key}) { purchaseCount lifetimeValue { cents } "
        "averageOrderValue } }",
        {"key": CUSTOMER},
    )
    customer = found["customer"]
    assert {**customer, "lifetimeValue": customer["lifetimeValue"]["cents"]} == MEASURED["customer"]["measured"]


def what(step: str | int) -> Case:
    return {"do": step} if isinstance(step, str) else {"do": "refund", "amount": step}


# Lists


def listed() -> list[Any]:
    rows: list[Any] = []
    begins = datetime(2026, 1, 1, tzinfo=UTC)
    for key, status, payment, total, customer, title, *more in MEASURED["listed_orders"]:
        invoice, kind = [*more, None, None][:2] if more else (None, None)
        rows.append(
            factories.order(
                key,
                status=OrderStatus[status.upper()],
                payment_status=PaymentStatus(payment),
                shipping_status=ShippingStatus.UNSHIPPED if key == 20 else None,
                type=OrderType(kind or "payment"),
                payment_method="offline_payment",
                total=total,
                customer_id=customer,
                invoice_no=invoice,
                created_at=begins + timedelta(hours=key),
            )
        )
        rows.append(factories.order_item(key, key, product_title=title, title=title))
    plans = {10: 10000, 9: 3000, 8: 5000, 7: 3000, 6: 10000, 5: 3000, 4: 10000, 3: 800, 2: 3000, 1: 10000}
    for key in sorted(plans):
        buyer = 2 if key == 1 else CUSTOMER
        of = {"status": SubscriptionStatus.PENDING, "recurring_total": plans[key], "customer_id": buyer}
        rows.append(factories.subscription(key, item_name="Plan – Some", **of))
    return rows


async def test_lists(measured: Gateway) -> None:
    await factories.store_rows(measured, listed())

    async def come_to(case: Case) -> Any:
        name = case["list"]
        entity = {"orders": "Order", "customers": "Customer", "coupons": "Coupon", "products": "Product"}.get(
            name, "Subscription"
        )
        document = f"""query List($first: Int, $page: Int, $search: String, $filter: {entity}Filter,
          $sort: [{entity}Sort!]) {{
          {name}(first: $first, page: $page, search: $search, filter: $filter, sort: $sort) {{
            nodes {{ databaseId }} }} }}"""
        variables = case.get("ask", {})
        viewer = {"viewer": ANONYMOUS} if name == "products" else {}
        answer = await measured(document, variables, **viewer)
        return [one["databaseId"] for one in answer[name]["nodes"]]

    await compare(MEASURED["lists"], come_to)
