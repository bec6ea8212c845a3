"""What WooCommerce tells becomes rows here: products, orders, people; and what a shop does that is not well."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
import structlog

from connectors.importers.fluentcart.errors import StoreFailing
from db.catalog.product import ProductRow, StockStatus, VariationType
from db.catalog.taxonomy import CATEGORIES
from db.commerce.order import OrderStatus, PaymentStatus, TaxBehavior, TransactionStatus, TransactionType
from db.commerce.store import StoreRow
from db.store.database import Database
from tests import factories
from tests.connectors.connected_stores.shop import Connected, add, change, connected, named
from tests.connectors.fluentcart_store import rows
from tests.vendors.woocommerce import ADA, WooCommerce, customer, order, product, variation


@pytest.fixture
async def woo(database: Database) -> AsyncIterator[Connected]:
    async with connected(database, WooCommerce(), "woocommerce") as found:
        yield found


def shop(woo: Connected) -> WooCommerce:
    assert isinstance(woo.vendor, WooCommerce)
    return woo.vendor


async def test_a_product_with_variations(woo: Connected) -> None:
    sizes = [
        variation(13, "Blue", "L", price="5.00", regular_price="7.50", sale_price="5.00", on_sale=True),
        variation(14, "Red", manage_stock=True, stock_quantity=4, backorders="notify", status="private", weight="1.5"),
        variation(15, "Green", manage_stock="parent", stock_quantity=9),
        variation(16, "Grey", stock_status="outofstock"),
    ]
    picture = {"id": 99, "src": "https://woo.example/a.png", "name": "a.png", "alt": "From the side"}
    shop(woo).products[12] = product(12, type="variable", images=[picture], name="Mug &amp; <b>saucer</b>")
    shop(woo).variations[12] = sizes
    await woo.told("product", 12)
    row = await woo.only("product")
    assert (row["title"], row["slug"], row["status"]) == ("Mug & saucer", "mug-12", "publish")
    assert (row["content"], row["excerpt"]) == ("<p>Holds <b>coffee</b>.</p>", "A mug")
    assert row["variation_type"] is VariationType.SIMPLE_VARIATIONS
    assert row["published_at"] == datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert (row["min_price"], row["max_price"]) == (500, 500)
    found = await rows(woo.database, "product_variant")
    assert named(found, "title", "sku", "price", "compare_price", "status", "position") == [
        ("Blue / L", "V-13", 500, 750, "active", 1),
        ("Red", "V-14", 500, 0, "inactive", 2),
        ("Green", "V-15", 500, 0, "active", 3),
        ("Grey", "V-16", 500, 0, "active", 4),
    ]
    assert named(found, "manage_stock", "available", "stock_status", "backorders", "weight", "weight_unit") == [
        (False, 0, StockStatus.IN_STOCK, False, None, None),
        (True, 4, StockStatus.IN_STOCK, True, 1.5, "kg"),
        (True, 9, StockStatus.IN_STOCK, False, None, None),
        (True, 0, StockStatus.OUT_OF_STOCK, False, None, None),
    ]
    media = await rows(woo.database, "media")
    assert named(media, "url", "title", "product_id") == [("https://woo.example/a.png", "From the side", row["id"])]
    assert await woo.news() == ["product.created", "product.published", *["variant.created"] * 4]

    last = await woo.last()
    await woo.told("product", 13)  # nothing is there under a variation's own number
    await woo.told("product", 12)
    assert await woo.news(last) == []
    shop(woo).variations[12] = [sizes[0] | {"price": "4.00"}, *sizes[2:]]
    await woo.told("product", 12)
    assert sorted(await woo.news(last)) == [
        *("variant.deleted", *["variant.updated"] * 3),  # a price, and two places
    ]
    assert (await woo.only("product"))["min_price"] == 400
    assert {kind for kind, *_ in await woo.known()} == {"product", "product_variant"}


async def test_a_variation_is_read_as_its_product(woo: Connected) -> None:
    shop(woo).products |= {12: product(12, type="variable"), 13: product(13, type="variation", parent_id=12)}
    shop(woo).variations[12] = [variation(13, "Blue")]
    await woo.told("product", 13)
    assert named(await rows(woo.database, "product_variant"), "title") == [("Blue",)]


async def test_a_list_is_read_to_its_end(woo: Connected) -> None:
    shop(woo).products[12] = product(12, type="variable")
    shop(woo).variations[12] = [variation(1000 + one, str(one)) for one in range(230)]
    await woo.told("product", 12)
    assert len(await rows(woo.database, "product_variant")) == 230
    pages = woo.vendor.of("GET", r".*/variations")
    assert [(one.query["page"], one.query["per_page"]) for one in pages] == [("1", "100"), ("2", "100"), ("3", "100")]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"type": "grouped"}, "products 12: type: 'grouped' is none of simple, variable"),
        ({"type": "external"}, "products 12: type: 'external' is none of simple, variable"),
        ({"status": "importing"}, "products 12: status: 'importing' is none of"),
        ({"id": "x"}, "products x: id: 'x' is no identifier"),
        ({"images": "x"}, "products 12: 'x' is not a list"),
    ],
)
async def test_a_product_that_has_no_place_here(woo: Connected, values: dict[str, Any], reason: str) -> None:
    shop(woo).products[12] = product(12, **values)
    with structlog.testing.capture_logs() as logs:
        await woo.told("product", 12)
    assert await rows(woo.database, "product") == []
    assert any(reason in one.get("reason", "") for one in logs), logs


async def test_what_has_no_place_is_left_out_and_named(woo: Connected) -> None:
    """A variation without a price is not free, nor are its SKU's letters cut."""
    await add(woo.database, factories.term(5, CATEGORIES, slug="cups"))
    shop(woo).products[12] = product(
        12,
        type="variable",
        categories=[{"id": 3, "name": "Cups", "slug": "cups"}, {"id": 4, "name": "Gifts", "slug": "gifts"}],
        tags=[{"id": 1, "name": "blue", "slug": "blue"}],
    )
    shop(woo).variations[12] = [
        variation(13, "Blue"),
        variation(14, "Red", price=""),
        variation(15, "Green", sku="A" * 31),
        variation(16, "Grey", price="-1"),
        variation(17, "Grey", price="much"),
    ]
    with structlog.testing.capture_logs() as logs:
        await woo.told("product", 12)
    assert named(await rows(woo.database, "product_variant"), "title") == [("Blue",)]
    assert sorted(one["reason"] for one in logs if "left out" in one["event"]) == [
        "links of product 12: product-categories: no term here has the slug 'gifts'",
        "links of product 12: tags: tags of WooCommerce have no place here",
        "variants 14 of product 12: price: is missing",
        f"variants 15 of product 12: sku: '{'A' * 31}' is longer than 30 characters",
        "variants 16 of product 12: price: '-1' is less than nothing",
        "variants 17 of product 12: price: 'much' is no amount",
    ]
    assert named(await rows(woo.database, "product_term"), "term_id") == [(5,)]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("currency", "price", "cents"),
    [("JPY", "1200", 1200), ("KWD", "1.234", 1234), ("EUR", "19.995", 2000), ("EUR", "0.1", 10)],
)
async def test_money_by_the_digits_of_the_currency(woo: Connected, currency: str, price: str, cents: int) -> None:
    await change(woo.database, StoreRow, currency=currency)
    shop(woo).settings["general", "woocommerce_currency"] = currency
    shop(woo).products[12] = product(12, price=price)
    await woo.told("product", 12)
    assert named(await rows(woo.database, "product_variant"), "price") == [(cents,)]


