"""What stands in the store already is cleaned by the rules of what comes in: HTML that runs nothing, no tags in texts
that are no HTML, no address that runs."""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Final

import sqlalchemy as sa
from alembic import op

from db.catalog.html import safe
from db.catalog.product import product_search_text, sort_key
from db.text.address import is_active
from db.text.plain import line, lines
from db.text.search import search_text

revision = "0009"
down_revision = "0006"
branch_labels = None
depends_on = None

BATCH: Final = 500  # rows in memory at once
Clean = Callable[[str], str | None]


def _table(name: str, texts: Collection[str], *others: str) -> sa.TableClause:
    return sa.table(name, *map(sa.column, others), *(sa.column(text, sa.String) for text in texts))


PRODUCT: Final = _table(
    "product", ("title", "title_key", "search_text", "excerpt", "content", "view_url", "edit_url"), "id"
)
VARIANT: Final = _table(
    "product_variant",
    ("title", "sku", "search_text", "description", "billing_summary", "setup_fee_label"),
    *("id", "product_id", "position"),
)
TERM: Final = _table("term", ("name", "name_key", "description"), "id")
OTHERS: Final[Mapping[str, Mapping[str, Clean]]] = {
    "taxonomy": {"label": line, "plural_label": line, "singular_label": line},
    "product_download": {"title": line},
    "media": {"title": line},
    "upgrade_path": {"title": line, "description": lines},
    "tax_class": {"title": line, "description": lines},
    "shipping_class": {"name": line, "description": lines},
    "integration_provider": {"title": line, "description": lines},
    "integration_feed": {"name": line},
    "customer": {"first_name": line, "last_name": line, "notes": lines},
    "customer_address": {"name": line, "label": line},
    "orders": {"note": lines, "payment_method_title": line},
    "order_item": {"product_title": line, "title": line},
    "order_address": {"name": line},
    "subscription": {"item_name": line},
}
KEYS: Final = {"taxonomy": "name", "integration_provider": "key"}


def upgrade() -> None:
    _products()
    for batch in _dirty(TERM, {"name": line, "description": lines}):
        for changed in batch:
            if "name" in changed:
                changed["name"] = changed["name"] or str(changed["id"])  # a term has a name
                changed["name_key"] = sort_key(changed["name"])
        _write(TERM, batch)
    for name, rules in OTHERS.items():
        key = KEYS.get(name, "id")
        table = _table(name, rules, key)
        for batch in _dirty(table, rules, key):
            _write(table, batch, key)
    _addresses()


def _products() -> None:
    renamed: set[int] = set()
    for batch in _dirty(PRODUCT, {"title": line, "excerpt": lines, "content": safe}):
        for changed in batch:
            if "title" in changed:
                changed["title_key"] = sort_key(changed["title"])
                renamed.add(changed["id"])
        _write(PRODUCT, batch)
    rules = {"title": line, "description": lines, "billing_summary": line, "setup_fee_label": line}
    for batch in _dirty(VARIANT, rules):
        keys = [changed["id"] for changed in batch if "title" in changed]
        found = {row.id: row for row in op.get_bind().execute(sa.select(VARIANT).where(VARIANT.c.id.in_(keys)))}
        for changed in batch:
            if "title" in changed:
                changed["search_text"] = search_text(changed["title"], found[changed["id"]].sku)
                renamed.add(found[changed["id"]].product_id)
        _write(VARIANT, batch)
    waiting = sorted(renamed)
    for start in range(0, len(waiting), BATCH):
        _write(PRODUCT, _found_by(waiting[start : start + BATCH]))


def _found_by(products: Collection[int]) -> list[dict[str, Any]]:
    here = op.get_bind()
    titles = {row.id: row.title for row in here.execute(sa.select(PRODUCT).where(PRODUCT.c.id.in_(products)))}
    variants: dict[int, list[tuple[str, str | None]]] = {key: [] for key in titles}
    order = (VARIANT.c.position, VARIANT.c.id)
    for row in here.execute(sa.select(VARIANT).where(VARIANT.c.product_id.in_(products)).order_by(*order)):
        variants[row.product_id].append((row.title, row.sku))
    return [{"id": key, "search_text": product_search_text(key, titles[key], variants[key])} for key in titles]


def _addresses() -> None:
    here = op.get_bind()
    for name, columns in {"product": ("view_url", "edit_url"), "order_item": ("referrer",), "media": ("url",)}.items():
        table = _table(name, columns, "id")
        suspect = [table.c[column].is_not(None) & table.c[column].not_like("http%") for column in columns]
        for row in here.execute(sa.select(table).where(sa.or_(*suspect))).mappings().all():
            active = {column: None for column in columns if row[column] is not None and is_active(row[column])}
            if active and name == "media":  # without its address a picture is none
                here.execute(table.delete().where(table.c.id == row["id"]))
            elif active:
                here.execute(table.update().where(table.c.id == row["id"]).values(active))


def _dirty(table: sa.TableClause, rules: Mapping[str, Clean], key: str = "id") -> Iterator[list[dict[str, Any]]]:
    """Batches of the rows that the rules change, each its key and the changed columns. Only where there is a `<` do
    they take anything that a browser would run or show as markup."""
    columns = [table.c[name] for name in rules]
    statement = sa.select(table.c[key].label("row_key"), *columns).order_by(table.c[key]).limit(BATCH)
    statement = statement.where(sa.or_(*(column.contains("<") for column in columns)))
    rows = op.get_bind().execute(statement).mappings().all()
    while rows:
        yield [
            {key: row["row_key"]} | changes
            for row in rows
            if (changes := {n: new for n, rule in rules.items() if row[n] and (new := rule(row[n])) != row[n]})
        ]
        rows = op.get_bind().execute(statement.where(table.c[key] > rows[-1]["row_key"])).mappings().all()


def _write(table: sa.TableClause, batch: Collection[dict[str, Any]], key: str = "id") -> None:
    for changed in batch:
        values = {name: value for name, value in changed.items() if name != key}
        op.execute(table.update().where(table.c[key] == changed[key]).values(values))
