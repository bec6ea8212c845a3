"""Terms are found by their parent and name, attributes by what their titles are told apart by: no look-up of one name
reads all of them."""

from typing import Any, Final

import sqlalchemy as sa
from alembic import op

from db.catalog.product import sort_key

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

BATCH: Final = 1000  # rows in memory at once
TEXT: Final = sa.String().with_variant(sa.String(collation="C"), "postgresql")
TITLED: Final = ("attribute_group", "attribute_term")


def upgrade() -> None:
    for name in TITLED:
        op.add_column(name, sa.Column("title_key", TEXT, nullable=False, server_default=sa.text("''")))
        _fill(sa.table(name, sa.column("id"), sa.column("title"), sa.column("title_key")))
    op.create_index("ix_attribute_group_title_key", "attribute_group", ["title_key"])
    op.create_index("ix_attribute_term_group_id_title_key", "attribute_term", ["group_id", "title_key"])
    op.create_index("ix_attribute_term_group_id_slug", "attribute_term", ["group_id", "slug"])
    op.create_index("ix_term_parent_id_name_key", "term", ["parent_id", "name_key"])
    # The new ones begin with the same column.
    op.drop_index("ix_attribute_term_group_id", "attribute_term")
    op.drop_index("ix_term_parent_id", "term")


def _fill(table: sa.TableClause) -> None:
    statement = sa.select(table.c.id, table.c.title).order_by(table.c.id).limit(BATCH)
    rows: list[Any] = list(op.get_bind().execute(statement))
    write = table.update().where(table.c.id == sa.bindparam("of_row")).values(title_key=sa.bindparam("key"))
    while rows:
        op.get_bind().execute(write, [{"of_row": row.id, "key": sort_key(row.title)} for row in rows])
        rows = list(op.get_bind().execute(statement.where(table.c.id > rows[-1].id)))
