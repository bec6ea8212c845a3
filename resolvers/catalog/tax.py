"""What is done to tax classes."""

from collections.abc import Mapping
from typing import Any, Final

import strawberry
from sqlalchemy import delete, select
from strawberry.types.maybe import Some

from db.catalog import visibility
from db.catalog.events import TAX_CLASS_CREATED, TAX_CLASS_DELETED, TAX_CLASS_UPDATED
from db.catalog.slug import derived, free
from db.catalog.tax import TaxClassRow
from db.catalog.taxonomy import CATEGORIES, TermRow
from db.store.row import table
from db.store.writing import add, edit
from engine.declared.input import finds, identifies
from engine.declared.mutation import mutation
from engine.declared.payload import Keys
from engine.unit.unit import Refuses, Unit
from engine.values.errors import ErrorCode
from resolvers.editing import text
from resolvers.editing.locking import key_of, locked, not_found
from resolvers.editing.updating import differences, named, refuse_outdated

TAX_CLASS = table(TaxClassRow)
TERM = table(TermRow)
LONGEST_TITLE: Final = 192
LONGEST_SLUG: Final = 100
LONGEST_DESCRIPTION: Final = 500
MOST_CATEGORIES: Final = 100


@strawberry.input(one_of=True, description="Exactly one of these.")
class TaxClassBy:
    id: strawberry.Maybe[strawberry.ID] = finds(TaxClassRow.id, identifies="TaxClass")
    database_id: strawberry.Maybe[int] = finds(TaxClassRow.id, description="The store's own number.")
    slug: strawberry.Maybe[str] = finds(TaxClassRow.slug)


@strawberry.input(description="A new tax class.")
class TaxClassCreateInput:
    title: str
    slug: str | None = strawberry.field(default=None, description="Made of the title when absent.")
    description: str = ""
    priority: int = strawberry.field(default=1, description="Of several classes that apply, the lowest comes first.")
    category_ids: strawberry.Maybe[list[strawberry.ID] | None] = identifies(
        "Term", description="Categories it is meant for."
    )


@strawberry.input(description="What is named changes, null clears, what is absent stays.")
class TaxClassUpdateInput:
    id: strawberry.ID = identifies("TaxClass")
    expected_version: int | None = strawberry.field(
        default=None, description="The version you edited; a newer one makes a CONFLICT and nothing is written."
    )
    title: strawberry.Maybe[str]
    slug: strawberry.Maybe[str]
    description: strawberry.Maybe[str | None]
    priority: strawberry.Maybe[int]
    category_ids: strawberry.Maybe[list[strawberry.ID] | None] = identifies(
        "Term", description="All of them; null or an empty list for none."
    )


@strawberry.input(description="Which tax class goes.")
class TaxClassDeleteInput:
    id: strawberry.ID = identifies("TaxClass")
    expected_version: int | None = strawberry.field(
        default=None, description="The version you saw; a newer one makes a CONFLICT and nothing is deleted."
    )


@mutation(permission="store/sensitive", rest=None, emits=(TAX_CLASS_CREATED,))
async def tax_class_create(unit: Unit, input: TaxClassCreateInput) -> Keys:
    """Make a tax class."""
    asked: dict[str, Any] = {"title": input.title, "description": input.description, "priority": input.priority}
    values = _checked(unit, asked | ({} if input.slug is None else {"slug": input.slug}))
    if "slug" not in values:
        values["slug"] = await _free_slug(unit, values["title"])
    categories = await _categories(unit, input.category_ids)
    unit.settle()
    row = TaxClassRow(**values, categories=categories)
    key = await add(unit.connection, row)
    unit.emit(TAX_CLASS_CREATED(row.model_dump() | {"id": key}))
    return {"tax_class": key}


