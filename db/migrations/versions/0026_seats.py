"""Who asks vendors beside deliveries is counted with them."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SORTED = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "target_seat",
        sa.Column("id", KEY, nullable=False),
        sa.Column("credential", SORTED, nullable=False),
        sa.Column("until", KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["credential"], ["target_credential.name"], name="fk_target_seat_credential", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_target_seat"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_target_seat_credential", "target_seat", ["credential"])
