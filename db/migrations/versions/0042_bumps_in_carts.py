"""Which offer something in a cart was taken by."""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    # No foreign key: of an offer that is gone a key stays, so that nothing is sold at another price unasked.
    op.add_column("cart_item", sa.Column("bump_id", KEY, nullable=True))
