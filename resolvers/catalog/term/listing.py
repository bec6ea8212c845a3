"""How terms are found and filtered."""

from typing import Final

from db.catalog.slug import asked
from db.catalog.taxonomy import TermRow
from engine.declared.filter_input import filter_input
from engine.declared.input import lookup_input
from engine.values.filtering import filters
from engine.values.operators import IntOperators, TextOperators

TermBy: Final = lookup_input("Term", TermRow.id)


@filter_input()
class TermFilter:
    database_id: IntOperators | None = filters(TermRow.id)
    taxonomy: TextOperators | None = filters(
        TermRow.taxonomy, description="By the name of its taxonomy: `product-categories`, `product-brands`."
    )
    slug: TextOperators | None = filters(TermRow.slug, fold=asked)
