"""What orders were taxed by."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

# Written out, not imported: a migration says what it did then, whatever db.store.row says now.
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DOCUMENT = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
MONEY = sa.BigInteger()


def upgrade() -> None:
    op.create_table(
        "order_tax",
        sa.Column("id", KEY, nullable=False),
        sa.Column("order_id", KEY, nullable=False),
        sa.Column("tax_rate_id", KEY, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("rate", sa.Integer(), nullable=False),
        sa.Column("for_shipping", sa.Integer(), nullable=True),
        sa.Column("compound", sa.Boolean(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("amount", MONEY, nullable=False),
        sa.Column("shipping_amount", MONEY, nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_tax_order_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_tax")),
        sa.UniqueConstraint("order_id", "tax_rate_id", name=op.f("uq_order_tax_order_id_tax_rate_id")),
        sqlite_autoincrement=True,
    )
    op.add_column("order_item", sa.Column("tax_rate_ids", DOCUMENT, nullable=True))
