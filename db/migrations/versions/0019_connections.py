"""Connections with shops elsewhere, which record of theirs is which row, and which of their calls were taken."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SORTED_TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
STATES = ("active", "disabled", "error")


def upgrade() -> None:
    op.create_table(
        "provider_connection",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=True),
        sa.Column("updated_at", UTCDateTime(), nullable=True),
        sa.Column("guid", SORTED_TEXT, nullable=False),
        sa.Column("provider", SORTED_TEXT, nullable=False),
        sa.Column(
            "state",
            sa.Enum(*STATES, name="connectionstate", native_enum=False, create_constraint=True, length=100),
            nullable=False,
        ),
        sa.Column("reason", AutoString(), nullable=True),
        sa.Column("store_url", AutoString(), nullable=False),
        sa.Column("credentials", sa.String(), nullable=True),
        sa.Column("inbound_secret", sa.String(), nullable=True),
        *(
            sa.Column(name, sa.Boolean(), nullable=False)
            for name in ("auto_import_orders", "sync_products", "push_tracking", "keeps_numbers")
        ),
        sa.Column("connected_at", UTCDateTime(), nullable=False),
        sa.Column("disabled_at", UTCDateTime(), nullable=True),
        sa.Column("removed_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("guid", name="pk_provider_connection"),
    )
    there = sa.text("removed_at IS NULL")
    op.create_index(
        "uq_provider_connection_provider",
        "provider_connection",
        ["provider"],
        unique=True,
        sqlite_where=there,
        postgresql_where=there,
    )
    op.create_table(
        "remote_record",
        sa.Column("connection", SORTED_TEXT, nullable=False),
        sa.Column("kind", SORTED_TEXT, nullable=False),
        sa.Column("remote_id", SORTED_TEXT, nullable=False),
        sa.Column("local_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(["connection"], ["provider_connection.guid"], name="fk_remote_record_connection"),
        sa.PrimaryKeyConstraint("connection", "kind", "remote_id", name="pk_remote_record"),
    )
    op.create_index("ix_remote_record_local_id", "remote_record", ["kind", "local_id"])
    op.create_table(
        "inbound_call",
        sa.Column("connection", SORTED_TEXT, nullable=False),
        sa.Column("delivery", SORTED_TEXT, nullable=False),
        sa.Column("topic", AutoString(), nullable=False),
        sa.Column("received_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["connection"], ["provider_connection.guid"], name="fk_inbound_call_connection"),
        sa.PrimaryKeyConstraint("connection", "delivery", name="pk_inbound_call"),
    )
    op.create_index("ix_inbound_call_received_at", "inbound_call", ["received_at"])
