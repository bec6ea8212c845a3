"""What changed since a position, each entity once: for whoever keeps a copy of the store.

The newest event of an entity says where it stands, and older ones count for nothing. So what is changed while somebody
pages moves from a page that they may have passed to one that is still to come, and is not missed: after a last page, no
entity has an event behind its end, and those before it were told as they were then or later.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import lru_cache
from typing import Any, Final

import strawberry
from sqlalchemy import ColumnElement, Integer, Row, Select, bindparam, exists, func, select, true
from sqlalchemy.sql.selectable import Subquery

from db.commerce.events import STORE_IMPORTED
from db.events import KINDS
from db.integration import visibility
from db.store.events import Created, Deleted
from db.store.outbox import EVENT, forgotten, head
from engine.declared.connection import MOST as LONGEST_LIST
from engine.declared.entity import Entity
from engine.declared.statements import Seen
from engine.standard.context import Context
from engine.standard.loader import fetch_by_key
from engine.values import identity
from engine.values.errors import BadUserInput, CodedError, ErrorCode
from engine.values.viewer import permits
from engine.values.words import worded
from resolvers.integration.event import numbered, sees_any

FIRST: Final = LONGEST_LIST
MOST: Final = 1000
# Positions that one page looks through at most: an entity that changes all the time must not keep anybody waiting.
# Each costs a look at an index, some 5 µs.
LOOKED_THROUGH: Final = 20_000

SINCE: Final = "since"
UNTIL: Final = "until"
ROWS: Final = "rows"

_OF: Final[Mapping[str, tuple[str, ...]]] = {
    entity: tuple(sorted(kind.name for kind in KINDS.values() if kind.entity == entity))
    for entity in sorted({kind.entity for kind in KINDS.values()})
}
_CREATING: Final = frozenset(kind.name for kind in KINDS.values() if isinstance(kind, Created))
_DELETING: Final = frozenset(kind.name for kind in KINDS.values() if isinstance(kind, Deleted))


class ChangeKind(Enum):
    CREATED = "created"
    UPDATED = "updated"
    DELETED = "deleted"


worded(
    ChangeKind,
    "What to do with a copy of it. What is CREATED and what is UPDATED belongs under its id alike.",
    {
        ChangeKind.CREATED: "It was made behind the position that you asked from, and not there before.",
        ChangeKind.UPDATED: "It was changed; or it was made on pages before this one, and you hear of its last change.",
        ChangeKind.DELETED: "It is not there any more, or not for you.",
    },
)


@dataclass(frozen=True, slots=True)
class Change:
    """`row` is for what looks up the entity."""

    row: Row[Any]
    kind: ChangeKind
    type: str
    entity_id: strawberry.ID

    @property
    def position(self) -> int:
        return self.row.position  # type: ignore[no-any-return]

    @property
    def occurred_at(self) -> datetime:
        return self.row.occurred_at  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class ChangePage:
    nodes: Sequence[Change]
    position: int
    has_next_page: bool


async def changes(
    context: Context,
    entities: Mapping[str, Entity],
    since: int | None = None,
    types: Sequence[str] | None = None,
    first: int | None = None,
) -> ChangePage:
    """A page of what changed behind a position, of `entities` by their names. Raises CodedError: BAD_USER_INPUT for
    arguments that make no sense, FORBIDDEN for a type that the viewer may not see, GONE for a position behind which not
    all is known any more, or that this store has not given."""
    size = FIRST if first is None else first
    if not 1 <= size <= MOST:
        raise BadUserInput(f"`first` is from 1 to {MOST}")
    if since is not None and since < 0:
        raise BadUserInput("`since` is a position that you were told, or 0")
    names = None if types is None else _names(context, types)
    if not sees_any(context):
        return ChangePage([], since or 0, False)
    await numbered(context)
    if since is None:
        ((last,),) = await context.rows(_HEAD)
        return ChangePage([], last, False)
    until = since + LOOKED_THROUGH
    statement = _page(Seen(context.viewer), names)
    found = await context.rows(statement, {SINCE: since, UNTIL: until, ROWS: size + 1})
    last, gone, anew = found[0].head, found[0].forgotten, found[0].anew
    if since < max(gone, anew) or since > last:
        raise _gone(since, last, anew)
    rows = [row for row in found if row.position is not None]
    if len(rows) > size:
        del rows[size:]
        return ChangePage(await _changes(context, entities, rows), rows[-1].position, True)
    return ChangePage(await _changes(context, entities, rows), min(until, last), until < last)


def _names(context: Context, types: Iterable[str]) -> tuple[str, ...]:
    """The names of all events of these types."""
    names: set[str] = set()
    for type_ in types:
        if type_ not in _OF:
            raise BadUserInput(f"Nothing is told of a type {type_[:60]!r}; there are {', '.join(_OF)}")
        first, *others = dict.fromkeys(p for name in _OF[type_] for p in KINDS[name].read_by.permissions)
        if not any(permits(context.viewer, other) for other in others):
            context.require(first)
        names.update(_OF[type_])
    return tuple(sorted(names))


def _gone(since: int, last: int, anew: int) -> CodedError:
    if since > last:
        reason = (
            f"There is no position {since} yet: it was told by another store, or by this one before it was restored"
        )
    elif since < anew:
        reason = f"A store was imported at position {anew}, which is not told row by row"
    else:
        reason = f"Not all that came behind position {since} is kept still"
    message = f"{reason}. Read anew what you keep a copy of, then ask for what changed since {last}"
    return CodedError(ErrorCode.GONE, message, position=last)


_HEAD: Final = select(head())


@lru_cache(maxsize=500)
def _page(seen: Seen, names: tuple[str, ...] | None) -> Select[Any]:
    """One row more than the page holds, to know whether there are more, each with what is known of the whole; a row
    without a position where the page is empty. All of it is read in one moment."""
    candidate = _candidates(visibility.events(seen.viewer), names)
    of_it = EVENT.c.entity == candidate.c.entity
    # The name in an expression: of one entity there are few events, of one name there may be all.
    visible = visibility.events(seen.viewer, EVENT.c.name.concat(""))
    # OFFSET keeps PostgreSQL from making a join of it, which would read the table and not an index.
    newer = select(1).where(of_it, EVENT.c.position > candidate.c.position, visible).offset(0)
    oldest = (
        select(EVENT.c.name)
        .where(of_it, EVENT.c.position > bindparam(SINCE, type_=Integer()), visible)
        .order_by(EVENT.c.position)
        .limit(1)
    )
    page = (
        select(*candidate.c, oldest.correlate(candidate).scalar_subquery().label("oldest"))
        .where(~exists(newer.correlate(candidate)))
        .order_by(candidate.c.position)
        .limit(bindparam(ROWS, type_=Integer()))
        .subquery("page")
    )
    imports = select(func.max(EVENT.c.position)).where(
        EVENT.c.name == STORE_IMPORTED.name, EVENT.c.payload["first"].as_boolean()
    )
    known = select(
        head().label("head"),
        forgotten().label("forgotten"),
        func.coalesce(imports.scalar_subquery(), 0).label("anew"),
    ).subquery("known")
    return select(*known.c, *page.c).select_from(known.outerjoin(page, true())).order_by(page.c.position)


def _candidates(visible: ColumnElement[bool], names: tuple[str, ...] | None) -> Subquery:
    statement = select(EVENT.c.position, EVENT.c.entity, EVENT.c.name, EVENT.c.occurred_at).where(
        visible,
        EVENT.c.position > bindparam(SINCE, type_=Integer()),
        EVENT.c.position <= bindparam(UNTIL, type_=Integer()),
    )
    if names is not None:
        statement = statement.where(EVENT.c.name.in_(names))
    return statement.subquery("candidate")


async def _changes(context: Context, entities: Mapping[str, Entity], rows: Sequence[Row[Any]]) -> list[Change]:
    there = await asyncio.gather(*(_is_there(context, entities, row) for row in rows))
    return [_change(row, here) for row, here in zip(rows, there, strict=True)]


async def _is_there(context: Context, entities: Mapping[str, Entity], row: Row[Any]) -> bool:
    """Whether the viewer would find it now. What no lookup finds, as its event says."""
    type_, _, text = row.entity.partition(":")
    entity = entities.get(type_)
    if entity is None:
        return row.name not in _DELETING
    key = entity.key_of(text)
    return key is not None and await fetch_by_key(context, entity, (entity.key,), key) is not None


def _change(row: Row[Any], here: bool) -> Change:
    type_, _, key = row.entity.partition(":")
    kind = ChangeKind.UPDATED if here else ChangeKind.DELETED
    if here and row.oldest in _CREATING:
        kind = ChangeKind.CREATED
    return Change(row, kind, type_, strawberry.ID(identity.encode(type_, key)))
