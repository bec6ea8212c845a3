"""What every store has from its first start: the two documented taxonomies, called what shops call them, and the row of
its settings. Categories that were begun here before had other labels."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql, sqlite

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
LABELS = ("label", "plural_label", "singular_label")
TAXONOMIES = {
    "product-categories": ("Product Categories", "Categories", "Category"),
    "product-brands": ("Product Brands", "Brands", "Brand"),
}
# Nobody made it: it has no dates until somebody changes it.
STORE = {
    "id": 1,
    "name": "",
    "currency": "USD",
    "currency_position": "before",
    "decimal_separator": "dot",
    "settings": {},
    "version": 1,
}


def upgrade() -> None:
    insert = postgresql.insert if op.get_context().dialect.name == "postgresql" else sqlite.insert
    taxonomy = sa.table("taxonomy", *(sa.column(name, sa.String) for name in ("name", *LABELS)))
    for name, labels in TAXONOMIES.items():
        values = {"name": name} | dict(zip(LABELS, labels, strict=True))
        op.execute(insert(taxonomy).values(values).on_conflict_do_nothing())
        # A shop says neither of these; we did.
        ours = (taxonomy.c.name == name) & (taxonomy.c.singular_label == f"Product {labels[-1]}")
        op.execute(taxonomy.update().where(ours).values(values))

    store = sa.table(
        "store", *(sa.column(name) for name in STORE if name != "settings"), sa.column("settings", DOCUMENT)
    )
    op.execute(insert(store).values(STORE).on_conflict_do_nothing())
