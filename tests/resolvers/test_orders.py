"""Orders that are taken, changed, paid, sent, refunded and deleted here: sums, stock, events, and who meets whom."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import func, select

from db.access.viewer import Viewer
from db.catalog.product import FulfillmentType, ProductStatus
from db.catalog.variant import PaymentType, VariantRow, VariantStatus
from db.commerce.address import AddressType
from db.commerce.coupon import CouponStatus, CouponType
from db.commerce.order import (
    LineType,
    OrderItemRow,
    OrderMode,
    OrderStatus,
    OrderType,
    PaymentStatus,
    TransactionStatus,
)
from db.commerce.subscription import SubscriptionStatus
from db.store.row import table
from engine.values import identity
from tests import factories
from tests.gateway import ADMIN, Gateway
from tests.patience import PATIENCE
from tests.resolvers.shelf import events

ERRORS = "userErrors { code field message }"
ORDER = """order { id databaseId version status paymentStatus shippingStatus receiptNumber invoiceNo fulfillmentType
    subtotal { cents } couponDiscountTotal { cents } manualDiscountTotal { cents } shippingTotal { cents }
    total { cents } totalPaid { cents } totalRefund { cents } note
    items { databaseId title paymentType quantity fulfilledQuantity restockedQuantity discountTotal { cents }
        lineTotal { cents } refundTotal { cents } }
    transactions { databaseId type status total { cents } vendorChargeId note }
    billingAddress { city } shippingAddress { city } appliedCoupons { code amount { cents } } }"""
MORE = {
    "orderDelete": "deletedId",
    "orderMarkAsPaid": f"{ORDER} transaction {{ databaseId }}",
    "orderRefund": f"{ORDER} transaction {{ total {{ cents }} }} subscriptions {{ status cancelReason }}",
}
GOODS = FulfillmentType.PHYSICAL


def gid(entity: str, key: int) -> str:
    return identity.encode(entity, key)


def of(variant: int, quantity: int = 1, **more: Any) -> dict[str, Any]:
    return {"variantId": gid("ProductVariant", variant), "quantity": quantity, **more}


async def go(gateway: Gateway, mutation: str, /, **input: Any) -> Any:
    """`viewer`: who asks; an administrator, if nobody is named."""
    viewer = input.pop("viewer", ADMIN)
    kind = mutation[0].upper() + mutation[1:]
    payload = MORE.get(mutation, ORDER)
    document = f"mutation Go($input: {kind}Input!) {{ {mutation}(input: $input) {{ {payload} {ERRORS} }} }}"
    return (await gateway(document, {"input": input}, viewer=viewer))[mutation]


async def taken(gateway: Gateway, *items: dict[str, Any], **input: Any) -> Any:
    made = await go(gateway, "orderCreate", **{"customerId": gid("Customer", 1), "items": list(items), **input})
    assert made["userErrors"] == []
    return made["order"]


def wrong(payload: Any) -> list[tuple[str, str]]:
    return [(error["code"], ".".join(error["field"] or ())) for error in payload["userErrors"]]


async def stock(gateway: Gateway, variant: int) -> tuple[int, int, int]:
    """Available, on hold, committed."""
    columns = table(VariantRow).c
    async with gateway.database.read() as connection:
        found = select(columns.available, columns.on_hold, columns.committed).where(columns.id == variant)
        row = (await connection.execute(found)).one()
    return row[0], row[1], row[2]


def cents(order: Any, *names: str) -> list[int]:
    return [order[name]["cents"] for name in names]


@pytest.fixture
async def shop(gateway: Gateway) -> Gateway:
    """1, 2: a mug and a vase, counted, sent. 3: a book, counted, not sent. 4: a poster, not counted. 5: a set of mug
    and book. 6: a subscription. 7: not for sale. 8: of a draft."""
    counted = {"manage_stock": True, "available": 10, "total_stock": 10}
    await factories.store_rows(
        gateway,
        [
            factories.product(1, title="Cups", manage_stock=True),
            factories.variant(1, 1, title="Mug", price=2000, cost=700, fulfillment_type=GOODS, **counted),
            factories.variant(2, 1, title="Vase", price=1999, fulfillment_type=GOODS, position=2, **counted),
            factories.product(2, title="Books", manage_stock=True),
            factories.variant(3, 2, title="Book", price=3333, **counted),
            factories.product(3, title="Posters"),
            factories.variant(4, 3, title="Poster", price=500, sold_individually=True),
            factories.product(4, title="Sets", is_bundle=True, manage_stock=True),
            factories.variant(5, 4, title="Set", price=4000, fulfillment_type=GOODS, **counted),
            factories.bundle_item(5, 1, 1),
            factories.bundle_item(5, 3, 2),
            factories.product(5, title="Club"),
            factories.variant(6, 5, title="Month", price=900, payment_type=PaymentType.SUBSCRIPTION),
            factories.variant(7, 3, title="Torn", price=1, status=VariantStatus.INACTIVE, position=2),
            factories.product(6, title="Secret", status=ProductStatus.DRAFT),
            factories.variant(8, 6, title="Hush", price=1),
            factories.customer(1, email="ada@example.org", first_name="Ada"),
            factories.customer(2, email="otto@example.org", first_name="Otto"),
            factories.customer_address(1, 1, is_primary=True, city="Bremen", country="DE"),
            factories.customer_address(2, 1, type=AddressType.SHIPPING, city="Kiel", country="DE"),
            factories.customer_address(3, 2, city="Graz", country="AT"),
            factories.coupon(1, code="TEN", type=CouponType.PERCENTAGE, amount=1000, stackable=True),
            factories.coupon(2, code="FIVE", type=CouponType.FIXED, amount=500, stackable=True, priority=5),
            factories.coupon(3, code="LONE", type=CouponType.FIXED, amount=1, priority=1),
            factories.coupon(4, code="SHIP", type=CouponType.FREE_SHIPPING, stackable=True),
            factories.coupon(5, code="OVER", type=CouponType.FIXED, amount=1, status=CouponStatus.EXPIRED),
        ],
    )
    return gateway


async def test_an_order_is_taken(shop: Gateway) -> None:
    order = await taken(shop, of(1, 2), of(3), note=" Ring twice ", shippingTotal=450)
    assert cents(order, "subtotal", "shippingTotal", "total", "totalPaid") == [7333, 450, 7783, 0]
    assert (order["status"], order["paymentStatus"], order["shippingStatus"]) == ("ON_HOLD", "PENDING", "UNSHIPPED")
    assert (order["receiptNumber"], order["invoiceNo"], order["note"]) == (None, None, "Ring twice")
    assert [(one["status"], one["total"]["cents"]) for one in order["transactions"]] == [("PENDING", 7783)]
    assert [order["billingAddress"], order["shippingAddress"]] == [{"city": "Bremen"}, None]
    assert [await stock(shop, key) for key in (1, 3)] == [(8, 2, 0), (9, 1, 0)]
    told = [(one["name"], one["version"]) for one in await events(shop)]
    assert told[0] == ("order.created", 1)
    assert sorted({name for name, _ in told}) == ["inventory.changed", "order.created", "variant.updated"]
    found = await shop('{ orders(search: "mug") { nodes { databaseId customer { purchaseCount } } } }')
    assert found["orders"]["nodes"] == [{"databaseId": order["databaseId"], "customer": {"purchaseCount": 0}}]


async def test_more_lines_take_no_more_statements(shop: Gateway) -> None:
    with shop.counting() as one:
        await taken(shop, of(1))
    with shop.counting() as five:
        await taken(shop, of(1), of(2), of(3), of(4), of(5))
    assert len(five) <= len(one) + 1


async def test_discounts_in_their_order(shop: Gateway) -> None:
    """Coupons by their priority, then what the staff takes off; the cents of each line add up to the order's."""
    order = await taken(
        shop,
        of(1),
        of(2),
        couponCodes=["five", "TEN", "Ship"],
        discount={"amount": 100, "label": "Sorry"},
        shippingTotal=700,
    )
    assert cents(order, "subtotal", "couponDiscountTotal", "manualDiscountTotal", "shippingTotal") == [
        3999,
        900,
        100,
        0,
    ]
    assert cents(order, "total") == [2999]
    assert sum(line["discountTotal"]["cents"] for line in order["items"]) == 1000
    assert sorted((one["code"], one["amount"]["cents"]) for one in order["appliedCoupons"]) == [
        ("FIVE", 500),
        ("SHIP", 0),
        ("TEN", 400),
    ]
    uses = (await shop("{ coupons(sort: [{field: ID}]) { nodes { useCount version } } }"))["coupons"]["nodes"]
    assert [one["useCount"] for one in uses] == [1, 1, 0, 1, 0]
    assert {one["version"] for one in uses} == {1}
    half = await taken(shop, of(1), discount={"percentage": "50"})
    assert cents(half, "manualDiscountTotal", "total") == [1000, 1000]


