"""What drafts of products refer to, looked up for all of them at once: terms, classes, SKUs, slugs."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from db.catalog.sku import key_of_stored
from db.catalog.slug import Wanted, family, free_slugs
from db.catalog.tax import TaxClassRow
from db.catalog.taxonomy import CATEGORIES, TaxonomyRow, TermRow
from db.store.locks import lock
from db.store.row import table
from engine.unit.unit import Errors, Unit
from engine.values.errors import ErrorCode
from resolvers.catalog.product.draft import ProductDraft
from resolvers.catalog.term.tree import LONGEST_NAME, branches, grow, locked_taxonomy
from resolvers.catalog.variant.rules import SkuWanted, refuse_missing_shipping_classes, refuse_taken_skus
from resolvers.editing import text
from resolvers.editing.locking import key_of

TAXONOMY: Final = table(TaxonomyRow)
TERM: Final = table(TermRow)
TAX_CLASS: Final = table(TaxClassRow)
MOST_TERMS: Final = 100
MOST_LEVELS: Final = 10


async def look_up(unit: Unit, drafts: Sequence[ProductDraft]) -> None:
    """Refuse what is absent or taken, and settle slugs. What stands is true until the transaction ends: SKUs and slugs
    are locked, and a term or class that goes meanwhile breaks its foreign key."""
    connection = unit.connection
    for draft in drafts:
        _check_categories(draft)
    await _check_terms(connection, drafts)
    await refuse_missing_shipping_classes(connection, list(_shipping_classes(drafts)))
    await _refuse_missing_tax_classes(connection, drafts)
    skus = [
        SkuWanted(v.errors, None if v.row is None else v.row["id"], key_of_stored(v.values["sku"]))
        for d in drafts
        for v in d.variants
        if "sku" in v.values
    ]
    sluggish = [d for d in drafts if "slug" in d.values and not d.errors]
    await lock(
        connection,
        {f"SKU {each.key}" for each in skus if each.key is not None} | {family(d.values["slug"]) for d in sluggish},
    )
    await refuse_taken_skus(connection, skus)
    sluggish = [d for d in sluggish if not d.errors]
    slugs = await free_slugs(connection, [Wanted(d.values["slug"], d.key) for d in sluggish])
    for draft, slug in zip(sluggish, slugs, strict=True):
        draft.values["slug"] = slug
        if draft.row["slug"] == slug:  # a title that was given twice keeps the number that it has
            del draft.values["slug"]


async def grow_categories(unit: Unit, drafts: Sequence[ProductDraft]) -> None:
    """Make what is missing of the paths; `links` holds all categories afterwards. A statement for each level."""
    paths = {path: _names(path) for d in drafts for c in d.categories or [] if c.path for path in [c.path.value]}
    tree = await branches(unit.connection, CATEGORIES, paths.values())
    ends = {path: tree.end(names) for path, names in paths.items()}
    if missing := {path: names for path, names in paths.items() if ends[path] is None}:
        if not await locked_taxonomy(unit, CATEGORIES):
            raise AssertionError("every store has categories")
        ends |= zip(missing, await grow(unit, CATEGORIES, list(missing.values())), strict=True)
    for draft in drafts:
        for category in draft.categories or []:
            end = key_of(category.id.value) if category.id else ends[category.path.value] if category.path else None
            if end is not None:
                draft.links[CATEGORIES].add(end)


def _names(path: str) -> list[str]:
    """No more of them than it takes to see that they are too many."""
    return [text.line(name) for name in path.split(">", MOST_LEVELS + 1)[: MOST_LEVELS + 1]]


def _check_categories(draft: ProductDraft) -> None:
    if draft.categories is None:
        return
    draft.links[CATEGORIES] = set()
    if any(taxonomy == CATEGORIES for taxonomy, _ in draft.terms):
        draft.errors.refuse(ErrorCode.VALIDATION, "Categories are named under `terms` already", "categories")
    for index, category in enumerate(draft.categories):
        if category.path is None:
            continue
        names = _names(category.path.value)
        place = ("categories", str(index), "path")
        if not all(names):
            draft.errors.refuse(ErrorCode.VALIDATION, "A path is names, divided by `>`", *place)
        if any(len(name) > LONGEST_NAME for name in names):
            draft.errors.refuse(ErrorCode.VALIDATION, f"At most {LONGEST_NAME} characters in each name", *place)
        if len(names) > MOST_LEVELS:
            draft.errors.refuse(ErrorCode.VALIDATION, f"At most {MOST_LEVELS} levels", *place)


async def _check_terms(connection: AsyncConnection, drafts: Sequence[ProductDraft]) -> None:
    """Taxonomies and terms that are named, in one statement."""
    named: list[tuple[Errors, str, int]] = []  # each with the place of its id
    for draft in drafts:
        seen: set[str] = set()
        for index, (taxonomy, keys) in enumerate(draft.terms):
            errors = draft.errors.at("terms", str(index))
            if taxonomy in seen:
                errors.refuse(ErrorCode.VALIDATION, "Named twice", "taxonomy")
            if len(keys) > MOST_TERMS:
                errors.refuse(ErrorCode.VALIDATION, f"At most {MOST_TERMS} terms", "terms")
            seen.add(taxonomy)
            named += [(errors.at("terms", str(i)), taxonomy, key) for i, key in enumerate(keys[:MOST_TERMS])]
            draft.links[taxonomy] = set(keys)
        for index, category in enumerate(draft.categories or []):
            if category.id is not None:
                errors = draft.errors.at("categories", str(index), "id")
                named.append((errors, CATEGORIES, key_of(category.id.value)))
    # A null character is what PostgreSQL refuses to compare with.
    taxonomies = {t for d in drafts for t, _ in d.terms if "\0" not in t} | {taxonomy for _, taxonomy, _ in named}
    if not named and not any(draft.terms for draft in drafts):
        return
    statement = (
        select(TAXONOMY.c.name, TERM.c.id)
        .outerjoin(TERM, (TERM.c.taxonomy == TAXONOMY.c.name) & TERM.c.id.in_({key for _, _, key in named}))
        .where(TAXONOMY.c.name.in_({t for t in taxonomies if "\0" not in t}))
    )
    found = {(row.name, row.id) for row in await connection.execute(statement)}
    there = {name for name, _ in found}
    for draft in drafts:
        for index, (taxonomy, _) in enumerate(draft.terms):
            if taxonomy not in there:
                draft.errors.refuse(
                    ErrorCode.VALIDATION, "The store has no such taxonomy", "terms", str(index), "taxonomy"
                )
    for errors, taxonomy, key in named:
        if taxonomy in there and (taxonomy, key) not in found:
            errors.refuse(ErrorCode.NOT_FOUND, "This taxonomy has no such term")


def _shipping_classes(drafts: Iterable[ProductDraft]) -> Iterable[tuple[Errors, int | None]]:
    for draft in drafts:
        yield draft.errors, draft.values.get("shipping_class_id")
        for variant in draft.variants:
            yield variant.errors, variant.values.get("shipping_class_id")


async def _refuse_missing_tax_classes(connection: AsyncConnection, drafts: Sequence[ProductDraft]) -> None:
    asked = {key for d in drafts if (key := d.values.get("tax_class_id")) is not None}
    there = await _there(connection, TAX_CLASS, asked)
    for draft in drafts:
        key = draft.values.get("tax_class_id")
        if key is not None and key not in there:
            draft.errors.refuse(ErrorCode.VALIDATION, "No such tax class", "taxClassId")


async def _there(connection: AsyncConnection, of: Table, keys: set[Any]) -> set[Any]:
    return set((await connection.execute(select(of.c.id).where(of.c.id.in_(keys)))).scalars()) if keys else set()
