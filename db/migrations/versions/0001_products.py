"""Products with all that belongs to them, tokens, events, idempotency records and the state of imports."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Written out, not imported: a migration says what it did then, whatever db.row says now.
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DOCUMENT = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
SORTED_TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
TEXT = sa.String()
MOMENT = UTCDateTime()


def wire(name: str, *words: str) -> sa.types.TypeEngine[Any]:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=100)


def upgrade() -> None:
    op.create_table(
        "access_token",
        sa.Column("id", KEY, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("secret_hash", TEXT, nullable=False),
        sa.Column("permissions", DOCUMENT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_token")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_access_token_secret_hash")),
    )
    op.create_table(
        "event",
        sa.Column("id", KEY, nullable=False),
        sa.Column("position", KEY, nullable=True),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("entity", TEXT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("changed", DOCUMENT, nullable=False),
        sa.Column("payload", DOCUMENT, nullable=False),
        sa.Column("caller", TEXT, nullable=True),
        sa.Column("occurred_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
        sa.UniqueConstraint("position", name=op.f("uq_event_position")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_event_entity"), "event", ["entity"])
    op.create_table(
        "idempotency",
        sa.Column("caller", SORTED_TEXT, nullable=False),
        sa.Column("mutation", SORTED_TEXT, nullable=False),
        sa.Column("key", SORTED_TEXT, nullable=False),
        sa.Column("input_hash", TEXT, nullable=False),
        sa.Column("result", DOCUMENT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("caller", "mutation", "key", name=op.f("pk_idempotency")),
    )
    op.create_index("ix_idempotency_created_at", "idempotency", ["created_at"])
    op.create_table(
        "import_source",
        sa.Column("source", TEXT, nullable=False),
        sa.Column("entity", TEXT, nullable=False),
        sa.Column("reached", KEY, nullable=True),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("source", "entity", name=op.f("pk_import_source")),
    )
    op.create_table(
        "product",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=True),
        sa.Column("updated_at", MOMENT, nullable=True),
        sa.Column("id", KEY, nullable=False),
        sa.Column("title", TEXT, nullable=False),
        sa.Column("title_key", SORTED_TEXT, nullable=False),
        sa.Column(
            "status", wire("productstatus", "draft", "publish", "future", "private", "pending", "trash"), nullable=False
        ),
        sa.Column("excerpt", TEXT, nullable=False),
        sa.Column("content", TEXT, nullable=False),
        sa.Column("slug", SORTED_TEXT, nullable=False),
        sa.Column("published_at", MOMENT, nullable=True),
        sa.Column("modified_at", MOMENT, nullable=True),
        sa.Column("comment_status", TEXT, nullable=True),
        sa.Column("view_url", TEXT, nullable=True),
        sa.Column("edit_url", TEXT, nullable=True),
        sa.Column("featured_image_id", KEY, nullable=True),
        sa.Column("extra", DOCUMENT, nullable=True),
        sa.Column("detail_id", KEY, nullable=True),
        sa.Column("fulfillment_type", wire("fulfillmenttype", "physical", "digital"), nullable=False),
        sa.Column(
            "variation_type",
            wire("variationtype", "simple", "simple_variations", "advanced_variations"),
            nullable=False,
        ),
        sa.Column("min_price", sa.BigInteger(), nullable=False),
        sa.Column("max_price", sa.BigInteger(), nullable=False),
        sa.Column("default_variant_id", KEY, nullable=True),
        sa.Column("default_media", DOCUMENT, nullable=True),
        sa.Column("manage_stock", sa.Boolean(), nullable=False),
        sa.Column("stock_availability", wire("stockstatus", "in-stock", "out-of-stock"), nullable=False),
        sa.Column("manage_downloadable", sa.Boolean(), nullable=False),
        sa.Column("group_pricing_by", wire("grouppricing", "payment_type", "repeat_interval", "none"), nullable=True),
        sa.Column("sold_individually", sa.Boolean(), nullable=False),
        sa.Column("use_pricing_table", sa.Boolean(), nullable=False),
        sa.Column("shipping_class_id", KEY, nullable=True),
        sa.Column("tax_class_id", KEY, nullable=True),
        sa.Column("active_editor", TEXT, nullable=True),
        sa.Column("is_bundle", sa.Boolean(), nullable=False),
        sa.CheckConstraint("min_price >= 0 AND max_price >= min_price", name=op.f("ck_product_prices")),
        sa.ForeignKeyConstraint(
            ["default_variant_id"],
            ["product_variant.id"],
            name="fk_product_default_variant_id",
            ondelete="SET NULL",
            use_alter=True,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product")),
        sa.UniqueConstraint("detail_id", name=op.f("uq_product_detail_id")),
        sa.UniqueConstraint("slug", name=op.f("uq_product_slug")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_product_default_variant_id"), "product", ["default_variant_id"])
    op.create_index("ix_product_modified_at_id", "product", ["modified_at", "id"])
    op.create_index("ix_product_published_at_id", "product", ["published_at", "id"])
    op.create_index("ix_product_status_id", "product", ["status", "id"])
    op.create_index("ix_product_title_key_id", "product", ["title_key", "id"])
    op.create_table(
        "store",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=True),
        sa.Column("updated_at", MOMENT, nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("currency", TEXT, nullable=False),
        sa.Column("currency_position", wire("currencyposition", "before", "after"), nullable=False),
        sa.Column("decimal_separator", wire("decimalseparator", "dot", "comma"), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_store_single")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_store")),
    )
    op.create_table(
        "taxonomy",
        sa.Column("name", SORTED_TEXT, nullable=False),
        sa.Column("label", TEXT, nullable=False),
        sa.Column("plural_label", TEXT, nullable=False),
        sa.Column("singular_label", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_taxonomy")),
    )
    op.create_table(
        "product_download",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=True),
        sa.Column("updated_at", MOMENT, nullable=True),
        sa.Column("id", KEY, nullable=False),
        sa.Column("product_id", KEY, nullable=False),
        sa.Column("identifier", TEXT, nullable=False),
        sa.Column("title", TEXT, nullable=True),
        sa.Column("type", TEXT, nullable=True),
        sa.Column("driver", TEXT, nullable=True),
        sa.Column("file_name", TEXT, nullable=True),
        sa.Column("file_path", TEXT, nullable=True),
        sa.Column("file_url", TEXT, nullable=True),
        sa.Column("file_size", KEY, nullable=True),
        sa.Column("bucket", TEXT, nullable=True),
        sa.Column("download_limit", sa.Integer(), nullable=True),
        sa.Column("download_expiry_days", sa.Integer(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_product_download_product_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product_download")),
        sa.UniqueConstraint("identifier", name=op.f("uq_product_download_identifier")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_product_download_product_id_position", "product_download", ["product_id", "position", "id"])
    op.create_table(
        "product_variant",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=True),
        sa.Column("updated_at", MOMENT, nullable=True),
        sa.Column("id", KEY, nullable=False),
        sa.Column("product_id", KEY, nullable=False),
        sa.Column("title", TEXT, nullable=False),
        sa.Column("identifier", TEXT, nullable=True),
        sa.Column("sku", sa.String(30), nullable=True),
        sa.Column("status", wire("variantstatus", "active", "inactive"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("fulfillment_type", wire("fulfillmenttype", "physical", "digital"), nullable=False),
        sa.Column("sold_individually", sa.Boolean(), nullable=False),
        sa.Column("downloadable", sa.Boolean(), nullable=False),
        sa.Column("shipping_class_id", KEY, nullable=True),
        sa.Column("media_id", KEY, nullable=True),
        sa.Column("description", TEXT, nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("compare_price", sa.BigInteger(), nullable=False),
        sa.Column("manage_cost", sa.Boolean(), nullable=False),
        sa.Column("cost", sa.BigInteger(), nullable=False),
        sa.Column("manage_stock", sa.Boolean(), nullable=False),
        sa.Column("stock_status", wire("stockstatus", "in-stock", "out-of-stock"), nullable=False),
        sa.Column("backorders", sa.Boolean(), nullable=False),
        sa.Column("total_stock", sa.Integer(), nullable=False),
        sa.Column("available", sa.Integer(), nullable=False),
        sa.Column("on_hold", sa.Integer(), nullable=False),
        sa.Column("committed", sa.Integer(), nullable=False),
        sa.Column("payment_type", wire("paymenttype", "onetime", "subscription"), nullable=False),
        sa.Column(
            "interval",
            wire("billinginterval", "daily", "weekly", "monthly", "quarterly", "half_yearly", "yearly"),
            nullable=True,
        ),
        sa.Column("billing_times", sa.Integer(), nullable=False),
        sa.Column("trial_days", sa.Integer(), nullable=False),
        sa.Column("billing_summary", TEXT, nullable=False),
        sa.Column("has_setup_fee", sa.Boolean(), nullable=False),
        sa.Column("setup_fee", sa.BigInteger(), nullable=True),
        sa.Column("setup_fee_label", TEXT, nullable=True),
        sa.Column("setup_fee_per_item", sa.Boolean(), nullable=False),
        sa.Column("installment", sa.Boolean(), nullable=False),
        sa.Column("package_slug", TEXT, nullable=True),
        sa.Column("weight", sa.Float(), nullable=True),
        sa.Column("weight_unit", TEXT, nullable=True),
        sa.Column("length", sa.Float(), nullable=True),
        sa.Column("width", sa.Float(), nullable=True),
        sa.Column("height", sa.Float(), nullable=True),
        sa.CheckConstraint("available >= 0", name=op.f("ck_product_variant_available")),
        sa.CheckConstraint(
            "compare_price = 0 OR compare_price >= price", name=op.f("ck_product_variant_compare_price")
        ),
        sa.CheckConstraint("price >= 0 AND cost >= 0", name=op.f("ck_product_variant_prices")),
        sa.CheckConstraint("trial_days BETWEEN 0 AND 365", name=op.f("ck_product_variant_trial_days")),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_product_variant_product_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product_variant")),
        sa.UniqueConstraint("sku", name=op.f("uq_product_variant_sku")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_product_variant_product_id_position", "product_variant", ["product_id", "position", "id"])
    op.create_table(
        "term",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=True),
        sa.Column("updated_at", MOMENT, nullable=True),
        sa.Column("id", KEY, nullable=False),
        sa.Column("taxonomy", SORTED_TEXT, nullable=False),
        sa.Column("parent_id", KEY, nullable=True),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("name_key", SORTED_TEXT, nullable=False),
        sa.Column("slug", SORTED_TEXT, nullable=False),
        sa.Column("description", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["taxonomy", "parent_id"], ["term.taxonomy", "term.id"], name="fk_term_parent_id"),
        sa.ForeignKeyConstraint(["taxonomy"], ["taxonomy.name"], name=op.f("fk_term_taxonomy")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_term")),
        sa.UniqueConstraint("taxonomy", "id", name=op.f("uq_term_taxonomy_id")),
        sa.UniqueConstraint("taxonomy", "slug", name=op.f("uq_term_taxonomy_slug")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_term_parent_id"), "term", ["parent_id"])
    op.create_table(
        "media",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=True),
        sa.Column("updated_at", MOMENT, nullable=True),
        sa.Column("id", KEY, nullable=False),
        sa.Column("product_id", KEY, nullable=True),
        sa.Column("variant_id", KEY, nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("attachment_id", KEY, nullable=False),
        sa.Column("url", TEXT, nullable=False),
        sa.Column("title", TEXT, nullable=False),
        sa.CheckConstraint("(product_id IS NULL) <> (variant_id IS NULL)", name=op.f("ck_media_owner")),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_media_product_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["variant_id"], ["product_variant.id"], name=op.f("fk_media_variant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_media")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_media_product_id"), "media", ["product_id"])
    op.create_index(op.f("ix_media_variant_id"), "media", ["variant_id"])
    op.create_table(
        "product_download_variant",
        sa.Column("download_id", KEY, nullable=False),
        sa.Column("variant_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["download_id"],
            ["product_download.id"],
            name=op.f("fk_product_download_variant_download_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["variant_id"],
            ["product_variant.id"],
            name=op.f("fk_product_download_variant_variant_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("download_id", "variant_id", name=op.f("pk_product_download_variant")),
    )
    op.create_index(op.f("ix_product_download_variant_variant_id"), "product_download_variant", ["variant_id"])
    op.create_table(
        "product_term",
        sa.Column("product_id", KEY, nullable=False),
        sa.Column("term_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_product_term_product_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["term_id"], ["term.id"], name=op.f("fk_product_term_term_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("product_id", "term_id", name=op.f("pk_product_term")),
    )
    op.create_index(op.f("ix_product_term_term_id"), "product_term", ["term_id"])
    if op.get_bind().dialect.name == "postgresql":
        # SQLite has it inside CREATE TABLE, where a reference may come before what it refers to.
        op.create_foreign_key(
            "fk_product_default_variant_id",
            "product",
            "product_variant",
            ["default_variant_id"],
            ["id"],
            ondelete="SET NULL",
        )
