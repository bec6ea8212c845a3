"""One node by its id or by a natural key; several by their ids."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import ColumnElement
from strawberry import ID
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.base import get_object_definition
from strawberry.types.maybe import Some

from engine.declared.declaration import LOOKED_UP, Declaration, DeclaredField, Relation, declare
from engine.declared.directives import ListSize
from engine.declared.entity import Entity
from engine.declared.input import FINDS, FOLD, IDENTIFIES, check_ids
from engine.values import identity
from engine.values.columns import Needs, element
from engine.values.errors import BadUserInput
from engine.values.filtering import LONGEST_SOUGHT
from engine.values.viewer import PUBLIC, Viewer

MOST_NODES: Final = 100
# Providers, taxonomies, roles: a store has a dozen or two.
SMALL: Final = 25


@dataclass(frozen=True, eq=False)
class Lookup(Declaration):
    """A root field with one `@oneOf` argument `by`. What is absent or hidden is null.

    Of each of its columns by name: the relation (made once: loads of one operation share their statement by it), what
    folds a text that is sought, and the type whose id is."""

    permission: str = field()
    relations: Mapping[str, Relation]
    folds: Mapping[str, Callable[[str], str] | None]
    types: Mapping[str, str | None]
    weight = LOOKED_UP

    @classmethod
    def of(cls, by: type[Any], permission: str) -> "Lookup":
        named = {f.python_name: f.metadata for f in get_object_definition(by, strict=True).fields}
        return cls(
            permission,
            MappingProxyType({name: Relation(said[FINDS], said[FINDS]) for name, said in named.items()}),
            MappingProxyType({name: said.get(FOLD) for name, said in named.items()}),
            MappingProxyType({name: said.get(IDENTIFIES) for name, said in named.items()}),
        )

    def check(self, field: DeclaredField, arguments: dict[str, Any], viewer: Viewer) -> None:
        check_ids(arguments["by"])

    def sought(self, entity: Entity, by: Any) -> tuple[str, Any] | None:
        """Which column is asked, by its name in `by`, and the value that it holds; None for what nothing holds."""
        name, value = next((n, v.value) for n in self.relations if isinstance(v := getattr(by, n), Some))
        if (type_ := self.types[name]) is not None:
            key = entity.key_of(identity.decode(value, type_).key)
            return None if key is None else (name, key)
        if isinstance(value, str) and (len(value) > LONGEST_SOUGHT or "\0" in value):
            return None  # no column that is looked up holds it, and PostgreSQL refuses to compare with NUL
        fold = self.folds[name]
        return name, value if fold is None else fold(value)


@dataclass(frozen=True, eq=False)
class Nodes(Declaration):
    """`node` and `nodes`: any entity of the schema by its global id."""

    several: bool
    permission = PUBLIC
    weight = LOOKED_UP

    @property
    def list_size(self) -> ListSize | None:  # type: ignore[override]
        return ListSize(assumed_size=MOST_NODES, slicing_arguments=["ids"]) if self.several else None

    def check(self, field: DeclaredField, arguments: dict[str, Any], viewer: Viewer) -> None:
        ids: Sequence[str] = arguments["ids"] if self.several else [arguments["id"]]
        if len(ids) > MOST_NODES:
            raise BadUserInput(f"`nodes` takes at most {MOST_NODES} ids")
        for text in ids:
            identity.decode(text)


@dataclass(frozen=True, eq=False)
class Pointed(Declaration):
    """The node that a column, by its `name` in the row, names as `Type:key`."""

    name: str
    needs: Needs = field()
    weight = LOOKED_UP


def lookup(by: type[Any], *, permission: str = PUBLIC, rest: Sequence[str] = (), description: str | None = None) -> Any:
    """A root field `xxx(by:)`, annotated `Xxx | None`; the input's fields are made by `finds`."""
    field = declare(Lookup.of(by, permission), description=description, rest=rest)
    field.arguments = [StrawberryArgument("by", None, StrawberryAnnotation(by))]
    return field


def node() -> Any:
    field = declare(Nodes(several=False), description="Any node by its id; null when absent or hidden.")
    field.arguments = [StrawberryArgument("id", None, StrawberryAnnotation(ID))]
    return field


def nodes() -> Any:
    field = declare(
        Nodes(several=True),
        description=f"Up to {MOST_NODES} nodes by their ids, in that order; null where absent or hidden.",
    )
    field.arguments = [StrawberryArgument("ids", None, StrawberryAnnotation(list[ID]))]
    return field


@dataclass(frozen=True, eq=False)
class Every(Declaration):
    """All visible rows of a small table."""

    order: tuple[ColumnElement[Any], ...]
    permission: str = field()
    list_size: ListSize = field()
    weight = LOOKED_UP


@dataclass(frozen=True, eq=False)
class Fixed(Declaration):
    """The one row that a table has."""

    key: Any
    permission: str = field()
    weight = LOOKED_UP


@dataclass(frozen=True, eq=False)
class Picked(Declaration):
    """Rows whose keys the parent holds as a list, in that order; hidden ones are left out. `name` is the column of its
    row; of a parent that is no row of a table it is the attribute, and there are no `needs`."""

    name: str
    needs: Needs = field()
    weight = LOOKED_UP


def every(
    *,
    order: Sequence[object],
    permission: str = PUBLIC,
    size: int = SMALL,
    rest: Sequence[str] = (),
    description: str | None = None,
) -> Any:
    """A root list of all rows, annotated `list[Xxx]`; for tables that stay small. `size`: how many rows it may have."""
    ordered = tuple(element(o) for o in order)
    return declare(Every(ordered, permission, ListSize(assumed_size=size)), description=description, rest=rest)


def fixed(key: Any, *, permission: str, rest: Sequence[str] = (), description: str | None = None) -> Any:
    """A root field for the one row of its table, annotated `Xxx | None`."""
    return declare(Fixed(key, permission), description=description, rest=rest)


def picked(name: object, *, description: str | None = None) -> Any:
    """A list of rows by the keys that the parent holds under a name or in a column, annotated `list[Xxx]`."""
    if isinstance(name, str):
        return declare(Picked(name, ()), description=description)
    column: Any = element(name)
    return declare(Picked(column.key, (column,)), description=description)


def pointed(attribute: object, *, description: str | None = None) -> Any:
    """Any node, by a column that holds `Type:key`, annotated `Node | None`."""
    column: Any = element(attribute)
    return declare(Pointed(column.key, (column,)), description=description)