async def test_what_costs_nothing_is_paid_at_once(shop: Gateway) -> None:
    order = await taken(shop, of(3), discount={"percentage": "100"})
    assert (order["status"], order["paymentStatus"], order["receiptNumber"]) == ("COMPLETED", "PAID", 1)
    assert await stock(shop, 3) == (9, 0, 1)
    assert "order.paid" in {one["name"] for one in await events(shop)}
    again = await taken(shop, of(3), paymentStatus="PAID")
    assert (again["receiptNumber"], again["invoiceNo"]) == (2, "INV-2")
    assert cents(again, "total", "totalPaid") == [3333, 3333]
    found = (await shop("{ customer(by: {databaseId: 1}) { purchaseCount version lifetimeValue { cents } } }"))[
        "customer"
    ]
    assert found == {"purchaseCount": 2, "version": 1, "lifetimeValue": {"cents": 3333}}


async def test_a_bundle_takes_its_parts(shop: Gateway) -> None:
    order = await taken(shop, of(5, 2))
    assert [
        (line["title"], line["paymentType"], line["quantity"], *cents(line, "lineTotal")) for line in order["items"]
    ] == [
        ("Set", "ONETIME", 2, 8000),
        ("Mug", "BUNDLE", 2, 0),
        ("Book", "BUNDLE", 2, 0),
    ]
    assert cents(order, "total") == [8000]
    assert [await stock(shop, key) for key in (1, 3, 5)] == [(8, 2, 0)] * 3
    key = order["items"][0]["databaseId"]
    changed = await go(shop, "orderUpdate", id=order["id"], items=[{"id": gid("OrderItem", key), "quantity": 1}])
    assert [line["quantity"] for line in changed["order"]["items"]] == [1, 1, 1]
    assert [await stock(shop, key) for key in (1, 3, 5)] == [(9, 1, 0)] * 3


