"""An entity: a GraphQL type that stands for the rows of a table, with an identity and a visibility."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, partial
from typing import Any, Final, TypeVar, cast, dataclass_transform

import strawberry
from sqlalchemy import Column, ColumnElement, Row, Table
from sqlmodel import SQLModel
from strawberry.types.base import StrawberryObjectDefinition, get_object_definition

from engine.declared.declaration import DeclaredField, column, computed, derived, related
from engine.values import identity
from engine.values.columns import element
from engine.values.naming import camel
from engine.values.viewer import Viewer

T = TypeVar("T")
Visible = Callable[[Viewer], ColumnElement[bool]]
# What a table with versions keeps of each row, and how the graph shows it.
KEPT: Final[Mapping[str, Any]] = {"version": int, "created_at": datetime | None, "updated_at": datetime | None}


@strawberry.interface(description="Anything with a stable identity.")
class Node:
    id: strawberry.ID = strawberry.field(description="Opaque and stable; `node(id:)` finds it again.")


@dataclass(frozen=True, eq=False)
class Entity:
    """What the engine knows of one type. `visible` is asked on every path to its rows."""

    name: str
    type: type[Any]
    table: Table
    visible: Visible
    formerly: tuple[str, ...] = ()

    @cached_property
    def key(self) -> Column[Any]:
        (key,) = self.table.primary_key.columns
        return key

    @cached_property
    def definition(self) -> StrawberryObjectDefinition:
        return get_object_definition(self.type, strict=True)

    @cached_property
    def fields(self) -> Mapping[str, DeclaredField]:
        """Declared fields by their GraphQL name."""
        return {
            f.graphql_name or camel(f.python_name): f for f in self.definition.fields if isinstance(f, DeclaredField)
        }

    @cached_property
    def names(self) -> frozenset[str]:
        """Its own name and its interfaces': the type conditions that select from it."""
        return frozenset({self.name, *(i.name for i in self.definition.interfaces)})

    def key_of(self, text: str) -> Any | None:
        """The key as the column's type; None for what cannot be a key of this table."""
        if self.key.type.python_type is int:
            return identity.number(text)
        return None if "\0" in text else text  # PostgreSQL refuses to compare with NUL, and no text holds it

    def build(self, row: Row[Any] | Any) -> Any:
        """An instance of the declared type holding the asked columns; a forgotten need is an AttributeError."""
        one = object.__new__(self.type)
        one.row = row
        return one


def entity_of(type_: type[Any]) -> Entity:
    """Raises TypeError for a type that was not declared with `entity`."""
    found = getattr(type_, "__entity__", None)
    if not isinstance(found, Entity):
        raise TypeError(f"{type_} is no entity: relations and lists lead to entities")
    return found


@dataclass_transform(kw_only_default=True, field_specifiers=(column, computed, derived, related))
def entity(
    row: type[SQLModel],
    *,
    visible: Visible,
    description: str,
    directives: Sequence[object] = (),
    formerly: Sequence[str] = (),
) -> Callable[[type[T]], type[T]]:
    """Declare a type over a table with a single-column key. Its `id` is derived from that key, and of a table with
    versions `version`, `createdAt` and `updatedAt` stand last, unless the class says them itself. `formerly`: what the
    type was called before; ids given out then are ids of it still."""

    def declare(cls: type[T]) -> type[T]:
        table = cast(Table, row.__table__)  # type: ignore[attr-defined]
        (key,) = table.primary_key.columns
        name = cls.__name__
        versioned = all(each in table.c for each in KEPT)
        kept = {name: type_ for name, type_ in KEPT.items() if versioned and name not in cls.__annotations__}
        cls.__annotations__ = {"id": strawberry.ID, **cls.__annotations__, **kept}
        for each in kept:
            setattr(cls, each, column(table.c[each]))
        cls.id = computed(  # type: ignore[attr-defined]
            partial(identity.encode, name), element(key), description="Opaque and stable."
        )
        made = strawberry.type(cls, description=description, directives=list(directives))
        made.__entity__ = Entity(name, made, table, visible, tuple(formerly))  # type: ignore[attr-defined]
        return made

    return declare
