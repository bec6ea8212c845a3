"""Rates of tax classes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

# Written out, not imported: a migration says what it did then, whatever db.store.row says now.
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DOCUMENT = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
SORTED_TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
TEXT = sa.String()
MOMENT = UTCDateTime()


def upgrade() -> None:
    op.create_table(
        "tax_rate",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=True),
        sa.Column("updated_at", MOMENT, nullable=True),
        sa.Column("id", KEY, nullable=False),
        sa.Column("tax_class_id", KEY, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("country", SORTED_TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("city", TEXT, nullable=False),
        sa.Column("postcodes", DOCUMENT, nullable=False),
        sa.Column("rate", sa.Integer(), nullable=False),
        sa.Column("for_shipping", sa.Integer(), nullable=True),
        sa.Column("compound", sa.Boolean(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.CheckConstraint("rate >= 0 AND rate <= 1000000", name=op.f("ck_tax_rate_rate")),
        sa.CheckConstraint("for_shipping >= 0 AND for_shipping <= 1000000", name=op.f("ck_tax_rate_for_shipping")),
        sa.ForeignKeyConstraint(
            ["tax_class_id"], ["tax_class.id"], name=op.f("fk_tax_rate_tax_class_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tax_rate")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_tax_rate_country_state", "tax_rate", ["country", "state"])
    op.create_index("ix_tax_rate_tax_class_id", "tax_rate", ["tax_class_id", "id"])
