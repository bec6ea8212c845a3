"""Rows that a shop's records were found to be, and which that shop does not change."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("remote_record", sa.Column("recognised", sa.Boolean(), nullable=False, server_default=sa.false()))