async def test_prices_in_another_currency_are_not_taken(woo: Connected) -> None:
    shop(woo).settings["general", "woocommerce_currency"] = "USD"
    shop(woo).products[12] = product(12)
    with structlog.testing.capture_logs() as logs:
        await woo.told("product", 12)
    assert await rows(woo.database, "product") == []
    assert "products 12: currency: prices are in USD, and here in EUR" in [one.get("reason") for one in logs]


async def test_what_is_here_by_its_sku_is_that_and_stays_as_it_is(woo: Connected) -> None:
    variants = [factories.variant(70, 7, sku="MUG-12", sku_key="mug-12", price=100)]
    await add(woo.database, factories.product(7, title="Ours"), *variants)
    shop(woo).products[12] = product(12, name="Theirs")
    shop(woo).orders[5] = order(5)
    shop(woo).customers[26] = customer(26)
    for _ in range(2):
        await woo.told("product", 12)
        await woo.told("order", 5)
        assert named(await rows(woo.database, "product"), "id", "title", "version") == [(7, "Ours", 1)]
        assert named(await rows(woo.database, "product_variant"), "id", "price") == [(70, 100)]
        assert named(await rows(woo.database, "order_item"), "product_id", "variant_id") == [(7, 70)]
    assert {("product", "12", 7, True), ("product_variant", "12", 70, True)} < await woo.known()


