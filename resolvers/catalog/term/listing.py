"""How terms are found and filtered."""

import strawberry

from db.catalog.taxonomy import TermRow
from engine.declared.filter_input import filter_input
from engine.declared.input import finds
from engine.values.filtering import filters
from engine.values.operators import IntOperators, TextOperators


@strawberry.input(one_of=True, description="Exactly one of these.")
class TermBy:
    id: strawberry.Maybe[strawberry.ID] = finds(TermRow.id, identifies="Term")
    database_id: strawberry.Maybe[int] = finds(TermRow.id, description="The store's own number.")


@filter_input()
class TermFilter:
    database_id: IntOperators | None = filters(TermRow.id)
    taxonomy: TextOperators | None = filters(
        TermRow.taxonomy, description="By the name of its taxonomy: `product-categories`, `product-brands`."
    )
    slug: TextOperators | None = filters(TermRow.slug)
