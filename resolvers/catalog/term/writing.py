"""What is done to terms. Whoever changes a tree locks its taxonomy first (resolvers/catalog/term/tree.py)."""

from collections.abc import Mapping
from typing import Any, Final

import strawberry
from sqlalchemy import delete, select
from strawberry.types.maybe import Some

from db.catalog import visibility
from db.catalog.events import TAX_CLASS_UPDATED, TERM_CREATED, TERM_DELETED, TERM_UPDATED
from db.catalog.product import sort_key
from db.catalog.slug import Wanted, derived, free_slugs
from db.catalog.tax import TaxClassRow
from db.catalog.taxonomy import TermRow
from db.store.row import table
from db.store.writing import edit_all
from engine.declared.input import identifies
from engine.declared.mutation import mutation
from engine.declared.payload import Keys
from engine.unit.unit import Unit
from engine.values.errors import ErrorCode
from resolvers.catalog.term.tree import (
    LONGEST_NAME,
    TERM,
    branches,
    checked_name,
    children,
    grow,
    is_below,
    locked_taxonomy,
    slugs_of,
)
from resolvers.editing import text
from resolvers.editing.editable import A_SLUG, Editable, Text, edited_version, seen_version
from resolvers.editing.locking import key_of, not_found
from resolvers.editing.updating import differences, named, refuse_outdated

TAX_CLASS = table(TaxClassRow)
TERMS: Final = Editable(
    TermRow,
    visibility.terms,
    TERM_CREATED,
    TERM_UPDATED,
    TERM_DELETED,
    texts={"description": Text(2000, text.lines)},
)
MOST_NAMES: Final = 100  # of one mutation, as ids elsewhere
TAXONOMY_NAME: Final = "`product-categories`, `product-brands`, or another that the store has (`Taxonomy.name`)."


@strawberry.input(description="Names that are there already under the parent are not made again.")
class ProductTermsAddInput:
    taxonomy: str = strawberry.field(description=TAXONOMY_NAME)
    name: str = strawberry.field(description="One name, or several with commas between them.")
    parent_id: strawberry.Maybe[strawberry.ID | None] = identifies("Term", description="Absent: they become roots.")


@strawberry.input(description="A new category, a new brand.")
class TermCreateInput:
    taxonomy: str = strawberry.field(description=TAXONOMY_NAME)
    name: str
    slug: str | None = strawberry.field(default=None, description="Made of the name when absent.")
    parent_id: strawberry.Maybe[strawberry.ID | None] = identifies("Term", description="Absent: it becomes a root.")
    description: str = ""


@strawberry.input(description="What is named changes, null clears, what is absent stays.")
class TermUpdateInput:
    id: strawberry.ID = identifies("Term")
    expected_version: int | None = edited_version()
    name: strawberry.Maybe[str]
    slug: strawberry.Maybe[str | None] = strawberry.field(default=None, description="Null: made of the name again.")
    parent_id: strawberry.Maybe[strawberry.ID | None] = identifies("Term", description="Null makes it a root.")
    description: strawberry.Maybe[str | None]


@strawberry.input(description="Which term goes.")
class TermDeleteInput:
    id: strawberry.ID = identifies("Term")
    expected_version: int | None = seen_version()


@mutation(permission="products/edit", rest="POST /products/add-product-terms", emits=(TERM_CREATED,))
async def product_terms_add(unit: Unit, input: ProductTermsAddInput) -> Keys:
    """Add terms by their names; the answer holds those that were there already too."""
    await _lock(unit, input.taxonomy)
    parent = await _parent(unit, input.taxonomy, input.parent_id)
    parts = [part for part in input.name.split(",") if not part.isspace() and part]
    names = [name for part in parts[: MOST_NAMES + 1] if (name := text.line(part))]
    if not names:
        unit.refuse(ErrorCode.VALIDATION, "A name is required", "name")
    if len(parts) > MOST_NAMES:
        unit.refuse(ErrorCode.VALIDATION, f"At most {MOST_NAMES} names at once", "name")
    if any(len(name) > LONGEST_NAME for name in names):
        unit.refuse(ErrorCode.VALIDATION, f"At most {LONGEST_NAME} characters in each name", "name")
    unit.settle()
    terms = await grow(unit, input.taxonomy, [[name] for name in names], parent)
    return {"terms": list(dict.fromkeys(terms)), "taxonomy": input.taxonomy}


@mutation(permission="products/edit", rest=None, emits=(TERM_CREATED,))
async def term_create(unit: Unit, input: TermCreateInput) -> Keys:
    """Make a category or a brand."""
    await _lock(unit, input.taxonomy)
    parent = await _parent(unit, input.taxonomy, input.parent_id)
    name = checked_name(unit, input.name, "name")
    place = {"taxonomy": input.taxonomy, "parent_id": parent}
    await _refuse_namesake(unit, place, name)
    slug = await _slug(unit, place, input.slug, name)
    said = TERMS.checked(unit, {"description": input.description})
    row = await TERMS.make(unit, {**said, **place, "name": name, "name_key": sort_key(name), "slug": slug})
    return {"term": row["id"], "taxonomy": input.taxonomy}


