"""How lists are resolved: a page is one statement for all parents that ask for it, its count another, and neither runs
unless it is selected."""

from collections.abc import Sequence
from functools import cached_property, partial
from typing import Any, Final, cast

from graphql import FieldNode

from engine.declared.declaration import DeclaredField
from engine.declared.listing import Asked, Connected
from engine.declared.pages import COUNT, UP_TO, count_statement, page_statement
from engine.declared.statements import KEYS, PARENT
from engine.standard.context import Context, Info
from engine.standard.loader import Loader
from engine.standard.page import Page
from engine.values.columns import merged

ROOT: Final = 0  # stands for the parent of a list that has none
# What is worked out without serving anybody else: some 50 ms. Rows beyond it follow in another turn of the loop, and
# what is related to them in another statement.
MOST_VALUES_AT_ONCE: Final = 10_000


async def resolve_connected(field: DeclaredField, source: Any, info: Info, asked: Asked) -> Page:
    connected = cast(Connected, field.declaration)
    context = info.context
    if connected.first is not None:
        await connected.first(context, asked)
    nodes = info.field_nodes
    place = (connected, tuple(map(id, nodes)))
    loads: Loads | None = context.loaders.get(place)
    if loads is None:  # the first parent of this field: all of them share its loaders
        if asked.filter is not None:
            asked.filter.require(context.viewer)
        loads = context.loaders[place] = Loads(context, asked, nodes)
    parent = ROOT if connected.parent is None else getattr(source.row, connected.parent)
    # Below a parent that refers to nothing there is nothing.
    read = loads.selected and parent is not None
    rows, more = await loads.page.load(parent) if read else ([], False)
    return Page(asked.shape.order, asked.window, rows, more, partial(loads.count, parent), loads.rows_at_once)


async def resolve_counted(field: DeclaredField, source: Any, info: Info, arguments: dict[str, Any]) -> int:
    return cast(int, await source.count(arguments.get("up_to")))


class Loads:
    """The batched statements behind one connection field of one operation."""

    def __init__(self, context: Context, asked: Asked, nodes: Sequence[FieldNode]) -> None:
        self.context = context
        self.asked = asked
        self.nodes = nodes
        self._counts: dict[int | None, Loader[Any, int]] = {}

    @cached_property
    def selected(self) -> bool:
        return self.context.document.selects(self.nodes, "nodes", "edges", "pageInfo")

    @cached_property
    def rows_at_once(self) -> int:
        document, entity = self.context.document, self.asked.shape.entity
        values = sum(document.values(entity, self.nodes, place) for place in (("nodes",), ("edges", "node")))
        return max(1, MOST_VALUES_AT_ONCE // max(values, 1))

    @cached_property
    def page(self) -> Loader[Any, tuple[list[Any], bool]]:
        return Loader(self._pages, self.context.pace)

    async def count(self, parent: Any, up_to: int | None) -> int:
        if parent is None:
            return 0
        loader = self._counts.get(up_to)
        if loader is None:
            loader = self._counts[up_to] = Loader(partial(self._count, up_to), self.context.pace)
        return await loader.load(parent)

    async def _pages(self, parents: Sequence[Any]) -> list[tuple[list[Any], bool]]:
        context, shape, window = self.context, self.asked.shape, self.asked.window
        needs = merged(
            context.document.asked(shape.entity, self.nodes, ("nodes",)),
            context.document.asked(shape.entity, self.nodes, ("edges", "node")),
        )
        statement = page_statement(self.asked, needs, context.viewer, context.dialect)
        found: dict[Any, list[Any]] = {p: [] for p in parents}
        for row in await context.rows(statement, self._parameters(parents)):
            parent = ROOT if shape.listing.key is None else row._mapping[PARENT]
            found[parent].append(shape.entity.build(row))
        pages = []
        for parent in parents:
            rows = found[parent]
            more = len(rows) > window.size
            del rows[window.size :]
            pages.append((rows[::-1] if window.backwards else rows, more))
        return pages

    async def _count(self, up_to: int | None, parents: Sequence[Any]) -> list[int]:
        context = self.context
        limited = up_to is not None
        statement = count_statement(self.asked, limited=limited, viewer=context.viewer, dialect=context.dialect)
        rows = await context.rows(statement, self._parameters(parents) | ({UP_TO: up_to} if limited else {}))
        if self.asked.shape.listing.key is None:
            return [rows[0][0]] * len(parents)
        counts = {row._mapping[PARENT]: row._mapping[COUNT] for row in rows}
        return [counts.get(p, 0) for p in parents]

    def _parameters(self, parents: Sequence[Any]) -> dict[str, Any]:
        keys = {} if self.asked.shape.listing.key is None else {KEYS: list(parents)}
        return self.asked.parameters | keys
