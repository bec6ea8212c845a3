"""Coupons, and the orders that were placed with them."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DOCUMENT = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
SORTED_TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
TEXT = sa.String()
MONEY = sa.BigInteger()
MOMENT = UTCDateTime()


def wire(name: str, *words: str) -> sa.types.TypeEngine[Any]:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=100)


def upgrade() -> None:
    op.create_table(
        "coupon",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=True),
        sa.Column("updated_at", MOMENT, nullable=True),
        sa.Column("id", KEY, nullable=False),
        sa.Column("title", TEXT, nullable=False),
        sa.Column("title_key", SORTED_TEXT, nullable=False),
        sa.Column("code", TEXT, nullable=False),
        sa.Column("code_key", SORTED_TEXT, nullable=False),
        sa.Column("search_text", SORTED_TEXT, nullable=False),
        sa.Column("type", wire("coupontype", "fixed", "percentage", "free_shipping", "buy_x_get_y"), nullable=False),
        sa.Column("status", wire("couponstatus", "active", "expired", "disabled", "scheduled"), nullable=False),
        sa.Column("amount", MONEY, nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("use_count", sa.Integer(), nullable=False),
        sa.Column("stackable", sa.Boolean(), nullable=False),
        sa.Column("show_on_checkout", sa.Boolean(), nullable=False),
        sa.Column("notes", TEXT, nullable=False),
        sa.Column("start_at", MOMENT, nullable=True),
        sa.Column("end_at", MOMENT, nullable=True),
        sa.Column("min_purchase", MONEY, nullable=True),
        sa.Column("max_purchase", MONEY, nullable=True),
        sa.Column("max_discount", MONEY, nullable=True),
        sa.Column("max_uses", sa.Integer(), nullable=True),
        sa.Column("max_per_customer", sa.Integer(), nullable=True),
        sa.Column("apply_to_whole_cart", sa.Boolean(), nullable=False),
        sa.Column("apply_to_quantity", sa.Boolean(), nullable=False),
        sa.Column("is_recurring", sa.Boolean(), nullable=False),
        sa.Column("included_variants", DOCUMENT, nullable=False),
        sa.Column("excluded_variants", DOCUMENT, nullable=False),
        sa.Column("included_categories", DOCUMENT, nullable=False),
        sa.Column("excluded_categories", DOCUMENT, nullable=False),
        sa.Column("buy_variants", DOCUMENT, nullable=False),
        sa.Column("get_variants", DOCUMENT, nullable=False),
        sa.Column("buy_quantity", sa.Integer(), nullable=False),
        sa.Column("get_quantity", sa.Integer(), nullable=False),
        sa.Column("email_restrictions", DOCUMENT, nullable=False),
        sa.CheckConstraint("amount >= 0 AND (type <> 'percentage' OR amount <= 10000)", name=op.f("ck_coupon_amount")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coupon")),
        sa.UniqueConstraint("code_key", name=op.f("uq_coupon_code_key")),
        sqlite_autoincrement=True,
    )
    for column in ("title_key", "priority", "status"):
        op.create_index(f"ix_coupon_{column}_id", "coupon", [column, "id"])
    op.create_table(
        "applied_coupon",
        sa.Column("id", KEY, nullable=False),
        sa.Column("order_id", KEY, nullable=False),
        sa.Column("coupon_id", KEY, nullable=True),
        sa.Column("code", TEXT, nullable=False),
        sa.Column("amount", MONEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_applied_coupon_order_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["coupon_id"], ["coupon.id"], name=op.f("fk_applied_coupon_coupon_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_applied_coupon")),
        sqlite_autoincrement=True,
    )
    for column in ("order_id", "coupon_id"):
        op.create_index(op.f(f"ix_applied_coupon_{column}"), "applied_coupon", [column])
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE INDEX ix_coupon_search ON coupon USING gin (search_text gin_trgm_ops)")
    else:
        _index_trigrams()


def _index_trigrams() -> None:
    """A full-text table over `search_text`, kept by triggers."""
    op.execute(
        "CREATE VIRTUAL TABLE coupon_search USING fts5("
        "search_text, content='coupon', content_rowid='id', tokenize='trigram case_sensitive 1')"
    )
    add = "INSERT INTO coupon_search(rowid, search_text) VALUES (new.id, new.search_text);"
    remove = "INSERT INTO coupon_search(coupon_search, rowid, search_text) VALUES ('delete', old.id, old.search_text);"
    for name, when, what in (
        ("added", "AFTER INSERT ON", add),
        ("removed", "AFTER DELETE ON", remove),
        ("changed", "AFTER UPDATE OF search_text ON", remove + add),
    ):
        op.execute(f"CREATE TRIGGER coupon_search_{name} {when} coupon BEGIN {what} END")
