"""Events as they happen, one by one."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_

from db.events import KINDS
from db.store.outbox import EVENT
from engine.declared.following import Follower
from engine.standard.context import Context
from engine.values import identity
from engine.values.errors import BadUserInput
from engine.values.viewer import permits
from resolvers.integration.event import MOST_TYPES, require_names
from resolvers.live.happened import ANYTHING, of_entity, of_name


@dataclass(frozen=True, slots=True)
class EventTold:
    position: int
    key: int


class Events(Follower):
    """All that the viewer may read, or those of some names, or of some entities."""

    def __init__(self, types: Sequence[str] | None, entities: Sequence[str] | None) -> None:
        self._types = None if types is None else frozenset(types)
        topics: set[Hashable] = {ANYTHING}
        asked: list[ColumnElement[bool]] = []
        if types is not None:
            topics = {of_name(name) for name in types}
            asked.append(EVENT.c.name.in_(types))
        if entities is not None:
            topics = {of_entity(one) for one in entities}
            asked.append(EVENT.c.entity.in_(entities))
        self.topics = frozenset(topics)
        self.condition = and_(*asked) if asked else None

    async def told(self, context: Context, events: Sequence[Any]) -> Sequence[EventTold]:
        """What the viewer does not see of them is found by nobody, and not told."""
        return [
            EventTold(event.position, event.id)
            for event in events
            if (self._types is None or event.name in self._types)
            and event.name in KINDS
            and any(permits(context.viewer, permission) for permission in KINDS[event.name].read_by.permissions)
        ]


async def follow(
    context: Context, types: Sequence[str] | None = None, entities: Sequence[str] | None = None
) -> Follower:
    """Raises Forbidden for a name that the viewer may never see, BadUserInput for one that there is not."""
    if types is not None:
        if len(types) > MOST_TYPES:
            raise BadUserInput(f"`types` takes at most {MOST_TYPES} names")
        require_names(context, types)
    if entities is None:
        return Events(types, None)
    return Events(types, [f"{one.type}:{one.key}" for one in map(identity.decode, entities)])
