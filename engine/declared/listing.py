"""Unbounded lists over one table, at the root or below a parent.

A `Listing` says how a noun may be listed (its sorts, its filter, its search); `connected` places it on a field.
A page is one statement for all parents that ask for it, its count another, and neither runs unless selected.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from typing import Any, Final, Protocol, cast

from sqlalchemy import Column, ColumnElement
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.base import get_object_definition
from strawberry.types.lazy_type import LazyType

from engine.declared.batch import Argument
from engine.declared.connection import FIRST, MOST, MOST_PAGES, Window
from engine.declared.declaration import LOOKED_UP, Declaration, DeclaredField, declare
from engine.declared.directives import ListSize
from engine.declared.entity import Entity, entity_of
from engine.declared.sorting import Sorting
from engine.declared.statements import Seen
from engine.values.columns import Needs, element, seen_by
from engine.values.errors import BadUserInput
from engine.values.filtering import Filtering, Part, guarded, read
from engine.values.ordering import MOST_SORT_FIELDS, Order, SortDirection, Term
from engine.values.statement import AnySelect
from engine.values.viewer import PUBLIC, Viewer

# Parameters of a list's statements: the rows of a page and one more, those with the rows before them, those before.
MOST_ROWS: Final = "most"
REACH: Final = "reach"
SKIPPED: Final = "skipped"
PLACE: Final = "place_"
LONGEST_SEARCH: Final = 200
MOST_KEPT: Final = 1024


class SortInput(Protocol):
    """An input of two fields, `field` (an enum of the noun's) and `direction`."""

    @property
    def field(self) -> Any: ...
    @property
    def direction(self) -> SortDirection: ...


@dataclass(frozen=True, eq=False)
class Search:
    """How a noun is searched. `read` makes of a text what its SQL is given, by names, and the names alone say which SQL
    that is.

    `condition` is decided row by row, for a viewer: nobody finds by what they do not see. `proposed` are the keys that
    an index proposes on a dialect; None where the database sees to it by itself."""

    read: Callable[[str], Mapping[str, Any]]
    condition: Callable[[Sequence[str], Viewer], ColumnElement[bool]]
    said: str  # what the search looks in, for the schema's description
    proposed: "Callable[[Sequence[str], str], AnySelect | None]" = lambda _names, _dialect: None


@dataclass(frozen=True, eq=False)
class Listing:
    """How a noun may be listed."""

    sorting: Sorting
    filter: type[Any]
    search: Search | None = None

    def order(self, entity: Entity, asked: Sequence[SortInput] | None, viewer: Viewer) -> Order:
        """The order that was asked for, as the viewer sees it, made total by the key. Raises BadUserInput for too many
        or repeated fields."""
        if not asked:
            return _usual(self, entity, Seen(viewer))
        pairs = tuple((s.field, s.direction) for s in asked)
        if len(pairs) > MOST_SORT_FIELDS:
            raise BadUserInput(f"`sort` takes at most {MOST_SORT_FIELDS} fields")
        if len({f for f, _ in pairs}) < len(pairs):
            raise BadUserInput("`sort` names a field twice")
        return _ordered(self, entity, pairs, Seen(viewer))

    def ordered(self, entity: Entity, pairs: Sequence[tuple[Any, SortDirection]], viewer: Viewer) -> Order:
        terms = [self._term(f, d, viewer) for f, d in pairs]
        if all(t.column is not entity.key for t in terms):
            terms.append(Term("id", entity.key, terms[-1].descending))
        else:  # what follows the key orders nothing
            last = next(i for i, t in enumerate(terms) if t.column is entity.key)
            del terms[last + 1 :]
        return Order(tuple(terms))

    def _term(self, field: Any, direction: SortDirection, viewer: Viewer) -> Term:
        """What stands in a column's place is another order, whose cursors are of no use in the first one's."""
        declared = self.sorting.columns[field]
        column = cast("Column[Any]", seen_by(declared, viewer))
        name = field.name if column is declared else f"{field.name}~"
        return Term(name, column, direction is SortDirection.DESC)


@lru_cache(maxsize=MOST_KEPT)
def _usual(listing: Listing, entity: Entity, seen: Seen) -> Order:
    """Most lists are asked for without a sort; to find that order again takes the hash of no enum."""
    return _ordered(listing, entity, (listing.sorting.default,), seen)


# A noun has a dozen sorts, and few lists are sorted by several.
@lru_cache(maxsize=MOST_KEPT)
def _ordered(listing: Listing, entity: Entity, pairs: tuple[tuple[Any, SortDirection], ...], seen: Seen) -> Order:
    return listing.ordered(entity, pairs, seen.viewer)


def _as_given(arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    return arguments


GIVEN: Final = "given"  # stands in a shape for a value that is a parameter
_NOTHING: Final[Mapping[str, Any]] = {}


@dataclass(frozen=True, eq=False)
class Narrowing:
    """Arguments of one field's own that narrow its list. `read` makes of them what the condition is about, by names.
    Raises BadUserInput for those that make no sense. `condition` is told, for a dialect, what is None, True and False;
    of another value only that it is GIVEN: it is the parameter of that name."""

    arguments: tuple[Argument, ...]
    condition: Callable[[Mapping[str, Any], str], ColumnElement[bool]]
    read: Callable[[Mapping[str, Any]], Mapping[str, Any]] = _as_given


@dataclass(frozen=True)
class Shape:
    """A list as asked, but for its parameters: lists of one shape have the same statements. `place` says which values
    of the place that it begins behind are null, `search` and `filter` name their parameters."""

    listing: "Connected"
    entity: Entity
    order: Order
    backwards: bool
    place: tuple[bool, ...] | None
    skips: bool
    filter: Part | None
    search: tuple[str, ...] | None
    narrowed: tuple[tuple[str, Any], ...]

    def __hash__(self) -> int:
        return self._hash  # asked with each list

    @cached_property
    def _hash(self) -> int:
        filtered = self.filter, self.search, self.narrowed
        return hash((self.listing, self.order, self.backwards, self.place, self.skips, filtered))


@dataclass(slots=True)  # each request makes one, and a frozen one takes three times as long to make
class Asked:
    """One list as asked: for all parents of a field, or for the root. `given` are parameters of its search and of what
    narrows it. Without `bound` hardly anything else has its shape."""

    shape: Shape
    window: Window
    filter: Filtering | None
    arguments: Mapping[str, Any]
    given: Mapping[str, Any]
    bound: bool

    @property
    def parameters(self) -> dict[str, Any]:
        """Those of its statements, by name: of the window, the place (`place_0`), filter, search and narrowing."""
        window = self.window
        most = window.size + 1  # to know whether there are more
        found: dict[str, Any] = {
            MOST_ROWS: most,
            REACH: most + window.offset,
            SKIPPED: window.offset,
            **self.given,
        }
        for n, value in enumerate(window.place or ()):
            if value is not None:
                found[f"{PLACE}{n}"] = value
        return found if self.filter is None else found | self.filter.values


# Gets the request's context and the list as it was asked for.
First = Callable[[Any, Asked], Awaitable[None]]


@dataclass(frozen=True, eq=False)
class Connected(Declaration):
    """A listing placed on a field: at the root without a key, below a parent with one. The column that the parent's row
    holds the key in is what it `needs`, its name is `parent`."""

    listing: Listing
    permission: str = field()
    key: Any = None
    parent: str | None = None
    needs: Needs = ()
    on: ColumnElement[bool] | None = None
    narrowing: Narrowing | None = None
    first: First | None = None
    weight = LOOKED_UP
    shared = True
    list_size = ListSize(assumed_size=FIRST, slicing_arguments=["first", "last"], sized_fields=["nodes", "edges"])

    @property
    def refusable(self) -> bool:
        # What runs before the list may refuse it, and so may a filter, for the fields that it asks.
        return super().refusable or self.first is not None or guarded(self.listing.filter)

    def check(self, field: DeclaredField, arguments: dict[str, Any], viewer: Viewer) -> Asked:
        entity = _entity(field)
        order = self.listing.order(entity, arguments.get("sort"), viewer)
        given = arguments.get("filter")
        filtering = None if given is None else read(given)
        known: Mapping[str, Any] = {}
        sought: Mapping[str, Any] | None = None
        if self.narrowing is not None:
            own = {a.name: arguments.get(a.name, a.default) for a in self.narrowing.arguments}
            known = self.narrowing.read(own)
        if self.listing.search is not None and (text := _searched(arguments.get("search"))) is not None:
            sought = self.listing.search.read(text)
        window = Window.of(order, arguments)
        place = None if window.place is None else tuple([value is None for value in window.place])
        skips = window.offset > 0
        if filtering is None and sought is None and not known:
            plain = _plain(self, entity, order, window.backwards, place, skips)
            return Asked(plain, window, None, arguments, _NOTHING, True)
        filtered = None if filtering is None else filtering.shape
        search = None if sought is None else tuple(sought)
        narrowed = tuple((name, value if _told(value) else GIVEN) for name, value in known.items())
        shape = Shape(self, entity, order, window.backwards, place, skips, filtered, search, narrowed)
        bound = filtering is None or filtering.bound
        return Asked(shape, window, filtering, arguments, {**known, **(sought or _NOTHING)}, bound)


def _told(value: Any) -> bool:
    return value is None or isinstance(value, bool)


@cache  # fields of a schema that is whole, and stays as it is
def _entity(field: DeclaredField) -> Entity:
    """Of the nodes of a connection."""
    node: Any = get_object_definition(field.target, strict=True).type_var_map["T"]
    return entity_of(node.resolve_type() if isinstance(node, LazyType) else node)


@lru_cache(maxsize=MOST_KEPT)
def _plain(
    connected: Connected, entity: Entity, order: Order, backwards: bool, place: tuple[bool, ...] | None, skips: bool
) -> Shape:
    """Most lists are asked for without a filter. That these are one object tells faster than looking into two that
    they are the same."""
    return Shape(connected, entity, order, backwards, place, skips, None, None, ())


def _searched(text: str | None) -> str | None:
    """Raises BadUserInput for what cannot be in any text; nothing but spaces searches for nothing."""
    if text is None or not text.strip():
        return None
    if len(text) > LONGEST_SEARCH or "\0" in text:
        raise BadUserInput(f"`search` has up to {LONGEST_SEARCH} characters")
    return text


def connected(  # noqa: PLR0913  a declaration
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
    """A connection field, annotated `Connection[Entity]`, and `| None` where it may be refused. Below a parent, `key`,
    `to`, `on` are those of `related`. `first` runs before each list is read."""
    held: Any = None if to is None else element(to)
    declaration = Connected(
        listing,
        permission,
        None if key is None else element(key),
        None if held is None else held.key,
        () if held is None else (held,),
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
        field.arguments.append(_argument("search", cursors, listing.search.said))
    field.arguments.extend(a.declared() for a in (narrowing.arguments if narrowing else ()))
    return field


def _argument(name: str, annotation: StrawberryAnnotation, description: str | None) -> StrawberryArgument:
    return StrawberryArgument(name, None, annotation, description=description)
