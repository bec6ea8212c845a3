"""Batched loads of related rows: one statement answers all parents that ask in the same turn of the loop."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Sequence
from functools import cache, lru_cache, partial
from typing import TYPE_CHECKING, Any, TypeVar

from aiodataloader import DataLoader
from aiodataloader import Loader as Queued
from sqlalchemy import ARRAY, ColumnElement, any_, bindparam, select

from engine.declared.declaration import DeclaredField, Relation
from engine.declared.entity import Entity, entity_of
from engine.document.document import Needs, merged
from engine.standard.context import Context
from engine.standard.pace import Pace
from engine.values.statement import AnySelect
from engine.values.viewer import Viewer

if TYPE_CHECKING:
    from strawberry.types.info import Info

K = TypeVar("K")
V = TypeVar("V")

PARENT = "_parent"  # the label under which a row carries the key of the parent it belongs to
# Keys of one statement. SQLite binds at most 32766 values; PostgreSQL takes them as one array.
MOST_KEYS = 10_000
# With forty fields each this many rows take some 30 ms.
MOST_ROWS_AT_ONCE = 200


class Loader(DataLoader[K, V]):
    """Several places may wait for one load. When one of them is cancelled (its sibling failed, and graphql-core drops
    the rest of that object), the others must not be.

    Results are handed out some at a time: whoever gets one goes on with it at once, and a thousand of them in one turn
    of the loop would keep everybody else waiting."""

    def __init__(self, load: Any, pace: Pace | None = None, **options: Any) -> None:
        super().__init__(load, **options)
        self._pace = pace or Pace()
        self._waiting: deque[tuple[asyncio.Future[V], asyncio.Future[V]]] = deque()

    def do_resolve_reject(self, key: K, future: "asyncio.Future[V]") -> None:
        self._queue.append(Queued(key=key, future=future))
        if len(self._queue) == 1:
            self._pace.begin(self)

    def load(self, key: K) -> "asyncio.Future[V]":
        shared = super().load(key)
        if shared.done():
            return shared
        own: asyncio.Future[V] = self.loop.create_future()
        shared.add_done_callback(partial(self._loaded, own))
        return own

    def _loaded(self, own: "asyncio.Future[V]", shared: "asyncio.Future[V]") -> None:
        self._waiting.append((own, shared))
        if len(self._waiting) == 1:
            self._pace.handing_out()
            self.loop.call_soon(self._hand_out)

    def _hand_out(self) -> None:
        rows = 0
        while self._waiting and rows < MOST_ROWS_AT_ONCE:
            own, shared = self._waiting.popleft()
            if shared.cancelled():
                own.cancel()
                continue
            error = shared.exception()  # asked for in any case, or asyncio complains that nobody did
            if own.done():
                continue
            if error is not None:
                own.set_exception(error)
                continue
            result = shared.result()
            own.set_result(result)
            rows += 1 + (len(result) if isinstance(result, list) else 0)
        if self._waiting:
            self.loop.call_soon(self._hand_out)
        else:
            # What was handed out goes on in the turn to come, and asks for more there.
            self.loop.call_soon(self._pace.handed_out)


def load_related(
    relation: Relation, field: DeclaredField, source: Any, info: "Info[Context, Any]"
) -> Awaitable[Any] | None:
    """What the relation finds for this parent; None at once where the parent holds no key."""
    key = getattr(source.row, relation.parent)
    if key is None:
        return None if not field.many else _nothing()
    context: Context = info.context
    nodes = info._raw_info.field_nodes
    place = (relation, tuple(map(id, nodes)))  # AST nodes outlive the request: the document holds them
    loader = context.loaders.get(place)
    if loader is None:
        entity = entity_of(field.target)
        needs = context.document.asked(entity, nodes)
        loader = context.loaders[place] = related_loader(context, relation, entity, needs, field.many)
    return loader.load(key)


async def _nothing() -> list[Any]:
    return []


def related_loader(
    context: Context, relation: Relation, entity: Entity, needs: Needs, many: bool
) -> DataLoader[Any, Any]:
    """The operation's loader of these columns over this relation: who asks the same shares it, and its statement."""
    shared = (relation, tuple(n.key for n in needs))
    loader: DataLoader[Any, Any] | None = context.loaders.get(shared)
    if loader is None:
        load = partial(_load, context, relation, entity, needs, many)
        loader = context.loaders[shared] = Loader(load, context.pace, max_batch_size=MOST_KEYS)
    return loader


async def _load(
    context: Context, relation: Relation, entity: Entity, needs: Needs, many: bool, keys: Sequence[Any]
) -> list[Any]:
    statement = related_statement(relation, entity, needs, Seen(context.viewer), context.dialect)
    found: dict[Any, list[Any]] = {key: [] for key in keys}
    for row in await context.rows(statement, {"keys": list(keys)}):
        found[row._mapping[PARENT]].append(entity.build(row))
    if many:
        return [found[key] for key in keys]
    return [next(iter(found[key]), None) for key in keys]


class Seen:
    """A viewer as far as visibility goes: equal where the same rows are seen, so that statements can be shared."""

    __slots__ = ("viewer",)

    def __init__(self, viewer: Viewer) -> None:
        self.viewer = viewer

    def __hash__(self) -> int:
        return hash(self.viewer.visibility_key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Seen) and self.viewer.visibility_key == other.viewer.visibility_key


@lru_cache(maxsize=2048)
def related_statement(relation: Relation, entity: Entity, needs: Needs, seen: Seen, dialect: str) -> AnySelect:
    """The statement behind a relation; its only parameter is `keys`."""
    statement = select(*merged(needs), relation.key.label(PARENT))
    statement = joined(statement, relation.key, relation.on, entity)
    statement = statement.where(among(relation.key, "keys", dialect), entity.visible(seen.viewer))
    if relation.where is not None:
        statement = statement.where(relation.where)
    return statement.order_by(*relation.order, entity.key)


def joined(statement: AnySelect, key: ColumnElement[Any], on: ColumnElement[bool] | None, entity: Entity) -> AnySelect:
    """FROM the entity's table, joined to the table of the key where that is another one."""
    if on is None:
        return statement.select_from(entity.table)
    return statement.select_from(entity.table.join(key.table, on))


def among(column: ColumnElement[Any], name: str, dialect: str) -> ColumnElement[bool]:
    """`column` is one of the values bound to `name`. One array on PostgreSQL, where each length of an IN list
    would be another prepared statement."""
    if dialect == "postgresql":
        return column == any_(bindparam(name, type_=ARRAY(column.type)))
    return column.in_(bindparam(name, expanding=True))


async def fetch_by_key(context: Context, entity: Entity, needs: Needs, key: Any) -> Any | None:
    """One visible row of the entity; loads of one turn share a statement."""
    return await related_loader(context, by_key(entity), entity, needs, many=False).load(key)


@cache
def by_key(entity: Entity) -> Relation:
    return Relation(entity.key, entity.key)
