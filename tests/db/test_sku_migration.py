"""What 0011 makes of SKUs that were stored before it."""

from alembic import command
from sqlalchemy import Connection, text
from structlog.testing import capture_logs

from db import migrations
from db.store.database import Database

PRODUCTS = """
INSERT INTO product (id, version, title, title_key, search_text, status, excerpt, content, slug, fulfillment_type,
  variation_type, min_price, max_price, manage_stock, stock_availability, manage_downloadable, sold_individually,
  use_pricing_table, is_bundle)
VALUES (:id, 1, :title, :title, 'old', 'publish', '', '', :title, 'digital', 'simple', 0, 0, false, 'in-stock', true,
  false, false, false)
"""
VARIANTS = """
INSERT INTO product_variant (id, version, product_id, title, sku, search_text, status, position, fulfillment_type,
  sold_individually, downloadable, description, price, compare_price, manage_cost, cost, manage_stock, stock_status,
  backorders, total_stock, available, on_hold, committed, payment_type, billing_times, trial_days, billing_summary,
  has_setup_fee, setup_fee_per_item, installment)
VALUES (:id, 1, :product, :title, :sku, 'old', 'active', 1, 'digital', false, false, '', 0, 0, false, 0, false,
  'in-stock', false, 1, 1, 0, 0, 'onetime', 0, 0, '', false, false, false)
"""
# By their ids. The invisible one of 16 is spelled from then on as 17 is, which comes after it.
SKUS = {11: "pro-pln", 12: "PRO-PLN", 13: "ÄB", 14: "äb", 15: None, 16: "A\u200bB", 17: "AB", 18: "\u200b", 19: "Fine"}
AFTERWARDS = {11: "pro-pln", 12: None, 13: "ÄB", 14: None, 15: None, 16: "AB", 17: None, 18: None, 19: "Fine"}


async def test_the_lower_id_keeps_a_sku_and_the_others_are_listed(unmigrated_database_url: str) -> None:
    database = Database.open(unmigrated_database_url)

    def before(connection: Connection) -> None:
        command.upgrade(migrations._config(connection), "0010")
        connection.execute(text(PRODUCTS), [{"id": key, "title": f"p{key}"} for key in (1, 2)])
        variants = [{"id": k, "product": 1 if k < 15 else 2, "title": f"v{k}", "sku": s} for k, s in SKUS.items()]
        connection.execute(text(VARIANTS), variants)

    try:
        async with database.write() as connection:
            await connection.run_sync(before)
            await connection.commit()
        with capture_logs() as logs:
            await migrations.migrate(database)
        told = [(line["variant"], line["sku"], line["kept_by"]) for line in logs if "kept_by" in line]
        assert told == [(12, "PRO-PLN", 11), (14, "äb", 13), (17, "AB", 16)]
        async with database.read() as connection:
            statement = "SELECT id, sku, sku_key, search_text, version FROM product_variant ORDER BY id"
            rows = {row.id: row for row in await connection.execute(text(statement))}
            events = (await connection.execute(text("SELECT * FROM event ORDER BY entity"))).mappings().all()
            found = (await connection.execute(text("SELECT id, search_text FROM product ORDER BY id"))).all()
        assert {key: row.sku for key, row in rows.items()} == AFTERWARDS
        assert [row.sku_key for row in rows.values()] == ["pro-pln", None, "äb", None, None, "ab", None, None, "fine"]
        changed = [key for key in SKUS if SKUS[key] != AFTERWARDS[key]]
        assert [key for key, row in rows.items() if row.version == 2] == changed
        assert (rows[12].search_text, rows[16].search_text) == ("v12", "v16\nab")
        assert found == [(1, "p1\n1\nv11\npro-pln\nv12\nv13\nab\nv14"), (2, "p2\n2\nv15\nv16\nab\nv17\nv18\nv19\nfine")]
        assert [(event["name"], event["entity"], event["version"]) for event in events] == [
            ("variant.updated", f"ProductVariant:{key}", 2) for key in changed
        ]
    finally:
        await database.close()
