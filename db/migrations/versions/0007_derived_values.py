"""What a product repeats of its variants is kept twice: of all of them, and of the active ones. A bundle is in stock
only while what it consists of is."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0011"
branch_labels = None
depends_on = None

STATUS = "public_stock_availability IN ('in-stock', 'out-of-stock')"
PRICES = "public_min_price >= 0 AND public_max_price >= public_min_price"
INDEXED = ("stock_availability", "has_subscription")
INDEXED_WITH_STATUS = ("public_min_price", "public_max_price", "public_stock_availability", "public_has_subscription")

# Of a bundle some item is not to be had.
SUPPLY = """
UPDATE product_variant SET supplied = false, stock_status = 'out-of-stock' WHERE EXISTS (
  SELECT 1 FROM bundle_item JOIN product_variant child ON child.id = bundle_item.child_id
  WHERE bundle_item.variant_id = product_variant.id AND NOT (child.status = 'active' AND (
    NOT child.manage_stock OR (child.available > 0 AND child.stock_status = 'in-stock'))))
"""
# Twice: over all variants, and over those that are active.
FOLLOWS = """
  coalesce(min(CASE WHEN {counted} THEN v.price END), 0) AS {prefix}min_price,
  coalesce(max(CASE WHEN {counted} THEN v.price END), 0) AS {prefix}max_price,
  max(CASE WHEN {counted} AND v.payment_type = 'subscription' THEN 1 ELSE 0 END) = 1 AS {prefix}has_subscription,
  CASE WHEN max(CASE WHEN {counted} AND v.supplied AND (NOT p.manage_stock OR v.stock_status = 'in-stock')
                     THEN 1 ELSE 0 END) = 1
         OR (NOT p.manage_stock AND max(CASE WHEN {counted} THEN 1 ELSE 0 END) = 0)
       THEN 'in-stock' ELSE 'out-of-stock' END AS {prefix}stock_availability
"""
EDITIONS = {"": "v.id IS NOT NULL", "public_": "v.status = 'active'"}
NAMES = tuple(
    f"{prefix}{name}"
    for prefix in EDITIONS
    for name in ("min_price", "max_price", "has_subscription", "stock_availability")
)


def upgrade() -> None:
    _add_columns()
    op.execute(SUPPLY)
    follows = ",".join(FOLLOWS.format(prefix=prefix, counted=counted) for prefix, counted in EDITIONS.items())
    op.execute(
        f"UPDATE product SET {', '.join(f'{name} = follows.{name}' for name in NAMES)} FROM ("  # noqa: S608  our words
        f"SELECT p.id, {follows} FROM product p LEFT JOIN product_variant v ON v.product_id = p.id GROUP BY p.id"
        ") AS follows WHERE follows.id = product.id"
    )
    for name in INDEXED:
        op.create_index(f"ix_product_{name}_id", "product", [name, "id"])
    for name in INDEXED_WITH_STATUS:
        op.create_index(f"ix_product_{name}", "product", ["status", name, "id"])


def _add_columns() -> None:
    for name in ("has_subscription", "public_has_subscription"):
        op.add_column("product", sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false()))
    for name, default in (("supplied", sa.true()), ("incomplete", sa.false())):
        op.add_column("product_variant", sa.Column(name, sa.Boolean(), nullable=False, server_default=default))
    op.add_column(
        "product", sa.Column("public_min_price", sa.BigInteger(), nullable=False, server_default=sa.text("0"))
    )
    if op.get_bind().dialect.name == "postgresql":
        op.add_column(
            "product", sa.Column("public_max_price", sa.BigInteger(), nullable=False, server_default=sa.text("0"))
        )
        op.add_column(
            "product",
            sa.Column("public_stock_availability", sa.String(100), nullable=False, server_default="in-stock"),
        )
        op.create_check_constraint(op.f("ck_product_public_prices"), "product", PRICES)
        op.create_check_constraint(op.f("ck_product_public_stockstatus"), "product", STATUS)
        return
    # SQLite takes a check with a column; for one of its own the table, its triggers and its rows would be made anew.
    for column, check in (
        ("public_max_price BIGINT DEFAULT 0 NOT NULL", f"ck_product_public_prices CHECK ({PRICES})"),
        (
            "public_stock_availability VARCHAR(100) DEFAULT 'in-stock' NOT NULL",
            f"ck_product_public_stockstatus CHECK ({STATUS})",
        ),
    ):
        op.execute(f"ALTER TABLE product ADD COLUMN {column} CONSTRAINT {check}")