async def test_what_was_changed_here_stays(woo: Connected) -> None:
    shop(woo).products[12] = product(12)
    await woo.told("product", 12)
    await change(woo.database, ProductRow, title="Better")
    shop(woo).products[12] |= {"name": "Worse", "short_description": "<p>New</p>"}
    await woo.told("product", 12)
    assert named(await rows(woo.database, "product"), "title", "excerpt") == [("Better", "New")]


async def test_an_order_with_its_customer(woo: Connected) -> None:
    shop(woo).products[12] = product(12)
    shop(woo).orders[5] = order(5)
    shop(woo).customers[26] = customer(26)
    await woo.told("product", 12)
    last = await woo.last()
    job = await woo.told("order", 5)
    assert job.noted == [1]
    assert await woo.news(last) == [
        "customer.created",
        "customer_address.created",
        "order.created",
        "order.paid",
        "payment.success",
    ]
    row, item = await woo.only("orders"), await woo.only("order_item")
    money = ("subtotal", "coupon_discount_total", "shipping_total", "shipping_tax", "tax_total", "total", "total_paid")
    assert [row[one] for one in money] == [4400, 400, 500, 95, 760, 5355, 5355]
    # subtotal − coupon + shipping + taxes
    assert row["total"] == 4400 - 400 + 500 + 760 + 95
    words = ("status", "payment_status", "currency", "invoice_no", "note", "payment_method", "tax_behavior")
    assert [row[one] for one in words] == [
        *(OrderStatus.PROCESSING, PaymentStatus.PAID, "EUR", "5"),
        *("Ring twice", "stripe", TaxBehavior.EXCLUSIVE),
    ]
    sold = ("product_id", "variant_id", "title", "quantity", "unit_price", "subtotal", "discount_total", "line_total")
    here = await woo.only("product_variant")
    assert [item[one] for one in sold] == [here["product_id"], here["id"], "Mug 12", 2, 2200, 4400, 400, 4000]
    person, home = await woo.only("customer"), await woo.only("customer_address")
    assert (person["email"], person["city"], row["customer_id"]) == ("ada@example.com", "Berlin", person["id"])
    assert (home["name"], home["country"], home["is_primary"]) == ("Ada Byron", "DE", True)
    assert named(await rows(woo.database, "order_address"), "type", "name", "city") == [
        ("billing", "Ada Byron", "Berlin"),
        ("shipping", "Ada Byron", "Berlin"),
    ]
    paid = await woo.only("order_transaction")
    assert (paid["vendor_charge_id"], paid["total"], paid["status"]) == ("ch_1", 5355, TransactionStatus.SUCCEEDED)
    assert paid["created_at"] == datetime(2026, 11, 20, 10, 1, tzinfo=UTC)

    last = await woo.last()
    await woo.told("order", 5)
    assert await woo.news(last) == []


