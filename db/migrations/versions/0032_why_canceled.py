"""Why a subscription was canceled: the configuration of those that an import brought says it."""

import html
from collections.abc import Iterator, Sequence
from typing import Any, Final

import sqlalchemy as sa
from alembic import op

from db.store.row import DOCUMENT, KEY
from db.text.plain import lines

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

BATCH: Final = 1000  # rows in memory at once
SUBSCRIPTION: Final = sa.table(
    "subscription",
    sa.column("id", KEY),
    sa.column("status", sa.String()),
    sa.column("canceled_at"),
    sa.column("config", DOCUMENT),
    sa.column("cancel_reason", sa.String()),
)


def upgrade() -> None:
    op.add_column("subscription", sa.Column("cancel_reason", sa.String(), nullable=True))
    columns = SUBSCRIPTION.c
    written = SUBSCRIPTION.update().where(columns.id == sa.bindparam("of_row"))
    for rows in _batches():
        found = [{"of_row": row.id, "reason": reason} for row in rows if (reason := _reason(row.config)) is not None]
        if found:
            op.get_bind().execute(written.values(cancel_reason=sa.bindparam("reason")), found)


def _batches() -> Iterator[Sequence[Any]]:
    columns = SUBSCRIPTION.c
    canceled = sa.or_(columns.canceled_at.is_not(None), columns.status == "canceled")
    statement = sa.select(columns.id, columns.config).where(canceled).order_by(columns.id).limit(BATCH)
    rows = op.get_bind().execute(statement).all()
    while rows:
        yield rows
        rows = op.get_bind().execute(statement.where(columns.id > rows[-1].id)).all()


def _reason(config: Any) -> str | None:
    said = config.get("cancellation_reason") if isinstance(config, dict) else None
    return lines(html.unescape(said)) or None if isinstance(said, str) else None
