"""Where a field comes from, declared once on the Strawberry field.

A declaration is data: `engine.standard` makes graphql-core's resolver of it, and a compiler reads the same one off
`type_map["Product"].fields["variants"].extensions[DEFINITION].declaration`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, TypeVar, cast, overload

from sqlalchemy import ColumnElement
from strawberry.types.base import StrawberryContainer, StrawberryList, StrawberryOptional, has_object_definition
from strawberry.types.field import StrawberryField
from strawberry.types.lazy_type import LazyType

from engine.declared.directives import ASSUMED, Cost, ListSize
from engine.values.columns import Needs, element
from engine.values.viewer import PUBLIC, SIGNED_IN, Viewer

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")
E = TypeVar("E")
T = TypeVar("T")

DEFINITION: Final = "strawberry-definition"  # where Strawberry leaves its definitions on graphql-core's objects
DECLARATION: Final = "declaration"
REST: Final = "rest"
# What has to be looked up for each parent takes about ten times as long as a value of its row.
LOOKED_UP = 10


# What a page of a list holds at most, unless its declaration says otherwise: the documented maximum of per_page (S2).
LONGEST: Final = 100


class Declaration:
    """What a field is made of: each kind is a frozen dataclass. `needs` are the columns (or labelled expressions) of
    the row that it reads. What has a default here has it in each kind: `field()` takes it away."""

    needs: Needs = ()
    permission: str | None = None
    ports: tuple[type[Any], ...] = ()  # what it reaches beside the database
    weight = 1  # what the field adds to a document's cost, beside what is selected below it
    list_size: ListSize | None = None  # for lists whose length arguments decide, or that are not short
    longest: int = LONGEST  # what those arguments may say at most
    paged = False  # True: a list that is as long as the arguments of the field around it say
    # True: what `check` makes of arguments nobody changes, and of the viewer it hangs on nothing but what they see, so
    # that it may serve other requests.
    shared = False

    @property
    def refusable(self) -> bool:
        """Whether the field can be refused, or lack what it reaches, while others beside it are answered. Such a field
        is nullable: in GraphQL a null that may not be there takes its parent with it, and all the parent's fields."""
        return self.permission not in (None, PUBLIC) or bool(self.ports)

    def check(self, field: DeclaredField, arguments: dict[str, Any], viewer: Viewer) -> Any:
        """Raise BadUserInput for arguments that make no sense together. Runs once, before anything is executed; what it
        returns, if anything, is what the field is resolved with in their place, by this viewer."""


class DeclaredField(StrawberryField):
    """A Strawberry field whose declaration travels in `metadata`, which survives Strawberry's copying of fields."""

    @property
    def declaration(self) -> Declaration:
        return cast(Declaration, self.metadata[DECLARATION])

    @property
    def rest(self) -> tuple[str, ...]:
        """The documented operations that this field covers."""
        return cast(tuple[str, ...], self.metadata[REST])

    @property
    def target(self) -> type[Any]:
        return target(self)

    @property
    def many(self) -> bool:
        outer: Any = self.type
        if isinstance(outer, StrawberryOptional):
            outer = outer.of_type
        return isinstance(outer, StrawberryList)


def target(field: StrawberryField) -> type[Any]:
    """The Python class behind the field's type, wrappers taken off."""
    inner: Any = field.type
    while isinstance(inner, StrawberryContainer):
        inner = inner.of_type
    return cast(type[Any], inner.resolve_type() if isinstance(inner, LazyType) else inner)


def priced(field: StrawberryField) -> None:
    """Gives the field the directives that say its part in a document's cost. To be called when all types are known;
    calling again changes nothing."""
    weight, size = 1, None
    kept = list(field.directives)
    if isinstance(field, DeclaredField):  # derived from the declaration alone
        weight, size = field.declaration.weight, field.declaration.list_size
        kept = [d for d in kept if not isinstance(d, Cost | ListSize)]
    elif any(isinstance(d, ListSize) for d in kept):
        return
    outer: Any = field.type
    if isinstance(outer, StrawberryOptional):
        outer = outer.of_type
    paged = isinstance(field, DeclaredField) and field.declaration.paged
    if size is None and not paged and isinstance(outer, StrawberryList) and has_object_definition(target(field)):
        size = ListSize(assumed_size=ASSUMED)
    if weight != 1:
        kept.append(Cost(weight=str(weight)))
    field.directives = kept if size is None else [*kept, size]


