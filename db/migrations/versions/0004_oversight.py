"""The audit log and trusted documents."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DOCUMENT = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
TEXT = sa.String()
MOMENT = UTCDateTime()


def wire(name: str, *words: str) -> sa.types.TypeEngine[Any]:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=100)


def upgrade() -> None:
    op.create_table(
        "audit_entry",
        sa.Column("id", KEY, nullable=False),
        sa.Column("action", TEXT, nullable=False),
        sa.Column("entity", TEXT, nullable=True),
        sa.Column("entity_type", TEXT, nullable=True),
        sa.Column("before", DOCUMENT, nullable=True),
        sa.Column("after", DOCUMENT, nullable=True),
        sa.Column("actor", TEXT, nullable=True),
        sa.Column("actor_name", TEXT, nullable=False),
        sa.Column(
            "actor_kind",
            wire("viewerkind", "anonymous", "user", "application", "token", "storefront", "system"),
            nullable=False,
        ),
        sa.Column("address", TEXT, nullable=True),
        sa.Column("occurred_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
        sqlite_autoincrement=True,
    )
    for column in ("action", "actor", "entity", "occurred_at"):
        op.create_index(op.f(f"ix_audit_entry_{column}"), "audit_entry", [column])
    op.create_table(
        "trusted_document",
        sa.Column("id", KEY, nullable=False),
        sa.Column("client", TEXT, nullable=False),
        sa.Column("document_id", TEXT, nullable=False),
        sa.Column("text", TEXT, nullable=False),
        sa.Column("operation", TEXT, nullable=True),
        sa.Column("registered_at", MOMENT, nullable=False),
        sa.Column("uses", sa.BigInteger(), nullable=False),
        sa.Column("last_used_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trusted_document")),
        sa.UniqueConstraint("document_id", "client", name=op.f("uq_trusted_document_document_id_client")),
        sqlite_autoincrement=True,
    )
