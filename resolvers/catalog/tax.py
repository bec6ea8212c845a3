"""What is done to tax classes."""

from collections.abc import Mapping
from typing import Any, Final

import strawberry
from sqlalchemy import select

from db.catalog import visibility
from db.catalog.events import TAX_CLASS_CREATED, TAX_CLASS_DELETED, TAX_CLASS_UPDATED
from db.catalog.tax import TaxClassRow
from db.catalog.taxonomy import CATEGORIES, TermRow
from db.store.row import table
from engine.declared.input import finds, identifies
from engine.unit.unit import Unit
from engine.values.errors import ErrorCode
from resolvers.editing import text
from resolvers.editing.editable import A_SLUG, Text, edited_version, slug
from resolvers.editing.locking import key_of
from resolvers.editing.simple import SimpleNoun

TERM = table(TermRow)
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
    expected_version: int | None = edited_version()
    title: strawberry.Maybe[str]
    slug: strawberry.Maybe[str]
    description: strawberry.Maybe[str | None]
    priority: strawberry.Maybe[int]
    category_ids: strawberry.Maybe[list[strawberry.ID] | None] = identifies(
        "Term", description="All of them; null or an empty list for none."
    )


async def _own(unit: Unit, row: Mapping[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """The categories that it is meant for by their keys, without repeats. They are locked: who deletes one waits, and
    takes it out here too."""
    if row and "category_ids" not in values:
        return values
    ids = values.pop("category_ids", None) or []
    if len(ids) > MOST_CATEGORIES:
        unit.refuse(ErrorCode.VALIDATION, f"At most {MOST_CATEGORIES} categories", "categoryIds")
        unit.settle()
    keys = [key_of(each) for each in ids]
    wanted = select(TERM.c.id).where(TERM.c.id.in_(keys), TERM.c.taxonomy == CATEGORIES)
    held = wanted.with_for_update(read=True, key_share=True)
    found = set((await unit.connection.execute(held)).scalars()) if keys else set()
    for index in (index for index, key in enumerate(keys) if key not in found):
        unit.refuse(ErrorCode.NOT_FOUND, "No such category", "categoryIds", str(index))
    return values | {"categories": list(dict.fromkeys(keys))}


TAX_CLASSES: Final = SimpleNoun(
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
    permission="store/sensitive",
    creates=TaxClassCreateInput,
    updates=TaxClassUpdateInput,
    own=_own,
    slug_of="title",
    gone="Its products have none afterwards, without a new version and without events of their own.",
)
