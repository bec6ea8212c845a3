"""Batched loads of related rows: one statement answers all parents that ask in the same turn of the loop."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Sequence
from functools import partial
from typing import Any, TypeVar, cast

from aiodataloader import DataLoader
from aiodataloader import Loader as Queued

from engine.declared.declaration import DeclaredField, Relation
from engine.declared.entity import Entity, entity_of
from engine.declared.statements import KEYS, PARENT, Seen, by_key, related_statement
from engine.standard.context import Context, Info
from engine.standard.pace import Pace
from engine.values.columns import Needs

K = TypeVar("K")
V = TypeVar("V")

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


def load_related(field: DeclaredField, source: Any, info: Info, _arguments: dict[str, Any]) -> Awaitable[Any] | None:
    """What a relation finds for this parent; None at once where the parent holds no key."""
    relation = cast(Relation, field.declaration)
    key = getattr(source.row, relation.parent)
    if key is None:
        return None if not field.many else _nothing()
    context = info.context
    nodes = info.field_nodes
    place = (relation, tuple(map(id, nodes)))  # AST nodes outlive the request: the document holds them
    loader = context.loaders.get(place)
    if loader is None:
        entity = entity_of(field.target)
        needs = context.document.asked(entity, nodes)
        loader = context.loaders[place] = related_loader(context, relation, entity, needs, field.many)
    return cast("Awaitable[Any]", loader.load(key))


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
    for row in await context.rows(statement, {KEYS: list(keys)}):
        found[row._mapping[PARENT]].append(entity.build(row))
    if many:
        return [found[key] for key in keys]
    return [next(iter(found[key]), None) for key in keys]


async def fetch_by_key(context: Context, entity: Entity, needs: Needs, key: Any) -> Any | None:
    """One visible row of the entity; loads of one turn share a statement."""
    return await related_loader(context, by_key(entity), entity, needs, many=False).load(key)
