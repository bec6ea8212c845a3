"""Which categories and brands a product carries."""

from collections.abc import Collection, Mapping
from typing import Any, Final

import strawberry
from sqlalchemy import delete, insert, select

from db.catalog.events import PRODUCT_UPDATED
from db.catalog.taxonomy import BRANDS, CATEGORIES, ProductTermRow, TaxonomyRow, TermRow
from db.store.row import table
from db.store.writing import edit
from engine.declared.input import identifies
from engine.declared.mutation import mutation
from engine.declared.payload import Keys
from engine.unit.unit import Unit
from engine.values.errors import ErrorCode
from resolvers.catalog.locking import PRODUCT, locked_product
from resolvers.catalog.term.writing import TAXONOMY_NAME
from resolvers.editing.editable import edited_version
from resolvers.editing.locking import key_of
from resolvers.editing.updating import refuse_outdated

TAXONOMY = table(TaxonomyRow)
TERM = table(TermRow)
LINK = table(ProductTermRow)
MOST_TERMS: Final = 100
# The fields of a product that show a taxonomy, beside `terms`, which shows all.
SHOWN_AS: Final = {CATEGORIES: "categories", BRANDS: "brands"}


@strawberry.input(description="The terms that a product shall have of one taxonomy.")
class ProductTermsSyncInput:
    id: strawberry.ID = identifies("Product")
    taxonomy: str = strawberry.field(description=TAXONOMY_NAME)
    term_ids: strawberry.Maybe[list[strawberry.ID] | None] = identifies(
        "Term", description="All that the product shall have of this taxonomy; none when absent or empty."
    )
    expected_version: int | None = edited_version()


@strawberry.input(description="Which term a product loses.")
class ProductTermRemoveInput:
    id: strawberry.ID = identifies("Product")
    taxonomy: str = strawberry.field(description=TAXONOMY_NAME)
    term_id: strawberry.ID = identifies("Term")
    expected_version: int | None = edited_version()


@mutation(permission="products/edit", rest="POST /products/sync-taxonomy-term/{postId}", emits=(PRODUCT_UPDATED,))
async def product_terms_sync(unit: Unit, input: ProductTermsSyncInput) -> Keys:
    """Replace the terms that a product has of one taxonomy."""
    row = await _product(unit, input)
    ids = (input.term_ids.value if input.term_ids is not None else None) or []
    if len(ids) > MOST_TERMS:
        unit.refuse(ErrorCode.VALIDATION, f"At most {MOST_TERMS} terms", "termIds")
        unit.settle()
    wanted: dict[int, list[str]] = {}
    for index, each in enumerate(ids):
        wanted.setdefault(key_of(each), ["termIds", str(index)])
    await _check(unit, input.taxonomy, wanted)
    unit.settle()

    linked = await _linked(unit, row["id"], input.taxonomy)
    gone, new = linked - wanted.keys(), sorted(wanted.keys() - linked)
    await _unlink(unit, row["id"], gone)
    if new:
        await unit.connection.execute(insert(LINK), [{"product_id": row["id"], "term_id": key} for key in new])
    return await _changed(unit, row, input.taxonomy, changed=bool(gone or new))


@mutation(permission="products/edit", rest="POST /products/delete-taxonomy-term/{postId}", emits=(PRODUCT_UPDATED,))
async def product_term_remove(unit: Unit, input: ProductTermRemoveInput) -> Keys:
    """Take a term off a product; the term itself stays. No change where the product does not have it."""
    row = await _product(unit, input)
    term = key_of(input.term_id)
    await _check(unit, input.taxonomy, {term: ["termId"]})
    unit.settle()
    gone = await _linked(unit, row["id"], input.taxonomy) & {term}
    await _unlink(unit, row["id"], gone)
    return await _changed(unit, row, input.taxonomy, changed=bool(gone))


async def _product(unit: Unit, input: Any) -> dict[str, Any]:
    row = await locked_product(unit, input.id, "id")
    await refuse_outdated(unit, f"Product:{row['id']}", input.expected_version, row["version"])
    return row


async def _check(unit: Unit, taxonomy: str, terms: Mapping[int, list[str]]) -> None:
    """Refuse a taxonomy that is not there, and terms (each with its place in the input) that it does not have."""
    name = "" if "\0" in taxonomy else taxonomy  # PostgreSQL refuses to compare with it
    known = select(TAXONOMY.c.name, TERM.c.id).outerjoin(
        TERM, (TERM.c.taxonomy == TAXONOMY.c.name) & TERM.c.id.in_(list(terms))
    )
    rows = (await unit.connection.execute(known.where(TAXONOMY.c.name == name))).all()
    if not rows:
        unit.refuse(ErrorCode.VALIDATION, "The store has no such taxonomy", "taxonomy")
        return
    found = {row.id for row in rows}
    for key, path in terms.items():
        if key not in found:
            unit.refuse(ErrorCode.NOT_FOUND, "This taxonomy has no such term", *path)


async def _linked(unit: Unit, product: int, taxonomy: str) -> set[int]:
    statement = select(LINK.c.term_id).join(TERM, TERM.c.id == LINK.c.term_id)
    rows = await unit.connection.execute(statement.where(LINK.c.product_id == product, TERM.c.taxonomy == taxonomy))
    return set(rows.scalars())


async def _unlink(unit: Unit, product: int, terms: Collection[int]) -> None:
    if terms:
        await unit.connection.execute(delete(LINK).where(LINK.c.product_id == product, LINK.c.term_id.in_(terms)))


async def _changed(unit: Unit, row: Mapping[str, Any], taxonomy: str, *, changed: bool) -> Keys:
    if changed:
        await edit(unit.connection, PRODUCT, row["id"], row["version"], {})
        fields = {"terms", *([SHOWN_AS[taxonomy]] if taxonomy in SHOWN_AS else [])}
        unit.emit(PRODUCT_UPDATED(row, {}, fields))
    return {"product": row["id"]}
