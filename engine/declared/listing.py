"""Unbounded lists over one table, at the root or below a parent.

A `Listing` says how a noun may be listed (its sorts, its filter, its search); `connected` places it on a field.
A page is one statement for all parents that ask for it, its count another, and neither runs unless selected.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Final, Protocol

from sqlalchemy import ARRAY, ColumnElement, any_, bindparam, case, func, literal, select, true, union_all
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.base import get_object_definition
from strawberry.types.lazy_type import LazyType

from engine.declared.batch import Argument
from engine.declared.connection import FIRST, MOST, MOST_PAGES, Page, Window
from engine.declared.declaration import LOOKED_UP, Declaration, DeclaredField, declare
from engine.declared.directives import ListSize
from engine.declared.entity import Entity, entity_of
from engine.declared.sorting import Sorting
from engine.document.document import Needs, merged
from engine.standard.context import Context
from engine.standard.loader import PARENT, Loader, among, joined
from engine.values.columns import element
from engine.values.errors import BadUserInput
from engine.values.filtering import predicate, sought
from engine.values.ordering import MOST_SORT_FIELDS, Order, SortDirection, Term
from engine.values.statement import AnySelect
from engine.values.viewer import PUBLIC, Viewer

if TYPE_CHECKING:
    from strawberry.types.info import Info

COUNT: Final = "_count"
RANK: Final = "_rank"
ROOT: Final = 0  # stands for the parent of a list that has none
LONGEST_SEARCH: Final = 200
# What is worked out without serving anybody else: some 50 ms. Rows beyond it follow in another turn of the loop, and
# what is related to them in another statement.
MOST_VALUES_AT_ONCE: Final = 10_000

# So many rows are quicker fetched and sorted than met on a walk through the list; with more, a walk soon meets a
# page of them. Both take about a millisecond at 100 000 rows.
FEW: Final = 500

# The SQL of a search text, decided row by row, for a viewer: nobody finds by what they do not see.
Search = Callable[[str, Viewer], ColumnElement[bool]]
# The keys that an index proposes for a search text on a dialect; None where the database sees to it by itself.
Proposed = Callable[[str, str], "AnySelect | None"]


class SortInput(Protocol):
    """An input of two fields, `field` (an enum of the noun's) and `direction`."""

    @property
    def field(self) -> Any: ...
    @property
    def direction(self) -> SortDirection: ...


@dataclass(frozen=True, eq=False)
class Listing:
    """How a noun may be listed."""

    sorting: Sorting
    filter: type[Any]
    search: Search | None = None
    proposed: Proposed = lambda _text, _dialect: None
    searched: str = ""  # what the search looks in, for the schema's description

    def order(self, entity: Entity, asked: Sequence[SortInput] | None) -> Order:
        """The order that was asked for, made total by the key. Raises BadUserInput for too many or repeated fields."""
        pairs = [(s.field, s.direction) for s in asked] if asked else [self.sorting.default]
        if len(pairs) > MOST_SORT_FIELDS:
            raise BadUserInput(f"`sort` takes at most {MOST_SORT_FIELDS} fields")
        if len({f for f, _ in pairs}) < len(pairs):
            raise BadUserInput("`sort` names a field twice")
        terms = [Term(f.name, self.sorting.columns[f], d is SortDirection.DESC) for f, d in pairs]
        if all(t.column is not entity.key for t in terms):
            terms.append(Term("id", entity.key, terms[-1].descending))
        else:  # what follows the key orders nothing
            last = next(i for i, t in enumerate(terms) if t.column is entity.key)
            del terms[last + 1 :]
        return Order(tuple(terms))


@dataclass(frozen=True, eq=False)
class Query:
    """One list as asked: for all parents of a field, or for the root."""

    listing: "Connected"
    entity: Entity
    order: Order
    window: Window
    condition: ColumnElement[bool]
    search: str | None
    sought: "tuple[ColumnElement[Any], AnySelect] | None" = None

    def page(self, context: Context, needs: Needs) -> AnySelect:
        """One row more than the page holds, to know whether there are more."""
        columns = merged(needs, self.order.columns)
        key = self.listing.key
        if key is None:
            return self._of_root(context, columns)
        if context.dialect == "postgresql":
            # Each parent's page is read from an index and stops when it is full.
            parents = (
                func.unnest(bindparam("keys", type_=ARRAY(key.type)))
                .table_valued("key", name="parents")
                .render_derived()
            )
            part = self._windowed(self._from(context, columns, parent=parents.c.key)).lateral("part")
            return (
                select(*part.c, parents.c.key.label(PARENT))
                .select_from(parents.join(part, true()))
                .order_by(*self.order.clauses(backwards=self.window.backwards, of=part))
            )
        clauses = self.order.clauses(backwards=self.window.backwards)
        rank = func.row_number().over(partition_by=key, order_by=clauses).label(RANK)
        ranked = self._beyond(self._from(context, [*columns, key.label(PARENT), rank])).subquery()
        low = self.window.offset
        return (
            select(*(c for c in ranked.c if c.key != RANK))
            .where(ranked.c[RANK] > low, ranked.c[RANK] <= low + self.window.size + 1)
            .order_by(ranked.c[RANK])
        )

    def _of_root(self, context: Context, columns: Sequence[Any]) -> AnySelect:
        """The page, read in as many parts as it takes to have each come straight out of an index."""
        place, backwards, offset = self.window.place, self.window.backwards, self.window.offset
        most, clauses = self.window.size + 1, self.order.clauses(backwards=backwards)
        parts = [true()] if place is None else self.order.beyond_in_parts(place, context.dialect, backwards=backwards)
        pages = [
            statement.where(part).order_by(*clauses).limit(limit)
            for statement, limit in self._ways(context, columns, most + offset)
            for part in parts
        ]
        if len(pages) == 1:
            whole = pages[0].limit(most)
        else:
            rows = union_all(*(select(*page.subquery().c) for page in pages)).subquery("whole")
            whole = select(*rows.c).order_by(*self.order.clauses(backwards=backwards, of=rows)).limit(most)
        return whole.offset(offset) if offset else whole

    def _ways(self, context: Context, columns: Sequence[Any], most: int) -> list[tuple[AnySelect, Any]]:
        """How to find the rows, and how many to take. Few rows are fetched by their keys, of many a page is soon met
        on a walk; an index says which it is, and the other way takes no row."""
        column: ColumnElement[Any] = self.entity.key
        keys = self._proposed(context)
        near, walk = self._from(context, columns), self._from(context, columns, walking=True)
        if keys is None and self.sought is not None:
            column, keys = self.sought
        if keys is None:
            return [(near, most)]
        several = select(func.count()).select_from(keys.limit(FEW + 1).subquery()).scalar_subquery() > FEW
        few = case((several, 0), else_=most)
        if context.dialect == "postgresql":
            # An array is looked up; of an IN it believes that the average is in it, and walks.
            array = func.array(keys.limit(FEW + 1).scalar_subquery(), type_=ARRAY(column.type))
            return [(near.where(column == any_(array)), few), (walk.where(several), most)]
        # In LIMIT: SQLite would try a condition without columns on every row.
        return [(near.where(column.in_(keys)), few), (walk, case((several, most), else_=0))]

    def _proposed(self, context: Context) -> "AnySelect | None":
        return None if self.search is None else self.listing.listing.proposed(self.search, context.dialect)

    def counted(self, context: Context, up_to: int | None) -> AnySelect:
        key = self.listing.key
        if key is None:
            found = self._from(context, [literal(1)])
            return select(func.count()).select_from(found.limit(up_to).subquery())
        if up_to is None:
            return self._from(context, [key.label(PARENT), func.count().label(COUNT)]).group_by(key)
        rank = func.row_number().over(partition_by=key).label(RANK)
        part = self._from(context, [key.label(PARENT), rank]).subquery()
        kept = select(part.c[PARENT], func.count().label(COUNT)).where(part.c[RANK] <= up_to)
        return kept.group_by(part.c[PARENT])

    def _from(
        self,
        context: Context,
        columns: Sequence[Any],
        parent: ColumnElement[Any] | None = None,
        *,
        walking: bool = False,
    ) -> AnySelect:
        """All visible rows that match, of all parents (`keys`) or of the one that `parent` is correlated with.
        `walking` leaves the search's index alone."""
        statement = select(*columns).where(self.entity.visible(context.viewer), self.condition)
        if self.search is not None and self.listing.listing.search is not None:
            statement = statement.where(self.listing.listing.search(self.search, context.viewer))
        proposed = None if walking else self._proposed(context)
        if proposed is not None:
            statement = statement.where(self.entity.key.in_(proposed))
        key = self.listing.key
        if key is None:
            return statement.select_from(self.entity.table)
        statement = joined(statement, key, self.listing.on, self.entity)
        return statement.where(among(key, "keys", context.dialect) if parent is None else key == parent)

    def _beyond(self, statement: AnySelect) -> AnySelect:
        if self.window.place is None:
            return statement
        return statement.where(self.order.beyond(self.window.place, backwards=self.window.backwards))

    def _windowed(self, statement: AnySelect) -> AnySelect:
        clauses = self.order.clauses(backwards=self.window.backwards)
        statement = self._beyond(statement).order_by(*clauses).limit(self.window.size + 1)
        return statement.offset(self.window.offset) if self.window.offset else statement


@dataclass(frozen=True, eq=False)
class Narrowing:
    """Arguments of one field's own that narrow its list."""

    arguments: tuple[Argument, ...]
    condition: Callable[[Mapping[str, Any]], ColumnElement[bool]]


# Gets the request's context and the field's arguments.
First = Callable[[Context, Mapping[str, Any]], Awaitable[None]]


class Connected(Declaration):
    """A listing placed on a field: at the root without a key, below a parent with one."""

    weight = LOOKED_UP
    list_size = ListSize(assumed_size=FIRST, slicing_arguments=["first", "last"], sized_fields=["nodes", "edges"])

    def __init__(
        self,
        listing: Listing,
        permission: str,
        key: Any = None,
        to: Any = None,
        on: ColumnElement[bool] | None = None,
        narrowing: Narrowing | None = None,
        first: First | None = None,
    ) -> None:
        self.listing = listing
        self.permission = permission
        self.key = key
        self.on = on
        self.narrowing = narrowing
        self.first = first
        self.parent = None if to is None else to.key
        self.needs = () if to is None else (to,)

    def query(self, field: DeclaredField, arguments: Mapping[str, Any], viewer: Viewer | None = None) -> Query:
        node: Any = get_object_definition(field.target, strict=True).type_var_map["T"]
        entity = entity_of(node.resolve_type() if isinstance(node, LazyType) else node)
        order = self.listing.order(entity, arguments.get("sort"))
        filter_ = arguments.get("filter")
        condition = true() if filter_ is None else predicate(filter_, viewer)
        if self.narrowing is not None:
            condition = condition & self.narrowing.condition(arguments)
        found = None if filter_ is None else sought(filter_)
        text = _searched(arguments.get("search"))
        return Query(self, entity, order, Window.of(order, arguments), condition, text, found)

    def check(self, field: DeclaredField, arguments: dict[str, Any]) -> None:
        self.query(field, arguments)

    async def resolve(
        self, field: DeclaredField, source: Any, info: "Info[Context, Any]", arguments: dict[str, Any]
    ) -> Page:
        context: Context = info.context
        if self.first is not None:
            await self.first(context, arguments)
        nodes = info._raw_info.field_nodes
        place = (self, tuple(map(id, nodes)))
        loads: Loads | None = context.loaders.get(place)
        if loads is None:  # the first parent of this field: all of them share its loaders
            loads = Loads(context, self.query(field, arguments, context.viewer), nodes)
            context.loaders[place] = loads
        parent = ROOT if self.parent is None else getattr(source.row, self.parent)
        rows, more = await loads.page.load(parent) if loads.selected else ([], False)
        count = partial(loads.count, parent)
        return Page(loads.query.order, loads.query.window, rows, more, count, loads.rows_at_once)


def _searched(text: str | None) -> str | None:
    """Raises BadUserInput for what cannot be in any text; nothing but spaces searches for nothing."""
    if text is None or not text.strip():
        return None
    if len(text) > LONGEST_SEARCH or "\0" in text:
        raise BadUserInput(f"`search` has up to {LONGEST_SEARCH} characters")
    return text


class Loads:
    """The batched statements behind one connection field of one operation."""

    def __init__(self, context: Context, query: Query, nodes: Sequence[Any]) -> None:
        self.context = context
        self.query = query
        self.nodes = nodes
        self._counts: dict[int | None, Loader[Any, int]] = {}

    @cached_property
    def selected(self) -> bool:
        return self.context.document.selects(self.nodes, "nodes", "edges", "pageInfo")

    @cached_property
    def rows_at_once(self) -> int:
        document, entity = self.context.document, self.query.entity
        values = sum(document.values(entity, self.nodes, place) for place in (("nodes",), ("edges", "node")))
        return max(1, MOST_VALUES_AT_ONCE // max(values, 1))

    @cached_property
    def page(self) -> Loader[Any, tuple[list[Any], bool]]:
        return Loader(self._pages, self.context.pace)

    async def count(self, parent: Any, up_to: int | None) -> int:
        loader = self._counts.get(up_to)
        if loader is None:
            loader = self._counts[up_to] = Loader(partial(self._count, up_to), self.context.pace)
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
    narrowing: Narrowing | None = None,
    first: First | None = None,
    rest: Sequence[str] = (),
    description: str | None = None,
) -> Any:
    """A connection field, annotated `Connection[Entity]`. Below a parent, `key`, `to`, `on` are those of `related`.
    `first` runs before each list is read."""
    declaration = Connected(
        listing,
        permission,
        None if key is None else element(key),
        None if to is None else element(to),
        on,
        narrowing,
        first,
    )
    field = declare(declaration, description=description, rest=rest)
    integers = StrawberryAnnotation(int | None)
    cursors = StrawberryAnnotation(str | None)
    sort: Any = listing.sorting.input
    field.arguments = [
        _argument("first", integers, f"How many, from the start or `after`: 1 to {MOST}, {FIRST} when absent."),
        _argument("after", cursors, "The cursor of the last item already seen."),
        _argument("last", integers, f"How many, from the end or `before`: 1 to {MOST}."),
        _argument("before", cursors, "The cursor of the first item already seen."),
        _argument("page", integers, f"A page to jump to, 1 to {MOST_PAGES}; excludes the cursors."),
        _argument("filter", StrawberryAnnotation(listing.filter | None), None),
        _argument("sort", StrawberryAnnotation(list[sort] | None), f"Up to {MOST_SORT_FIELDS} fields."),
    ]
    if listing.search is not None:
        field.arguments.append(_argument("search", cursors, listing.searched))
    field.arguments.extend(a.declared() for a in (narrowing.arguments if narrowing else ()))
    return field


def _argument(name: str, annotation: StrawberryAnnotation, description: str | None) -> StrawberryArgument:
    return StrawberryArgument(name, None, annotation, description=description)
