"""What was sold before it could be searched is found afterwards."""

from tests import factories
from tests.db.stored_before import migrated


async def test_what_was_sold_is_found(unmigrated_database_url: str) -> None:
    rows = [
        factories.customer(1, email="Zoë@Example.org", first_name="Zoë", last_name="Brandt"),
        *(factories.customer(key) for key in range(2, 1050)),  # more than one batch
        factories.order(5, customer_id=1, invoice_no="INV-5"),
        factories.order_item(7, 5, product_title="Crème Brûlée", title="Large"),
        factories.subscription(9, customer_id=1, item_name="Tea", vendor_subscription_id="sub_1"),
    ]
    for row in rows:
        for name in ("email_key", "name_key", "search_text"):
            if hasattr(row, name):
                setattr(row, name, "")

    found = await migrated(
        unmigrated_database_url,
        "0030",
        rows,
        [
            "SELECT email_key, name_key, search_text, version FROM customer WHERE id = 1",
            "SELECT count(*) FROM customer WHERE search_text = ''",
            "SELECT search_text FROM orders",
            "SELECT search_text FROM order_item",
            "SELECT search_text FROM subscription",
        ],
    )

    assert found == [
        [("zoë@example.org", "zoe brandt", "1\nzoe\nbrandt\nzoe@example.org", 1)],
        [(0,)],
        [("5\ninv-5",)],
        [("creme brulee\nlarge",)],
        [("9\ntea\nsub_1",)],
    ]


async def test_the_index_of_sqlite_holds_them(unmigrated_database_url: str) -> None:
    if not unmigrated_database_url.startswith("sqlite"):
        return
    asked = "SELECT rowid FROM customer_search WHERE customer_search MATCH '\"brandt\"'"
    rows = [factories.customer(3, last_name="Brandt"), factories.customer(4)]
    assert await migrated(unmigrated_database_url, "0030", rows, [asked]) == [[(3,)]]
