"""Ways of sending an order."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

# Written out, not imported: a migration says what it did then, whatever db.store.row says now.
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DOCUMENT = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
TEXT = sa.String()
MOMENT = UTCDateTime()


def wire(name: str, *words: str) -> sa.types.TypeEngine[Any]:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=100)


def upgrade() -> None:
    types = ("per_order", "per_price", "per_item", "per_weight", "free")
    op.create_table(
        "shipping_method",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=True),
        sa.Column("updated_at", MOMENT, nullable=True),
        sa.Column("id", KEY, nullable=False),
        sa.Column("title", TEXT, nullable=False),
        sa.Column("type", wire("shippingmethodtype", *types), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("weight_tiers", DOCUMENT, nullable=False),
        sa.Column("countries", DOCUMENT, nullable=False),
        sa.Column("states", DOCUMENT, nullable=False),
        sa.Column("class_aggregation", wire("shippingclassaggregation", "sum_all", "highest_class"), nullable=False),
        sa.Column("free_from", sa.BigInteger(), nullable=True),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "amount >= 0 AND (type <> 'per_price' OR amount <= 10000)", name=op.f("ck_shipping_method_amount")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shipping_method")),
        sqlite_autoincrement=True,
    )
