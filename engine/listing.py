"""Unbounded lists: Relay connections over one table, at the root or below a parent.

A `Listing` says how a noun may be listed (its sorts and its filter); `connected` places it on a field.
A page is one statement for all parents that ask for it, its count another, and neither runs unless selected.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeVar, cast

import strawberry
from aiodataloader import DataLoader
from sqlalchemy import ColumnElement, func, literal, select, true
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.base import get_object_definition
from strawberry.types.lazy_type import LazyType

from engine.context import Context
from engine.declaration import PUBLIC, Declaration, DeclaredField, declare, element
from engine.directives import ListSize
from engine.document import Needs, merged
from engine.entity import Entity, entity_of
from engine.errors import BadUserInput
from engine.filtering import predicate
from engine.loader import PARENT, among, joined
from engine.ordering import MOST_SORT_FIELDS, Order, SortDirection, Term
from engine.statement import AnySelect

if TYPE_CHECKING:
    from strawberry.types.info import Info

T = TypeVar("T")

FIRST: Final = 10  # the documented default and maximum of per_page (S2)
MOST: Final = 100
# OFFSET reads what it skips; beyond this a cursor is the honest way.
MOST_PAGES: Final = 1000
COUNT: Final = "_count"
ROOT: Final = 0  # stands for the parent of a list that has none


class SortInput(Protocol):
    """An input of two fields, `field` (an enum of the noun's) and `direction`."""

    @property
    def field(self) -> Any: ...
    @property
    def direction(self) -> SortDirection: ...


@dataclass(frozen=True, eq=False)
class Listing:
    """How a noun may be listed. `sorts` maps the members of its sort enum to columns."""

    sorts: Mapping[Any, object]
    sort: type[Any]
    filter: type[Any]
    default: tuple[tuple[Any, SortDirection], ...]

    def order(self, entity: Entity, asked: Sequence[SortInput] | None) -> Order:
        """The order that was asked for, made total by the key. Raises BadUserInput for too many or repeated fields."""
        pairs = [(s.field, s.direction) for s in asked] if asked else list(self.default)
        if len(pairs) > MOST_SORT_FIELDS:
            raise BadUserInput(f"`sort` takes at most {MOST_SORT_FIELDS} fields")
        if len({f for f, _ in pairs}) < len(pairs):
            raise BadUserInput("`sort` names a field twice")
        terms = [Term(f.name, element(self.sorts[f]), d is SortDirection.DESC) for f, d in pairs]
        if all(t.column is not entity.key for t in terms):
            terms.append(Term("id", entity.key, terms[-1].descending))
        else:  # what follows the key orders nothing
            last = next(i for i, t in enumerate(terms) if t.column is entity.key)
            del terms[last + 1 :]
        return Order(tuple(terms))


@dataclass(frozen=True)
class Window:
    """The part of a list that was asked for: `size` rows after (before, when `backwards`) a place or an offset."""

    size: int
    backwards: bool
    place: tuple[Any, ...] | None
    page: int | None

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.size if self.page else 0

    @classmethod
    def of(cls, order: Order, arguments: Mapping[str, Any]) -> "Window":
        """Raises BadUserInput for arguments that contradict each other or leave their bounds."""
        first, last, page = arguments.get("first"), arguments.get("last"), arguments.get("page")
        after, before = arguments.get("after"), arguments.get("before")
        for name, size in (("first", first), ("last", last)):
            if size is not None and not 1 <= size <= MOST:
                raise BadUserInput(f"`{name}` is from 1 to {MOST}")
        if first is not None and last is not None:
            raise BadUserInput("Give `first` or `last`, not both")
        if after is not None and before is not None:
            raise BadUserInput("Give `after` or `before`, not both")
        if page is not None:
            if after is not None or before is not None:
                raise BadUserInput("`page` counts from the start of the list; it excludes `after` and `before`")
            if last is not None:
                raise BadUserInput("`page` goes with `first`, not with `last`")
            if not 1 <= page <= MOST_PAGES:
                raise BadUserInput(f"`page` is from 1 to {MOST_PAGES}; beyond that use `after`")
        if last is not None and after is not None:
            raise BadUserInput("`after` goes with `first`; use `before` with `last`")
        if before is not None and first is not None:
            raise BadUserInput("`before` goes with `last`; use `after` with `first`")
        cursor = after if after is not None else before
        place = None if cursor is None else tuple(order.place(cursor))
        backwards = last is not None or before is not None
        return cls((last if backwards else first) or FIRST, backwards, place, page)


async def _page_count(root: strawberry.Parent["PageInfo"]) -> int:
    return -(-await root.source.count(None) // root.per_page)


async def _total_count(root: strawberry.Parent["Page"], up_to: int | None = None) -> int:
    return await root.count(up_to)


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None
    page: int | None = strawberry.field(description="The page's number; null when a cursor was followed.")
    per_page: int
    source: strawberry.Private["Page"]
    page_count: int = strawberry.field(
        resolver=_page_count, description="How many pages there are. Counts the whole list; leave it out where you can."
    )


@strawberry.type(description="An item of a list, with its place in it.")
class Edge(Generic[T]):
    node: T
    cursor: str = strawberry.field(description="For `after` and `before`, with the same sort.")


@strawberry.type(description="A page of a list.")
class Connection(Generic[T]):
    nodes: list[T]
    edges: list[Edge[T]]
    page_info: PageInfo
    total_count: int = strawberry.field(
        resolver=_total_count, description="How many there are in all. With `upTo`, counting stops there."
    )


@dataclass
class Place:
    """What an `Edge` is read from."""

    node: Any
    cursor: str


class Page:
    """What a `Connection` is read from: the rows of one parent's page."""

    def __init__(
        self, order: Order, window: Window, nodes: list[Any], more: bool, count: Callable[[int | None], Awaitable[int]]
    ) -> None:
        self.order = order
        self.window = window
        self.nodes = nodes
        self.more = more
        self.count = count

    @property
    def edges(self) -> list[Place]:
        return [Place(n, self.order.cursor(n.row)) for n in self.nodes]

    @property
    def page_info(self) -> PageInfo:
        window = self.window
        # Beyond a cursor or an offset there was a row when it was given; that costs no statement to say.
        behind = window.place is not None or window.offset > 0
        return PageInfo(
            has_next_page=behind if window.backwards else self.more,
            has_previous_page=self.more if window.backwards else behind,
            start_cursor=self.order.cursor(self.nodes[0].row) if self.nodes else None,
            end_cursor=self.order.cursor(self.nodes[-1].row) if self.nodes else None,
            page=window.page or (1 if window.place is None and not window.backwards else None),
            per_page=window.size,
            source=self,
        )


@dataclass(frozen=True, eq=False)
class Query:
    """One list as asked: for all parents of a field, or for the root."""

    listing: "Connected"
    entity: Entity
    order: Order
    window: Window
    condition: ColumnElement[bool]

    def _from(self, context: Context, columns: Sequence[Any]) -> AnySelect:
        statement = select(*columns).where(self.entity.visible(context.viewer), self.condition)
        if self.listing.key is None:
            return statement.select_from(self.entity.table)
        statement = joined(statement, self.listing.key, self.listing.on, self.entity)
        return statement.where(among(self.listing.key, "keys", context.dialect))

    def page(self, context: Context, needs: Needs) -> AnySelect:
        """One row more than the page holds, to know whether there are more."""
        columns = merged(needs, self.order.columns)
        window, backwards = self.window, self.window.backwards
        clauses = self.order.clauses(backwards=backwards)
        key = self.listing.key
        if key is None:
            statement = self._from(context, columns)
            if window.place is not None:
                statement = statement.where(self.order.beyond(window.place, backwards=backwards))
            return statement.order_by(*clauses).limit(window.size + 1).offset(window.offset or None)
        rank = func.row_number().over(partition_by=key, order_by=clauses).label("_rank")
        ranked = self._from(context, [*columns, key.label(PARENT), rank])
        if window.place is not None:
            ranked = ranked.where(self.order.beyond(window.place, backwards=backwards))
        part = ranked.subquery()
        low = window.offset
        return (
            select(*(c for c in part.c if c.key != "_rank"))
            .where(part.c._rank > low, part.c._rank <= low + window.size + 1)
            .order_by(part.c._rank)
        )

    def counted(self, context: Context, up_to: int | None) -> AnySelect:
        key = self.listing.key
        if key is None:
            found = self._from(context, [literal(1)])
            return select(func.count()).select_from(found.limit(up_to).subquery())
        if up_to is None:
            return self._from(context, [key.label(PARENT), func.count().label(COUNT)]).group_by(key)
        rank = func.row_number().over(partition_by=key).label("_rank")
        part = self._from(context, [key.label(PARENT), rank]).subquery()
        return select(part.c[PARENT], func.count().label(COUNT)).where(part.c._rank <= up_to).group_by(part.c[PARENT])


class Connected(Declaration):
    """A listing placed on a field: at the root without a key, below a parent with one."""

    def __init__(
        self, listing: Listing, permission: str, key: Any = None, to: Any = None, on: ColumnElement[bool] | None = None
    ) -> None:
        self.listing = listing
        self.permission = permission
        self.key = key
        self.on = on
        self.parent = None if to is None else to.key
        self.needs = () if to is None else (to,)

    def query(self, field: DeclaredField, arguments: Mapping[str, Any]) -> Query:
        node: Any = get_object_definition(field.target, strict=True).type_var_map["T"]
        entity = entity_of(node.resolve_type() if isinstance(node, LazyType) else node)
        order = self.listing.order(entity, arguments.get("sort"))
        filter_ = arguments.get("filter")
        condition = true() if filter_ is None else predicate(filter_)
        return Query(self, entity, order, Window.of(order, arguments), condition)

    def check(self, field: DeclaredField, arguments: dict[str, Any]) -> None:
        self.query(field, arguments)

    async def resolve(
        self, field: DeclaredField, source: Any, info: "Info[Context, Any]", arguments: dict[str, Any]
    ) -> Page:
        context: Context = info.context
        nodes = info._raw_info.field_nodes
        place = (self, tuple(map(id, nodes)))
        loads = cast("Loads | None", context.loaders.get(place))
        if loads is None:  # the first parent of this field: all of them share its loaders
            loads = Loads(context, self.query(field, arguments), nodes)
            context.loaders[place] = loads  # type: ignore[assignment]
        parent = ROOT if self.parent is None else getattr(source.row, self.parent)
        rows, more = await loads.page.load(parent) if loads.selected else ([], False)
        return Page(loads.query.order, loads.query.window, rows, more, partial(loads.count, parent))


class Loads:
    """The batched statements behind one connection field of one operation."""

    def __init__(self, context: Context, query: Query, nodes: Sequence[Any]) -> None:
        self.context = context
        self.query = query
        self.nodes = nodes
        self._counts: dict[int | None, DataLoader[Any, int]] = {}

    @cached_property
    def selected(self) -> bool:
        return self.context.document.selects(self.nodes, "nodes", "edges", "pageInfo")

    @cached_property
    def page(self) -> DataLoader[Any, tuple[list[Any], bool]]:
        return DataLoader(self._pages)

    async def count(self, parent: Any, up_to: int | None) -> int:
        loader = self._counts.get(up_to)
        if loader is None:
            loader = self._counts[up_to] = DataLoader(partial(self._count, up_to))
        return await loader.load(parent)

    async def _pages(self, parents: Sequence[Any]) -> list[tuple[list[Any], bool]]:
        query, document = self.query, self.context.document
        needs = merged(
            document.asked(query.entity, self.nodes, ("nodes",)),
            document.asked(query.entity, self.nodes, ("edges", "node")),
        )
        found: dict[Any, list[Any]] = {p: [] for p in parents}
        for row in await self.context.rows(query.page(self.context, needs), self._keys(parents)):
            parent = ROOT if query.listing.key is None else row._mapping[PARENT]
            found[parent].append(query.entity.build(row))
        pages = []
        for parent in parents:
            rows = found[parent]
            more = len(rows) > query.window.size
            del rows[query.window.size :]
            pages.append((rows[::-1] if query.window.backwards else rows, more))
        return pages

    async def _count(self, up_to: int | None, parents: Sequence[Any]) -> list[int]:
        rows = await self.context.rows(self.query.counted(self.context, up_to), self._keys(parents))
        if self.query.listing.key is None:
            return [rows[0][0]] * len(parents)
        counts = {row._mapping[PARENT]: row._mapping[COUNT] for row in rows}
        return [counts.get(p, 0) for p in parents]

    def _keys(self, parents: Sequence[Any]) -> dict[str, Any]:
        return {} if self.query.listing.key is None else {"keys": list(parents)}


def connected(
    listing: Listing,
    *,
    permission: str = PUBLIC,
    key: object = None,
    to: object = None,
    on: ColumnElement[bool] | None = None,
    rest: Sequence[str] = (),
    description: str | None = None,
) -> Any:
    """A connection field, annotated `Connection[Entity]`. Below a parent, `key`, `to`, `on` are those of `related`."""
    declaration = Connected(
        listing, permission, None if key is None else element(key), None if to is None else element(to), on
    )
    field = declare(declaration, description=described(description, permission, rest), directives=[ListSize.of_pages()])
    integers = StrawberryAnnotation(int | None)
    cursors = StrawberryAnnotation(str | None)
    field.arguments = [
        _argument("first", integers, f"How many, from the start or `after`: 1 to {MOST}, {FIRST} when absent."),
        _argument("after", cursors, "The cursor of the last item already seen."),
        _argument("last", integers, f"How many, from the end or `before`: 1 to {MOST}."),
        _argument("before", cursors, "The cursor of the first item already seen."),
        _argument("page", integers, f"A page to jump to, 1 to {MOST_PAGES}; excludes the cursors."),
        _argument("filter", StrawberryAnnotation(listing.filter | None), None),
        _argument("sort", StrawberryAnnotation(list[listing.sort] | None), f"Up to {MOST_SORT_FIELDS} fields."),  # type: ignore[name-defined]
    ]
    return field


def _argument(name: str, annotation: StrawberryAnnotation, description: str | None) -> StrawberryArgument:
    return StrawberryArgument(name, None, annotation, description=description)


def described(description: str | None, permission: str, rest: Sequence[str]) -> str:
    """The sentence that a root field carries in the schema."""
    sentences = [description] if description else []
    if rest:
        sentences.append(f"REST: {', '.join(rest)}.")
    return " ".join(sentences)
