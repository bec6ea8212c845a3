"""Customers, orders with their lines, and subscriptions are searched and sorted: by folded texts, behind indexes."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa
from alembic import op

from db.commerce import customer, order, subscription
from db.store.row import SORTED_TEXT, table
from db.text.search import FoundBy

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

BATCH: Final = 1000  # rows in memory at once
# What each is found by, and which columns that is made of.
FOUND_BY: Final[Mapping[sa.Table, tuple[FoundBy, Sequence[str]]]] = {
    table(customer.CustomerRow): (customer.FOUND_BY, ("first_name", "last_name", "email")),
    table(order.OrderRow): (order.ORDER_FOUND_BY, ("invoice_no",)),
    table(order.OrderItemRow): (order.ITEM_FOUND_BY, ("product_title", "title")),
    table(subscription.SubscriptionRow): (
        subscription.FOUND_BY,
        ("item_name", "vendor_subscription_id", "vendor_customer_id", "vendor_plan_id"),
    ),
}
INDEXED: Final = {
    "customer": ("email_key", "name_key", "lifetime_value", "created_at"),
    "orders": ("created_at", "total", "status", "payment_status"),
    "subscription": ("next_billing_at", "status"),
}


def upgrade() -> None:
    for of, (found_by, sources) in FOUND_BY.items():
        for name in found_by:
            op.add_column(of.name, sa.Column(name, SORTED_TEXT, nullable=False, server_default=sa.text("''")))
        for rows in _batches(of, sources):
            values = [
                {"of_row": row["id"], **{f"to_{name}": made(dict(row)) for name, made in found_by.items()}}
                for row in rows
            ]
            written: dict[str, Any] = {name: sa.bindparam(f"to_{name}") for name in found_by}
            op.get_bind().execute(of.update().where(of.c.id == sa.bindparam("of_row")).values(written), values)
        if op.get_bind().dialect.name == "postgresql":
            op.execute(f"CREATE INDEX ix_{of.name}_search ON {of.name} USING gin (search_text gin_trgm_ops)")
        else:
            _index_trigrams(of.name)
    for name, columns in INDEXED.items():
        for column in columns:
            op.create_index(f"ix_{name}_{column}_id", name, [column, "id"])


def _batches(of: sa.Table, sources: Sequence[str]) -> Iterator[Sequence[sa.RowMapping]]:
    statement = sa.select(of.c.id, *(of.c[name] for name in sources)).order_by(of.c.id).limit(BATCH)
    rows = op.get_bind().execute(statement).mappings().all()
    while rows:
        yield rows
        rows = op.get_bind().execute(statement.where(of.c.id > rows[-1]["id"])).mappings().all()


def _index_trigrams(of: str) -> None:
    """A full-text table over `search_text`, kept by triggers, with what is there already."""
    op.execute(
        f"CREATE VIRTUAL TABLE {of}_search USING fts5("
        f"search_text, content='{of}', content_rowid='id', tokenize='trigram case_sensitive 1')"
    )
    op.execute(f"INSERT INTO {of}_search({of}_search) VALUES ('rebuild')")  # noqa: S608  our words
    into = f"INSERT INTO {of}_search"
    add = f"{into}(rowid, search_text) VALUES (new.id, new.search_text);"
    remove = f"{into}({of}_search, rowid, search_text) VALUES ('delete', old.id, old.search_text);"
    for name, when, what in (
        ("added", "AFTER INSERT ON", add),
        ("removed", "AFTER DELETE ON", remove),
        ("changed", "AFTER UPDATE OF search_text ON", remove + add),
    ):
        op.execute(f"CREATE TRIGGER {of}_search_{name} {when} {of} BEGIN {what} END")