async def test_two_lines_of_one_variant_count_together(shop: Gateway) -> None:
    both = await go(shop, "orderCreate", customerId=gid("Customer", 1), items=[of(1, 6), of(1, 5)])
    assert wrong(both) == [("CONFLICT", "items.0.quantity"), ("CONFLICT", "items.1.quantity")]
    assert both["userErrors"][0]["message"] == "Only 10 of it are left"
    await taken(shop, of(1, 6), of(1, 4))
    assert await stock(shop, 1) == (0, 10, 0)
    none = await go(shop, "orderCreate", customerId=gid("Customer", 1), items=[of(1)])
    assert none["userErrors"][0]["message"] == "It is out of stock"


@pytest.mark.parametrize(
    ("input", "expected"),
    [
        ({"items": []}, [("VALIDATION", "items")]),
        ({"items": [of(4)] * 101}, [("VALIDATION", "items")]),
        ({"items": [of(99)]}, [("NOT_FOUND", "items.0.variantId")]),
        ({"items": [{"productId": gid("Product", 99)}]}, [("NOT_FOUND", "items.0.productId")]),
        ({"items": [{"quantity": 1}]}, [("VALIDATION", "items.0.variantId")]),
        ({"items": [of(1, productId=gid("Product", 1))]}, [("VALIDATION", "items.0.variantId")]),
        ({"items": [of(1, 0), of(1, -1), of(1, 2**31 - 1)]}, [("VALIDATION", f"items.{n}.quantity") for n in range(3)]),
        ({"items": [of(1, unitPrice=-1)]}, [("VALIDATION", "items.0.unitPrice")]),
        ({"items": [of(1, 2, unitPrice=2**53 - 1)]}, [("VALIDATION", "items.0.unitPrice")]),
        ({"items": [of(1, 1, unitPrice=2**53 - 1), of(2)]}, [("VALIDATION", "items")]),
        ({"items": [of(6)]}, [("BUSINESS_RULE", "items.0")]),
        ({"items": [of(7), of(8)]}, [("BUSINESS_RULE", "items.0"), ("BUSINESS_RULE", "items.1")]),
        ({"items": [of(4, 2)]}, [("BUSINESS_RULE", "items.0.quantity")]),
        ({"customerId": gid("Customer", 9)}, [("NOT_FOUND", "customerId")]),
        (
            {"status": "COMPLETED", "paymentStatus": "REFUNDED"},
            [("VALIDATION", "status"), ("VALIDATION", "paymentStatus")],
        ),
        ({"currency": "EUR"}, [("VALIDATION", "currency")]),
        ({"shippingTotal": -1}, [("VALIDATION", "shippingTotal")]),
        ({"note": "n" * 5001, "paymentMethod": "p" * 51}, [("VALIDATION", "paymentMethod"), ("VALIDATION", "note")]),
        ({"discount": {}}, [("VALIDATION", "discount.amount")]),
        ({"discount": {"amount": 1, "percentage": "1"}}, [("VALIDATION", "discount.amount")]),
        ({"discount": {"percentage": "100.001"}}, [("VALIDATION", "discount.percentage")]),
        ({"discount": {"percentage": f"10.{'0' * 29}1"}}, [("VALIDATION", "discount.percentage")]),
        (
            {"discount": {"percentage": "0.001", "label": "l" * 101}},
            [("VALIDATION", "discount.label"), ("VALIDATION", "discount.percentage")],
        ),
        ({"billingAddressId": gid("CustomerAddress", 3)}, [("NOT_FOUND", "billingAddressId")]),
        ({"couponCodes": ["NONE"]}, [("NOT_FOUND", "couponCodes.0")]),
        ({"couponCodes": ["TEN", "OVER"]}, [("BUSINESS_RULE", "couponCodes.1")]),
        ({"couponCodes": ["TEN", "LONE"]}, [("BUSINESS_RULE", "couponCodes.1")]),
    ],
)
async def test_what_is_no_order_is_refused(shop: Gateway, input: dict[str, Any], expected: list[Any]) -> None:
    asked = {"customerId": gid("Customer", 1), "items": [of(4)], **input}
    found = await go(shop, "orderCreate", **asked)
    assert wrong(found) == expected
    assert found["order"] is None
    assert (await shop("{ orders { totalCount } }"))["orders"]["totalCount"] == 0
    assert await events(shop) == []


