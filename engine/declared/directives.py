"""What the SDL says of a field beyond its type. Introspection does not show directives; `GET /schema.graphql` does."""

from typing import Final

import strawberry
from strawberry.schema_directive import Location


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="requiresPermission",
    description="The caller needs any of these permissions.",
)
class RequiresPermission:
    any: list[str]


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="emits",
    description="The events that the mutation writes in its transaction.",
)
class Emits:
    events: list[str]


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="cost",
    description="What the field weighs in the cost of a document, where that is not 1 (the GraphQL cost directives "
    "specification). A field costs its weight and what is selected below it, as often as its list is long.",
)
class Cost:
    weight: str


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="listSize",
    description="How long the list is taken to be (the GraphQL cost directives specification): as long as the largest "
    "of the slicing arguments says (a list says its length), or else as assumed. With `sizedFields` it is those lists.",
)
class ListSize:
    assumed_size: int | None = strawberry.UNSET
    slicing_arguments: list[str] | None = strawberry.UNSET
    sized_fields: list[str] | None = strawberry.UNSET
    require_one_slicing_argument: bool | None = strawberry.UNSET


# Plain lists hang on one row and are short: a product's variants, a category's path.
ASSUMED: Final = 10
