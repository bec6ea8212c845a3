"""Orders are written here: what a line keeps of the stock, what was taken off by hand, numbers of receipts."""

import sqlalchemy as sa
from alembic import op

from db.store.row import DOCUMENT, KEY

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("orders", sa.Column("manual_discount", DOCUMENT, nullable=True))
    for name in ("restocked_quantity", "on_hold", "committed"):
        op.add_column("order_item", sa.Column(name, sa.Integer(), nullable=False, server_default=sa.text("0")))
    op.create_index("ix_orders_receipt_number", "orders", ["receipt_number"])
    op.create_table(
        "receipt_counter",
        sa.Column("id", KEY, autoincrement=False, nullable=False),
        sa.Column("last", KEY, nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_receipt_counter_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipt_counter")),
    )
