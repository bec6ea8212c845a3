"""What led to an event, and how far it is from what somebody asked for. Of those before it nobody knows the cause."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("event", sa.Column("cause", sa.String(), nullable=True))
    op.add_column("event", sa.Column("depth", sa.Integer(), nullable=False, server_default="0"))
