"""Order bumps: what a checkout offers beside what is in the cart."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DOCUMENT = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
SORTED_TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
TEXT = sa.String()
MOMENT = UTCDateTime()


def wire(name: str, *words: str) -> sa.types.TypeEngine[Any]:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=100)


def upgrade() -> None:
    op.create_table(
        "order_bump",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=True),
        sa.Column("updated_at", MOMENT, nullable=True),
        sa.Column("id", KEY, nullable=False),
        sa.Column("hash", TEXT, nullable=False),
        sa.Column("parent_id", KEY, nullable=True),
        sa.Column("type", TEXT, nullable=False),
        sa.Column("status", wire("orderbumpstatus", "active", "draft"), nullable=False),
        sa.Column("source_variant_id", KEY, nullable=False),
        sa.Column("source_type", TEXT, nullable=False),
        sa.Column("title", TEXT, nullable=False),
        sa.Column("search_text", SORTED_TEXT, nullable=False, server_default=sa.text("''")),
        sa.Column("description", TEXT, nullable=False),
        sa.Column("call_to_action", TEXT, nullable=False),
        sa.Column("discount_type", wire("orderbumpdiscounttype", "fixed", "percentage"), nullable=True),
        sa.Column("discount_amount", sa.BigInteger(), nullable=True),
        sa.Column("display_conditions_if", wire("orderbumpmatch", "all", "any"), nullable=False),
        sa.Column("conditions", DOCUMENT, nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.CheckConstraint("priority >= 1", name=op.f("ck_order_bump_priority")),
        sa.CheckConstraint("(discount_type IS NULL) = (discount_amount IS NULL)", name=op.f("ck_order_bump_discount")),
        sa.CheckConstraint(
            "discount_amount >= 0 AND (discount_type = 'fixed' OR discount_amount <= 10000)",
            name=op.f("ck_order_bump_discount_amount"),
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["order_bump.id"], name=op.f("fk_order_bump_parent_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["source_variant_id"],
            ["product_variant.id"],
            name=op.f("fk_order_bump_source_variant_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_bump")),
        sa.UniqueConstraint("hash", name=op.f("uq_order_bump_hash")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_order_bump_parent_id"), "order_bump", ["parent_id"])
    op.create_index(op.f("ix_order_bump_source_variant_id"), "order_bump", ["source_variant_id"])
    for column in ("search_text", "priority", "status"):
        op.create_index(f"ix_order_bump_{column}_id", "order_bump", [column, "id"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE INDEX ix_order_bump_search ON order_bump USING gin (search_text gin_trgm_ops)")
    else:
        _index_trigrams()


def _index_trigrams() -> None:
    """A full-text table over `search_text`, kept by triggers."""
    op.execute(
        "CREATE VIRTUAL TABLE order_bump_search USING fts5("
        "search_text, content='order_bump', content_rowid='id', tokenize='trigram case_sensitive 1')"
    )
    into = "INSERT INTO order_bump_search"
    add = f"{into}(rowid, search_text) VALUES (new.id, new.search_text);"
    remove = f"{into}(order_bump_search, rowid, search_text) VALUES ('delete', old.id, old.search_text);"
    for name, when, what in (
        ("added", "AFTER INSERT ON", add),
        ("removed", "AFTER DELETE ON", remove),
        ("changed", "AFTER UPDATE OF search_text ON", remove + add),
    ):
        op.execute(f"CREATE TRIGGER order_bump_search_{name} {when} order_bump BEGIN {what} END")