@mutation(permission="store/sensitive", rest=None, emits=(TAX_CLASS_UPDATED,))
async def tax_class_update(unit: Unit, input: TaxClassUpdateInput) -> Keys:
    """Change a tax class."""
    row = await _tax_class(unit, input.id, input.expected_version)
    values = _checked(unit, named(input, leave=("id", "expected_version", "category_ids")))
    if input.category_ids is not None:
        values["categories"] = await _categories(unit, input.category_ids)
    unit.settle()
    changes = differences(row, values)
    if changes:
        await edit(unit.connection, TAX_CLASS, row["id"], row["version"], changes)
        unit.emit(TAX_CLASS_UPDATED(row, changes))
    return {"tax_class": row["id"]}


@mutation(permission="store/sensitive", rest=None, emits=(TAX_CLASS_DELETED,))
async def tax_class_delete(unit: Unit, input: TaxClassDeleteInput) -> Keys:
    """Delete a tax class. Its products have none afterwards, without a new version and without events of their own."""
    row = await _tax_class(unit, input.id, input.expected_version)
    await unit.connection.execute(delete(TAX_CLASS).where(TAX_CLASS.c.id == row["id"]))
    unit.emit(TAX_CLASS_DELETED(row))
    return {"deleted_id": row["id"]}


async def _tax_class(unit: Unit, id: str, expected_version: int | None) -> dict[str, Any]:
    key = key_of(id)
    found = await locked(unit, TAX_CLASS, [key], visibility.tax_classes(unit.viewer))
    row = found.get(key) or not_found(unit, "tax class", "id")
    await refuse_outdated(unit, f"TaxClass:{key}", expected_version, row["version"])
    return row


def _checked(errors: Refuses, asked: Mapping[str, Any]) -> dict[str, Any]:
    values = dict(asked)
    if "title" in values:
        values["title"] = text.line(values["title"])
        if not values["title"]:
            errors.refuse(ErrorCode.VALIDATION, "A title is required", "title")
        elif len(values["title"]) > LONGEST_TITLE:
            errors.refuse(ErrorCode.VALIDATION, f"At most {LONGEST_TITLE} characters", "title")
    if "slug" in values:
        values["slug"] = derived(text.line(values["slug"]))
        if not values["slug"]:
            errors.refuse(ErrorCode.VALIDATION, "A slug needs a letter or a digit", "slug")
        elif len(values["slug"]) > LONGEST_SLUG:
            errors.refuse(ErrorCode.VALIDATION, f"At most {LONGEST_SLUG} characters", "slug")
    if "description" in values:
        values["description"] = text.lines(values["description"] or "")
        if len(values["description"]) > LONGEST_DESCRIPTION:
            errors.refuse(ErrorCode.VALIDATION, f"At most {LONGEST_DESCRIPTION} characters", "description")
    if values.get("priority", 0) < 0:
        errors.refuse(ErrorCode.VALIDATION, "Not below 0", "priority")
    return values


async def _free_slug(unit: Unit, title: str) -> str:
    """Between two who make one of the same title at once the unique constraint decides."""
    wanted = derived(title)[:LONGEST_SLUG].rstrip("-") or "tax-class"
    taken = await unit.connection.execute(select(TAX_CLASS.c.slug))
    return free(wanted, set(taken.scalars()), LONGEST_SLUG)


async def _categories(
    unit: Unit, given: Some[list[strawberry.ID] | None] | Some[list[strawberry.ID]] | None
) -> list[int]:
    """The keys of the categories, without repeats. They are locked: who deletes one waits, and takes it out here
    too."""
    ids = (given.value if given is not None else None) or []
    if len(ids) > MOST_CATEGORIES:
        unit.refuse(ErrorCode.VALIDATION, f"At most {MOST_CATEGORIES} categories", "categoryIds")
        unit.settle()
    keys = [key_of(each) for each in ids]
    statement = (
        select(TERM.c.id)
        .where(TERM.c.id.in_(keys), TERM.c.taxonomy == CATEGORIES)
        .with_for_update(read=True, key_share=True)
    )
    found = set((await unit.connection.execute(statement)).scalars()) if keys else set()
    for index, key in enumerate(keys):
        if key not in found:
            unit.refuse(ErrorCode.NOT_FOUND, "No such category", "categoryIds", str(index))
    return list(dict.fromkeys(keys))
