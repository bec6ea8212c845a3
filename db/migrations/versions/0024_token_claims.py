"""Which process has a provider's token anew."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("integration_setting", sa.Column("token_claimed_until", UTCDateTime(), nullable=True))
