"""The number that a shop knows of a parcel, while it was not told of another one."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("orders", sa.Column("tracking_former", sa.String(), nullable=True))
