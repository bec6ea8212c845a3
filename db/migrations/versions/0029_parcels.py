"""Parcels of orders, and which shops were walked through. That FluentCart, which takes no parcels, is told of them is
off: it never was."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("tracking_carrier", "tracking_number", "tracking_url", "tracking_problem"):
        op.add_column("orders", sa.Column(name, sa.String(), nullable=True))
    op.add_column("orders", sa.Column("tracking_told_at", UTCDateTime(), nullable=True))
    shop = sa.table("provider_connection", sa.column("provider", sa.String()), sa.column("push_tracking", sa.Boolean()))
    op.execute(shop.update().where(shop.c.provider == "fluentcart").values(push_tracking=sa.false()))
    names = ("started_at", "seen_until", "ended_at")
    walk = sa.table(
        "store_sync",
        *(sa.column(name, UTCDateTime()) for name in names),
        *(sa.column(name, sa.String()) for name in ("kind", "error")),
        sa.column("dry_run", sa.Boolean()),
    )
    ended = walk.c.ended_at.is_not(None) & walk.c.error.is_(None) & ~walk.c.dry_run
    op.execute(walk.update().where(walk.c.kind == "products", ended).values(seen_until=walk.c.started_at))
