"""What 0010 makes of amounts that an import stored in hundredths."""

import pytest

from db.catalog.shipping import ShippingClassType
from db.store.importing import ImportRow
from tests import factories
from tests.db.stored_before import migrated

AMOUNTS = dict.fromkeys(("setup_fee", "recurring_total"), 123_450)
ASKED = [
    "SELECT price, compare_price, cost, setup_fee FROM product_variant ORDER BY id",
    "SELECT min_price, max_price FROM product WHERE id = 1",
    "SELECT discount_amount FROM upgrade_path",
    "SELECT cost FROM shipping_class ORDER BY id",
    "SELECT lifetime_value, CAST(average_order_value AS TEXT), CAST(purchase_value AS TEXT) FROM customer",
    "SELECT setup_fee, recurring_total FROM subscription",
    "SELECT total, total_refund FROM orders ORDER BY id",
    "SELECT line_total FROM order_item ORDER BY id",
]


@pytest.mark.parametrize("imported", [True, False], ids=["imported", "made here"])
async def test_stored_hundredths_become_minor_units_once(unmigrated_database_url: str, *, imported: bool) -> None:
    rows = [
        factories.store(currency="JPY"),
        *([ImportRow(source="https://shop.example", entity="products")] if imported else []),
        factories.product(1, min_price=100, max_price=123_450),
        factories.variant(11, 1, price=123_450, compare_price=123_450, setup_fee=123_450),
        factories.variant(12, 1, price=100, compare_price=300),
        # What was written here since is right.
        factories.variant(13, 1, price=150, compare_price=12_345, cost=9_900),
        factories.variant(14, 1, price=500),
        factories.event(1, "variant.updated", "ProductVariant:13", changed=["price", "title"]),
        factories.event(2, "variant.created", "ProductVariant:14"),
        factories.upgrade_path(21, 11, discount_amount=123_450),
        factories.shipping_class(31, cost=123_450),
        factories.shipping_class(32, cost=1000, type=ShippingClassType.PERCENTAGE),
        factories.customer(
            41, lifetime_value=-123_450, average_order_value=123_450, purchase_value={"JPY": 100_000, "USD": 5}
        ),
        factories.order(51, currency="JPY", total=123_450, total_refund=-123_450),
        factories.order(52, currency="KWD", total=123_450),
        factories.order(53, currency="EUR", total=123_450),
        *(factories.order_item(60 + number, 50 + number, line_total=123_450) for number in (1, 2, 3)),
        factories.subscription(71, **AMOUNTS),
    ]

    prices, product, path, classes, customer, subscription, orders, items = await migrated(
        unmigrated_database_url, "0009", rows, ASKED
    )

    if imported:
        assert prices == [(1235, 1235, 0, 1235), (1, 3, 0, None), (150, 0, 99, None), (500, 0, 0, None)]
        assert product == [(1, 1235)]
        assert (path, classes) == ([(1235,)], [(1235,), (1000,)])
    else:
        assert prices[0] == (123_450, 123_450, 0, 123_450)
        assert product == [(100, 123_450)]
        assert (path, classes) == ([(123_450,)], [(123_450,), (1000,)])
    # These come from imports alone.
    ((lifetime, average, purchases),) = customer
    assert (lifetime, float(average)) == (-1235, 1234.5)
    assert purchases.replace(" ", "") == '{"JPY":1000,"USD":5}'
    assert subscription == [(1235, 1235)]
    assert orders == [(1235, -1235), (1_234_500, 0), (123_450, 0)]
    assert items == [(1235,), (1_234_500,), (123_450,)]
