"""How terms are filtered."""

import strawberry

from db.catalog.taxonomy import TermRow
from engine.filtering import filters
from engine.operators import IntOperators, TextOperators


@strawberry.input(description="Everything given must hold; `or` needs one of its parts, `not` none.")
class TermFilter:
    database_id: IntOperators | None = filters(TermRow.id)
    taxonomy: TextOperators | None = filters(TermRow.taxonomy)
    slug: TextOperators | None = filters(TermRow.slug)
    and_: list["TermFilter"] | None = strawberry.field(default=None, name="and")
    or_: list["TermFilter"] | None = strawberry.field(default=None, name="or")
    not_: "TermFilter | None" = strawberry.field(default=None, name="not")
