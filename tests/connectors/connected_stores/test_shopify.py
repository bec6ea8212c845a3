"""What Shopify tells becomes rows here: products, orders, people; and what a shop does that is not well."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
import structlog

from connectors.importers.fluentcart.errors import StoreFailing
from db.catalog.product import StockStatus, VariationType
from db.catalog.taxonomy import BRANDS
from db.commerce.order import PaymentStatus, ShippingStatus, TaxBehavior, TransactionStatus, TransactionType
from db.store.database import Database
from tests import factories
from tests.connectors.connected_stores.shop import Connected, add, connected, named
from tests.connectors.fluentcart_store import rows
from tests.vendors import woocommerce
from tests.vendors.shopify import Shopify, customer, order, product, transaction, variant

# Longer than any number here.
TEA = 632910392123
SOLD = 450789469111


@pytest.fixture
async def teashop(database: Database) -> AsyncIterator[Connected]:
    async with connected(database, Shopify(), "shopify") as found:
        yield found


def shop(teashop: Connected) -> Shopify:
    assert isinstance(teashop.vendor, Shopify)
    return teashop.vendor


async def test_a_product_with_variants(teashop: Connected) -> None:
    packets = [
        variant(1, "100 g", price="3.50", compare_at_price="4.00", weight=0.1, sku=""),
        variant(2, "1 kg", inventory_management="shopify", inventory_quantity=7, inventory_policy="continue"),
        variant(3, "Card", inventory_management="shopify", inventory_quantity=-2, requires_shipping=False),
    ]
    pictures = [
        {"id": 850703190555, "src": "https://cdn.example/a.png", "alt": None, "variant_ids": []},
        {"id": 850703190556, "src": "https://cdn.example/b.png", "alt": "A packet", "variant_ids": [2]},
    ]
    shop(teashop).products[TEA] = product(TEA, *packets, images=pictures, tags="green, leaf")
    await add(teashop.database, factories.term(5, BRANDS, slug="acme"))
    with structlog.testing.capture_logs() as logs:
        await teashop.told("product", TEA)
    assert sorted(one["reason"] for one in logs if "left out" in one["event"]) == [
        f"links of product {TEA}: product-categories: no term here has the slug 'green-tea'",
        f"links of product {TEA}: tags: tags of Shopify have no place here",
    ]
    row = await teashop.only("product")
    assert (row["title"], row["slug"], row["status"], row["content"]) == (
        *(f"Tea {TEA}", f"tea-{TEA}", "publish", "<p>Leaves</p>"),
    )
    assert (row["variation_type"], row["published_at"]) == (
        *(VariationType.SIMPLE_VARIATIONS, datetime(2026, 3, 1, 11, tzinfo=UTC)),
    )
    found = await rows(teashop.database, "product_variant")
    assert named(found, "title", "sku", "price", "compare_price", "weight", "weight_unit") == [
        ("100 g", None, 350, 400, 0.1, "kg"),
        ("1 kg", "TEA-2", 350, 0, None, None),
        ("Card", "TEA-3", 350, 0, None, None),
    ]
    assert named(found, "manage_stock", "available", "stock_status", "backorders", "fulfillment_type") == [
        (False, 0, StockStatus.IN_STOCK, False, "physical"),
        (True, 7, StockStatus.IN_STOCK, True, "physical"),
        (True, 0, StockStatus.OUT_OF_STOCK, False, "digital"),
    ]
    media = await rows(teashop.database, "media")
    assert sorted(named(media, "url", "product_id", "variant_id"), key=lambda one: one[2] or 0) == [
        ("https://cdn.example/a.png", row["id"], None),
        ("https://cdn.example/b.png", row["id"], None),
        ("https://cdn.example/b.png", None, found[1]["id"]),
    ]
    assert named(await rows(teashop.database, "product_term"), "term_id") == [(5,)]
    last = await teashop.last()
    await teashop.told("product", TEA)
    assert await teashop.news(last) == []
    assert ("product", str(TEA), row["id"], False) in await teashop.known()


async def test_a_product_that_is_its_only_variant(teashop: Connected) -> None:
    shop(teashop).products[TEA] = product(TEA, status="archived")
    await teashop.told("product", TEA)
    row = await teashop.only("product")
    assert (row["variation_type"], row["status"]) == (VariationType.SIMPLE, "private")
    assert (await teashop.only("product_variant"))["title"] == row["title"]


async def test_an_order_from_its_payment_to_the_door(teashop: Connected) -> None:
    shop(teashop).products[TEA] = product(TEA)
    shop(teashop).orders[SOLD] = order(SOLD, financial_status="authorized")
    shop(teashop).transactions[SOLD] = [transaction(1, "authorization", "12.00")]
    await teashop.told("product", TEA)
    last = await teashop.last()
    await teashop.told("order", SOLD)
    assert await teashop.news(last) == ["customer.created", "customer_address.created", "order.created"]
    row, item = await teashop.only("orders"), await teashop.only("order_item")
    assert (row["status"], row["payment_status"], row["shipping_status"]) == ("on-hold", "authorized", "unshipped")
    money = ("subtotal", "coupon_discount_total", "shipping_total", "tax_total", "total", "total_paid")
    assert [row[one] for one in money] == [1050, 350, 500, 192, 1200, 0]
    # subtotal − discounts + shipping, taxes included
    assert (row["tax_behavior"], 1050 - 350 + 500) == (TaxBehavior.INCLUSIVE, row["total"])
    assert (row["invoice_no"], row["payment_method"], row["note"]) == ("#1001", "shopify_payments", "Ring twice")
    here = await teashop.only("product_variant")
    sold = ("product_id", "variant_id", "quantity", "unit_price", "subtotal", "discount_total", "line_total")
    assert [item[one] for one in (*sold, "tax_amount")] == [here["product_id"], here["id"], 3, 350, 1050, 350, 700, 112]
    person = await teashop.only("customer")
    assert (person["email"], person["state"], row["customer_id"]) == ("ada@example.com", "BE", person["id"])

    shop(teashop).orders[SOLD] |= {"financial_status": "paid"}
    shop(teashop).transactions[SOLD].append(transaction(2, "capture", "12.00", parent_id=1))
    last = await teashop.last()
    await teashop.told("order", SOLD)
    told = await teashop.news(last)
    assert {"order.paid", "payment.success", "order.payment_status_changed"} < set(told)
    assert named(await rows(teashop.database, "order_transaction"), "status", "total") == [("succeeded", 1200)]
    assert (await teashop.only("orders"))["total_paid"] == 1200

    sent = {"id": 3, "status": "success", "shipment_status": None, "tracking_number": "1Z"}
    line = shop(teashop).orders[SOLD]["line_items"][0]
    lines = [line | {"fulfillment_status": "fulfilled", "fulfillable_quantity": 0}]
    shop(teashop).orders[SOLD] |= {"fulfillment_status": "fulfilled", "fulfillments": [sent], "line_items": lines}
    last = await teashop.last()
    await teashop.told("order", SOLD)
    assert "order.shipped" in await teashop.news(last)
    sent["shipment_status"] = "delivered"
    last = await teashop.last()
    await teashop.told("order", SOLD)
    assert "order.delivered" in await teashop.news(last)
    row, item = await teashop.only("orders"), await teashop.only("order_item")
    assert (row["shipping_status"], row["status"], item["fulfilled_quantity"]) == (
        *(ShippingStatus.DELIVERED, "completed", 3),
    )

    refund = {"id": 9, "refund_line_items": [{"line_item_id": SOLD * 10, "quantity": 1, "subtotal": 2.33}]}
    shop(teashop).orders[SOLD] |= {"financial_status": "partially_refunded", "refunds": [refund]}
    shop(teashop).transactions[SOLD].append(transaction(4, "refund", "2.33"))
    last = await teashop.last()
    await teashop.told("order", SOLD)
    assert "order.refunded" in await teashop.news(last)
    row, item = await teashop.only("orders"), await teashop.only("order_item")
    assert (row["total_refund"], row["payment_status"], item["refund_total"]) == (
        *(233, PaymentStatus.PARTIALLY_REFUNDED, 233),
    )
    given_back = (await rows(teashop.database, "order_transaction"))[-1]
    assert (given_back["type"], given_back["status"]) == (TransactionType.REFUND, TransactionStatus.REFUNDED)
    last = await teashop.last()
    await teashop.told("order", SOLD)
    assert await teashop.news(last) == []
    assert (await teashop.news()).count("order.paid") == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("values", "status", "payment"),
    [
        ({"financial_status": "pending"}, "on-hold", "pending"),
        ({"financial_status": "voided", "cancelled_at": "2026-11-21T10:00:00Z"}, "canceled", "failed"),
        ({"closed_at": "2026-11-21T10:00:00Z"}, "completed", "paid"),
        ({"financial_status": "refunded"}, "processing", "refunded"),
        ({"customer": None, "test": True}, "processing", "paid"),
    ],
)
async def test_the_states_of_orders(teashop: Connected, values: dict[str, Any], status: str, payment: str) -> None:
    shop(teashop).orders[SOLD] = order(SOLD, **values)
    await teashop.told("order", SOLD)
    row = await teashop.only("orders")
    assert (row["status"], row["payment_status"]) == (status, payment)
    assert (await teashop.only("customer"))["email"] == "ada@example.com"


async def test_a_customer(teashop: Connected) -> None:
    shop(teashop).customers[706405506954] = customer(706405506954, first_name="Augusta")
    await teashop.told("customer", 706405506954)
    assert (await teashop.only("customer"))["first_name"] == "Augusta"
    assert (await teashop.only("customer_address"))["postcode"] == "10969"


TOTALS = ("purchase_count", "lifetime_value", "average_order_value", "purchase_value")


async def test_what_a_customer_bought_is_what_the_shop_says(teashop: Connected) -> None:
    """Their own record says it, with orders of before the connection; where it may not be read, orders are counted."""
    vendor = shop(teashop)
    vendor.orders |= {SOLD: order(SOLD), SOLD + 1: order(SOLD + 1)}
    vendor.transactions |= {one: [transaction(one, "sale", "12.00")] for one in vendor.orders}
    vendor.fail(
        403,
        {"errors": "[API] This action requires merchant approval for read_customers scope."},
        path=".*/customers/.*",
    )
    await teashop.told("order", SOLD)
    assert (await teashop.only("provider_connection"))["state"] == "active"
    person = await teashop.only("customer")
    assert [person[one] for one in TOTALS] == [1, 1200, 1200, {"EUR": 1200}]
    bought = datetime(2026, 11, 20, 10, tzinfo=UTC)
    assert (person["first_purchase_at"], person["last_purchase_at"]) == (bought, bought)

    vendor.customers[706405506954] = customer(706405506954)
    last = await teashop.last()
    await teashop.told("order", SOLD + 1)
    assert (await teashop.news(last)).count("customer.updated") == 1
    person = await teashop.only("customer")
    assert [person[one] for one in TOTALS] == [5, 6150, 1230, {"EUR": 6150}]
    last = await teashop.last()
    await teashop.told("order", SOLD)
    await teashop.told("customer", 706405506954)
    assert await teashop.news(last) == []
    # In another currency than the store's it is told by currencies alone.
    vendor.shop["currency"] = "USD"
    vendor.customers[706405506954]["total_spent"] = "70.00"
    await teashop.told("customer", 706405506954)
    person = await teashop.only("customer")
    assert [person[one] for one in TOTALS] == [5, 0, 0, {"USD": 7000}]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_the_bucket_runs_over(teashop: Connected) -> None:
    """Shopify says 2.0 seconds."""
    shop(teashop).products[TEA] = product(TEA)
    crowded = shop(teashop).crowded()
    teashop.vendor.fail(429, crowded.body, headers=crowded.headers, times=2)
    await teashop.told("product", TEA)
    assert teashop.pauses == [2.0, 2.0]
    assert len(await rows(teashop.database, "product")) == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("status", [402, 423, 502])
async def test_a_shop_that_is_frozen_is_asked_by_the_next_try(teashop: Connected, status: int) -> None:
    teashop.vendor.fail(status, {"errors": "Unavailable Shop"}, times=3)
    with pytest.raises(StoreFailing, match=str(status)):
        await teashop.told("product", TEA)
    assert (await teashop.only("provider_connection"))["state"] == "active"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("status", [401, 403])
async def test_a_token_that_is_refused_stops_the_connection(teashop: Connected, status: int) -> None:
    teashop.vendor.fail(status, {"errors": "no"})
    await teashop.told("product", TEA)
    assert (await teashop.only("provider_connection"))["state"] == "error"


async def test_two_shops_have_numbers_of_their_own(teashop: Connected) -> None:
    """The first order of each is its own order here."""
    shop(teashop).orders[5] = order(5)
    async with connected(teashop.database, woocommerce.WooCommerce(), "woocommerce") as woo:
        assert isinstance(woo.vendor, woocommerce.WooCommerce)
        woo.vendor.orders[5] = woocommerce.order(5)
        for _ in range(2):
            await teashop.told("order", 5)
            await woo.told("order", 5)
    found = await rows(teashop.database, "orders")
    assert [one["invoice_no"] for one in found] == ["#1001", "5"]
    assert len({one["customer_id"] for one in found}) == 1
    assert (await teashop.news()).count("order.paid") == 2
