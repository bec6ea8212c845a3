"""The GraphQL type `Subscription` is called `CustomerSubscription`: so is what is stored of it."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

FORMER, NAME = "Subscription", "CustomerSubscription"


def upgrade() -> None:
    for name in ("event", "audit_entry"):
        told = sa.table(name, sa.column("entity", sa.String))
        key = sa.func.substr(told.c.entity, len(FORMER) + 2)
        renamed = sa.literal(f"{NAME}:").concat(key)
        op.execute(told.update().where(told.c.entity.startswith(f"{FORMER}:")).values(entity=renamed))
    entry = sa.table("audit_entry", sa.column("entity_type", sa.String))
    op.execute(entry.update().where(entry.c.entity_type == FORMER).values(entity_type=NAME))