@mutation(permission="products/edit", rest=None, emits=(TERM_UPDATED,))
async def term_update(unit: Unit, input: TermUpdateInput) -> Keys:
    """Rename a term, describe it, or move it with all below it to another parent of its taxonomy."""
    row = await _term(unit, input.id, input.expected_version)
    values = TERMS.checked(unit, named(input, leave=("id", "expected_version", "parent_id")))
    if "name" in values:
        values["name"] = checked_name(unit, values["name"], "name")
        values["name_key"] = sort_key(values["name"])
    if input.parent_id is not None:
        values["parent_id"] = await _parent(unit, row["taxonomy"], input.parent_id)
        if await is_below(unit.connection, row["id"], values["parent_id"]):
            unit.refuse(ErrorCode.VALIDATION, "A term cannot stand below itself", "parentId")
    result = {**row, **values}
    if "slug" in values:
        values["slug"] = await _slug(unit, row, values["slug"], result["name"])
    if differences(row, values).keys() & {"name", "parent_id"}:
        await _refuse_namesake(unit, result, result["name"])
    await TERMS.change(unit, row, values)
    return {"term": row["id"], "taxonomy": row["taxonomy"]}


@mutation(permission="products/delete", rest=None, emits=(TERM_DELETED, TERM_UPDATED, TAX_CLASS_UPDATED))
async def term_delete(unit: Unit, input: TermDeleteInput) -> Keys:
    """Delete a term. What stood below it moves up to its parent; products and tax classes lose it, the products without
    a new version and without events of their own."""
    row = await _term(unit, input.id, input.expected_version)
    parent, moving = row["parent_id"], await children(unit.connection, row["id"])
    beside = await branches(unit.connection, row["taxonomy"], [[child["name"]] for child in moving], parent)
    for child in moving:
        if beside.named(parent, child["name"]) not in (None, row["id"]):
            message = f"{child['name']!r} would move up to a namesake; rename or move one of them first"
            unit.refuse(ErrorCode.CONFLICT, message, "id")
    unit.settle()

    moved = {"parent_id": parent}
    await edit_all(unit.connection, TERM, [(child, moved) for child in moving])
    # First the term: whoever puts it into a tax class just now holds a lock on it, and that class is found then.
    await unit.connection.execute(delete(TERM).where(TERM.c.id == row["id"]))
    tax_classes = await _forget(unit, row["id"])
    for child in moving:
        unit.emit(TERM_UPDATED(child, moved))
    unit.emit(TERM_DELETED(row))
    return {
        "deleted_id": row["id"],
        "moved_terms": [child["id"] for child in moving],
        "tax_classes": tax_classes,
        "taxonomy": row["taxonomy"],
    }


async def _forget(unit: Unit, term: int) -> list[int]:
    """Take a term that goes out of the tax classes that are meant for it."""
    rows = (await unit.connection.execute(select(TAX_CLASS).order_by(TAX_CLASS.c.id).with_for_update())).mappings()
    changes: list[tuple[Mapping[str, Any], Mapping[str, Any]]] = [
        (dict(row), {"categories": [key for key in row["categories"] if key != term]})
        for row in rows
        if term in row["categories"]
    ]
    await edit_all(unit.connection, TAX_CLASS, changes)
    for row, values in changes:
        unit.emit(TAX_CLASS_UPDATED(row, values))
    return [row["id"] for row, _ in changes]


async def _lock(unit: Unit, taxonomy: str) -> None:
    if not await locked_taxonomy(unit, taxonomy):
        unit.refuse(ErrorCode.VALIDATION, "The store has no such taxonomy", "taxonomy")
        unit.settle()


async def _term(unit: Unit, id: str, expected_version: int | None) -> Mapping[str, Any]:
    """The term, its taxonomy locked."""
    key = key_of(id)
    statement = select(TERM).where(TERM.c.id == key)
    taxonomy = (await unit.connection.execute(select(TERM.c.taxonomy).where(TERM.c.id == key))).scalar_one_or_none()
    row = None
    if taxonomy is not None and await locked_taxonomy(unit, taxonomy):
        # It may have gone while the lock was waited for.
        row = (await unit.connection.execute(statement)).mappings().one_or_none()
    if row is None:
        not_found(unit, "term", "id")
    await refuse_outdated(unit, f"Term:{key}", expected_version, row["version"])
    return dict(row)


async def _parent(unit: Unit, taxonomy: str, given: Some[strawberry.ID | None] | None) -> int | None:
    """The key of a parent; None for no parent."""
    if given is None or given.value is None:
        return None
    key = key_of(given.value)
    there = select(TERM.c.id).where(TERM.c.id == key, TERM.c.taxonomy == taxonomy)
    if (await unit.connection.execute(there)).first() is None:
        unit.refuse(ErrorCode.NOT_FOUND, "This taxonomy has no such term", "parentId")
    return key


async def _slug(unit: Unit, term: Mapping[str, Any], asked: str | None, name: str) -> str:
    """The slug that was asked for, or a free one made of the name. `term` has an id when it is there already."""
    unique = slugs_of(term["taxonomy"])
    if asked is None:
        (slug,) = await free_slugs(unit.connection, [Wanted(derived(name) or "term", term.get("id"))], unique)
        return slug
    slug = derived(text.line(asked))
    if not slug:
        unit.refuse(ErrorCode.VALIDATION, A_SLUG, "slug")
    elif (await unique.owners(unit.connection, [slug])).get(slug, term.get("id")) != term.get("id"):
        unit.refuse(ErrorCode.CONFLICT, "slug is taken already", "slug")
    return slug


async def _refuse_namesake(unit: Unit, term: Mapping[str, Any], name: str) -> None:
    """`term` is where it is to stand, with its id when it is there already."""
    parent = term["parent_id"]
    there = (await branches(unit.connection, term["taxonomy"], [[name]], parent)).named(parent, name)
    if there not in (None, term.get("id")):
        where = "under this parent" if parent is not None else "among the roots"
        unit.refuse(ErrorCode.CONFLICT, f"There is a term of this name {where} already", "name")
