"""Settings of providers, what holds for integrations as a whole, consents under way; and which providers a module of
this gateway runs."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
SORTED_TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column(
        "integration_provider", sa.Column("available", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column(
        "integration_provider", sa.Column("installed", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column("integration_provider", sa.Column("categories", DOCUMENT, nullable=True))
    op.add_column("integration_provider", sa.Column("feed_form", DOCUMENT, nullable=True))
    op.execute("UPDATE integration_provider SET available = true, installed = true WHERE key = 'webhook'")
    op.create_table(
        "integration_setting",
        sa.Column("key", SORTED_TEXT, nullable=False),
        sa.Column("form", DOCUMENT, nullable=False),
        sa.Column("settings", DOCUMENT, nullable=False),
        sa.Column("concealed", sa.String(), nullable=True),
        sa.Column("valid", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("verified_at", UTCDateTime(), nullable=True),
        sa.Column("account", AutoString(), nullable=False),
        sa.Column("needs_consent", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("token", sa.String(), nullable=True),
        sa.Column("token_ends_at", UTCDateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=True),
        sa.Column("updated_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["key"],
            ["integration_provider.key"],
            name=op.f("fk_integration_setting_key"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_integration_setting")),
    )
    op.create_table(
        "integration_default",
        sa.Column("id", KEY, autoincrement=False, nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("provider_key", SORTED_TEXT, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=True),
        sa.Column("updated_at", UTCDateTime(), nullable=True),
        sa.CheckConstraint("id = 1", name=op.f("ck_integration_default_only")),
        sa.ForeignKeyConstraint(
            ["provider_key"],
            ["integration_provider.key"],
            name=op.f("fk_integration_default_provider_key"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_integration_default")),
    )
    op.execute("INSERT INTO integration_default (id, enabled, version) VALUES (1, true, 1)")
    op.create_table(
        "integration_authorization",
        sa.Column("state_hash", AutoString(), nullable=False),
        sa.Column("key", SORTED_TEXT, nullable=False),
        sa.Column("viewer", AutoString(), nullable=False),
        sa.Column("credential", AutoString(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("verifier", sa.String(), nullable=False),
        sa.Column("redirect", AutoString(), nullable=False),
        sa.Column("expires_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["key"],
            ["integration_setting.key"],
            name=op.f("fk_integration_authorization_key"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("state_hash", name=op.f("pk_integration_authorization")),
    )
    op.create_index(op.f("ix_integration_authorization_key"), "integration_authorization", ["key"])
    op.create_index(op.f("ix_integration_authorization_expires_at"), "integration_authorization", ["expires_at"])
