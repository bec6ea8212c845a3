"""What a selection asks of one type, as a plan sees it: values of its own, and steps that look further things up once
for all its parents."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol, TypeAlias

from graphql import FieldNode, GraphQLObjectType, GraphQLOutputType
from sqlalchemy import ColumnElement

from engine.declared.entity import Entity
from engine.unit.text import Columns
from engine.values.columns import Needs, merged

Write: TypeAlias = Callable[..., list[Any]]  # rows (or values), and what each step found: `get` of it
# How many ways of reading rows a shape remembers: those of one list differ by what it is sorted by.
MOST_WAYS = 16


class Found(Protocol):
    """What a step found for its parents, by their keys, as the answer says it."""

    def get(self, key: Any, /) -> Any: ...


class Step(Protocol):
    """One field as selected in one place, looked up once for all parents."""

    @property
    def parent(self) -> str | None:
        """The name under which the parent holds the key; None at the root, and where it is the key itself."""

    @property
    def nullable(self) -> bool: ...
    @property
    def nodes(self) -> Sequence[FieldNode]: ...
    @property
    def many(self) -> bool:
        """Whether nothing found is an empty list."""

    def keys(self, values: Sequence[Any]) -> list[Any]:
        """The keys to look for, of what the parents hold."""

    def load(self, run: Any, keys: list[Any]) -> Awaitable[Found]: ...


@dataclass(frozen=True, slots=True, eq=False)
class Constant:
    """The same for every parent: `__typename`, or the fault of a field that is refused."""

    value: Any


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """Worked out from what the parent holds. Of a row: `function` of `needs`, the one of them, or of the whole value
    where it needs none. Of a value of Python: its `attribute`, where that is given. `below`: what is asked of it;
    `parts`: the same, where the row itself says it."""

    type: GraphQLOutputType
    needs: tuple[ColumnElement[Any], ...] = ()
    function: Callable[..., Any] | None = None
    attribute: str | None = None
    below: "Shape | None" = None
    parts: "Shape | None" = None


@dataclass(frozen=True, slots=True, eq=False)
class Below:
    """What a step found."""

    step: int


@dataclass(eq=False)
class Shape:
    """`refuses`: some field of it is a fault."""

    type: GraphQLObjectType
    entity: Entity | None
    fields: dict[str, Constant | Value | Below] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    needs: Needs = ()
    refuses: bool = False
    ways: dict[Any, Write] = field(default_factory=dict)

    def need(self, needs: Sequence[ColumnElement[Any]]) -> None:
        self.needs = merged(self.needs, needs)

    @cached_property
    def values(self) -> int:
        """How many values a row answers, about. Asked when the shape is whole."""
        asked = (f.below or f.parts for f in self.fields.values() if isinstance(f, Value))
        return 1 + len(self.fields) + sum(inner.values for inner in asked if inner is not None)

    def way(self, columns: Columns | None, make: Callable[["Shape", Columns | None], Write]) -> Write:
        """The function that writes rows with these columns; without, values of Python."""
        key = None if columns is None else columns.key
        found = self.ways.get(key)
        if found is None:
            if len(self.ways) >= MOST_WAYS:
                self.ways.clear()
            found = self.ways[key] = make(self, columns)
        return found