async def test_refunds_are_records_of_their_own(woo: Connected) -> None:
    shop(woo).orders[5] = order(5)
    shop(woo).customers[26] = customer(26)
    await woo.told("order", 5)
    last = await woo.last()
    shop(woo).orders[5] |= {"refunds": [{"id": 6, "reason": "", "total": "-3.55"}]}
    shop(woo).refunds[5] = [{"id": 6, "date_created_gmt": "2026-11-21T10:00:00", "amount": "3.55", "reason": ""}]
    await woo.told("order", 5)
    # What the customer spent is less now.
    told = ["customer.updated", "order.updated", "order.payment_status_changed", "order.refunded"]
    assert await woo.news(last) == told
    shop(woo).orders[5] |= {"status": "refunded"}
    shop(woo).refunds[5].append({"id": 7, "date_created_gmt": "2026-11-22T10:00:00", "amount": "50.00"})
    await woo.told("order", 5)
    row = await woo.only("orders")
    assert (row["total_refund"], row["payment_status"]) == (5355, PaymentStatus.REFUNDED)
    assert row["refunded_at"] == datetime(2026, 11, 22, 10, tzinfo=UTC)
    money = [one for one in await rows(woo.database, "order_transaction") if one["type"] is TransactionType.REFUND]
    assert named(money, "total", "status") == [(355, "refunded"), (5000, "refunded")]
    assert (await woo.news(last)).count("order.fully_refunded") == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("values", "status", "payment"),
    [
        ({"status": "pending", "date_paid_gmt": None, "transaction_id": ""}, "on-hold", "pending"),
        ({"status": "on-hold", "date_paid_gmt": None}, "on-hold", "pending"),
        ({"status": "completed", "date_completed_gmt": "2026-11-22T10:00:00"}, "completed", "paid"),
        ({"status": "cancelled", "date_paid_gmt": None}, "canceled", "pending"),
        ({"status": "failed", "date_paid_gmt": None}, "failed", "failed"),
        ({"total": "0.00"}, "processing", "paid"),
    ],
)
async def test_the_states_of_orders(woo: Connected, values: dict[str, Any], status: str, payment: str) -> None:
    shop(woo).orders[5] = order(5, customer_id=0, **values)
    await woo.told("order", 5)
    row = await woo.only("orders")
    assert (row["status"], row["payment_status"]) == (status, payment)


async def test_a_guest_is_known_by_their_address(woo: Connected) -> None:
    """Two orders of one guest, who then opens an account: one customer, as their first order told them."""
    shop(woo).orders |= {
        5: order(5, customer_id=0),
        6: order(6, customer_id=0, billing=ADA | {"city": "Bonn", "email": " ADA@example.com"}),
    }
    shop(woo).orders[7] = order(7, customer_id=26)
    shop(woo).customers[26] = customer(26, first_name="Augusta")
    for number in (5, 6, 7, 5):
        await woo.told("order", number)
    person = await woo.only("customer")
    assert (person["first_name"], person["city"], person["version"]) == ("Ada", "Berlin", 3)
    assert {one["customer_id"] for one in await rows(woo.database, "orders")} == {person["id"]}


