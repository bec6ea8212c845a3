"""Fields that no column and no relation can say: worked out by a function of ours, for all parents at once."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final, cast

from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument

from engine.declared.declaration import DECLARATION, LONGEST, LOOKED_UP, Declaration, DeclaredField, declare
from engine.declared.directives import ListSize
from engine.declared.input import check_ids
from engine.values import identity
from engine.values.columns import Needs, element
from engine.values.errors import BadUserInput
from engine.values.naming import camel
from engine.values.viewer import PUBLIC, Viewer

NO_DEFAULT: Final = object()
MOST_IDS: Final = 100


@dataclass(frozen=True, eq=False)
class Argument:
    """An argument of such a field. Without a default it is required, unless its type admits None. `identifies` is the
    type whose id it is, or a list of ids."""

    name: str
    type: Any
    description: str | None = None
    default: Any = NO_DEFAULT
    identifies: str | None = None

    def declared(self) -> StrawberryArgument:
        options = {} if self.default is NO_DEFAULT else {"default": self.default}
        return StrawberryArgument(
            self.name, None, StrawberryAnnotation(self.type), description=self.description, **options
        )


@dataclass(frozen=True, eq=False)
class Batched(Declaration):
    """One call answers all parents: the request's context and keys in, as many values out, in that order."""

    function: Callable[..., Awaitable[Sequence[Any]]]
    to: Any
    permission: str | None = None
    ports: tuple[type[Any], ...] = ()
    list_size: ListSize | None = None
    weight = LOOKED_UP

    @property
    def needs(self) -> Needs:  # type: ignore[override]
        return () if isinstance(self.to, str) else (self.to,)

    @property
    def parent(self) -> str:
        """The name under which the parent's row holds the key."""
        return self.to if isinstance(self.to, str) else cast(str, self.to.key)


@dataclass(frozen=True, eq=False)
class Queried(Declaration):
    """A root field of its own: a function of the request's context and its arguments. Of those that hold ids,
    `identifying` has the types."""

    function: Callable[..., Awaitable[Any]]
    permission: str = field()
    identifying: Mapping[str, str]
    ports: tuple[type[Any], ...] = ()
    list_size: ListSize | None = None
    longest: int = LONGEST
    weight: int = LOOKED_UP

    def check(self, field: DeclaredField, arguments: dict[str, Any], viewer: Viewer) -> None:
        identified(arguments, self.identifying)


def identifying(arguments: Sequence[Argument]) -> Mapping[str, str]:
    """Of the arguments that hold ids, by their names: whose."""
    return MappingProxyType({a.name: a.identifies for a in arguments if a.identifies})


def identified(arguments: Mapping[str, Any], identifying: Mapping[str, str]) -> None:
    """Raises BadUserInput for ids among arguments that are none, or not of the types named for them."""
    check_ids(list(arguments.values()))
    for name, type_name in identifying.items():
        given = arguments.get(name) or []
        if len(given) > MOST_IDS and not isinstance(given, str):
            raise BadUserInput(f"`{camel(name)}` takes at most {MOST_IDS} ids")
        for text in [given] if isinstance(given, str) else given:
            identity.decode(text, type_name)


def batched(
    function: Callable[..., Awaitable[Sequence[Any]]],
    *arguments: Argument,
    to: object,
    permission: str | None = None,
    size: int | None = None,
    rest: Sequence[str] = (),
    ports: tuple[type[Any], ...] = (),
    description: str | None = None,
) -> Any:
    """A field whose values come from `function(context, keys, **arguments)`, the keys being `to` of the parents.
    `ports` are the types of what the function reaches beside the database. A parent that is no row of a table names the
    attribute that holds the key. `size`: how long a list is taken to be, where ten is wrong."""
    key = to if isinstance(to, str) else element(to)
    longer = None if size is None else ListSize(assumed_size=size)
    field = declare(Batched(function, key, permission, ports, longer), description=description, rest=rest)
    field.arguments = [a.declared() for a in arguments]
    return field


def queried(
    function: Callable[..., Awaitable[Any]],
    *arguments: Argument,
    permission: str = PUBLIC,
    size: int | ListSize | None = None,
    longest: int = LONGEST,
    rest: Sequence[str] = (),
    ports: tuple[type[Any], ...] = (),
    description: str | None = None,
) -> Any:
    """A root field whose value is `function(context, **arguments)`. `ports` are the types of what the function reaches
    beside the database; `size` is how long its list may be, where that is more than lists are taken to be, or which
    arguments say so: at most `longest`."""
    size = ListSize(assumed_size=size) if isinstance(size, int) else size
    declaration = Queried(function, permission, identifying(arguments), ports, size, longest)
    field = declare(declaration, description=description, rest=rest)
    field.arguments = [a.declared() for a in arguments]
    return field


def weighing(weight: int, field: Any) -> Any:
    """The field of `queried` at the cost of what it makes the server do: that of a document which it runs, say."""
    declaration = replace(field.declaration, weight=weight)
    field.metadata = MappingProxyType({**field.metadata, DECLARATION: declaration})
    return field
