"""What changed, each entity once: for whoever keeps a copy."""

from collections.abc import Sequence
from datetime import datetime

import strawberry

from db.store.outbox import EventRow
from engine.declared.batch import Argument, queried
from engine.declared.connection import OfPage
from engine.declared.declaration import declare
from engine.declared.directives import ListSize
from engine.declared.entity import Node
from engine.declared.lookup import pointed
from engine.standard.context import Context
from resolvers.integration import changes
from resolvers.integration.changes import ChangeKind


@strawberry.type(description="An entity that was made, changed or deleted, with its newest state.")
class Change:
    position: int = strawberry.field(description="Of the newest event of it that you may see.")
    kind: ChangeKind = strawberry.field(description="What to do with a copy of it.")
    type: str = strawberry.field(description="What it is: `Product`, `ProductVariant`, …")
    entity_id: strawberry.ID = strawberry.field(description="Its `id`, also when it is gone.")
    entity: Node | None = pointed(
        EventRow.entity,
        description="As it is now; null when it is gone, hidden from you, or has no fields of its own (a stored file). "
        "What goes while the page is read is null too, and DELETED on a page to come; what comes back meanwhile is "
        "there though DELETED, and CREATED on a page to come.",
    )
    occurred_at: datetime = strawberry.field(description="When it was last changed, in UTC.")


@strawberry.type(
    description="What changed behind a position. A page may be shorter than it was asked to be, even empty, when it "
    "had to look through much that was changed again later: only `hasNextPage` says whether there is more."
)
class ChangePage:
    nodes: list[Change] = declare(
        OfPage("nodes", paged=True), description="Each entity once, by the positions of their newest events."
    )
    position: int = strawberry.field(description="The `since` of the next page, and of the next time.")
    has_next_page: bool = strawberry.field(description="Whether to ask for the next page at once.")


async def _changes(
    context: Context, since: int | None = None, types: Sequence[str] | None = None, first: int | None = None
) -> changes.ChangePage:
    from schema.root import schema  # any of its entities may have changed

    return await changes.changes(context, schema.entities, since, types, first)


def _field() -> ChangePage | None:
    size = ListSize(assumed_size=changes.FIRST, slicing_arguments=["first"], sized_fields=["nodes"])
    return queried(  # type: ignore[no-any-return]
        _changes,
        Argument(
            "since",
            int | None,
            "A position that you were told. Without one there are no changes, and `position` "
            "is where to begin: ask for it before you read everything.",
        ),
        Argument("types", list[str] | None, "Types of entities: `Product`, `ProductVariant`. All when absent."),
        Argument("first", int | None, f"{changes.FIRST} unless said otherwise, at most {changes.MOST}."),
        size=size,
        longest=changes.MOST,
        description="What was made, changed or deleted since a position, each entity once with its newest state, for "
        "whoever keeps a copy: docs/events.md tells how. Each needs the permission of the events that tell of it.",
    )


@strawberry.type
class ChangeQueries:
    changes: ChangePage | None = _field()
