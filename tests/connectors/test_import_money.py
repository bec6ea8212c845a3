"""A store tells hundredths of a unit in every currency; what is stored are minor units of the currency."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.importers.fluentcart.catalog.variant import VARIANT
from connectors.importers.fluentcart.money import convert
from connectors.importers.mapping import Unreadable
from db.commerce.currency import whole_from_hundredths
from db.commerce.money import Amount, money_format
from db.store.database import Database
from tests.connectors.fluentcart_store import Exchanges, imported_twice, lines, priced, rows, settings
from tests.connectors.test_import_classes import shipping
from tests.connectors.test_import_customers import listed
from tests.connectors.test_import_orders import order, subscription, subscriptions
from tests.connectors.test_import_upgrade_paths import path, told

# What 1234.50 units, told as 123450, are in minor units.
STORES = {"JPY": 1235, "KWD": 1_234_500, "USD": 123_450}


async def found(database: Database, table: str, **where: Any) -> list[dict[str, Any]]:
    return [row for row in await rows(database, table) if all(row[name] == value for name, value in where.items())]


@pytest.mark.parametrize(("currency", "stored"), STORES.items(), ids=STORES.keys())
async def test_all_amounts_are_minor_units(
    database: Database, sold: Exchanges, tmp_path: Path, currency: str, stored: int
) -> None:
    settings(sold)["currency"] = currency.lower()
    poster = priced(sold, 5)["variants"][0]
    poster |= {"item_price": "123450", "compare_price": 123450.0, "item_cost": 123450}
    font = priced(sold, 8)["variants"][0]
    font["other_info"] |= {"manage_setup_fee": "yes", "signup_fee": "123450", "payment_type": "subscription"}
    font["payment_type"] = "subscription"
    told(sold, 5)["data"] = [path(70, 2, [3], discount_amount="123450.00")]
    shipping(sold)["data"] = [
        {"id": 1, "name": "Fixed", "cost": "123450", "type": "fixed"},
        {"id": 2, "name": "Of a hundred", "cost": "1000", "type": "percentage"},
    ]
    listed(sold)[0] |= {"ltv": "123450", "aov": "123450.00", "purchase_value": {"USD": 123450, currency: 123450}}
    subscriptions(sold).append(subscription(1, signup_fee="123450", recurring_total=123450))
    number = order(sold, 1)["id"]
    order(sold, 1).update(currency=currency, total_amount=123450, total_refund=-123450, coupon_discount_total="123450")
    order(sold, 1)["order_items"][0] |= {"unit_price": 123450, "line_total": 123450}
    order(sold, 1)["transactions"] = order(sold, 1)["transactions"][:1] or [{"id": 900}]
    order(sold, 1)["transactions"][0] |= {"total": 123450, "currency": currency}
    # A currency of its own, whatever the store's.
    order(sold, 2).update(currency="USD", total_amount=123450)

    report = await imported_twice(database, sold, tmp_path)

    assert not report.skipped
    (variant,) = await found(database, "product_variant", id=poster["id"])
    assert [variant[name] for name in ("price", "compare_price", "cost")] == [stored] * 3
    (product,) = await found(database, "product", id=5)
    assert product["max_price"] == stored
    assert (await found(database, "product_variant", id=font["id"]))[0]["setup_fee"] == stored
    assert (await found(database, "upgrade_path", id=70))[0]["discount_amount"] == stored
    assert [row["cost"] for row in await rows(database, "shipping_class")] == [stored, 1000]
    customer = (await found(database, "customer", id=int(listed(sold)[0]["id"])))[0]
    assert customer["lifetime_value"] == stored
    exact = Decimal(123450).scaleb({"JPY": -2, "KWD": 1, "USD": 0}[currency])
    assert customer["average_order_value"] == exact
    assert customer["purchase_value"] == {"USD": 123450, currency: float(exact)}
    (kept,) = await rows(database, "subscription")
    assert (kept["setup_fee"], kept["recurring_total"]) == (stored, stored)
    (ordered,) = await found(database, "orders", id=number)
    assert [ordered[name] for name in ("total", "total_refund", "coupon_discount_total")] == [stored, -stored, stored]
    (item, *_) = await found(database, "order_item", order_id=number)
    assert (item["unit_price"], item["line_total"]) == (stored, stored)
    assert (await found(database, "order_transaction", order_id=number))[0]["total"] == stored
    assert (await found(database, "orders", id=order(sold, 2)["id"]))[0]["total"] == 123_450


def test_an_amount_reads_as_the_store_means_it() -> None:
    shown = {
        currency: Amount(whole_from_hundredths(100_000, currency), money_format(f"{currency} before dot")).formatted
        for currency in ("JPY", "KWD", "USD", "CLF")
    }
    assert shown == {"JPY": "¥1,000", "KWD": "KWD\u00a01,000.000", "USD": "$1,000.00", "CLF": "CLF\u00a01,000.0000"}


def test_what_no_number_of_json_carries_is_refused() -> None:
    row: dict[str, Any] = dict.fromkeys(VARIANT.columns, 0) | {"price": 2**53 - 1}
    with pytest.raises(Unreadable, match="item_price"):
        convert(VARIANT, row, "KWD")


async def test_a_currency_that_cannot_be_read(database: Database, few: Exchanges, tmp_path: Path) -> None:
    settings(few)["currency"] = "dollars"
    report = await imported_twice(database, few, tmp_path)
    assert lines(report) == ["store: currency: 'DOLLARS' is not a currency code"]
