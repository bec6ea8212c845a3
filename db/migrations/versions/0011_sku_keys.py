"""SKUs are unique whatever their case, and hold nothing that nobody sees. Of several that are one by that, the variant
with the lower id keeps it; the others have none afterwards, a new version and an event, and are listed in the log."""

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import sqlalchemy as sa
import structlog
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel.sql.sqltypes import UTCDateTime

from db.catalog.product import product_search_text
from db.catalog.sku import sku_key, written
from db.text.search import search_text

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

BATCH: Final = 500  # rows in memory at once
TEXT: Final = sa.String().with_variant(sa.String(collation="C"), "postgresql")
DOCUMENT: Final = sa.JSON().with_variant(JSONB(), "postgresql")
VARIANT: Final = sa.table(
    "product_variant",
    *map(sa.column, ("id", "product_id", "title", "sku", "sku_key", "search_text", "position", "version")),
)
PRODUCT: Final = sa.table("product", *map(sa.column, ("id", "title", "search_text")))
EVENT: Final = sa.table(
    "event",
    *map(sa.column, ("name", "entity", "version", "caller", "depth")),
    sa.column("changed", DOCUMENT),
    sa.column("payload", DOCUMENT),
    sa.column("occurred_at", UTCDateTime()),
)
log = structlog.get_logger("storegraph.db")


def upgrade() -> None:
    op.add_column("product_variant", sa.Column("sku_key", TEXT, nullable=True))
    owners: dict[str, int] = {}
    respelled: list[tuple[Any, str | None]] = []
    for batch in _batches():
        keyed = []
        for row in batch:
            sku = written(row.sku) or None
            key = None if sku is None else sku_key(sku)
            if key is not None and (owner := owners.setdefault(key, row.id)) != row.id:
                log.warning("a SKU is another variant's whatever the case", variant=row.id, sku=row.sku, kept_by=owner)
                sku = key = None
            keyed.append({"of_row": row.id, "to_sku_key": key})
            if sku != row.sku:
                respelled.append((row, sku))
        _write(VARIANT, keyed, "sku_key")
    # First all give theirs up: one may be spelled from now on as another was.
    parts = [respelled[start : start + BATCH] for start in range(0, len(respelled), BATCH)]
    for part in parts:
        op.execute(VARIANT.update().where(VARIANT.c.id.in_([row.id for row, _ in part])).values(sku=None))
    for part in parts:
        _respell(part)
    op.create_index("uq_product_variant_sku_key", "product_variant", ["sku_key"], unique=True)


def _batches() -> Iterator[Sequence[Any]]:
    statement = sa.select(VARIANT).where(VARIANT.c.sku.is_not(None)).order_by(VARIANT.c.id).limit(BATCH)
    rows = op.get_bind().execute(statement).all()
    while rows:
        yield rows
        rows = op.get_bind().execute(statement.where(VARIANT.c.id > rows[-1].id)).all()


def _respell(changed: Sequence[tuple[Any, str | None]]) -> None:
    rows = [
        {
            "of_row": row.id,
            "to_sku": sku,
            "to_search_text": search_text(row.title, sku),
            "to_version": row.version + 1,
        }
        for row, sku in changed
    ]
    _write(VARIANT, rows, "sku", "search_text", "version")
    _write(PRODUCT, _found_by(sorted({row.product_id for row, _ in changed})), "search_text")
    moment = datetime.now(UTC).replace(microsecond=0)
    events = [
        {
            "name": "variant.updated",
            "entity": f"ProductVariant:{row.id}",
            "version": row.version + 1,
            "caller": "system",
            "depth": 0,
            "changed": ["sku"],
            "payload": {"sku": sku, "productId": row.product_id, "variantId": row.id},
            "occurred_at": moment,
        }
        for row, sku in changed
    ]
    op.get_bind().execute(sa.insert(EVENT), events)


def _found_by(products: Collection[int]) -> list[dict[str, Any]]:
    here = op.get_bind()
    titles = {row.id: row.title for row in here.execute(sa.select(PRODUCT).where(PRODUCT.c.id.in_(products)))}
    variants: dict[int, list[tuple[str, str | None]]] = {key: [] for key in titles}
    order = (VARIANT.c.position, VARIANT.c.id)
    for row in here.execute(sa.select(VARIANT).where(VARIANT.c.product_id.in_(products)).order_by(*order)):
        variants[row.product_id].append((row.title, row.sku))
    return [{"of_row": k, "to_search_text": product_search_text(k, titles[k], variants[k])} for k in titles]


def _write(table: sa.TableClause, rows: Sequence[dict[str, Any]], *names: str) -> None:
    if rows:
        statement = table.update().where(table.c.id == sa.bindparam("of_row"))
        op.get_bind().execute(statement.values({name: sa.bindparam(f"to_{name}") for name in names}), rows)