async def test_what_people_bought_is_counted(woo: Connected) -> None:
    """WooCommerce tells it since its third API no more. An order counts once, whatever happens to it."""

    async def bought() -> list[Any]:
        person = await woo.only("customer")
        return [person[one] for one in ("purchase_count", "lifetime_value", "average_order_value", "purchase_value")]

    nobody = {"customer_id": 0}
    shop(woo).orders |= {5: order(5, **nobody), 6: order(6, **nobody, currency="USD")}
    shop(woo).orders[7] = order(7, **nobody, status="pending", date_paid_gmt=None, transaction_id="")
    for number in (5, 5, 7):
        await woo.told("order", number)
    assert await bought() == [1, 5355, 5355, {"EUR": 5355}]
    # A guest who is here goes on buying: that alone is written of them.
    last = await woo.last()
    await woo.told("order", 6)
    assert (await woo.news(last)).count("customer.updated") == 1
    assert await bought() == [2, 5355, Decimal("2677.5"), {"EUR": 5355, "USD": 5355}]
    shop(woo).orders[5] |= {"refunds": [{"id": 9}]}
    shop(woo).refunds[5] = [{"id": 9, "amount": "3.55", "date_created_gmt": "2026-11-21T10:00:00"}]
    shop(woo).orders[7] |= {"status": "processing", "date_paid_gmt": "2026-11-22T10:00:00"}
    for number in (5, 7):
        await woo.told("order", number)
    assert await bought() == [3, 10355, Decimal("3451.67"), {"EUR": 10355, "USD": 5355}]
    # With an account it is the same person, and it goes on.
    shop(woo).customers[26] = customer(26)
    shop(woo).orders[8] = order(8, customer_id=26)
    await woo.told("order", 8)
    assert (await bought())[:2] == [4, 15710]
    last = await woo.last()
    await woo.told("order", 8)
    assert await woo.news(last) == []


async def test_a_customer_of_another_source_is_never_rewritten(woo: Connected) -> None:
    await add(woo.database, factories.customer(3, email="ada@example.com", first_name="Countess"))
    shop(woo).orders[5] = order(5)
    shop(woo).customers[26] = customer(26)
    for _ in range(3):
        await woo.told("order", 5)
        await woo.told("customer", 26)
    assert named(await rows(woo.database, "customer"), "id", "first_name", "version") == [(3, "Countess", 1)]
    assert (await woo.only("orders"))["customer_id"] == 3


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_shop_that_is_busy_is_asked_when_it_says(woo: Connected) -> None:
    shop(woo).products[12] = product(12)
    woo.vendor.fail(429, {"code": "too_many"}, headers={"Retry-After": "7"}, path=r".*/products/12")
    woo.vendor.fail(503, {"code": "maintenance"}, path=r".*/products/12")
    await woo.told("product", 12)
    assert woo.pauses == [7.0, 2.0]
    assert len(await rows(woo.database, "product")) == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_shop_that_fails_is_asked_by_the_next_try(woo: Connected) -> None:
    shop(woo).orders[5] = order(5)
    woo.vendor.fail(500, {"code": "internal"}, times=3, path=r".*/orders/5")
    with pytest.raises(StoreFailing, match="GET /wp-json/wc/v3/orders/5 answers 500"):
        await woo.told("order", 5)
    woo.vendor.fail(429, {}, headers={"Retry-After": "3600"}, path=r".*/orders/5")
    with pytest.raises(StoreFailing, match="429"):
        await woo.told("order", 5)
    woo.vendor.drop(times=9, path=r".*/orders/5")
    with pytest.raises(StoreFailing):
        await woo.told("order", 5)
    assert woo.pauses == [1.0, 2.0, 1.0, 2.0]  # an hour is not waited for
    assert await woo.news() == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("status", [401, 403])
async def test_credentials_that_are_refused_stop_the_connection(woo: Connected, status: int) -> None:
    woo.vendor.fail(status, {"code": "woocommerce_rest_cannot_view"}, path=r".*/orders/5")
    await woo.told("order", 5)
    row = await woo.only("provider_connection")
    assert row["state"] == "error"
    assert row["reason"] == (f"WooCommerce refuses these credentials (GET /wp-json/wc/v3/orders/5 answers {status})")
    asked = len(woo.vendor.calls)
    await woo.told("order", 5)
    assert len(woo.vendor.calls) == asked


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_what_is_gone_there_is_no_failure(woo: Connected) -> None:
    await woo.told("order", 404)
    woo.vendor.fail(200, b"<html>", path=r".*/orders/5")
    await woo.told("order", 5)
    assert await woo.news() == []
