"""What a webhook keeps beside a feed's settings: secrets, who saved it. The provider `webhook` is there from
the first start."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
PROVIDER = {
    "key": "webhook",
    "title": "Webhook",
    "description": "Send data anywhere via webhook",
    "category": "core",
    "priority": 10,
    "scopes": ["global", "product"],
    "enabled": True,
    "has_global_settings": False,
    "delay_on_product_action": True,
    "delay_on_global_action": True,
    "version": 1,
}


def upgrade() -> None:
    for name in ("concealed", "secret", "previous_secret", "saved_by"):
        op.add_column("integration_feed", sa.Column(name, sa.String(), nullable=True))
    op.add_column("integration_feed", sa.Column("previous_until", UTCDateTime(), nullable=True))
    op.add_column("integration_feed", sa.Column("target_id", KEY, nullable=True))
    op.add_column("integration_feed", sa.Column("saved_version", sa.Integer(), nullable=True))
    op.add_column("integration_feed", sa.Column("reads", sa.String(), nullable=False, server_default=sa.text("''")))

    provider = sa.table(
        "integration_provider",
        *(sa.column(name) for name in PROVIDER if name != "scopes"),
        sa.column("scopes", DOCUMENT),
    )
    insert = postgresql.insert if op.get_context().dialect.name == "postgresql" else sqlite.insert
    # An imported one was another system's until now: this store sends by itself.
    op.execute(
        insert(provider)
        .values(PROVIDER)
        .on_conflict_do_update(index_elements=["key"], set_={name: PROVIDER[name] for name in ("enabled", "scopes")})
    )
