"""What is done to tax classes."""

from collections.abc import Mapping
from typing import Any, Final

import strawberry

from db.catalog import visibility
from db.catalog.events import TAX_CLASS_CREATED, TAX_CLASS_DELETED, TAX_CLASS_UPDATED, TAX_RATE_DELETED
from db.catalog.slug import asked
from db.catalog.tax import TaxClassRow
from db.catalog.taxonomy import CATEGORIES, TermRow
from db.store.row import table
from engine.declared.input import finds, identifies, lookup_input
from engine.unit.unit import Unit
from resolvers.catalog.tax_rate import remove_rates
from resolvers.editing import text
from resolvers.editing.editable import A_SLUG, Text, slug
from resolvers.editing.locking import referenced
from resolvers.editing.simple import SimpleNoun, Takes

TERM = table(TermRow)
TaxClassBy: Final = lookup_input("TaxClass", TaxClassRow.id, slug=finds(TaxClassRow.slug, fold=asked))


@strawberry.input(description="A new tax class.")
class TaxClassCreateInput:
    title: str
    slug: str | None = strawberry.field(default=None, description="Made of the title when absent.")
    description: str = ""
    priority: int = strawberry.field(default=1, description="Of several classes that apply, the lowest comes first.")
    category_ids: strawberry.Maybe[list[strawberry.ID] | None] = identifies(
        "Term", description="Categories it is meant for."
    )


async def _own(unit: Unit, row: Mapping[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    if not row or "category_ids" in values:
        ids, categories = values.pop("category_ids", None) or [], TERM.c.taxonomy == CATEGORIES
        values["categories"] = await referenced(unit, TERM, ids, categories, what="category", path="categoryIds")
    return values


TAX_CLASSES: Final = SimpleNoun(
    TaxClassRow,
    visibility.staff,
    *(TAX_CLASS_CREATED, TAX_CLASS_UPDATED, TAX_CLASS_DELETED),
    texts={
        "title": Text(192, required="A title is required"),
        "slug": Text(100, slug, required=A_SLUG),
        "description": Text(500, text.lines),
    },
    not_negative=("priority",),
    permission="store/sensitive",
    creates=TaxClassCreateInput,
    cleared=("description",),
    otherwise={"category_ids": identifies("Term", description="All of them; null or an empty list for none.")},
    own=_own,
    slug_of="title",
    gone="Its rates go with it; its products have none afterwards, without a new version and without events of their "
    "own.",
    takes=Takes(remove_rates, (TAX_RATE_DELETED,)),
)
