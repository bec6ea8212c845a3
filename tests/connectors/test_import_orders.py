"""Orders with their lines, payments and addresses, and subscriptions."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from connectors.importers.fluentcart import import_store
from connectors.importers.report import Tally
from db.store.database import Database
from tests.connectors.fluentcart_store import (
    Exchanges,
    imported_twice,
    in_process,
    lines,
    recorded,
    rows,
    source,
)
from tests.connectors.whole import Whole

AMOUNTS = {
    "orders": (
        *("subtotal", "manual_discount_total", "coupon_discount_total", "discount_tax", "shipping_total"),
        *("shipping_tax", "fee_total", "tax_total", "total_paid", "total_refund"),
    ),
    "order_item": (
        *("unit_price", "cost", "subtotal", "tax_amount", "shipping_charge", "discount_total", "line_total"),
        *("refund_total", "quantity", "fulfilled_quantity", "order_id"),
    ),
}
SAME = {
    "orders": (
        *("status", "payment_status", "type", "mode", "customer_id", "payment_method", "payment_method_title"),
        *("currency", "uuid", "config", "note", "parent_id", "fulfillment_type", "ip_address"),
    ),
    "order_transaction": (
        *("uuid", "order_type", "payment_method", "payment_mode", "payment_method_type", "status", "currency"),
        "vendor_charge_id",
    ),
}


def order(exchanges: Exchanges, number: int) -> dict[str, Any]:
    found: dict[str, Any] = exchanges[f"/orders/{number}", "1"]["response"]["order"]
    return found


def subscriptions(exchanges: Exchanges) -> list[dict[str, Any]]:
    page: dict[str, Any] = exchanges["/subscriptions", "1"]["response"]["data"]
    page["data"] = page["data"] or []
    found: list[dict[str, Any]] = page["data"]
    return found


def subscription(number: int, **values: Any) -> dict[str, Any]:
    return {
        "id": str(number),
        "uuid": f"s{number}",
        "customer_id": "1",
        "parent_order_id": "1",
        "product_id": "4",
        "variation_id": "1",
        "item_name": "Mug &amp; more",
        "quantity": "2",
        "billing_interval": "fortnightly",
        "signup_fee": "500",
        "recurring_total": 1999,
        "bill_times": "0",
        "bill_count": "3",
        "next_billing_date": "2027-01-02 03:04:05",
        "canceled_at": None,
        "collection_method": "automatic",
        "status": "active",
        "config": {"currency": "EUR"},
    } | values


def moment(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value).replace(tzinfo=UTC)


async def test_the_recorded_orders(whole: Whole) -> None:
    database = whole.database
    stored = {row["id"]: row for row in await rows(database, "orders")}
    items = {row["id"]: row for row in await rows(database, "order_item")}
    payments = {row["id"]: row for row in await rows(database, "order_transaction")}
    assert (len(stored), len(items), len(payments)) == (40, 40, 40)
    exchanges = recorded()
    for number, row in stored.items():
        record = order(exchanges, number)
        assert {name: row[name] for name in SAME["orders"]} == {name: record[name] for name in SAME["orders"]}
        assert [row[name] for name in AMOUNTS["orders"]] == [int(record[name]) for name in AMOUNTS["orders"]]
        assert row["total"] == int(record["total_amount"])
        assert (row["rate"], row["tax_behavior"], row["shipping_status"]) == (Decimal(1), "none", None)
        assert row["receipt_number"] == (record["receipt_number"] and int(record["receipt_number"]))
        assert row["invoice_no"] == (record["invoice_no"] or None)
        assert [row["completed_at"], row["created_at"], row["updated_at"]] == [
            moment(record[name]) for name in ("completed_at", "created_at", "updated_at")
        ]
        for entry in record["order_items"]:
            item = items[entry["id"]]
            assert [item[name] for name in AMOUNTS["order_item"]] == [
                int(entry[name]) for name in AMOUNTS["order_item"]
            ]
            assert (item["product_id"], item["variant_id"]) == (int(entry["post_id"]), int(entry["object_id"]))
            assert (item["product_title"], item["title"]) == (entry["post_title"], entry["title"])
            assert (item["payment_type"], item["position"]) == (entry["payment_type"], int(entry["cart_index"]))
            assert (item["other_info"], item["line_meta"]) == (entry["other_info"], None)
        for entry in record["transactions"]:
            payment = payments[entry["id"]]
            same = SAME["order_transaction"]
            assert {name: payment[name] for name in same} == {name: entry[name] for name in same}
            assert (payment["order_id"], payment["total"]) == (number, int(entry["total"]))
            assert (payment["type"], payment["subscription_id"], payment["extra"]) == ("charge", None, None)


async def test_orders_and_subscriptions_of_another_store(database: Database, sold: Exchanges, tmp_path: Path) -> None:
    order(sold, 1).update(parent_id="3", shipping_status="shipped", tax_behavior="2", rate="1.25", fee_total=-5)
    order(sold, 1)["order_items"][0].update(
        post_id="4", object_id="1", fulfillment_type="", payment_type="subscription"
    )
    order(sold, 1)["transactions"][0].update(subscription_id="7", meta={"a": 1}, transaction_type="refund", uuid="")
    order(sold, 1)["order_addresses"] = [
        {"id": "1", "order_id": "1", "type": "billing", "name": "A", "city": "Z&uuml;rich", "meta": []},
        {"id": 2, "type": "moon"},
    ]
    order(sold, 2)["shipping_address"] = {"id": 3, "name": "B", "address_1": "1 Road"}
    order(sold, 2)["transactions"][0].update(subscription_id="99")
    order(sold, 3).update(customer_id="77", fulfillment_type="mixed")
    order(sold, 4).update(status="lost")
    order(sold, 5)["order_items"] = "none"
    order(sold, 6).update(tax_behavior="3")
    order(sold, 7).update(uuid=order(sold, 2)["uuid"])
    order(sold, 8).update(parent_id=999)
    sold["/orders/9", "1"]["response"] = {"order": []}
    del sold["/orders/10", "1"]
    subscriptions(sold).extend(
        [
            subscription(7),
            subscription(8, uuid="", customer_id=77, parent_order_id=4, product_id=5, variation_id=99999),
            subscription(9, status="tired"),
        ]
    )
    report = await imported_twice(database, sold, tmp_path)
    orders = {row["id"]: row for row in await rows(database, "orders")}
    assert orders.keys() == set(range(1, 41)) - {4, 5, 6, 7, 9, 10}
    assert (orders[1]["parent_id"], orders[1]["shipping_status"], orders[1]["tax_behavior"]) == (
        3,
        "shipped",
        "inclusive",
    )
    assert (orders[1]["rate"], orders[1]["fee_total"], orders[1]["version"]) == (Decimal("1.25"), -5, 1)
    assert (orders[3]["customer_id"], orders[3]["fulfillment_type"], orders[8]["parent_id"]) == (None, None, None)
    items = {row["order_id"]: row for row in await rows(database, "order_item")}
    assert (items[1]["product_id"], items[1]["variant_id"], items[1]["fulfillment_type"]) == (4, 1, "physical")
    assert items[1]["payment_type"] == "subscription"
    assert (items[2]["product_id"], items[2]["variant_id"]) == (None, None)
    payments = {row["order_id"]: row for row in await rows(database, "order_transaction")}
    assert (payments[1]["subscription_id"], payments[1]["type"], payments[1]["extra"]) == (7, "refund", {"a": 1})
    assert payments[1]["uuid"]
    assert payments[2]["subscription_id"] is None
    addresses = {row["id"]: row for row in await rows(database, "order_address")}
    assert [(row["order_id"], row["type"]) for row in addresses.values()] == [(1, "billing"), (2, "shipping")]
    assert (addresses[1]["city"], addresses[3]["address1"]) == ("Zürich", "1 Road")
    terms = {row["id"]: row for row in await rows(database, "subscription")}
    assert terms.keys() == {7, 8}
    assert (terms[7]["item_name"], terms[7]["interval"], terms[7]["setup_fee"]) == ("Mug & more", "fortnightly", 500)
    assert terms[7]["next_billing_at"] == datetime(2027, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert (terms[7]["order_id"], terms[7]["customer_id"], terms[7]["variant_id"]) == (1, 1, 1)
    assert (terms[8]["order_id"], terms[8]["customer_id"]) == (None, None)
    assert (terms[8]["product_id"], terms[8]["variant_id"]) == (5, None)
    said = [line for line in lines(report) if "order" in line or "subscription" in line or "transaction" in line]
    assert sorted(said) == [
        "links of order 3: customer_id: 77 is unknown",
        "links of order 8: parent_id: 999 is unknown",
        "links of subscription 8: customer_id: 77 is unknown",
        "links of subscription 8: parent_order_id: 4 is unknown",
        "links of transaction 2: subscription_id: 99 is unknown",
        "order addresses 2 of order 1: type: 'moon' is none of billing, shipping",
        "orders 10: GET /orders/10 answered 404 (rest_no_route)",
        "orders 4: status: 'lost' is none of draft, processing, completed, on-hold, canceled, failed",
        "orders 5: order_items: 'none' is not a list",
        "orders 6: tax_behavior: '3' is none of 0, 1, 2",
        f"orders 7: uuid: {order(sold, 2)['uuid']!r} is that of 2 already",
        "orders 9: order: GET /orders/9 names none",
        next(line for line in said if line.startswith("subscriptions 9: status: 'tired' is none of pending")),
    ]


async def test_what_changes_in_an_order(database: Database, sold: Exchanges, tmp_path: Path) -> None:
    await import_store(database, source(in_process(sold, tmp_path)))
    order(sold, 1)["status"] = "canceled"
    order(sold, 1)["order_items"].append(order(sold, 1)["order_items"][0] | {"id": 900, "cart_index": 1})
    order(sold, 2)["order_items"].clear()
    report = await import_store(database, source(in_process(sold, tmp_path)))
    assert report.of("orders") == Tally(updated=1, unchanged=39)
    assert report.of("order items") == Tally(imported=1, unchanged=39, removed=1)
    stored = {row["id"]: row for row in await rows(database, "orders")}
    assert (stored[1]["status"], stored[1]["version"], stored[2]["version"]) == ("canceled", 2, 2)
