"""Parcels of orders. What FluentCart is set to tell and takes no parcels of is off: it never did anything."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("tracking_carrier", "tracking_number", "tracking_url", "tracking_problem"):
        op.add_column("orders", sa.Column(name, sa.String(), nullable=True))
    op.add_column("orders", sa.Column("tracking_told_at", UTCDateTime(), nullable=True))
    op.execute(
        sa.text("UPDATE provider_connection SET push_tracking = :off WHERE provider = 'fluentcart'").bindparams(
            sa.bindparam("off", False, sa.Boolean())
        )
    )
