"""Texts that rows are found by and sorted by, folded anew: accents no longer count."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import sqlalchemy as sa
from alembic import op

from db.catalog.product import product_search_text, sort_key
from db.text.search import search_text

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

BATCH: Final = 1000  # rows in memory at once


def _table(name: str, *texts: str) -> sa.TableClause:
    others = ("id", "product_id", "position") if name == "product_variant" else ("id",)
    return sa.table(name, *map(sa.column, others), *(sa.column(text, sa.String) for text in texts))


PRODUCT: Final = _table("product", "title", "title_key", "search_text")
VARIANT: Final = _table("product_variant", "title", "sku", "search_text")
TERM: Final = _table("term", "name", "name_key")


def upgrade() -> None:
    for rows in _batches(TERM):
        _write(TERM, {row["id"]: {"name_key": sort_key(row["name"])} for row in rows}, rows)
    for rows in _batches(VARIANT):
        _write(VARIANT, {row["id"]: {"search_text": search_text(row["title"], row["sku"])} for row in rows}, rows)
    for rows in _batches(PRODUCT):
        variants: dict[int, list[tuple[str, str | None]]] = {row["id"]: [] for row in rows}
        theirs = sa.select(VARIANT).where(VARIANT.c.product_id.between(rows[0]["id"], rows[-1]["id"]))
        for variant in op.get_bind().execute(theirs.order_by(VARIANT.c.position, VARIANT.c.id)):
            variants[variant.product_id].append((variant.title, variant.sku))
        folded = {
            row["id"]: {
                "title_key": sort_key(row["title"]),
                "search_text": product_search_text(row["id"], row["title"], variants[row["id"]]),
            }
            for row in rows
        }
        _write(PRODUCT, folded, rows)


def _batches(table: sa.TableClause) -> Iterator[list[Any]]:
    statement = sa.select(table).order_by(table.c.id).limit(BATCH)
    rows = list(op.get_bind().execute(statement).mappings())
    while rows:
        yield rows
        rows = list(op.get_bind().execute(statement.where(table.c.id > rows[-1]["id"])).mappings())


def _write(table: sa.TableClause, folded: Mapping[int, Mapping[str, str]], rows: list[Any]) -> None:
    for row in rows:
        changed = {name: text for name, text in folded[row["id"]].items() if text != row[name]}
        if changed:
            op.execute(table.update().where(table.c.id == row["id"]).values(changed))
