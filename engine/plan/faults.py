"""Where an error gets its path.

What cannot be answered is written into the answer as a `Fault`, in the place of the value. When the answer is complete,
it is walked once: each fault becomes an error with the path at which it stands, and null takes its place, or that of
the nearest parent that may be null.
"""

from collections.abc import Sequence
from typing import Any, Final

from graphql import FieldNode, GraphQLError, GraphQLOutputType, get_nullable_type, is_list_type, is_non_null_type

from engine.values.errors import CodedError

Path = tuple[str | int, ...]
# So many steps up, and the whole answer is null.
EVERYTHING: Final = 10**6


class Unusual(Exception):
    """Something that a plan does not say in GraphQL's words: the standard executor runs the operation instead."""


class Fault:
    """An error in place of a value. `up`: how many steps of its path lead from it to what is null for it."""

    __slots__ = ("error", "nodes", "up")

    def __init__(self, error: CodedError, nodes: Sequence[FieldNode], up: int) -> None:
        self.error = error
        self.nodes = nodes
        self.up = up

    def at(self, path: Path) -> GraphQLError:
        return GraphQLError(self.error.message, list(self.nodes), path=list(path), original_error=self.error)


class Failed:
    """What a step found that failed: the fault, for every parent that asked."""

    __slots__ = ("_fault",)

    def __init__(self, fault: Fault) -> None:
        self._fault = fault

    def get(self, key: Any) -> Fault | None:
        return None if key is None else self._fault


def of_field(type_: GraphQLOutputType, lift: int) -> int:
    """How far up null goes from a field of this type; `lift`: how far from the object that it belongs to."""
    return lift + 1 if is_non_null_type(type_) else 0


def of_items(type_: GraphQLOutputType, lift: int) -> int:
    """The same from the object, or the innermost items, that a field of this type answers."""
    here = of_field(type_, lift)
    inner: Any = get_nullable_type(type_)
    while is_list_type(inner):
        here = of_field(inner.of_type, here)
        inner = get_nullable_type(inner.of_type)
    return here


def settled(data: dict[str, Any]) -> tuple[dict[str, Any] | None, list[GraphQLError]]:
    """The answer with null where faults were, and the errors in the order of the answer. Rows that several parents have
    are one object: all faults are found before the first is taken out."""
    found: dict[Path, GraphQLError] = {}
    nulls: dict[Path, None] = {}
    _find(data, (), found, nulls)
    whole: dict[str, Any] | None = data
    for null in nulls:
        if not null:
            whole = None
            break
        place: Any = data
        for step in null[:-1]:
            place = place[step]
            if place is None:  # what is around it is null already
                break
        else:
            place[null[-1]] = None
    return whole, list(found.values())


def _find(value: Any, path: Path, found: dict[Path, GraphQLError], nulls: dict[Path, None]) -> None:
    if isinstance(value, dict):
        for name, inner in value.items():
            if isinstance(inner, Fault | dict | list):
                _find(inner, (*path, name), found, nulls)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            if isinstance(inner, Fault | dict | list):
                _find(inner, (*path, index), found, nulls)
    elif isinstance(value, Fault):
        null = path[: max(0, len(path) - value.up)]
        # Of what is null for several reasons one is told.
        if value.up == 0 or null not in nulls:
            found[path] = value.at(path)
        nulls[null] = None
