"""Licences, and the sites that they are activated on."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

# Written out, not imported: a migration says what it did then, whatever db.store.row says now.
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DOCUMENT = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
SORTED_TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
TEXT = sa.String()
MOMENT = UTCDateTime()


def _wire(name: str, *words: str) -> sa.types.TypeEngine[Any]:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=100)


def _versioned() -> list[sa.Column[Any]]:
    return [
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=True),
        sa.Column("updated_at", MOMENT, nullable=True),
    ]


def _reference(of: str, column: str, to: str, ondelete: str = "SET NULL") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=f"fk_{of}_{column}", ondelete=ondelete)


def upgrade() -> None:
    op.create_table(
        "license",
        *_versioned(),
        sa.Column("id", KEY, nullable=False),
        sa.Column("license_key", SORTED_TEXT, nullable=False),
        sa.Column("search_text", SORTED_TEXT, nullable=False, server_default=sa.text("''")),
        sa.Column("status", _wire("licensestatus", "active", "inactive", "expired", "disabled"), nullable=False),
        sa.Column("activation_limit", sa.Integer(), nullable=False),
        sa.Column("activation_count", sa.Integer(), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=True),
        sa.Column("product_id", KEY, nullable=True),
        sa.Column("variant_id", KEY, nullable=True),
        sa.Column("order_id", KEY, nullable=True),
        sa.Column("customer_id", KEY, nullable=True),
        sa.Column("subscription_id", KEY, nullable=True),
        sa.Column("parent_id", KEY, nullable=True),
        sa.Column("config", DOCUMENT, nullable=True),
        _reference("license", "product_id", "product"),
        _reference("license", "variant_id", "product_variant"),
        _reference("license", "order_id", "orders"),
        _reference("license", "customer_id", "customer"),
        _reference("license", "subscription_id", "subscription"),
        _reference("license", "parent_id", "license"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_license")),
        sa.UniqueConstraint("license_key", name=op.f("uq_license_license_key")),
        sqlite_autoincrement=True,
    )
    for column in ("product_id", "variant_id", "order_id", "customer_id", "subscription_id", "parent_id"):
        op.create_index(op.f(f"ix_license_{column}"), "license", [column])
    op.create_index("ix_license_expires_at_id", "license", ["expires_at", "id"])
    op.create_index("ix_license_status_expires_at", "license", ["status", "expires_at"])
    _index_search()
    op.create_table(
        "license_site",
        *_versioned(),
        sa.Column("id", KEY, nullable=False),
        sa.Column("site_url", TEXT, nullable=False),
        sa.Column("site_key", SORTED_TEXT, nullable=False),
        sa.Column("server_version", TEXT, nullable=True),
        sa.Column("platform_version", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_license_site")),
        sa.UniqueConstraint("site_key", name=op.f("uq_license_site_site_key")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "license_activation",
        *_versioned(),
        sa.Column("id", KEY, nullable=False),
        sa.Column("license_id", KEY, nullable=False),
        sa.Column("site_id", KEY, nullable=False),
        sa.Column("status", _wire("activationstatus", "active", "inactive"), nullable=False),
        sa.Column("is_local", sa.Boolean(), nullable=False),
        sa.Column("product_id", KEY, nullable=True),
        sa.Column("variant_id", KEY, nullable=True),
        sa.Column("activation_method", TEXT, nullable=False),
        sa.Column("activation_hash", TEXT, nullable=False),
        sa.Column("last_update_version", TEXT, nullable=True),
        sa.Column("last_update_at", MOMENT, nullable=True),
        _reference("license_activation", "license_id", "license", "CASCADE"),
        _reference("license_activation", "site_id", "license_site", "CASCADE"),
        _reference("license_activation", "product_id", "product"),
        _reference("license_activation", "variant_id", "product_variant"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_license_activation")),
        sa.UniqueConstraint("license_id", "site_id", name=op.f("uq_license_activation_license_id_site_id")),
        sa.UniqueConstraint("activation_hash", name=op.f("uq_license_activation_activation_hash")),
        sqlite_autoincrement=True,
    )
    for column in ("site_id", "product_id", "variant_id"):
        op.create_index(op.f(f"ix_license_activation_{column}"), "license_activation", [column])


def _index_search() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE INDEX ix_license_search ON license USING gin (search_text gin_trgm_ops)")
        return
    op.execute(
        "CREATE VIRTUAL TABLE license_search USING fts5("
        "search_text, content='license', content_rowid='id', tokenize='trigram case_sensitive 1')"
    )
    into = "INSERT INTO license_search"
    add = f"{into}(rowid, search_text) VALUES (new.id, new.search_text);"
    remove = f"{into}(license_search, rowid, search_text) VALUES ('delete', old.id, old.search_text);"
    for name, when, what in (
        ("added", "AFTER INSERT ON", add),
        ("removed", "AFTER DELETE ON", remove),
        ("changed", "AFTER UPDATE OF search_text ON", remove + add),
    ):
        op.execute(f"CREATE TRIGGER license_search_{name} {when} license BEGIN {what} END")
