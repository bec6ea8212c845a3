"""What is made of texts that were stored before their rules."""

from typing import Any, TypeAlias

from alembic import command
from sqlalchemy import Connection, text

from db import migrations
from db.store.database import Database

Rows: TypeAlias = list[tuple[str, list[dict[str, Any]]]]

PRODUCT = """
INSERT INTO product (id, version, title, title_key, search_text, status, excerpt, content, slug, view_url,
  fulfillment_type, variation_type, min_price, max_price, manage_stock, stock_availability, manage_downloadable,
  sold_individually, use_pricing_table, is_bundle)
VALUES (:id, 1, :title, '', '', 'publish', :excerpt, :content, :slug, :view_url, 'digital', 'simple', 0, 0, false,
  'in-stock', true, false, false, false)
"""
VARIANT = """
INSERT INTO product_variant (id, version, product_id, title, search_text, status, position, fulfillment_type,
  sold_individually, downloadable, description, price, compare_price, manage_cost, cost, manage_stock, stock_status,
  backorders, total_stock, available, on_hold, committed, payment_type, billing_times, trial_days, billing_summary,
  has_setup_fee, setup_fee_per_item, installment, sku)
VALUES (11, 1, 1, :title, '', 'active', 1, 'digital', false, false, :description, 0, 0, false, 0, false, 'in-stock',
  false, 1, 1, 0, 0, 'onetime', 0, 0, '', false, false, false, 'MUG-1')
"""
TAXONOMY = """
INSERT INTO taxonomy (name, label, plural_label, singular_label) VALUES ('product-brands', :label, 'Brands', 'Brand')
"""
TERM = """
INSERT INTO term (id, version, taxonomy, name, name_key, slug, description)
VALUES (:id, 1, 'product-brands', :name, '', :slug, :description)
"""
MEDIA = """
INSERT INTO media (id, version, product_id, attachment_id, url, title, position)
VALUES (:id, 1, 1, 0, :url, :title, 1)
"""


async def migrated(url: str, since: str, rows: Rows, asked: list[str]) -> list[Any]:
    """The answers to what is asked of a store at head that had these rows at revision `since`."""
    database = Database.open(url)

    def before(connection: Connection) -> None:
        command.upgrade(migrations._config(connection), since)
        for statement, values in rows:
            connection.execute(text(statement), values)

    try:
        async with database.write() as connection:
            await connection.run_sync(before)
            await connection.commit()
        await migrations.migrate(database)
        async with database.read() as connection:
            return [[tuple(row) for row in await connection.execute(text(each))] for each in asked]
    finally:
        await database.close()


async def test_stored_markup_is_cleaned(unmigrated_database_url: str) -> None:
    unsafe = "<p onclick=x()>Hi</p><script>alert(1)</script>"
    plain = {"excerpt": "", "content": "", "view_url": None}
    first = {
        "id": 1,
        "title": "Mug <script>alert(1)</script>",
        "excerpt": "one\n<b>two</b>",
        "content": unsafe,
        "slug": "mug",
        "view_url": " JavaScript:alert(1)",
    }
    second = plain | {"id": 2, "title": "1 < 2  and 3", "slug": "numbers", "content": "<p>Hi<br/></p>"}
    more_than_one_batch = [plain | {"id": key, "title": f"<b>{key}</b>", "slug": str(key)} for key in range(3, 510)]
    rows: Rows = [
        (PRODUCT, [first, second, *more_than_one_batch]),
        (VARIANT, [{"title": "<b>Large</b>", "description": "<img src=x onerror=x()>Big"}]),
        (TAXONOMY, [{"label": "<i>Brands</i>"}]),
        (
            TERM,
            [
                {"id": 1, "name": "<b></b>", "slug": "a", "description": "<script>a</script>b"},
                {"id": 2, "name": "<b>Éclair</b>", "slug": "b", "description": ""},
            ],
        ),
        (
            MEDIA,
            [
                {"id": 1, "url": "https://store.example/a.jpg", "title": "<b>a</b>"},
                {"id": 2, "url": "javascript:alert(1)", "title": ""},
            ],
        ),
    ]

    found = await migrated(
        unmigrated_database_url,
        "0006",
        rows,
        [
            "SELECT title, excerpt, content, view_url, version FROM product WHERE id < 3 ORDER BY id",
            "SELECT title_key, search_text FROM product WHERE id = 1",
            "SELECT title, description, search_text FROM product_variant",
            "SELECT label FROM taxonomy",
            "SELECT name, name_key, description FROM term ORDER BY id",
            "SELECT url, title FROM media",
            "SELECT count(*) FROM product WHERE title LIKE '%<b%'",
        ],
    )

    assert found == [
        [("Mug alert(1)", "one\ntwo", "<p>Hi</p>", None, 1), ("1 < 2 and 3", "", "<p>Hi<br></p>", None, 1)],
        [("mug alert(1)", "mug alert(1)\n1\nlarge\nmug-1")],
        [("Large", "Big", "large\nmug-1")],
        [("Brands",)],
        [("1", "1", "ab"), ("Éclair", "éclair", "")],
        [("https://store.example/a.jpg", "a")],
        [(0,)],
    ]
