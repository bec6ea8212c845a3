"""What payment methods and the stores of files are set to: a row for each that there is."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
SORTED_TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "payment_method",
        sa.Column("key", SORTED_TEXT, nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("settings", DOCUMENT, nullable=False),
        sa.Column("concealed", sa.String(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=True),
        sa.Column("updated_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_payment_method")),
    )
    for key in ("offline_payment", "paypal", "stripe"):
        op.execute(f"INSERT INTO payment_method (key, settings, version) VALUES ('{key}', '{{}}', 1)")  # noqa: S608
    op.create_table(
        "storage_driver",
        sa.Column("key", SORTED_TEXT, nullable=False),
        sa.Column("settings", DOCUMENT, nullable=False),
        sa.Column("concealed", sa.String(), nullable=True),
        sa.Column("verified_at", UTCDateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=True),
        sa.Column("updated_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_storage_driver")),
    )
    for key in ("local", "s3"):
        op.execute(f"INSERT INTO storage_driver (key, settings, version) VALUES ('{key}', '{{}}', 1)")  # noqa: S608
