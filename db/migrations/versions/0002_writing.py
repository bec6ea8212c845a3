"""The constraints and columns that writing the catalog needs."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _events()
    _skus()
    _downloads()
    _permissions()


def _skus() -> None:
    """In byte order, as SQLite has them: what begins with a text is a range of the index."""
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("product_variant", "sku", type_=sa.String(30, collation="C"))


def _downloads() -> None:
    """Until now a file without links was every variant's."""
    op.add_column(
        "product_download", sa.Column("for_all_variants", sa.Boolean(), nullable=False, server_default=sa.true())
    )
    op.execute(
        sa.text(
            "UPDATE product_download SET for_all_variants = false WHERE EXISTS "
            "(SELECT 1 FROM product_download_variant WHERE download_id = product_download.id)"
        )
    )
    op.add_column("download_permission", sa.Column("last_started_at", UTCDateTime(), nullable=True))


def _events() -> None:
    """What waits for its position, and events of some names in their order."""
    unnumbered = sa.text("position IS NULL")
    op.create_index("ix_event_unnumbered", "event", ["id"], sqlite_where=unnumbered, postgresql_where=unnumbered)
    op.create_index("ix_event_name_position", "event", ["name", "position"])


def _permissions() -> None:
    """They went with their variant, and with them the count of downloads."""
    name = op.f("fk_download_permission_variant_id")
    with op.batch_alter_table("download_permission", table_kwargs={"sqlite_autoincrement": True}) as permissions:
        permissions.drop_constraint(name, type_="foreignkey")
        permissions.create_foreign_key(name, "product_variant", ["variant_id"], ["id"], ondelete="SET NULL")
