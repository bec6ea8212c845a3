"""What the SDL says of a field beyond its type. Introspection does not show directives; `GET /schema.graphql` does."""

from typing import Self

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
    name="listSize",
    description="How long the list may be (the GraphQL cost directives specification).",
)
class ListSize:
    slicing_arguments: list[str]
    sized_fields: list[str]
    require_one_slicing_argument: bool

    @classmethod
    def of_pages(cls) -> Self:
        return cls(
            slicing_arguments=["first", "last"], sized_fields=["nodes", "edges"], require_one_slicing_argument=False
        )
