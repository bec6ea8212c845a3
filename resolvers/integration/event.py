"""How events are read. Whoever reads numbers them first, so that a cursor never passes by what commits later."""

from collections.abc import Mapping
from enum import Enum
from functools import partial
from typing import Any

import strawberry
from sqlalchemy import ColumnElement, and_, true
from sqlmodel import col

from db.integration.visibility import EVENT_PERMISSIONS
from db.store.database import Database
from db.store.outbox import EventRow, number_events, unnumbered
from engine.declared.batch import Argument
from engine.declared.listing import Listing, Narrowing
from engine.standard.context import Context
from engine.values import identity
from engine.values.errors import BadUserInput
from engine.values.filtering import filters
from engine.values.operators import DateTimeOperators, IntOperators, TextOperators
from engine.values.ordering import SortDirection

MOST_TYPES = 100


@strawberry.enum(description="What events can be sorted by.")
class EventSortField(Enum):
    POSITION = "POSITION"


@strawberry.input(description="A field to sort by, and which way.")
class EventSort:
    field: EventSortField
    direction: SortDirection = SortDirection.ASC


@strawberry.input(description="Everything given must hold; `or` needs one of its parts, `not` none.")
class EventFilter:
    position: IntOperators | None = filters(EventRow.position)
    name: TextOperators | None = filters(EventRow.name)
    occurred_at: DateTimeOperators | None = filters(EventRow.occurred_at)
    and_: list["EventFilter"] | None = strawberry.field(default=None, name="and")
    or_: list["EventFilter"] | None = strawberry.field(default=None, name="or")
    not_: "EventFilter | None" = strawberry.field(default=None, name="not")


EVENTS = Listing(
    sorts={EventSortField.POSITION: EventRow.position},
    sort=EventSort,
    filter=EventFilter,
    default=((EventSortField.POSITION, SortDirection.ASC),),  # a cursor is where its reader has got to
)


def _check(arguments: Mapping[str, Any]) -> None:
    types, entity = arguments.get("types"), arguments.get("entity_id")
    if types is not None:
        if len(types) > MOST_TYPES:
            raise BadUserInput(f"`types` takes at most {MOST_TYPES} names")
        for name in types:
            _permission(name)
    if entity is not None and "\0" in identity.decode(entity).key:
        raise BadUserInput("NUL is not a character of a key")  # PostgreSQL refuses to compare with it


def _condition(arguments: Mapping[str, Any]) -> ColumnElement[bool]:
    types, entity = arguments.get("types"), arguments.get("entity_id")
    parts: list[ColumnElement[bool]] = []
    if types is not None:
        parts.append(col(EventRow.name).in_(types))
    if entity is not None:
        found = identity.decode(entity)
        parts.append(col(EventRow.entity) == f"{found.type}:{found.key}")
    return and_(true(), *parts)


def _permission(name: str) -> str:
    """What it takes to read events of this name. Raises BadUserInput for what no event is called."""
    noun, dot, verb = name.partition(".")
    if not (dot and verb.isidentifier()) or noun not in EVENT_PERMISSIONS:
        raise BadUserInput(f"No event is called {name[:60]!r}; names are like `product.updated`")
    return EVENT_PERMISSIONS[noun]


OF_EVENTS = Narrowing(
    (
        Argument("types", list[str] | None, "Names of events: `product.updated`. All when absent.", default=None),
        Argument("entity_id", strawberry.ID | None, "What happened to this one.", default=None),
    ),
    _condition,
    _check,
)


async def number(context: Context, arguments: Mapping[str, Any]) -> None:
    """Give positions to what was committed since, unless the viewer sees no event anyway. Raises Forbidden for a type
    that they may not see."""
    for name in arguments.get("types") or ():
        context.require(_permission(name))
    if not context.viewer.permissions & set(EVENT_PERMISSIONS.values()):
        return
    if (await context.rows(unnumbered()))[0][0]:
        await context.apart(partial(number_events, context.database.port(Database)))
