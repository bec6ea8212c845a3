"""What is done to tax classes."""

from typing import Any, Final

import strawberry
from sqlalchemy import select
from strawberry.types.maybe import Some

from db.catalog import visibility
from db.catalog.events import TAX_CLASS_CREATED, TAX_CLASS_DELETED, TAX_CLASS_UPDATED
from db.catalog.tax import TaxClassRow
from db.catalog.taxonomy import CATEGORIES, TermRow
from db.store.row import table
from engine.declared.input import finds, identifies
from engine.declared.mutation import mutation
from engine.declared.payload import Keys
from engine.unit.unit import Unit
from engine.values.errors import ErrorCode
from resolvers.editing import text
from resolvers.editing.editable import A_SLUG, Editable, Text, edited_version, seen_version, slug
from resolvers.editing.locking import key_of
from resolvers.editing.updating import named

TERM = table(TermRow)
MOST_CATEGORIES: Final = 100
TAX_CLASSES: Final = Editable(
    TaxClassRow,
    visibility.tax_classes,
    TAX_CLASS_CREATED,
    TAX_CLASS_UPDATED,
    TAX_CLASS_DELETED,
    texts={
        "title": Text(192, required="A title is required"),
        "slug": Text(100, slug, required=A_SLUG),
        "description": Text(500, text.lines),
    },
    not_negative=("priority",),
)


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
    expected_version: int | None = edited_version()
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
    expected_version: int | None = seen_version()


@mutation(permission="store/sensitive", rest=None, emits=(TAX_CLASS_CREATED,))
async def tax_class_create(unit: Unit, input: TaxClassCreateInput) -> Keys:
    """Make a tax class."""
    asked: dict[str, Any] = {"title": input.title, "description": input.description, "priority": input.priority}
    values = TAX_CLASSES.checked(unit, asked | ({} if input.slug is None else {"slug": input.slug}))
    if "slug" not in values:
        values["slug"] = await TAX_CLASSES.free_slug(unit, values["title"], otherwise="tax-class")
    values["categories"] = await _categories(unit, input.category_ids)
    return {"tax_class": (await TAX_CLASSES.make(unit, values))["id"]}


@mutation(permission="store/sensitive", rest=None, emits=(TAX_CLASS_UPDATED,))
async def tax_class_update(unit: Unit, input: TaxClassUpdateInput) -> Keys:
    """Change a tax class."""
    row = await TAX_CLASSES.load(unit, input.id, input.expected_version)
    values = TAX_CLASSES.checked(unit, named(input, leave=("id", "expected_version", "category_ids")))
    if input.category_ids is not None:
        values["categories"] = await _categories(unit, input.category_ids)
    await TAX_CLASSES.change(unit, row, values)
    return {"tax_class": row["id"]}


@mutation(permission="store/sensitive", rest=None, emits=(TAX_CLASS_DELETED,))
async def tax_class_delete(unit: Unit, input: TaxClassDeleteInput) -> Keys:
    """Delete a tax class. Its products have none afterwards, without a new version and without events of their own."""
    row = await TAX_CLASSES.load(unit, input.id, input.expected_version)
    await TAX_CLASSES.remove(unit, row)
    return {"deleted_id": row["id"]}


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
