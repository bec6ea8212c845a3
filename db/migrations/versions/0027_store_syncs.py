"""Walks through the products and orders of connected shops."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DOCUMENT = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
SORTED_TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def wire(name: str, *words: str) -> sa.types.TypeEngine[Any]:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=100)


def upgrade() -> None:
    op.create_table(
        "store_sync",
        sa.Column("connection", SORTED_TEXT, nullable=False),
        sa.Column("kind", wire("synckind", "products", "orders"), nullable=False),
        sa.Column("job", KEY, nullable=False),
        sa.Column("dry_run", sa.Boolean(), nullable=False),
        sa.Column("overwrite", sa.Boolean(), nullable=False),
        sa.Column("since", UTCDateTime(), nullable=True),
        sa.Column("seen_until", UTCDateTime(), nullable=True),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("report", DOCUMENT, nullable=False),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("started_at", UTCDateTime(), nullable=False),
        sa.Column("ended_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["connection"], ["provider_connection.guid"], name="fk_store_sync_connection"),
        sa.PrimaryKeyConstraint("connection", "kind", name="pk_store_sync"),
    )