@dataclass(frozen=True, eq=False)
class Leaf(Declaration):
    """A value of its own row; only the columns that it needs are read. Without a function it is the one column, with
    one it is what that makes of the columns in order, and of nothing else, so that it may be kept. A function without
    columns is given the whole value, which is no row of a table then.

    Of a value of several fields `parts` are those, by their names in the graph, that columns of the same row say by
    themselves: whoever asks for these alone reads no more than they need. The whole is null where its first column
    is."""

    needs: Needs = ()
    function: Callable[..., Any] | None = None
    permission: str | None = None
    parts: Mapping[str, Leaf] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def plain(self) -> bool:
        """Whether it is worked out without asking who is there."""
        return self.permission is None


@dataclass(frozen=True, eq=False)
class Relation(Declaration):
    """Rows of the target type's table, found by a key that they (or what joins them, `on`) share with the parent."""

    key: ColumnElement[Any]
    to: ColumnElement[Any] | str
    on: ColumnElement[bool] | None = None
    where: ColumnElement[bool] | None = None
    order: tuple[ColumnElement[Any], ...] = ()
    permission: str | None = None
    size: int | None = None
    weight = LOOKED_UP

    @property
    def list_size(self) -> ListSize | None:  # type: ignore[override]
        return None if self.size is None else ListSize(assumed_size=self.size)

    @property
    def needs(self) -> tuple[ColumnElement[Any], ...]:  # type: ignore[override]
        return () if isinstance(self.to, str) else (self.to,)

    @property
    def parent(self) -> str:
        """The name under which the parent's row holds the key."""
        return self.to if isinstance(self.to, str) else cast(str, cast(Any, self.to).key)


def declare(
    declaration: Declaration, *, description: str | None = None, rest: Sequence[str] = (), **options: Any
) -> Any:
    """A field of this declaration; what it says of itself stands in its description."""
    sentences = [description] if description else []
    if declaration.permission not in (None, PUBLIC, SIGNED_IN):
        sentences.append(f"Requires {declaration.permission}.")
    if rest:
        sentences.append(f"REST: {', '.join(rest)}.")
    return DeclaredField(
        python_name=None,
        graphql_name=options.pop("name", None),
        description=" ".join(sentences) or None,
        metadata={DECLARATION: declaration, REST: tuple(rest)},
        **options,
    )


def column(attribute: T, *, permission: str | None = None, description: str | None = None) -> T:
    """A leaf that is a column. mypy checks that the GraphQL type is the column's."""
    return cast(T, declare(Leaf((element(attribute),), permission=permission), description=description))


@overload
def computed(
    function: Callable[[A], T], a: A, /, *, permission: str | None = None, description: str | None = None
) -> T: ...
@overload
def computed(
    function: Callable[[A, B], T], a: A, b: B, /, *, permission: str | None = None, description: str | None = None
) -> T: ...
@overload
def computed(
    function: Callable[[A, B, C], T],
    a: A,
    b: B,
    c: C,
    /,
    *,
    permission: str | None = None,
    description: str | None = None,
) -> T: ...
@overload
def computed(
    function: Callable[[A, B, C, D, E], T],
    a: A,
    b: B,
    c: C,
    d: D,
    e: E,
    /,
    *,
    permission: str | None = None,
    description: str | None = None,
) -> T: ...
def computed(
    function: Callable[..., T], /, *attributes: object, permission: str | None = None, description: str | None = None
) -> T:
    """A leaf worked out from columns of its own row, given to `function` in order."""
    needs = tuple(element(a) for a in attributes)
    return cast(T, declare(Leaf(needs, function, permission), description=description))


def derived(function: Callable[[Any], T], *, description: str | None = None) -> T:
    """A leaf of a value type: worked out from the whole value."""
    return cast(T, declare(Leaf((), function), description=description))


def related(  # noqa: PLR0913  a declaration
    key: object,
    *,
    to: object,
    on: ColumnElement[bool] | None = None,
    where: ColumnElement[bool] | None = None,
    order: Sequence[object] = (),
    permission: str | None = None,
    rest: Sequence[str] = (),
    name: str | None = None,
    size: int | None = None,
    description: str | None = None,
) -> Any:
    """A relation: one batched statement finds the rows whose `key` is the `to` of the parents that were asked.

    The annotation says whether it is one or many and of which entity; that entity's visibility applies.
    `key` may belong to a table that `on` joins to the entity's (a link table, say). `size`: how long a list of many is
    taken to be, where ten is wrong.
    """
    ordered = tuple(element(o) for o in order)
    # A parent that is no row of a table names the attribute that holds the key.
    relation = Relation(element(key), to if isinstance(to, str) else element(to), on, where, ordered, permission, size)
    return declare(relation, description=description, rest=rest, name=name)
