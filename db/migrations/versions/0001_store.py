"""The catalog, orders, feeds, tokens, events, idempotency records and the state of imports."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Written out, not imported: a migration says what it did then, whatever db.store.row says now.
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
        "attribute_group",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=True),
        sa.Column("updated_at", MOMENT, nullable=True),
        sa.Column("id", KEY, nullable=False),
        sa.Column("title", TEXT, nullable=False),
        sa.Column("slug", SORTED_TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attribute_group")),
        sa.UniqueConstraint("slug", name=op.f("uq_attribute_group_slug")),
        sa.UniqueConstraint("title", name=op.f("uq_attribute_group_title")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "customer",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=True),
        sa.Column("updated_at", MOMENT, nullable=True),
        sa.Column("id", KEY, nullable=False),
        sa.Column("uuid", TEXT, nullable=False),
        sa.Column("user_id", KEY, nullable=True),
        sa.Column("contact_id", KEY, nullable=True),
        sa.Column("email", TEXT, nullable=False),
        sa.Column("first_name", TEXT, nullable=False),
        sa.Column("last_name", TEXT, nullable=False),
        sa.Column("status", wire("customerstatus", "active", "inactive"), nullable=False),
        sa.Column("purchase_value", DOCUMENT, nullable=True),
        sa.Column("purchase_count", sa.Integer(), nullable=False),
        sa.Column("lifetime_value", sa.BigInteger(), nullable=False),
        sa.Column("average_order_value", sa.Numeric(precision=18, scale=2), nullable=False),
        sa.Column("first_purchase_at", MOMENT, nullable=True),
        sa.Column("last_purchase_at", MOMENT, nullable=True),
        sa.Column("notes", TEXT, nullable=False),
        sa.Column("country", TEXT, nullable=False),
        sa.Column("city", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("postcode", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer")),
        sa.UniqueConstraint("email", name=op.f("uq_customer_email")),
        sa.UniqueConstraint("uuid", name=op.f("uq_customer_uuid")),
        sqlite_autoincrement=True,
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
        sa.Column("pending", DOCUMENT, nullable=True),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("source", "entity", name=op.f("pk_import_source")),
    )
    op.create_table(
        "integration_provider",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=True),
        sa.Column("updated_at", MOMENT, nullable=True),
        sa.Column("key", SORTED_TEXT, nullable=False),
        sa.Column("title", TEXT, nullable=False),
        sa.Column("description", TEXT, nullable=False),
        sa.Column("logo_url", TEXT, nullable=True),
        sa.Column("category", TEXT, nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("scopes", DOCUMENT, nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("installable", TEXT, nullable=True),
        sa.Column("has_global_settings", sa.Boolean(), nullable=False),
        sa.Column("config_url", TEXT, nullable=True),
        sa.Column("delay_on_product_action", sa.Boolean(), nullable=False),
        sa.Column("delay_on_global_action", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_integration_provider")),
    )
    op.create_table(
        "shipping_class",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=True),
        sa.Column("updated_at", MOMENT, nullable=True),
        sa.Column("id", KEY, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("description", TEXT, nullable=False),
        sa.Column("cost", sa.BigInteger(), nullable=False),
        sa.Column("per_item", sa.Boolean(), nullable=False),
        sa.Column("type", wire("shippingclasstype", "fixed", "percentage"), nullable=False),
        sa.CheckConstraint("cost >= 0", name=op.f("ck_shipping_class_cost")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shipping_class")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "tax_class",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=True),
        sa.Column("updated_at", MOMENT, nullable=True),
        sa.Column("id", KEY, nullable=False),
        sa.Column("title", TEXT, nullable=False),
        sa.Column("slug", SORTED_TEXT, nullable=False),
        sa.Column("description", TEXT, nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("categories", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tax_class")),
        sa.UniqueConstraint("slug", name=op.f("uq_tax_class_slug")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "product",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=True),
        sa.Column("updated_at", MOMENT, nullable=True),
        sa.Column("id", KEY, nullable=False),
        sa.Column("title", TEXT, nullable=False),
        sa.Column("title_key", SORTED_TEXT, nullable=False),
        sa.Column("search_text", SORTED_TEXT, nullable=False),
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
        sa.ForeignKeyConstraint(
            ["shipping_class_id"],
            ["shipping_class.id"],
            name=op.f("fk_product_shipping_class_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["tax_class_id"], ["tax_class.id"], name=op.f("fk_product_tax_class_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product")),
        sa.UniqueConstraint("detail_id", name=op.f("uq_product_detail_id")),
        sa.UniqueConstraint("slug", name=op.f("uq_product_slug")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_product_default_variant_id"), "product", ["default_variant_id"])
    op.create_index(op.f("ix_product_shipping_class_id"), "product", ["shipping_class_id"])
    op.create_index(op.f("ix_product_tax_class_id"), "product", ["tax_class_id"])
    op.create_index("ix_product_max_price_id", "product", ["max_price", "id"])
    op.create_index("ix_product_min_price_id", "product", ["min_price", "id"])
    op.create_index("ix_product_modified_at_id", "product", ["modified_at", "id"])
    op.create_index("ix_product_published_at_id", "product", ["published_at", "id"])
    op.create_index("ix_product_status_id", "product", ["status", "id"])
    op.create_index("ix_product_title_key_id", "product", ["title_key", "id"])
    op.create_table(
        "store",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=True),
        sa.Column("updated_at", MOMENT, nullable=True),
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("url", TEXT, nullable=True),
        sa.Column("logo_url", TEXT, nullable=True),
        sa.Column("currency", TEXT, nullable=False),
        sa.Column("currency_position", wire("currencyposition", "before", "after"), nullable=False),
        sa.Column("decimal_separator", wire("decimalseparator", "dot", "comma"), nullable=False),
        sa.Column("settings", DOCUMENT, nullable=False),
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
        "attribute_term",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=True),
        sa.Column("updated_at", MOMENT, nullable=True),
        sa.Column("id", KEY, nullable=False),
        sa.Column("group_id", KEY, nullable=False),
        sa.Column("title", TEXT, nullable=False),
        sa.Column("slug", SORTED_TEXT, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"], ["attribute_group.id"], name=op.f("fk_attribute_term_group_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attribute_term")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_attribute_term_group_id"), "attribute_term", ["group_id"])
    op.create_table(
        "customer_address",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=True),
        sa.Column("updated_at", MOMENT, nullable=True),
        sa.Column("id", KEY, nullable=False),
        sa.Column("customer_id", KEY, nullable=False),
        sa.Column("is_primary", sa.Boolean(), nullable=False),
        sa.Column("type", wire("addresstype", "billing", "shipping"), nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("label", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("address1", TEXT, nullable=False),
        sa.Column("address2", TEXT, nullable=False),
        sa.Column("city", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("postcode", TEXT, nullable=False),
        sa.Column("country", TEXT, nullable=False),
        sa.Column("phone", TEXT, nullable=False),
        sa.Column("email", TEXT, nullable=False),
        sa.Column("extra", DOCUMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_customer_address_customer_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_address")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_customer_address_customer_id"), "customer_address", ["customer_id"])
    op.create_index(
        "uq_customer_address_primary",
        "customer_address",
        ["customer_id", "type"],
        unique=True,
        postgresql_where=sa.text("is_primary"),
        sqlite_where=sa.text("is_primary"),
    )
    op.create_table(
        "integration_feed",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=True),
        sa.Column("updated_at", MOMENT, nullable=True),
        sa.Column("id", KEY, nullable=False),
        sa.Column("scope", wire("feedscope", "global", "product"), nullable=False),
        sa.Column("source_id", KEY, nullable=False),
        sa.Column("provider_key", SORTED_TEXT, nullable=False),
        sa.Column("product_id", KEY, nullable=True),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("event_triggers", DOCUMENT, nullable=False),
        sa.Column("watch_on_access_revoke", sa.Boolean(), nullable=False),
        sa.Column("conditionals", DOCUMENT, nullable=True),
        sa.Column("list_id", TEXT, nullable=True),
        sa.Column("list_name", TEXT, nullable=True),
        sa.Column("merge_fields", DOCUMENT, nullable=False),
        sa.Column("settings", DOCUMENT, nullable=False),
        sa.CheckConstraint(
            "(scope = 'product') = (product_id IS NOT NULL)", name=op.f("ck_integration_feed_scope_product")
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_integration_feed_product_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["provider_key"], ["integration_provider.key"], name=op.f("fk_integration_feed_provider_key")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_integration_feed")),
        sa.UniqueConstraint("scope", "source_id", name=op.f("uq_integration_feed_scope_source_id")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_integration_feed_product_id", "integration_feed", ["product_id", "source_id"])
    op.create_index(op.f("ix_integration_feed_provider_key"), "integration_feed", ["provider_key"])
    op.create_table(
        "orders",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=True),
        sa.Column("updated_at", MOMENT, nullable=True),
        sa.Column("id", KEY, nullable=False),
        sa.Column("uuid", TEXT, nullable=False),
        sa.Column(
            "status",
            wire("orderstatus", "draft", "processing", "completed", "on-hold", "canceled", "failed"),
            nullable=False,
        ),
        sa.Column(
            "payment_status",
            wire(
                "paymentstatus",
                "pending",
                "paid",
                "partially_paid",
                "failed",
                "refunded",
                "partially_refunded",
                "authorized",
            ),
            nullable=False,
        ),
        sa.Column(
            "shipping_status", wire("shippingstatus", "unshipped", "shipped", "delivered", "unshippable"), nullable=True
        ),
        sa.Column("type", wire("ordertype", "payment", "subscription", "renewal"), nullable=False),
        sa.Column("mode", wire("ordermode", "live", "test"), nullable=False),
        sa.Column("parent_id", KEY, nullable=True),
        sa.Column("receipt_number", KEY, nullable=True),
        sa.Column("invoice_no", TEXT, nullable=True),
        sa.Column("fulfillment_type", wire("fulfillmenttype", "physical", "digital"), nullable=True),
        sa.Column("customer_id", KEY, nullable=True),
        sa.Column("payment_method", TEXT, nullable=False),
        sa.Column("payment_method_title", TEXT, nullable=False),
        sa.Column("currency", TEXT, nullable=False),
        sa.Column("subtotal", sa.BigInteger(), nullable=False),
        sa.Column("manual_discount_total", sa.BigInteger(), nullable=False),
        sa.Column("coupon_discount_total", sa.BigInteger(), nullable=False),
        sa.Column("discount_tax", sa.BigInteger(), nullable=False),
        sa.Column("shipping_total", sa.BigInteger(), nullable=False),
        sa.Column("shipping_tax", sa.BigInteger(), nullable=False),
        sa.Column("fee_total", sa.BigInteger(), nullable=False),
        sa.Column("tax_total", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("total_paid", sa.BigInteger(), nullable=False),
        sa.Column("total_refund", sa.BigInteger(), nullable=False),
        sa.Column("rate", sa.Numeric(precision=12, scale=4), nullable=False),
        sa.Column("tax_behavior", wire("taxbehavior", "none", "exclusive", "inclusive"), nullable=False),
        sa.Column("note", TEXT, nullable=False),
        sa.Column("ip_address", TEXT, nullable=False),
        sa.Column("completed_at", MOMENT, nullable=True),
        sa.Column("refunded_at", MOMENT, nullable=True),
        sa.Column("config", DOCUMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_orders_customer_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["parent_id"], ["orders.id"], name=op.f("fk_orders_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
        sa.UniqueConstraint("uuid", name=op.f("uq_orders_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_orders_customer_id", "orders", ["customer_id", "id"])
    op.create_index(op.f("ix_orders_parent_id"), "orders", ["parent_id"])
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
        sa.Column("search_text", SORTED_TEXT, nullable=False),
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
        sa.ForeignKeyConstraint(
            ["shipping_class_id"],
            ["shipping_class.id"],
            name=op.f("fk_product_variant_shipping_class_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product_variant")),
        sa.UniqueConstraint("sku", name=op.f("uq_product_variant_sku")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_product_variant_price_id", "product_variant", ["price", "id"])
    op.create_index("ix_product_variant_product_id_position", "product_variant", ["product_id", "position", "id"])
    op.create_index(op.f("ix_product_variant_shipping_class_id"), "product_variant", ["shipping_class_id"])
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
        "bundle_item",
        sa.Column("variant_id", KEY, nullable=False),
        sa.Column("child_id", KEY, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.CheckConstraint("variant_id <> child_id", name=op.f("ck_bundle_item_itself")),
        sa.ForeignKeyConstraint(
            ["child_id"], ["product_variant.id"], name=op.f("fk_bundle_item_child_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["variant_id"], ["product_variant.id"], name=op.f("fk_bundle_item_variant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("variant_id", "child_id", name=op.f("pk_bundle_item")),
    )
    op.create_index(op.f("ix_bundle_item_child_id"), "bundle_item", ["child_id"])
    op.create_table(
        "download_permission",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=True),
        sa.Column("updated_at", MOMENT, nullable=True),
        sa.Column("id", KEY, nullable=False),
        sa.Column("order_id", KEY, nullable=False),
        sa.Column("variant_id", KEY, nullable=True),
        sa.Column("download_id", KEY, nullable=False),
        sa.Column("customer_id", KEY, nullable=True),
        sa.Column("download_count", sa.Integer(), nullable=False),
        sa.Column("download_limit", sa.Integer(), nullable=True),
        sa.Column("access_expires_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_download_permission_customer_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["download_id"],
            ["product_download.id"],
            name=op.f("fk_download_permission_download_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_download_permission_order_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["variant_id"], ["product_variant.id"], name=op.f("fk_download_permission_variant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_download_permission")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_download_permission_customer_id"), "download_permission", ["customer_id"])
    op.create_index(op.f("ix_download_permission_download_id"), "download_permission", ["download_id"])
    op.create_index(op.f("ix_download_permission_order_id"), "download_permission", ["order_id"])
    op.create_index(op.f("ix_download_permission_variant_id"), "download_permission", ["variant_id"])
    op.create_table(
        "integration_feed_variant",
        sa.Column("feed_id", KEY, nullable=False),
        sa.Column("variant_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["feed_id"], ["integration_feed.id"], name=op.f("fk_integration_feed_variant_feed_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["variant_id"],
            ["product_variant.id"],
            name=op.f("fk_integration_feed_variant_variant_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("feed_id", "variant_id", name=op.f("pk_integration_feed_variant")),
    )
    op.create_index(op.f("ix_integration_feed_variant_variant_id"), "integration_feed_variant", ["variant_id"])
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
        "order_address",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=True),
        sa.Column("updated_at", MOMENT, nullable=True),
        sa.Column("id", KEY, nullable=False),
        sa.Column("order_id", KEY, nullable=False),
        sa.Column("type", wire("addresstype", "billing", "shipping"), nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("address1", TEXT, nullable=False),
        sa.Column("address2", TEXT, nullable=False),
        sa.Column("city", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("postcode", TEXT, nullable=False),
        sa.Column("country", TEXT, nullable=False),
        sa.Column("extra", DOCUMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_order_address_order_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_address")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_order_address_order_id"), "order_address", ["order_id"])
    op.create_table(
        "order_item",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=True),
        sa.Column("updated_at", MOMENT, nullable=True),
        sa.Column("id", KEY, nullable=False),
        sa.Column("order_id", KEY, nullable=False),
        sa.Column("product_id", KEY, nullable=True),
        sa.Column("variant_id", KEY, nullable=True),
        sa.Column("product_title", TEXT, nullable=False),
        sa.Column("title", TEXT, nullable=False),
        sa.Column("fulfillment_type", wire("fulfillmenttype", "physical", "digital"), nullable=False),
        sa.Column(
            "payment_type", wire("linetype", "onetime", "subscription", "signup_fee", "fee", "bundle"), nullable=False
        ),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("fulfilled_quantity", sa.Integer(), nullable=False),
        sa.Column("unit_price", sa.BigInteger(), nullable=False),
        sa.Column("cost", sa.BigInteger(), nullable=False),
        sa.Column("subtotal", sa.BigInteger(), nullable=False),
        sa.Column("tax_amount", sa.BigInteger(), nullable=False),
        sa.Column("shipping_charge", sa.BigInteger(), nullable=False),
        sa.Column("discount_total", sa.BigInteger(), nullable=False),
        sa.Column("line_total", sa.BigInteger(), nullable=False),
        sa.Column("refund_total", sa.BigInteger(), nullable=False),
        sa.Column("rate", sa.Numeric(precision=12, scale=4), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("other_info", DOCUMENT, nullable=True),
        sa.Column("line_meta", DOCUMENT, nullable=True),
        sa.Column("referrer", TEXT, nullable=True),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_item_order_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_order_item_product_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["variant_id"], ["product_variant.id"], name=op.f("fk_order_item_variant_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_item")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_order_item_order_id", "order_item", ["order_id", "position", "id"])
    op.create_index("ix_order_item_product_id", "order_item", ["product_id", "id"])
    op.create_index(op.f("ix_order_item_variant_id"), "order_item", ["variant_id"])
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
    op.create_table(
        "subscription",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=True),
        sa.Column("updated_at", MOMENT, nullable=True),
        sa.Column("id", KEY, nullable=False),
        sa.Column("uuid", TEXT, nullable=False),
        sa.Column("customer_id", KEY, nullable=True),
        sa.Column("order_id", KEY, nullable=True),
        sa.Column("product_id", KEY, nullable=True),
        sa.Column("variant_id", KEY, nullable=True),
        sa.Column("item_name", TEXT, nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("interval", TEXT, nullable=False),
        sa.Column("setup_fee", sa.BigInteger(), nullable=False),
        sa.Column("initial_tax_total", sa.BigInteger(), nullable=False),
        sa.Column("recurring_amount", sa.BigInteger(), nullable=False),
        sa.Column("recurring_tax_total", sa.BigInteger(), nullable=False),
        sa.Column("recurring_total", sa.BigInteger(), nullable=False),
        sa.Column("bill_times", sa.Integer(), nullable=False),
        sa.Column("bill_count", sa.Integer(), nullable=False),
        sa.Column("trial_days", sa.Integer(), nullable=False),
        sa.Column("expire_at", MOMENT, nullable=True),
        sa.Column("trial_ends_at", MOMENT, nullable=True),
        sa.Column("canceled_at", MOMENT, nullable=True),
        sa.Column("restored_at", MOMENT, nullable=True),
        sa.Column("next_billing_at", MOMENT, nullable=True),
        sa.Column("collection_method", wire("collectionmethod", "automatic", "manual", "system"), nullable=False),
        sa.Column("vendor_customer_id", TEXT, nullable=True),
        sa.Column("vendor_plan_id", TEXT, nullable=True),
        sa.Column("vendor_subscription_id", TEXT, nullable=True),
        sa.Column(
            "status",
            wire(
                "subscriptionstatus",
                "pending",
                "intended",
                "trialing",
                "active",
                "canceled",
                "paused",
                "past_due",
                "expired",
                "failing",
                "expiring",
                "completed",
            ),
            nullable=False,
        ),
        sa.Column("original_plan", TEXT, nullable=True),
        sa.Column("current_payment_method", TEXT, nullable=True),
        sa.Column("config", DOCUMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_subscription_customer_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_subscription_order_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_subscription_product_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["variant_id"], ["product_variant.id"], name=op.f("fk_subscription_variant_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscription")),
        sa.UniqueConstraint("uuid", name=op.f("uq_subscription_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_subscription_customer_id"), "subscription", ["customer_id"])
    op.create_index(op.f("ix_subscription_order_id"), "subscription", ["order_id"])
    op.create_index(op.f("ix_subscription_product_id"), "subscription", ["product_id"])
    op.create_index(op.f("ix_subscription_variant_id"), "subscription", ["variant_id"])
    op.create_table(
        "upgrade_path",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=True),
        sa.Column("updated_at", MOMENT, nullable=True),
        sa.Column("id", KEY, nullable=False),
        sa.Column("from_variant_id", KEY, nullable=False),
        sa.Column("title", TEXT, nullable=True),
        sa.Column("description", TEXT, nullable=True),
        sa.Column("slug", SORTED_TEXT, nullable=True),
        sa.Column("discount_amount", sa.BigInteger(), nullable=False),
        sa.Column("prorate", sa.Boolean(), nullable=False),
        sa.CheckConstraint("discount_amount >= 0", name=op.f("ck_upgrade_path_discount_amount")),
        sa.ForeignKeyConstraint(
            ["from_variant_id"],
            ["product_variant.id"],
            name=op.f("fk_upgrade_path_from_variant_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upgrade_path")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_upgrade_path_from_variant_id"), "upgrade_path", ["from_variant_id"])
    op.create_table(
        "variant_attribute",
        sa.Column("variant_id", KEY, nullable=False),
        sa.Column("term_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["term_id"], ["attribute_term.id"], name=op.f("fk_variant_attribute_term_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["variant_id"], ["product_variant.id"], name=op.f("fk_variant_attribute_variant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("variant_id", "term_id", name=op.f("pk_variant_attribute")),
    )
    op.create_index(op.f("ix_variant_attribute_term_id"), "variant_attribute", ["term_id"])
    op.create_table(
        "order_transaction",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=True),
        sa.Column("updated_at", MOMENT, nullable=True),
        sa.Column("id", KEY, nullable=False),
        sa.Column("uuid", TEXT, nullable=False),
        sa.Column("order_id", KEY, nullable=False),
        sa.Column("order_type", wire("ordertype", "payment", "subscription", "renewal"), nullable=False),
        sa.Column("type", wire("transactiontype", "charge", "refund", "dispute"), nullable=False),
        sa.Column("subscription_id", KEY, nullable=True),
        sa.Column("card_last4", TEXT, nullable=True),
        sa.Column("card_brand", TEXT, nullable=True),
        sa.Column("vendor_charge_id", TEXT, nullable=False),
        sa.Column("payment_method", TEXT, nullable=False),
        sa.Column("payment_mode", TEXT, nullable=False),
        sa.Column("payment_method_type", TEXT, nullable=False),
        sa.Column(
            "status",
            wire("transactionstatus", "succeeded", "authorized", "pending", "refunded", "failed", "dispute_lost"),
            nullable=False,
        ),
        sa.Column("currency", TEXT, nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("rate", sa.Numeric(precision=12, scale=4), nullable=False),
        sa.Column("extra", DOCUMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_order_transaction_order_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["subscription_id"],
            ["subscription.id"],
            name=op.f("fk_order_transaction_subscription_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_transaction")),
        sa.UniqueConstraint("uuid", name=op.f("uq_order_transaction_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_order_transaction_order_id"), "order_transaction", ["order_id"])
    op.create_index(op.f("ix_order_transaction_subscription_id"), "order_transaction", ["subscription_id"])
    op.create_table(
        "upgrade_path_target",
        sa.Column("path_id", KEY, nullable=False),
        sa.Column("variant_id", KEY, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["path_id"], ["upgrade_path.id"], name=op.f("fk_upgrade_path_target_path_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["variant_id"], ["product_variant.id"], name=op.f("fk_upgrade_path_target_variant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("path_id", "variant_id", name=op.f("pk_upgrade_path_target")),
    )
    op.create_index(op.f("ix_upgrade_path_target_variant_id"), "upgrade_path_target", ["variant_id"])
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
        op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        for table in ("product", "product_variant"):
            op.execute(f"CREATE INDEX ix_{table}_search ON {table} USING gin (search_text gin_trgm_ops)")
    else:
        for table in ("product", "product_variant"):
            _index_trigrams(table)


def _index_trigrams(table: str) -> None:
    """A full-text table over `search_text`, kept by triggers. Texts are folded before they are stored."""
    op.execute(
        f"CREATE VIRTUAL TABLE {table}_search USING fts5("
        f"search_text, content='{table}', content_rowid='id', tokenize='trigram case_sensitive 1')"
    )
    into = f"INSERT INTO {table}_search"
    add = f"{into}(rowid, search_text) VALUES (new.id, new.search_text);"
    remove = f"{into}({table}_search, rowid, search_text) VALUES ('delete', old.id, old.search_text);"
    for name, when, what in (
        ("added", "AFTER INSERT ON", add),
        ("removed", "AFTER DELETE ON", remove),
        ("changed", "AFTER UPDATE OF search_text ON", remove + add),
    ):
        op.execute(f"CREATE TRIGGER {table}_search_{name} {when} {table} BEGIN {what} END")
