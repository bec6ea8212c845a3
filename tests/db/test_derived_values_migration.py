"""What 0007 makes of products and bundles that were stored before it."""

from typing import Any, Final

from alembic import command
from sqlalchemy import Connection, select, text

from db import migrations
from db.catalog.product import ProductRow
from db.store.database import Database
from db.store.row import table

PRODUCT: Final = """
INSERT INTO product (id, version, title, title_key, search_text, status, excerpt, content, slug, fulfillment_type,
  variation_type, min_price, max_price, manage_stock, stock_availability, manage_downloadable, sold_individually,
  use_pricing_table, is_bundle)
VALUES (:id, 3, 'A', 'a', :text, 'publish', '', '', :slug, 'digital', 'simple', :low, :high, :managed, 'in-stock',
  false, false, false, :bundle)
"""
VARIANT: Final = """
INSERT INTO product_variant (id, version, product_id, title, search_text, status, position, fulfillment_type,
  sold_individually, downloadable, description, price, compare_price, manage_cost, cost, manage_stock, stock_status,
  backorders, total_stock, available, on_hold, committed, payment_type, interval, billing_times, trial_days,
  billing_summary, has_setup_fee, setup_fee_per_item, installment)
VALUES (:id, 3, :product, 'A', 'a', :status, 1, 'digital', false, false, '', :price, 0, false, 0, :managed, :stock,
  false, 1, :available, 0, 0, :paid, :interval, 0, 0, '', false, false, false)
"""
PLAIN: Final[dict[str, Any]] = {"managed": False, "bundle": False}
SOLD: Final[dict[str, Any]] = {
    "status": "active",
    "price": 500,
    "managed": False,
    "stock": "in-stock",
    "available": 1,
    "paid": "onetime",
    "interval": None,
}
HIDDEN: Final = SOLD | {"status": "inactive"}
GONE: Final = SOLD | {"managed": True, "stock": "out-of-stock", "available": 0}
MONTHLY: Final[dict[str, Any]] = {"paid": "subscription", "interval": "monthly"}
PRODUCTS: Final = [
    {"id": 1, "low": 100, "high": 900, **PLAIN, "managed": True},  # only a hidden variant is in stock
    {"id": 2, "low": 700, "high": 700, **PLAIN},  # all of it is hidden
    {"id": 3, "low": 500, "high": 500, **PLAIN, "bundle": True},  # of what is sold out
    {"id": 4, "low": 500, "high": 500, **PLAIN, "bundle": True},  # of what is there
    {"id": 5, "low": 0, "high": 0, **PLAIN},  # without variants
]
VARIANTS: Final = [
    {"id": 11, "product": 1, **GONE},
    {"id": 12, "product": 1, **HIDDEN, "price": 100, **MONTHLY},
    {"id": 13, "product": 1, **HIDDEN, "price": 900},
    {"id": 21, "product": 2, **HIDDEN, "price": 700},
    {"id": 31, "product": 3, **SOLD},
    {"id": 41, "product": 4, **SOLD},
    {"id": 42, "product": 4, **SOLD, **MONTHLY},
]
ITEMS: Final = [(31, 11), (41, 42)]
# Prices, subscriptions and stock: of all variants, of those that everyone sees.
EXPECTED: Final = {
    1: ((100, 900, True, "in-stock"), (500, 500, False, "out-of-stock")),
    2: ((700, 700, False, "in-stock"), (0, 0, False, "in-stock")),
    3: ((500, 500, False, "out-of-stock"), (500, 500, False, "out-of-stock")),
    4: ((500, 500, True, "in-stock"), (500, 500, True, "in-stock")),
    5: ((0, 0, False, "in-stock"), (0, 0, False, "in-stock")),
}


async def test_what_was_stored_is_worked_out(unmigrated_database_url: str) -> None:
    database = Database.open(unmigrated_database_url)

    def before(connection: Connection) -> None:
        command.upgrade(migrations._config(connection), "0011")
        for row in PRODUCTS:
            connection.execute(text(PRODUCT), {**row, "slug": f"a-{row['id']}", "text": f"a{row['id']}"})
        for row in VARIANTS:
            connection.execute(text(VARIANT), row)
        for bundle, child in ITEMS:
            values = {"bundle": bundle, "child": child}
            statement = "INSERT INTO bundle_item (variant_id, child_id, position) VALUES (:bundle, :child, 1)"
            connection.execute(text(statement), values)

    try:
        async with database.write() as connection:
            await connection.run_sync(before)
            await connection.commit()
        await migrations.migrate(database)
        product = table(ProductRow)
        names = ("min_price", "max_price", "has_subscription", "stock_availability")
        async with database.read() as connection:
            for row in (await connection.execute(select(product))).mappings():
                found = tuple(tuple(row[f"{prefix}{name}"] for name in names) for prefix in ("", "public_"))
                assert found == EXPECTED[row["id"]], row["id"]
                assert row["version"] == 3
            bundles = await connection.execute(
                text("SELECT id, supplied, incomplete, stock_status, version FROM product_variant WHERE id IN (31, 41)")
            )
            found_bundles = [(row[0], bool(row[1]), bool(row[2]), *row[3:]) for row in sorted(bundles)]
            assert found_bundles == [(31, False, False, "out-of-stock", 3), (41, True, False, "in-stock", 3)]
    finally:
        await database.close()
