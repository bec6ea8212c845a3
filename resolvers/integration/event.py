"""How events are read. Whoever reads numbers them first, so that a cursor never passes by what commits later."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, Final, cast

import strawberry
import structlog
from sqlalchemy import ColumnElement, and_, select, true

from db.events import KINDS
from db.store.database import Database
from db.store.events import EventKind
from db.store.outbox import EventRow, forgotten, number_events, unnumbered
from engine.declared.batch import Argument
from engine.declared.filter_input import filter_input
from engine.declared.listing import Asked, Listing, Narrowing
from engine.declared.sorting import sortable
from engine.standard.context import Context
from engine.unit.deadline import sooner, within
from engine.values import identity
from engine.values.columns import element
from engine.values.errors import BadUserInput, CodedError, ErrorCode, TimedOut, Unavailable
from engine.values.filtering import filters
from engine.values.operators import DateTimeOperators, IntOperators, TextOperators
from engine.values.ordering import SortDirection
from engine.values.statement import among, equal
from engine.values.viewer import permits

log = structlog.get_logger("storegraph.resolvers")

MOST_TYPES = 100
# A reader waits so long for the one who writes; then it is told what was numbered before.
NUMBERING_SECONDS: Final = 1.0
_STATE: Final = select(unnumbered().scalar_subquery().label("waiting"), forgotten().label("forgotten"))
_PERMISSIONS: Final = {permission for kind in KINDS.values() for permission in kind.read_by.permissions}


@filter_input()
class EventFilter:
    position: IntOperators | None = filters(EventRow.position)
    name: TextOperators | None = filters(EventRow.name)
    occurred_at: DateTimeOperators | None = filters(EventRow.occurred_at)


EVENTS = Listing(
    sorting=sortable(
        "Event",
        description="What events can be sorted by.",
        default=("POSITION", SortDirection.ASC),  # a cursor is where its reader has got to
        POSITION=EventRow.position,
    ),
    filter=EventFilter,
)


def _read(arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    types, entity = arguments["types"], arguments["entity_id"]
    if types is not None:
        if len(types) > MOST_TYPES:
            raise BadUserInput(f"`types` takes at most {MOST_TYPES} names")
        for name in types:
            declared(name)
    return {"types": types, "entity": None if entity is None else identity.sought(entity).written}


def _condition(asked: Mapping[str, Any], dialect: str) -> ColumnElement[bool]:
    return and_(
        true() if asked["types"] is None else among(element(EventRow.name), "types", dialect),
        true() if asked["entity"] is None else equal(element(EventRow.entity), "entity"),
    )


def declared(name: str) -> EventKind:
    """Raises BadUserInput for what no event is called."""
    if name not in KINDS:
        raise BadUserInput(f"No event is called {name[:60]!r}; names are like `product.updated`, see `eventTypes`")
    return KINDS[name]


OF_EVENTS = Narrowing(
    (
        Argument("types", list[str] | None, "Names of events: `product.updated`. All when absent.", default=None),
        Argument("entity_id", strawberry.ID | None, "What happened to this one.", default=None),
    ),
    _condition,
    _read,
)


async def number(context: Context, asked: Asked) -> None:
    """Give positions to what was committed since, unless the viewer sees no event anyway. Raises Forbidden for a type
    that they may not see, and GONE for a place that newer events than that are gone behind; never because the store has
    no turn for a writer."""
    require_names(context, asked.arguments.get("types") or ())
    if not sees_any(context):
        return
    gone = await numbered(context)
    if asked.window.place is None:
        return
    position, towards_newer = asked.window.place[0], asked.shape.order.terms[0].descending is asked.window.backwards
    if towards_newer and position is not None and position < gone:
        raise CodedError(
            ErrorCode.GONE,
            f"Events up to position {gone} are kept no longer, and you have read up to {position}. Read anew what you "
            f"keep a copy of, then begin at the oldest event that there is, without a cursor",
            position=gone,
        )


def require_names(context: Context, names: Iterable[str]) -> None:
    """Raises Forbidden for a name of events that the viewer may never see."""
    for name in names:
        first, *others = declared(name).read_by.permissions
        if not any(permits(context.viewer, other) for other in others):
            context.require(first)


def sees_any(context: Context) -> bool:
    return any(permits(context.viewer, permission) for permission in _PERMISSIONS)


async def numbered(context: Context) -> int:
    """Give positions to what was committed since, if there is anything and a turn for it; up to which position events
    are kept no longer. What is announced as forgotten stays for longer than a request lasts, so that what is read after
    this has no gap."""
    state = (await context.rows(_STATE))[0]
    if state.waiting:
        try:
            with sooner(NUMBERING_SECONDS):
                async with within(context.grace):
                    await context.apart(partial(number_events, context.database.port(Database)))
        except (Unavailable, TimedOut) as error:
            # Whoever reads later numbers them; a cursor does not pass them by.
            log.info("events are not numbered yet", request_id=context.request_id, reason=error.message)
    return cast(int, state.forgotten)
