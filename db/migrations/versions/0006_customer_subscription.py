"""The GraphQL type `Subscription` is called `CustomerSubscription`: so is what is stored of it."""

from alembic import op

revision = "0006"
down_revision = "0004"
branch_labels = None
depends_on = None

FORMER, NAME = "Subscription", "CustomerSubscription"


def upgrade() -> None:
    for table in ("event", "audit_entry"):
        op.execute(
            f"UPDATE {table} SET entity = '{NAME}' || substr(entity, {len(FORMER) + 1}) "
            f"WHERE substr(entity, 1, {len(FORMER) + 1}) = '{FORMER}:'"
        )
    op.execute(f"UPDATE audit_entry SET entity_type = '{NAME}' WHERE entity_type = '{FORMER}'")
