"""Lists a page at a time: one statement for all parents that ask, and another for each count."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from engine.declared.connection import Window
from engine.declared.listing import Asked, Connected
from engine.declared.pages import COUNT, UP_TO, count_statement, page_statement
from engine.declared.statements import PARENT
from engine.plan.faults import Unusual
from engine.plan.run import Run, Texts
from engine.plan.shape import Found, Shape
from engine.plan.steps import ROOT, Field, only
from engine.unit.text import Columns
from engine.values.columns import Needs, merged
from engine.values.ordering import Order

NODE: Final = "node"
CURSOR: Final = "cursor"
# How many rows a list is asked for differs little: the first few numbers stand in its text. PostgreSQL takes a number
# that it is not told before for a tenth of the table, and plans the statement anew each time. That is right where there
# is a filter: how rare is what passes it hangs on its values.
MOST_SIZES: Final = 4


@dataclass(slots=True)
class Page:
    """The rows of one parent, from `start` to `stop` among those of all parents."""

    start: int
    stop: int
    more: bool


@dataclass(slots=True)
class Pages:
    """All that was read for a list. `written` by shape; `cursor` of the row at a place."""

    window: Window
    written: Mapping[Shape, list[Any]]
    cursor: Callable[[int], str]
    counts: list[Found]


# Makes a part of the answer of one parent's page.
Part = Callable[[Pages, Page, Any], Any]


@dataclass(eq=False)
class Asks:
    """What is selected of a list. `parts` by the names that they are answered under; `shapes` of its nodes."""

    parts: dict[str, Part] = field(default_factory=dict)
    shapes: list[Shape] = field(default_factory=list)
    counts: list["Counted"] = field(default_factory=list)
    reads: bool = False  # its rows, not their number alone

    def count(self, counted: "Counted") -> Callable[[Pages, Any], Any]:
        number = len(self.counts)
        self.counts.append(counted)
        return lambda pages, parent: 0 if parent is None else pages.counts[number].get(parent)


class Counted(Field):
    """How many rows a list has; `total`: asked for by a field of its own, whose arguments may limit it."""

    def __init__(self, *of: Any, total: bool) -> None:
        super().__init__(*of)
        self._total = total
        self._texts = Texts()

    def of(self, run: Run, asked: Asked, known: dict[int | None, Found]) -> "_Counting":
        arguments = self.taken(run) if self._total else {}
        return _Counting(self, asked, arguments.get("up_to"), known, self._texts)


class _Counting:
    """One count of one list as asked."""

    parent = None
    nullable = True
    many = False

    def __init__(
        self, counted: Counted, asked: Asked, up_to: int | None, known: dict[int | None, Found], texts: Texts
    ) -> None:
        self.nodes = counted.nodes
        self.up = counted.up
        self._asked = asked
        self._up_to = up_to
        self._known = known
        self._texts = texts

    def keys(self, values: Sequence[Any]) -> list[Any]:
        return list(values)

    async def load(self, run: Run, keys: list[Any]) -> Found:
        found = self._known.get(self._up_to)
        if found is None:
            found = self._known[self._up_to] = await self._counted(run, keys)
        return found

    async def _counted(self, run: Run, keys: list[Any]) -> Found:
        asked, limited = self._asked, self._up_to is not None

        def statement() -> Any:
            return count_statement(asked, limited=limited, viewer=run.viewer, dialect=run.context.dialect)

        text = self._texts.of((asked.shape, limited), statement, run.dialect) if asked.bound else statement()
        parameters = asked.parameters | ({UP_TO: self._up_to} if limited else {})
        if asked.shape.listing.key is None:
            _, rows = await run.rows(text, parameters)
            return {ROOT: rows[0][0]}
        columns, rows = await run.rows(text, parameters, keys)
        counts = dict.fromkeys(keys, 0)
        if rows:
            parent, count = only(columns, PARENT), only(columns, COUNT)
            counts |= {parent(row): count(row) for row in rows}
        return counts


class Listed(Field):
    def __init__(self, connected: Connected, asks: Asks, *of: Any) -> None:
        super().__init__(*of)
        self._connected = connected
        self._asks = asks
        self._texts = Texts()
        self._sizes: set[int] = set()
        self.parent = connected.parent

    @cached_property
    def _needs(self) -> Needs:
        return merged(*(shape.needs for shape in self._asks.shapes))

    def _stated(self, asked: Asked) -> int | None:
        shape, size = asked.shape, asked.window.size
        if shape.filter is not None or shape.search is not None or shape.narrowed:
            return None
        if size not in self._sizes:
            if len(self._sizes) >= MOST_SIZES:
                return None
            self._sizes.add(size)
        return size

    def keys(self, values: Sequence[Any]) -> list[Any]:
        """With None, where a parent refers to nothing: its list is empty, and no row is asked for."""
        return list(dict.fromkeys(values))

    async def load(self, run: Run, keys: list[Any]) -> Found:
        asked: Asked = self.taken(run)
        if self._connected.first is not None:
            await self._connected.first(run.context, asked)
        if asked.filter is not None:
            asked.filter.require(run.viewer)
        found: dict[Any, Page] = {key: Page(0, 0, False) for key in keys}
        keys = [key for key in keys if key is not None]
        pages = Pages(asked.window, {}, _no_cursor, [])
        counts: dict[int | None, Found] = {}
        if self._asks.reads and keys:
            columns, rows = await self._rows(run, asked, keys)
            if rows:
                rows = _cut(asked, columns, rows, found)
                pages.cursor = _cursors(asked.shape.order, columns, rows)
                pages.written = {shape: await run.written(shape, columns, rows) for shape in self._asks.shapes}
        for counted in self._asks.counts:
            pages.counts.append(await run.found(counted.of(run, asked, counts), keys))
        parts = self._asks.parts
        return {key: {name: part(pages, page, key) for name, part in parts.items()} for key, page in found.items()}

    async def _rows(self, run: Run, asked: Asked, keys: list[Any]) -> tuple[Columns, Sequence[Any]]:
        size = self._stated(asked)

        def statement() -> Any:
            return page_statement(asked, self._needs, run.viewer, run.context.dialect, size=size)

        text = self._texts.of((asked.shape, size), statement, run.dialect) if asked.bound else statement()
        return await run.rows(text, asked.parameters, None if asked.shape.listing.key is None else keys)


def _cut(asked: Asked, columns: Columns, rows: Sequence[Any], found: dict[Any, Page]) -> list[Any]:
    """The rows of the pages, those of a parent together, without the one more that says that there are more."""
    window = asked.window
    by_parent: dict[Any, list[Any]] = {key: [] for key in found}
    if asked.shape.listing.key is None:
        by_parent[ROOT] = list(rows)
    else:
        parent = only(columns, PARENT)
        for row in rows:
            by_parent[parent(row)].append(row)
    kept: list[Any] = []
    for key, page in found.items():
        own = by_parent[key]
        page.more = len(own) > window.size
        del own[window.size :]
        page.start = len(kept)
        kept += reversed(own) if window.backwards else own
        page.stop = len(kept)
    return kept


def _cursors(order: Order, columns: Columns, rows: Sequence[Any]) -> Callable[[int], str]:
    reads = [only(columns, str(term.column.key)) for term in order.terms]

    def cursor(place: int) -> str:
        row = rows[place]
        return order.cursor_of([read(row) for read in reads])

    return cursor


def _no_cursor(_place: int) -> str:
    raise Unusual


def of_nodes(shape: Shape) -> Part:
    return lambda pages, page, _parent: pages.written[shape][page.start : page.stop] if page.stop > page.start else []


def of_edges(entries: dict[str, Any]) -> Part:
    """`entries` of each edge: the shape of its node, CURSOR, or what is the same for all."""

    def entry(said: Any, pages: Pages, place: int) -> Any:
        if isinstance(said, Shape):
            return pages.written[said][place]
        return pages.cursor(place) if said is CURSOR else said.value

    return lambda pages, page, _parent: [
        {name: entry(said, pages, place) for name, said in entries.items()} for place in range(page.start, page.stop)
    ]


# What a page says of itself, by the names of `PageInfo`.
INFO: Final[Mapping[str, Callable[[Pages, Page], Any]]] = {
    "has_next_page": lambda pages, page: pages.window.has_next(page.more),
    "has_previous_page": lambda pages, page: pages.window.has_previous(page.more),
    "start_cursor": lambda pages, page: pages.cursor(page.start) if page.stop > page.start else None,
    "end_cursor": lambda pages, page: pages.cursor(page.stop - 1) if page.stop > page.start else None,
    "page": lambda pages, _page: pages.window.number,
    "per_page": lambda pages, _page: pages.window.size,
}


def of_info(parts: dict[str, Part]) -> Part:
    return lambda pages, page, parent: {name: part(pages, page, parent) for name, part in parts.items()}


def of_count(count: Callable[[Pages, Any], Any]) -> Part:
    return lambda pages, _page, parent: count(pages, parent)


def of_page_count(count: Callable[[Pages, Any], Any]) -> Part:
    def pages_of(pages: Pages, _page: Page, parent: Any) -> Any:
        found = count(pages, parent)
        return -(-found // pages.window.size) if isinstance(found, int) else found

    return pages_of


def of_itself(says: Callable[[Pages, Page], Any]) -> Part:
    return lambda pages, page, _parent: says(pages, page)
