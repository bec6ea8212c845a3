"""What is told of an event: the documented payload, the values of codes and conditions, as who asks may see them."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from connectors.importers.fluentcart.catalog import product as imported_product
from connectors.importers.fluentcart.catalog import variant as imported_variant
from connectors.importers.fluentcart.commerce import customer as imported_customer
from connectors.importers.fluentcart.commerce import order as imported_order
from connectors.importers.fluentcart.commerce import subscription as imported_subscription
from connectors.importers.mapping import Mapped
from db.access.viewer import SYSTEM, Viewer
from db.catalog.product import FulfillmentType
from db.commerce.address import AddressType
from db.commerce.customer import named_by
from db.commerce.order import LineType, OrderStatus, OrderType, PaymentStatus, TransactionStatus, TransactionType
from db.commerce.store import CurrencyPosition, DecimalSeparator
from db.events import KINDS
from db.integration.conditions import holds
from db.integration.data import EventData, data_of, load_orders, product, wants_downloads
from db.integration.data.order_codes import size
from db.integration.data.record import ADDRESS, CUSTOMER, ITEM, ORDER, SUBSCRIPTION, TRANSACTION, Record
from db.integration.data.store import load_store
from db.integration.template import GROUPS, Target, compiled
from db.store.outbox import EventRow
from db.store.statements import ConnectionStatements
from tests import factories
from tests.gateway import Gateway, opened

CAME = datetime(2026, 11, 2, 18, 5, tzinfo=UTC)
SETTINGS = {
    "customer_profile_page_slug": "/account/",
    "store_city": "Berlin",
    "store_country": "DE",
    "admin_email": "a@b.c",
}


async def fill(gateway: Gateway) -> None:
    """Order 1 with everything, its renewal 2, order 3 with nothing at all."""
    await factories.store_rows(
        gateway,
        [
            factories.store(
                name="Shop",
                url="https://shop.example/",
                currency="EUR",
                currency_position=CurrencyPosition.AFTER,
                decimal_separator=DecimalSeparator.COMMA,
                settings=SETTINGS,
            ),
            factories.product(4, title="Linen shirt", slug="linen-shirt", status="draft", extra={"season": "summer"}),
            factories.variant(17, 4, title="Blue", sku="BLUE", price=1999, available=3, cost=700),
            factories.variant(18, 4, title="Red", price=2999, compare_price=3999, position=2),
            factories.download(9, 4, title="Pattern", identifier="pattern", file_name="p.pdf", file_size=1_234_567),
            factories.customer(
                7,
                email="ada@example.com",
                first_name="Ada",
                last_name="Byron",
                country="DE",
                notes="pays late",
                lifetime_value=5997,
                first_purchase_at=CAME,
            ),
            factories.customer_address(1, 7, is_primary=True, phone="+49 30 1", city="Berlin", postcode="10969"),
            factories.customer_address(2, 7, is_primary=True, type=AddressType.SHIPPING, phone="+49 30 2"),
            factories.order(
                1,
                customer_id=7,
                currency="EUR",
                status=OrderStatus.PROCESSING,
                type=OrderType.SUBSCRIPTION,
                fulfillment_type=FulfillmentType.PHYSICAL,
                subtotal=3998,
                coupon_discount_total=300,
                manual_discount_total=200,
                shipping_total=500,
                tax_total=650,
                shipping_tax=95,
                total=4743,
                total_paid=4743,
                invoice_no="INV-1",
                config={"user_tz": "Europe/Berlin", "api_key": "sk_live_1"},
                created_at=CAME,
            ),
            factories.order(2, customer_id=7, type=OrderType.RENEWAL, parent_id=1, total=1999),
            factories.order(3, payment_status=PaymentStatus.PENDING),
            factories.order_item(
                1,
                1,
                product_id=4,
                variant_id=17,
                product_title="Linen <shirt>",
                title="Blue",
                quantity=2,
                unit_price=1999,
                subtotal=3998,
                line_total=3498,
                cost=1400,
            ),
            factories.order_item(
                2,
                1,
                title="Notes",
                product_title="Notes",
                payment_type=LineType.SUBSCRIPTION,
                unit_price=1999,
                position=1,
                other_info={"repeat_interval": "monthly", "times": "12"},
            ),
            factories.order_address(
                1, 1, name="Ada Augusta Byron", city="Berlin", country="DE", address1="Lindenstraße 9"
            ),
            factories.order_address(
                2,
                1,
                type=AddressType.SHIPPING,
                name="Office",
                extra={"phone": "+49 30 3", "other_data": {"company_name": "Engines", "email": "office@example.com"}},
            ),
            factories.subscription(
                5,
                order_id=1,
                customer_id=7,
                item_name="Notes",
                interval="monthly",
                recurring_amount=1999,
                recurring_total=1999,
                next_billing_at=CAME + timedelta(days=30),
            ),
            factories.subscription(6, order_id=1, item_name="Letters", bill_times=12, interval="yearly"),
            factories.order_transaction(31, 1, total=4743, currency="EUR", card_last4="4242", card_brand="visa"),
            factories.order_transaction(32, 1, status=TransactionStatus.FAILED, total=4743),
            factories.order_transaction(
                33, 1, type=TransactionType.REFUND, status=TransactionStatus.REFUNDED, total=500, currency="EUR"
            ),
        ],
    )


@pytest.fixture
async def shop(module_database_url: str) -> AsyncIterator[Gateway]:
    """For reading: one for all tests."""
    async with opened(module_database_url) as gateway:
        if not (await gateway("{ productVariants { totalCount } }"))["productVariants"]["totalCount"]:
            await fill(gateway)
        yield gateway


def event(name: str, **payload: Any) -> EventRow:
    kind = KINDS[name]
    nothing = dict.fromkeys(kind.payload)
    said = {**nothing, **payload}
    key = next((value for value in said.values() if value is not None), 0)
    return EventRow(
        id=1, name=name, entity=f"{kind.entity}:{key}", changed=[], payload=said, occurred_at=CAME, cause="sweep:x"
    )


async def told(gateway: Gateway, happened: EventRow, viewer: Viewer = SYSTEM, **more: Any) -> EventData:
    async with gateway.database.read() as connection:
        return await data_of(ConnectionStatements(connection).rows, happened, viewer, **more)


async def said(gateway: Gateway, text: str, happened: EventRow | None = None, viewer: Viewer = SYSTEM) -> str:
    data = await told(
        gateway,
        happened or event("order.paid", orderId=1, transactionId=31),
        viewer,
        downloads=wants_downloads([compiled(text)]),
        link=lambda order, file: f"https://files.example/{order}/{file}?a=1&b=2",
    )
    return compiled(text).render(data.context)


@pytest.mark.parametrize(
    ("record", "mapped"),
    [
        (ORDER, imported_order.ORDER),
        (ITEM, imported_order.ITEM),
        (TRANSACTION, imported_order.TRANSACTION),
        (ADDRESS, imported_order.ORDER_ADDRESS),
        (CUSTOMER, imported_customer.CUSTOMER),
        (SUBSCRIPTION, imported_subscription.SUBSCRIPTION),
        (product.VARIANT, imported_variant.VARIANT),
        (product.PRODUCT, imported_product.PRODUCT),
    ],
)
def test_columns_are_told_by_their_documented_names(record: Record, mapped: Mapped) -> None:
    """As imports read them."""
    documented = {name: one.path.rpartition(".")[2] for name, one in mapped.columns.items()}
    ours = {column.name: record.renamed.get(column.name, column.name) for column in record.table.c}
    told_columns = documented.keys() & ours.keys() - record.left_out
    assert {name: ours[name] for name in told_columns} == {name: documented[name] for name in told_columns}
    assert len(set(ours.values())) == len(ours)


async def test_the_documented_payload(shop: Gateway) -> None:
    payload = (await told(shop, event("order.paid", orderId=1, transactionId=31, subscriptionId=6))).payload
    assert payload.keys() == {
        *("order", "customer", "items", "transactions", "transaction", "subscription", "subscriptions")
    }
    order = payload["order"]
    assert (order["id"], order["status"], order["total_amount"], order["rate"]) == (1, "processing", 4743, "1.0000")
    assert order["created_at"] == "2026-11-02T18:05:00Z"
    assert order["config"] == {"user_tz": "Europe/Berlin"}
    assert order["billing_address"]["address_1"] == "Lindenstraße 9"
    assert order["shipping_address"]["meta"]["phone"] == "+49 30 3"
    assert [(one["post_id"], one["object_id"], one["line_total"]) for one in payload["items"]] == [
        (4, 17, 3498),
        (None, None, 0),
    ]
    assert (payload["transaction"]["id"], payload["transaction"]["card_last_4"]) == (31, "4242")
    assert [one["id"] for one in payload["transactions"]] == [31, 32, 33]
    assert (payload["customer"]["ltv"], payload["customer"]["aov"]) == (5997, "0.00")
    assert payload["subscription"]["id"] == 6
    assert [one["id"] for one in payload["subscriptions"]] == [5, 6]
    # Of nobody's concern: versions, what a thing cost the store, what the staff notes.
    text = orjson.dumps(payload).decode()
    assert not any(word in text for word in ('"version"', '"cost"', '"notes"', "pays late", "sk_live"))


async def test_an_order_without_anything(shop: Gateway) -> None:
    payload = (await told(shop, event("order.created", orderId=3))).payload
    nothing = {"customer": None, "transaction": None, "subscription": None}
    assert payload == {"order": payload["order"], **nothing, "items": [], "transactions": [], "subscriptions": []}
    assert payload["order"]["billing_address"] is payload["order"]["shipping_address"] is None
    everything = "".join(code.source for group in GROUPS.values() for code in group.codes.values())
    data = await told(shop, event("order.created", orderId=3), downloads=True)
    assert compiled(everything).problems == ()
    assert compiled(everything).render(data.context, Target.HTML)


async def test_a_renewal_has_the_subscriptions_of_the_order_that_it_renews(shop: Gateway) -> None:
    data = await told(shop, event("order.paid", orderId=2))
    assert [one["id"] for one in data.payload["subscriptions"]] == [5, 6]
    data = await told(shop, event("subscription.renewed", subscriptionId=6, orderId=1, renewalOrderId=2))
    assert (data.payload["order"]["id"], data.payload["main_order"]["id"]) == (2, 1)
    assert data.payload["subscription"]["id"] == 6
    assert compiled("{{order.id}} {{subscription.item_name}}").render(data.context) == "2 Letters"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (
            "{{order.id}} {{order.uuid}} {{order.status}} {{order.invoice_no}} {{order.type}}",
            "1 order-1 processing INV-1 subscription",
        ),
        ("{{order.total_amount}} {{order.total_amount_formatted}}", "47.43 47,43€"),
        ("{{order.discount_total}} {{order.total_refund}} {{order.total_refund_formatted}}", "5.00 0.00 0,00€"),
        ("{{order.customer_dashboard_link}}", "https://shop.example/account/#/order/order-1"),
        ("{{order.item_count}} {{order.is_digital}} {{order.created_at}}", "2 no 2026-11-02T18:05:00Z"),
        (
            "{{order.config.user_tz}} {{order.config.api_key|-}} {{order.config}}",
            'Europe/Berlin - {"user_tz":"Europe/Berlin"}',
        ),
        ("{{order.parent_id|none}} {{order.completed_at|not yet}} {{order.note|-}}", "none not yet -"),
        (
            "{{order.billing.first_name}}/{{order.billing.last_name}}/{{order.billing.full_name}}/{{order.billing.email}}",
            "Ada Augusta/Byron/Ada Augusta Byron/ada@example.com",
        ),
        ("{{order.billing.address_1}} {{order.billing.city}} {{order.billing.phone|-}}", "Lindenstraße 9 Berlin -"),
        (
            "{{order.shipping.first_name}}/{{order.shipping.last_name}}/{{order.shipping.email}}/{{order.shipping.phone}}",
            "Office//office@example.com/+49 30 3",
        ),
        ("{{order.shipping.company}} {{order.shipping.meta.other_data.company_name}}", "Engines Engines"),
        ("{{order.customer.email}} {{order.transaction.card_brand}}", "ada@example.com visa"),
        (
            "{{customer.full_name}} {{customer.phone}} {{customer.city}} {{customer.ltv}}",
            "Ada Byron +49 30 1 Berlin 59.97",
        ),
        ("{{customer.first_purchase_date}} {{customer.last_purchase_date|-}}", "2026-11-02T18:05:00Z -"),
        ("{{user.display_name}} {{user.user_email}} {{user.ID|-}}", "Ada Byron ada@example.com -"),
        ("{{transaction.total_formatted}} {{transaction.card_last_4}} {{transaction.status}}", "47,43€ 4242 succeeded"),
        ("{{settings.store_name}} {{settings.store_city}} {{settings.store_logo|-}}", "Shop Berlin -"),
        ("{{wp.site_title}} {{wp.site_url}} {{wp.admin_email}}", "Shop https://shop.example/ a@b.c"),
        ("{{event.name}} {{event.cause}} {{event.payload.orderId}}", "order.paid sweep:x 1"),
        (
            (
                "{{#item}}{{item.sl}} {{item.name}}/{{item.variant}} {{item.quantity}} {{item.unit_price_formatted}} "
                "{{item.price}} {{item.payment_info}};{{/item}}"
            ),
            "1 Linen <shirt>/Blue 2 19,99€ 34.98 ;2 Notes/Notes 1 19,99€ 0.00 19,99€ monthly, 12 times;",
        ),
        (
            (
                "{{#subscription}}{{subscription.item_name}} {{subscription.payment_info}} "
                "{{subscription.bill_times|for ever}} {{subscription.next_billing_date|-}};{{/subscription}}"
            ),
            "Notes 19,99€ monthly for ever 2026-12-02T18:05:00Z;Letters 0,00€ yearly, 12 times 12 -;",
        ),
        (
            "{{#download}}{{download.title}} {{download.file_size}} {{download.url}}{{/download}}",
            "Pattern 1.2 MB https://files.example/1/pattern?a=1&b=2",
        ),
        ("{{order.downloads}}", "Pattern: https://files.example/1/pattern?a=1&b=2"),
        (
            "{{order.payment_summary}}",
            (
                "2 × Linen <shirt> — Blue: 39,98€\n1 × Notes: 0,00€\nSubtotal: 39,98€\nDiscount: -5,00€\n"
                "Shipping: 5,00€\nTax: 7,45€\nTotal: 47,43€"
            ),
        ),
    ],
)
async def test_codes(shop: Gateway, text: str, value: str) -> None:
    assert compiled(text).problems == ()
    assert await said(shop, text) == value


async def test_markup_of_an_order_is_escaped(shop: Gateway) -> None:
    data = await told(shop, event("order.paid", orderId=1), downloads=True, link=lambda *_: "https://f.example/?a&b")
    html = compiled("{{order.payment_receipt}}{{order.downloads}}").render(data.context, Target.HTML)
    assert html.startswith("<table><tr><td>2 × Linen &lt;shirt&gt; — Blue</td><td>39,98€</td></tr>")
    assert '<ul><li><a href="https://f.example/?a&amp;b">Pattern</a></li></ul>' in html
    assert "<td>Bill to</td><td>Ada Augusta Byron, Lindenstraße 9, Berlin, DE</td>" in html


async def test_what_something_happened_to_is_what_codes_speak_of(shop: Gateway) -> None:
    failed = event("payment.failed", transactionId=32, orderId=1)
    assert await said(shop, "{{transaction.id}} {{transaction.status}} {{order.id}}", failed) == "32 failed 1"
    refunded = event("order.refunded", orderId=1, transactionId=33)
    assert await said(shop, "{{transaction.refund_amount_formatted}}", refunded) == "5,00€"
    canceled = event("subscription.cancelled", subscriptionId=6, orderId=1)
    text = "{{order.subscription.item_name}}: {{#subscription}}{{subscription.id}} {{/subscription}}"
    assert await said(shop, text, canceled) == "Letters: 6 5 "
    # Of an order by itself: the last payment that succeeded, the first subscription.
    assert await said(shop, "{{transaction.id}} {{subscription.id}}", event("order.updated", orderId=1)) == "31 5"


@pytest.mark.parametrize(
    ("field", "operator", "value", "result"),
    [
        ("status", "=", "processing", True),
        ("order.status", "=", "processing", True),
        ("total_amount", ">", "4000", True),
        ("order_items.*.post_id", "=", "4", True),
        ("order_items.*.post_id", "=", "5", False),
        ("items", "length_equal", "2", True),
        ("billing_address.country", "=", "DE", True),
        ("customer.email", "endsWith", "@example.com", True),
        ("customer.notes", "=", "", True),
        ("subscription.billing_interval", "=", "monthly", True),
    ],
)
async def test_conditions(shop: Gateway, field: str, operator: str, value: str, result: bool) -> None:
    data = await told(shop, event("order.paid", orderId=1))
    conditions = [{"field": field, "operator": operator, "value": value}]
    assert holds({"status": True, "conditions": conditions}, data.conditions) is result


def viewer(*permissions: str) -> Viewer:
    return Viewer("token:one", "one", frozenset(permissions))


async def test_whoever_may_not_see_it_is_not_told(shop: Gateway) -> None:
    paid = event("order.paid", orderId=1, transactionId=31)
    text = "{{order.id|-}} {{customer.email|-}} {{order.billing.email|-}} {{subscription.id|-}}"
    assert await said(shop, text, paid, viewer()) == "- - - -"
    assert await said(shop, text, paid, viewer("orders/view")) == "1 - - -"
    assert (
        await said(shop, text, paid, viewer("orders/view", "customers/view")) == "1 ada@example.com ada@example.com -"
    )
    data = await told(shop, paid, viewer("orders/view", "subscriptions/view"))
    assert (data.payload["customer"], data.payload["subscription"]["id"]) == (None, 5)
    # What it is told instead is what the event says, which takes a permission of its own to read.
    assert (await told(shop, paid, viewer())).payload == paid.payload
    for happened in (event("product.updated", productId=4), event("customer.updated", customerId=7)):
        data = await told(shop, happened, viewer("orders/view"))
        assert data.payload == happened.payload


async def test_of_what_is_gone_the_event_says_what_is_known(shop: Gateway) -> None:
    for happened in (
        event("order.deleted", orderId=99),
        event("product.deleted", productId=99),
        event("customer.deleted", customerId=99),
        event("store.updated", settings=["a"]),
    ):
        data = await told(shop, happened)
        assert data.payload == happened.payload
        assert compiled("{{order.id|none}} {{settings.store_name}}").render(data.context) == "none Shop"


async def test_products_and_customers(shop: Gateway) -> None:
    changed = event("inventory.changed", variantId=17, productId=4)
    text = (
        "{{product.title}} {{product.status}} {{product.variant_count}} {{product.variant.sku}} {{variant.available}}"
    )
    assert await said(shop, text, changed) == "Linen shirt draft 2 BLUE 3"
    text = "{{variant.price_formatted}} {{variant.compare_price|-}} {{product.metadata.season}} {{variant.id}}"
    assert await said(shop, text, changed) == "19,99€ - summer 17"
    other = event("variant.updated", variantId=18)
    assert await said(shop, "{{variant.compare_price}} {{product.id}}", other) == "39.99 4"
    assert (
        await said(shop, "{{variant.id|none}} {{product.slug}}", event("product.updated", productId=4))
        == "none linen-shirt"
    )
    data = await told(shop, changed)
    assert (data.payload["product"]["post_title"], data.payload["variant"]["item_price"]) == ("Linen shirt", 1999)
    assert "cost" not in data.payload["variant"]
    assert holds(
        {"status": True, "conditions": [{"field": "variant.available", "operator": "<", "value": 5}]}, data.conditions
    )
    data = await told(shop, event("customer.updated", customerId=7))
    assert data.payload["customer"]["email"] == data.conditions["email"] == "ada@example.com"
    assert compiled("{{customer.phone}}").render(data.context) == "+49 30 1"


async def test_statements(shop: Gateway) -> None:
    """However many lines, payments and orders there are."""
    for happened, downloads, most in (
        (event("order.paid", orderId=1), False, 8),
        (event("order.paid", orderId=3), False, 8),
        (event("subscription.renewed", orderId=1, renewalOrderId=2, subscriptionId=5), False, 8),
        (event("order.paid", orderId=1), True, 11),
        (event("product.updated", productId=4), False, 2),
        (event("customer.updated", customerId=7), False, 3),
        (event("store.updated"), False, 1),
        (event("order.deleted", orderId=99), True, 2),
    ):
        with shop.counting() as statements:
            await told(shop, happened, downloads=downloads)
        assert len(statements) == most, (happened.name, statements)
    async with shop.database.read() as connection:
        rows = ConnectionStatements(connection).rows
        store = await load_store(rows)
        with shop.counting() as statements:
            found = await load_orders(rows, [1, 2, 3, 99], SYSTEM, store)
        assert (len(statements), list(found)) == (7, [1, 2, 3])


def test_downloads_are_read_when_a_template_speaks_of_them() -> None:
    assert not wants_downloads([compiled("{{order.id}}"), compiled("{{order.downloadz}}")])
    for text in ("{{download.url}}", "{{#download}}{{download.sl}}{{/download}}", "{{order.downloads}}"):
        assert wants_downloads([compiled(""), compiled(text)])


@pytest.mark.parametrize(
    ("name", "parts"),
    [("", ("", "")), ("Ada", ("Ada", "")), ("Bob Baker Jr", ("Bob Baker", "Jr")), ("  A  B ", ("A", "B"))],
)
def test_names(name: str, parts: tuple[str, str]) -> None:
    assert named_by(name) == parts


@pytest.mark.parametrize(
    ("count", "shown"),
    [(None, ""), (0, "0 B"), (999, "999 B"), (1000, "1.0 KB"), (1_234_567, "1.2 MB"), (5 * 10**15, "5000.0 TB")],
)
def test_sizes(count: int | None, shown: str) -> None:
    assert size(count) == shown


def test_samples_of_payloads_name_what_is_read() -> None:
    """The keys by which data are found are those of the declarations."""
    wanted: Mapping[str, set[str]] = {
        "Order": {"orderId"},
        "OrderTransaction": {"orderId", "transactionId"},
        "CustomerSubscription": {"orderId", "subscriptionId"},
        "Product": {"productId"},
        "ProductVariant": {"productId", "variantId"},
        "Customer": {"customerId"},
    }
    for kind in KINDS.values():
        assert wanted.get(kind.entity, set()) <= kind.payload.keys()
