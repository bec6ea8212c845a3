"""Where the values of codes come from: groups that are asked for one key at a time, when a template names it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

# The value of a key (`billing.first_name`); None where there is none.
Group: TypeAlias = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Context:
    """`groups` by their names; `loops` are those of which there are several (`item`): asked for at the first code that
    needs them, in their order. What is in neither has no values: its codes are empty."""

    groups: Mapping[str, Group] = field(default_factory=dict)
    loops: Mapping[str, Callable[[], Sequence[Group]]] = field(default_factory=dict)

    def __or__(self, other: "Context") -> "Context":
        """With these groups besides, or instead."""
        return Context({**self.groups, **other.groups}, {**self.loops, **other.loops})


NOTHING: Final = Context()


def group(values: Mapping[str, Any]) -> Group:
    """Of values by their keys; what can be called is called when it is asked for. Below a key that holds a document its
    own keys follow: `config.user_tz`."""

    def read(key: str) -> object:
        if key in values:
            value = values[key]
        else:
            name, _, path = key.partition(".")
            value = inside(values.get(name), path) if path else None
        return value() if callable(value) else value

    return read


def inside(value: object, path: str) -> object:
    """What a document holds at a path of keys and places with dots between; None where it ends before."""
    for step in path.split("."):
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, list | tuple) and step.isascii() and step.isdigit() and int(step[:9]) < len(value):
            value = value[int(step[:9])]
        else:
            return None
    return value
