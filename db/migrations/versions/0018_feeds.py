"""What runs of feeds keep beside a delivery: the order, the occasion and whether they undo; and the lines of a log."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
OF_ORDER = sa.text("order_id IS NOT NULL")
FIRST = sa.text("order_id IS NOT NULL AND replay = 0")


def upgrade() -> None:
    op.add_column("delivery", sa.Column("order_id", KEY, nullable=True))
    op.add_column("delivery", sa.Column("occasion", sa.String(), nullable=True))
    op.add_column("delivery", sa.Column("revoking", sa.Boolean(), nullable=True))
    op.add_column("attempt", sa.Column("log", DOCUMENT, nullable=True))
    op.create_index(
        "ix_delivery_order_id", "delivery", ["order_id", "id"], sqlite_where=OF_ORDER, postgresql_where=OF_ORDER
    )
    op.create_index(
        "uq_delivery_occasion",
        "delivery",
        ["target_id", "order_id", "occasion", "revoking"],
        unique=True,
        sqlite_where=FIRST,
        postgresql_where=FIRST,
    )
