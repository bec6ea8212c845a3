"""What happened, in the order in which it can be read."""

from datetime import datetime

import strawberry
from strawberry.scalars import JSON

from db.integration import visibility
from db.store.outbox import EventRow
from engine.declared.declaration import column, computed
from engine.declared.entity import Node, entity
from engine.declared.lookup import pointed
from engine.values import identity


def _placed(position: int | None) -> int:
    assert position is not None  # others are not visible
    return position


@entity(
    EventRow,
    visible=visibility.events,
    description="Something that happened to an entity, written together with the change itself.",
)
class Event(Node):
    position: int = computed(
        _placed, EventRow.position, description="Its place among all events: what is written later has a higher one."
    )
    name: str = column(EventRow.name, description="`product.updated`, `variant.created`, …")
    entity_id: strawberry.ID = computed(
        lambda entity: strawberry.ID(identity.encode(*entity.split(":", 1))),
        EventRow.entity,
        description="What it happened to, by its `id`; `node(id:)` finds it while it exists.",
    )
    entity: Node | None = pointed(
        EventRow.entity, description="As it is now; null when it is gone, or hidden from you."
    )
    entity_version: int | None = column(EventRow.version, description="What the change made of its version.")
    changed_fields: list[str] = computed(list, EventRow.changed, description="GraphQL names of what changed.")
    payload: JSON = computed(JSON, EventRow.payload, description="Keys and values that tell more, by the event's name.")
    caller: str | None = column(
        EventRow.caller, permission="store/sensitive", description="Who changed it: a user, a token."
    )
    cause: str | None = column(
        EventRow.cause,
        description="What led to it: `request:…` with the id that the answer had as X-Request-ID, `event:…`, "
        "`import:…`, `sweep:…` of what is due at its time, `command:…`; null when that is not known.",
    )
    depth: int = column(
        EventRow.depth,
        description="How many events led to it, one to the next: 0 of what somebody asked for, 1 of what an event of "
        "that kind made happen.",
    )
    occurred_at: datetime = column(
        EventRow.occurred_at,
        description="When the change was made, in UTC. `position` orders events; two may have the same moment.",
    )
