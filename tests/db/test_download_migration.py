"""What 0002 makes of downloads that were stored before it."""

from alembic import command
from sqlalchemy import Connection, text

from db import migrations
from db.store.database import Database

ROWS = """
INSERT INTO product (id, version, title, title_key, search_text, status, excerpt, content, slug, fulfillment_type,
  variation_type, min_price, max_price, manage_stock, stock_availability, manage_downloadable, sold_individually,
  use_pricing_table, is_bundle)
VALUES (1, 1, 'A', 'a', 'a', 'publish', '', '', 'a', 'digital', 'simple', 0, 0, false, 'in-stock', true, false, false,
  false);
INSERT INTO product_variant (id, version, product_id, title, search_text, status, position, fulfillment_type,
  sold_individually, downloadable, description, price, compare_price, manage_cost, cost, manage_stock, stock_status,
  backorders, total_stock, available, on_hold, committed, payment_type, billing_times, trial_days, billing_summary,
  has_setup_fee, setup_fee_per_item, installment)
VALUES (11, 1, 1, 'A', 'a', 'active', 1, 'digital', false, false, '', 0, 0, false, 0, false, 'in-stock', false, 1, 1, 0,
  0, 'onetime', 0, 0, '', false, false, false);
INSERT INTO product_download (id, version, product_id, identifier, position) VALUES (1, 1, 1, 'for-all', 1);
INSERT INTO product_download (id, version, product_id, identifier, position) VALUES (2, 1, 1, 'limited', 2);
INSERT INTO product_download_variant (download_id, variant_id) VALUES (2, 11)
"""


async def test_a_file_with_links_is_limited_and_one_without_is_everybodys(unmigrated_database_url: str) -> None:
    database = Database.open(unmigrated_database_url)

    def before(connection: Connection) -> None:
        command.upgrade(migrations._config(connection), "0001")
        for row in ROWS.split(";"):
            connection.execute(text(row))

    try:
        async with database.write() as connection:
            await connection.run_sync(before)
            await connection.commit()
        await migrations.migrate(database)
        async with database.write() as connection:
            await connection.execute(text("DELETE FROM product_variant"))  # the last of its variants
            await connection.commit()
        async with database.read() as connection:
            found = await connection.execute(
                text("SELECT identifier, for_all_variants, version FROM product_download ORDER BY id")
            )
            assert [(row[0], bool(row[1]), row[2]) for row in found] == [("for-all", True, 1), ("limited", False, 1)]
            links = await connection.execute(text("SELECT count(*) FROM product_download_variant"))
            assert links.scalar_one() == 0
    finally:
        await database.close()
