"""What imports saw of rows, and which import is under way. Of rows imported before, the next import learns from their
events what was changed here."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("import_source", sa.Column("run", sa.String(), nullable=True))
    op.add_column("import_source", sa.Column("changes", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "import_seen",
        sa.Column("entity", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("fields", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("entity", "key", name="pk_import_seen"),
        sqlite_with_rowid=False,
    )