async def test_who_may(shop: Gateway) -> None:
    order = await taken(shop, of(4))
    holder = Viewer("token:holder", "holder", frozenset({"orders/view", "orders/create", "customers/view"}))
    document = "mutation Go($input: OrderMarkAsPaidInput!) { orderMarkAsPaid(input: $input) { order { id } } }"
    answer = await shop.answer(document, {"input": {"id": order["id"]}}, viewer=holder)
    assert answer.body["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    own = await go(shop, "orderCreate", viewer=holder, customerId=gid("Customer", 1), items=[of(8)])
    assert wrong(own) == [("NOT_FOUND", "items.0.variantId")]  # a draft, which they do not see
    assert (await go(shop, "orderCreate", viewer=holder, customerId=gid("Customer", 1), items=[of(4)]))["order"]


async def test_an_order_is_changed(shop: Gateway) -> None:
    order = await taken(shop, of(1, 2), of(2), couponCodes=["TEN"], billingAddressId=gid("CustomerAddress", 2))
    mug, vase = (gid("OrderItem", line["databaseId"]) for line in order["items"])
    changed = await go(
        shop,
        "orderUpdate",
        id=order["id"],
        expectedVersion=1,
        items=[{"id": mug, "quantity": 5, "unitPrice": 1500}, of(3)],
        deletedItemIds=[vase],
        note="Later",
        customerId=gid("Customer", 2),
        billingAddressId=gid("CustomerAddress", 3),
        couponCodes=["ten", "FIVE"],
    )
    assert changed["userErrors"] == []
    after = changed["order"]
    assert [(line["title"], line["quantity"]) for line in after["items"]] == [("Mug", 5), ("Book", 1)]
    assert cents(after, "subtotal", "couponDiscountTotal", "total") == [10833, 1583, 9250]
    assert [one["total"]["cents"] for one in after["transactions"]] == [9250]
    assert (after["version"], after["billingAddress"], after["note"]) == (2, {"city": "Graz"}, "Later")
    assert [await stock(shop, key) for key in (1, 2, 3)] == [(5, 5, 0), (10, 0, 0), (9, 1, 0)]
    told = [one for one in await events(shop) if one["name"] == "order.updated"]
    assert [one["changed"] for one in told] == [
        [
            "appliedCoupons",
            "billingAddress",
            "couponDiscountTotal",
            "customer",
            "items",
            "note",
            "subtotal",
            "total",
            "transactions",
        ]
    ]
    outdated = await go(shop, "orderUpdate", id=order["id"], expectedVersion=1, note="Never")
    assert wrong(outdated) == [("CONFLICT", "expectedVersion")]
    bare = await go(shop, "orderUpdate", id=order["id"], couponCodes=None, note=None, billingAddressId=None)
    assert (bare["order"]["appliedCoupons"], bare["order"]["note"], bare["order"]["billingAddress"]) == ([], "", None)
    assert cents(bare["order"], "total") == [10833]
    uses = (await shop("{ coupons(sort: [{field: ID}]) { nodes { useCount } } }"))["coupons"]["nodes"]
    assert [one["useCount"] for one in uses] == [0] * 5
    same = await go(shop, "orderUpdate", id=order["id"], note="", items=[{"id": mug, "quantity": 5}])
    assert same["order"]["version"] == bare["order"]["version"]


async def test_what_an_order_cannot_become_is_refused(shop: Gateway) -> None:
    order = await taken(shop, of(1), of(5))
    mug, whole, part = (gid("OrderItem", line["databaseId"]) for line in order["items"][:3])
    for asked, expected in (
        ({"items": [{"id": mug, "quantity": 0}]}, ("VALIDATION", "items.0.quantity")),
        ({"items": [{"id": mug, "quantity": 12}]}, ("CONFLICT", "items.0.quantity")),
        ({"items": [{"id": part, "quantity": 2}]}, ("BUSINESS_RULE", "items.0.id")),
        ({"items": [{"id": gid("OrderItem", 99)}]}, ("NOT_FOUND", "items.0.id")),
        ({"items": [{"id": mug, "variantId": gid("ProductVariant", 2)}]}, ("VALIDATION", "items.0.id")),
        ({"deletedItemIds": [part]}, ("BUSINESS_RULE", "deletedItemIds.0")),
        ({"deletedItemIds": [gid("OrderItem", 99)]}, ("NOT_FOUND", "deletedItemIds.0")),
        ({"deletedItemIds": [mug, whole]}, ("VALIDATION", "deletedItemIds")),
        ({"items": [{"id": mug, "quantity": 2}], "deletedItemIds": [mug]}, ("NOT_FOUND", "items.0.id")),
        ({"items": [of(4)] * 99}, ("VALIDATION", "items")),
        ({"items": [{"id": mug}] * 101}, ("VALIDATION", "items")),
        ({"items": [{"id": mug, "quantity": 2}, {"id": mug, "quantity": 3}]}, ("VALIDATION", "items.1.id")),
        ({"customerId": gid("Customer", 9)}, ("NOT_FOUND", "customerId")),
        ({"shippingTotal": -1}, ("VALIDATION", "shippingTotal")),
        ({"couponCodes": ["OVER"]}, ("BUSINESS_RULE", "couponCodes.0")),
        ({"couponCodes": ["A" * 51]}, ("NOT_FOUND", "couponCodes.0")),
    ):
        found = await go(shop, "orderUpdate", id=order["id"], **asked)
        assert wrong(found) == [expected], asked
    assert (await go(shop, "orderUpdate", id=order["id"]))["order"] == order
    await go(shop, "orderStatusesUpdate", id=order["id"], status="CANCELED")
    assert wrong(await go(shop, "orderUpdate", id=order["id"], note="x")) == [("BUSINESS_RULE", "id")]


async def test_an_imported_order_with_tax_keeps_its_lines(shop: Gateway) -> None:
    rows = [factories.order(50, tax_total=10, total=1010, subtotal=1000, payment_status=PaymentStatus.PENDING)]
    await factories.store_rows(shop, [*rows, factories.order_item(50, 50, variant_id=4, product_id=3, unit_price=1000)])
    refused = await go(shop, "orderUpdate", id=gid("Order", 50), items=[of(4)])
    assert wrong(refused) == [("BUSINESS_RULE", "id")]
    assert (await go(shop, "orderUpdate", id=gid("Order", 50), note="Gift"))["order"]["note"] == "Gift"
    await factories.store_rows(shop, [factories.order(51, type=OrderType.RENEWAL)])
    assert wrong(await go(shop, "orderUpdate", id=gid("Order", 51), note="x")) == [("BUSINESS_RULE", "id")]


async def test_an_order_is_paid(shop: Gateway) -> None:
    order = await taken(shop, of(1), of(3))
    paid = await go(
        shop, "orderMarkAsPaid", id=order["id"], vendorChargeId="ch_1", note="By transfer", paymentMethod="bank"
    )
    after = paid["order"]
    assert (after["status"], after["paymentStatus"], after["invoiceNo"]) == ("PROCESSING", "PAID", "INV-1")
    assert [(one["status"], one["vendorChargeId"], one["note"]) for one in after["transactions"]] == [
        ("SUCCEEDED", "ch_1", "By transfer")
    ]
    assert [await stock(shop, key) for key in (1, 3)] == [(9, 1, 0), (9, 0, 1)]
    names = [one["name"] for one in await events(shop) if one["name"].startswith(("order.", "payment.", "customer."))]
    assert names == [
        "order.created",
        "payment.success",
        "order.updated",
        "order.status_changed",
        "order.payment_status_changed",
        "order.paid",
        "customer.updated",
    ]
    assert wrong(await go(shop, "orderMarkAsPaid", id=order["id"])) == [("CONFLICT", "id")]
    late = await taken(shop, of(3))
    await go(shop, "orderStatusesUpdate", id=late["id"], status="CANCELED")
    assert wrong(await go(shop, "orderMarkAsPaid", id=late["id"])) == [("CONFLICT", "id")]
    long = await go(
        shop, "orderMarkAsPaid", id=(await taken(shop, of(4)))["id"], vendorChargeId="c" * 193, note="n" * 5001
    )
    assert wrong(long) == [("VALIDATION", "vendorChargeId"), ("VALIDATION", "note")]


async def test_what_a_shop_has_noted_of_a_payment_may_be_anything(shop: Gateway) -> None:
    pending = {"status": TransactionStatus.PENDING, "total": 500, "extra": ["odd"]}
    rows = [factories.order(52, total=500, payment_status=PaymentStatus.PENDING), factories.order_item(52, 52)]
    await factories.store_rows(shop, [*rows, factories.order_transaction(52, 52, **pending)])
    paid = await go(shop, "orderMarkAsPaid", id=gid("Order", 52), note="By transfer")
    assert paid["order"]["transactions"][0]["note"] == "By transfer"


async def test_markup_does_not_make_a_note_too_long_or_shorter(shop: Gateway) -> None:
    """What counts is what is stored, and all of that is."""
    note = "<b>n</b>" * 1000
    paid = await go(shop, "orderMarkAsPaid", id=(await taken(shop, of(4)))["id"], note=note)
    assert paid["order"]["transactions"][0]["note"] == "n" * 1000


async def test_an_order_that_grows_after_it_was_paid(shop: Gateway) -> None:
    """It is paid in part, is told to be paid once, and keeps its number."""
    order = await taken(shop, of(3), paymentStatus="PAID", status="PROCESSING")
    assert order["status"] == "COMPLETED"
    order = await taken(shop, of(1), paymentStatus="PAID")
    line = gid("OrderItem", order["items"][0]["databaseId"])
    grown = (await go(shop, "orderUpdate", id=order["id"], items=[{"id": line, "quantity": 3}]))["order"]
    assert (grown["paymentStatus"], *cents(grown, "total", "totalPaid")) == ("PARTIALLY_PAID", 6000, 2000)
    paid = (await go(shop, "orderMarkAsPaid", id=order["id"]))["order"]
    assert (paid["paymentStatus"], paid["receiptNumber"]) == ("PAID", order["receiptNumber"])
    assert [one["total"]["cents"] for one in paid["transactions"]] == [2000, 4000]
    told = [
        one
        for one in await events(shop)
        if (one["name"], one["entity"]) == ("order.paid", f"Order:{order['databaseId']}")
    ]
    assert len(told) == 1


async def test_what_was_paid_in_part_is_paid_once_it_costs_no_more(shop: Gateway) -> None:
    """Imported so: it has no number of a receipt yet, and keeps what it has not given out."""
    part = {"customer_id": 1, "status": OrderStatus.ON_HOLD, "payment_status": PaymentStatus.PARTIALLY_PAID}
    paid = {"subtotal": 6666, "total": 6666, "total_paid": 3333, "fulfillment_type": FulfillmentType.DIGITAL}
    line = {"product_id": 2, "variant_id": 3, "title": "Book", "unit_price": 3333, "subtotal": 3333}
    line |= {"line_total": 3333, "payment_type": LineType.ONETIME, "on_hold": 1}
    pending = {"status": TransactionStatus.PENDING, "total": 3333}
    await factories.store_rows(
        shop,
        [
            factories.order(52, **part, **paid),
            *(factories.order_item(key, 52, position=key, quantity=1, **line) for key in (52, 53)),
            factories.order_transaction(52, 52, **pending),
        ],
    )
    changed = await go(shop, "orderUpdate", id=gid("Order", 52), deletedItemIds=[gid("OrderItem", 53)])
    assert changed["userErrors"] == []
    after = changed["order"]
    assert (after["status"], after["paymentStatus"], after["invoiceNo"]) == ("COMPLETED", "PAID", "INV-1")
    assert cents(after, "total", "totalPaid") == [3333, 3333]
    assert [(one["status"], one["total"]["cents"]) for one in after["transactions"]] == [("PENDING", 0)]
    assert await stock(shop, 3) == (11, 0, 1)  # one came back, one is given out
    told = [one["name"] for one in await events(shop)]
    assert told.count("order.paid") == told.count("customer.updated") == 1
    found = await shop("{ customer(by: {databaseId: 1}) { purchaseCount lifetimeValue { cents } } }")
    assert found["customer"] == {"purchaseCount": 1, "lifetimeValue": {"cents": 3333}}


async def test_numbers_of_receipts_are_given_once(shop: Gateway) -> None:
    await factories.store_rows(shop, [factories.order(60, receipt_number=41)])
    async with asyncio.timeout(PATIENCE):
        made = await asyncio.gather(*(taken(shop, of(4), paymentStatus="PAID") for _ in range(4)))
    assert sorted(one["receiptNumber"] for one in made) == [42, 43, 44, 45]
    last = next(one for one in made if one["receiptNumber"] == 45)
    refund = last["transactions"][0]["databaseId"]
    await go(shop, "orderRefund", id=last["id"], transactionId=gid("OrderTransaction", refund), amount=500)
    await go(shop, "orderStatusesUpdate", id=last["id"], status="CANCELED")
    assert (await go(shop, "orderDelete", id=last["id"]))["deletedId"] == last["id"]
    assert (await taken(shop, of(4), paymentStatus="PAID"))["receiptNumber"] == 46


async def test_what_is_sent(shop: Gateway) -> None:
    order = await taken(shop, of(1, 2), of(3))
    shipped = (await go(shop, "orderStatusesUpdate", id=order["id"], shippingStatus="SHIPPED"))["order"]
    assert [line["fulfilledQuantity"] for line in shipped["items"]] == [2, 0]
    assert await stock(shop, 1) == (8, 2, 0)
    await go(shop, "orderStatusesUpdate", id=order["id"], shippingStatus="DELIVERED", status="COMPLETED")
    assert [await stock(shop, key) for key in (1, 3)] == [(8, 0, 2), (9, 1, 0)]
    back = (await go(shop, "orderStatusesUpdate", id=order["id"], shippingStatus="UNSHIPPED"))["order"]
    assert [line["fulfilledQuantity"] for line in back["items"]] == [0, 0]
    assert await stock(shop, 1) == (8, 2, 0)
    names = [one["name"] for one in await events(shop)]
    assert [names.count(name) for name in ("order.shipped", "order.delivered", "order.shipping_status_changed")] == [
        1,
        1,
        3,
    ]
    for asked, expected in (
        ({}, ("VALIDATION", "status")),
        ({"status": "COMPLETED"}, ("BUSINESS_RULE", "status")),
        ({"shippingStatus": "UNSHIPPED"}, ("BUSINESS_RULE", "shippingStatus")),
        ({"status": "FAILED"}, ("VALIDATION", "status")),
    ):
        assert wrong(await go(shop, "orderStatusesUpdate", id=order["id"], **asked)) == [expected]
    digital = await taken(shop, of(3))
    nothing = await go(shop, "orderStatusesUpdate", id=digital["id"], shippingStatus="SHIPPED")
    assert wrong(nothing) == [("BUSINESS_RULE", "shippingStatus")]


async def test_what_is_canceled_comes_back_once(shop: Gateway) -> None:
    order = await taken(shop, of(1, 2), of(3), paymentStatus="PAID")
    await go(shop, "orderStatusesUpdate", id=order["id"], shippingStatus="DELIVERED")
    await go(shop, "orderStatusesUpdate", id=order["id"], status="CANCELED")
    assert [await stock(shop, key) for key in (1, 3)] == [(10, 0, 0)] * 2
    await go(shop, "orderStatusesUpdate", id=order["id"], shippingStatus="SHIPPED")
    await go(shop, "orderStatusesUpdate", id=order["id"], shippingStatus="DELIVERED")
    assert await stock(shop, 1) == (10, 0, 0)
    again = await go(shop, "orderStatusesUpdate", id=order["id"], status="PROCESSING")
    assert wrong(again) == [("BUSINESS_RULE", "status")]
    lost = await taken(shop, of(1, 3))
    await go(shop, "orderStatusesUpdate", id=lost["id"], status="CANCELED", manageStock=False)
    assert await stock(shop, 1) == (7, 0, 3)


async def test_money_is_given_back(shop: Gateway) -> None:
    order = await taken(shop, of(1), of(2), of(4, unitPrice=99), paymentStatus="PAID", shippingTotal=500)
    payment = gid("OrderTransaction", order["transactions"][0]["databaseId"])
    mug = gid("OrderItem", order["items"][0]["databaseId"])
    part = await go(
        shop,
        "orderRefund",
        id=order["id"],
        transactionId=payment,
        amount=1000,
        reason="Broken",
        restock=[{"itemId": mug, "quantity": 1}],
    )
    after = part["order"]
    assert [line["refundTotal"]["cents"] for line in after["items"]] == [488, 488, 24]
    assert [line["restockedQuantity"] for line in after["items"]] == [1, 0, 0]
    assert (after["paymentStatus"], *cents(after, "totalRefund", "totalPaid")) == ("PARTIALLY_REFUNDED", 1000, 4598)
    assert part["transaction"] == {"total": {"cents": 1000}}
    assert [(one["type"], one["status"], one["note"]) for one in after["transactions"]] == [
        ("CHARGE", "SUCCEEDED", None),
        ("REFUND", "REFUNDED", "Broken"),
    ]
    assert await stock(shop, 1) == (10, 0, 0)
    for asked, expected in (
        ({"amount": 3599}, ("BUSINESS_RULE", "amount")),
        ({"amount": 0}, ("VALIDATION", "amount")),
        ({"itemIds": [gid("OrderItem", 99)]}, ("NOT_FOUND", "itemIds.0")),
        ({"restock": [{"itemId": mug, "quantity": 1}]}, ("VALIDATION", "restock.0.quantity")),
        ({"restock": [{"itemId": gid("OrderItem", 99), "quantity": 1}]}, ("NOT_FOUND", "restock.0.itemId")),
        ({"transactionId": gid("OrderTransaction", 99)}, ("NOT_FOUND", "transactionId")),
        ({"reason": "r" * 1001}, ("VALIDATION", "reason")),
    ):
        whole = {"id": order["id"], "transactionId": payment, "amount": 1, **asked}
        assert wrong(await go(shop, "orderRefund", **whole)) == [expected], asked
    rest = await go(shop, "orderRefund", id=order["id"], transactionId=payment, amount=3598)
    assert rest["order"]["paymentStatus"] == "REFUNDED"
    assert [line["refundTotal"]["cents"] for line in rest["order"]["items"]] == [2000, 1999, 99]
    names = [one["name"] for one in await events(shop)]
    assert [names.count(name) for name in ("order.refunded", "order.fully_refunded")] == [2, 1]
    found = (await shop("{ customer(by: {databaseId: 1}) { purchaseCount } }"))["customer"]
    assert found == {"purchaseCount": 0}
    own = gid("OrderTransaction", rest["order"]["transactions"][1]["databaseId"])
    assert wrong(await go(shop, "orderRefund", id=order["id"], transactionId=own, amount=1)) == [
        ("BUSINESS_RULE", "transactionId")
    ]


async def test_what_was_given_out_stays_so_when_its_money_is_given_back(shop: Gateway) -> None:
    order = await taken(shop, of(1), of(3), paymentStatus="PAID")
    payment = gid("OrderTransaction", order["transactions"][0]["databaseId"])
    await go(shop, "orderRefund", id=order["id"], transactionId=payment, amount=5333)
    await go(shop, "orderStatusesUpdate", id=order["id"], shippingStatus="SHIPPED")
    assert [await stock(shop, key) for key in (1, 3)] == [(9, 1, 0), (9, 0, 1)]


async def test_a_state_that_it_has_may_be_passed_over(shop: Gateway) -> None:
    order = await taken(shop, of(1))
    same = await go(shop, "orderStatusesUpdate", id=order["id"], status="ON_HOLD", ifDifferent=True)
    assert (same["userErrors"], same["order"]["version"]) == ([], 1)
    other = await go(
        shop, "orderStatusesUpdate", id=order["id"], status="ON_HOLD", shippingStatus="SHIPPED", ifDifferent=True
    )
    assert (other["order"]["status"], other["order"]["shippingStatus"]) == ("ON_HOLD", "SHIPPED")


async def test_a_refund_may_end_a_subscription(shop: Gateway) -> None:
    await factories.store_rows(
        shop,
        [
            factories.order(70, total=900, total_paid=900, type=OrderType.SUBSCRIPTION, customer_id=1),
            factories.order_item(70, 70, payment_type=LineType.SUBSCRIPTION, line_total=900),
            factories.order_transaction(70, 70, total=900),
            factories.subscription(70, order_id=70),
            factories.subscription(71, order_id=70, status=SubscriptionStatus.COMPLETED),
        ],
    )
    asked = {"id": gid("Order", 70), "transactionId": gid("OrderTransaction", 70), "amount": 900}
    found = await go(shop, "orderRefund", **asked, cancelSubscription=True, reason="Moved away")
    assert found["subscriptions"] == [{"status": "CANCELED", "cancelReason": "Moved away"}]
    assert "subscription.cancelled" in {one["name"] for one in await events(shop)}


async def test_what_goes_and_what_stays(shop: Gateway) -> None:
    order = await taken(shop, of(1, 4), couponCodes=["TEN"])
    deleted = await go(shop, "orderDelete", id=order["id"], expectedVersion=1)
    assert deleted["deletedId"] == order["id"]
    assert await stock(shop, 1) == (10, 0, 0)
    assert (await shop('{ coupon(by: {code: "ten"}) { useCount } }'))["coupon"] == {"useCount": 0}
    async with shop.database.read() as connection:
        left = await connection.execute(select(func.count()).select_from(table(OrderItemRow)))
        assert left.scalar_one() == 0
    paid = await taken(shop, of(1), paymentStatus="PAID")
    assert wrong(await go(shop, "orderDelete", id=paid["id"])) == [("BUSINESS_RULE", "id")]
    await go(shop, "orderStatusesUpdate", id=paid["id"], status="CANCELED")
    assert wrong(await go(shop, "orderDelete", id=paid["id"])) == [("BUSINESS_RULE", "id")]
    await factories.store_rows(
        shop,
        [
            factories.order(
                80, type=OrderType.SUBSCRIPTION, status=OrderStatus.ON_HOLD, payment_status=PaymentStatus.PENDING
            ),
            factories.order(
                81,
                type=OrderType.RENEWAL,
                parent_id=80,
                status=OrderStatus.CANCELED,
                payment_status=PaymentStatus.REFUNDED,
            ),
            factories.order(82, parent_id=80),
            factories.subscription(80, order_id=80),
            factories.order(83, mode=OrderMode.TEST, status=OrderStatus.COMPLETED),
        ],
    )
    assert wrong(await go(shop, "orderDelete", id=gid("Order", 80))) == [("BUSINESS_RULE", "id")]
    await go_subscription(shop, 80)
    await go(shop, "orderDelete", id=gid("Order", 80))
    await go(shop, "orderDelete", id=gid("Order", 83))
    keys = (await shop("{ orders(sort: [{field: ID}]) { nodes { databaseId } } }"))["orders"]["nodes"]
    assert [one["databaseId"] for one in keys] == [paid["databaseId"], 82]
    names = [one["name"] for one in await events(shop)]
    assert [names.count(name) for name in ("order.deleted", "subscription.deleted")] == [4, 1]


async def go_subscription(shop: Gateway, key: int) -> None:
    document = (
        "mutation Go($input: SubscriptionCancelInput!) { subscriptionCancel(input: $input) { userErrors { code } } }"
    )
    asked = {"id": gid("CustomerSubscription", key), "cancelReason": "Enough"}
    assert (await shop(document, {"input": asked}))["subscriptionCancel"] == {"userErrors": []}


async def test_the_last_piece_is_sold_once(shop: Gateway) -> None:
    await taken(shop, of(1, 9))
    asked = {"customerId": gid("Customer", 1), "items": [of(1)]}
    async with asyncio.timeout(PATIENCE):
        found = await asyncio.gather(*(go(shop, "orderCreate", **asked) for _ in range(4)))
    assert sorted(len(one["userErrors"]) for one in found) == [0, 1, 1, 1]
    assert await stock(shop, 1) == (0, 10, 0)


async def test_a_coupon_is_used_as_often_as_it_may_be(shop: Gateway) -> None:
    await factories.store_rows(shop, [factories.coupon(9, code="TWICE", type=CouponType.FIXED, amount=1, max_uses=2)])
    asked = {"customerId": gid("Customer", 1), "items": [of(4)], "couponCodes": ["TWICE"]}
    async with asyncio.timeout(PATIENCE):
        found = await asyncio.gather(*(go(shop, "orderCreate", **asked) for _ in range(5)))
    assert sorted(len(one["userErrors"]) for one in found) == [0, 0, 1, 1, 1]
