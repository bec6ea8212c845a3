"""Which orders give a customer what in other systems."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SORTED = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "integration_grant",
        sa.Column("provider_key", SORTED, nullable=False),
        sa.Column("kind", SORTED, nullable=False),
        sa.Column("what", SORTED, nullable=False),
        sa.Column("order_id", KEY, nullable=False),
        sa.Column("customer_id", KEY, nullable=True),
        sa.Column("given_at", UTCDateTime(), nullable=False),
        sa.Column("taken_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="fk_integration_grant_order_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name="fk_integration_grant_customer_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("provider_key", "kind", "what", "order_id", name="pk_integration_grant"),
    )
    op.create_index("ix_integration_grant_order_id", "integration_grant", ["order_id"])
    op.create_index("ix_integration_grant_customer_id", "integration_grant", ["customer_id", "provider_key", "kind"])
