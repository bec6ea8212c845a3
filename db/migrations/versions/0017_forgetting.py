"""Which events are kept no longer, and an index by which the newest of an entity is found."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "event_log",
        sa.Column("id", KEY, autoincrement=False, nullable=False),
        sa.Column("forgotten", KEY, nullable=False),
        sa.Column("announced_at", UTCDateTime(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_event_log_one")),
        sa.PrimaryKeyConstraint("id", name="pk_event_log"),
    )
    op.create_index("ix_event_entity_position", "event", ["entity", "position"])
    op.drop_index("ix_event_entity", "event")
