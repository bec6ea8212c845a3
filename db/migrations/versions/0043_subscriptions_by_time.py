"""Subscriptions end by their dates: which of them end here, which of them are all paid, charges by their names."""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

_ALL_PAID = sa.text("bill_times > 0 AND bill_count >= bill_times")


def upgrade() -> None:
    op.add_column("subscription", sa.Column("kept_here", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("subscription", sa.Column("billing_day", sa.Integer(), nullable=True))
    op.create_index(
        "ix_subscription_all_paid",
        "subscription",
        ["status", "id"],
        postgresql_where=_ALL_PAID,
        sqlite_where=_ALL_PAID,
    )
    op.create_index("ix_order_transaction_vendor_charge_id", "order_transaction", ["vendor_charge_id"])
