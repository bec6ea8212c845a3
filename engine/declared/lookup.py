"""One node by its id or by a natural key; several by their ids."""

from collections.abc import Sequence
from typing import Any, Final

from strawberry import ID
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.base import get_object_definition

from engine.declared.declaration import LOOKED_UP, Declaration, DeclaredField, Relation, declare
from engine.declared.directives import ListSize
from engine.declared.input import FINDS, FOLD, IDENTIFIES, check_ids
from engine.values import identity
from engine.values.columns import element
from engine.values.errors import BadUserInput
from engine.values.viewer import PUBLIC, Viewer

MOST_NODES: Final = 100
# Providers, taxonomies, roles: a store has a dozen or two.
SMALL: Final = 25


class Lookup(Declaration):
    """A root field with one `@oneOf` argument `by`. What is absent or hidden is null."""

    weight = LOOKED_UP

    def __init__(self, by: type[Any], permission: str) -> None:
        self.permission = permission
        # One relation per column, made once: loads of one operation share their statement by it.
        self.relations = {
            f.python_name: Relation(f.metadata[FINDS], f.metadata[FINDS])
            for f in get_object_definition(by, strict=True).fields
        }
        self.folds = {f.python_name: f.metadata.get(FOLD) for f in get_object_definition(by, strict=True).fields}
        self.types = {f.python_name: f.metadata.get(IDENTIFIES) for f in get_object_definition(by, strict=True).fields}

    def check(self, field: DeclaredField, arguments: dict[str, Any], viewer: Viewer) -> None:
        check_ids(arguments["by"])


class Nodes(Declaration):
    """`node` and `nodes`: any entity of the schema by its global id."""

    weight = LOOKED_UP

    def __init__(self, *, several: bool) -> None:
        self.permission = PUBLIC
        self.list_size = ListSize(assumed_size=MOST_NODES, slicing_arguments=["ids"]) if several else None
        self.several = several

    def check(self, field: DeclaredField, arguments: dict[str, Any], viewer: Viewer) -> None:
        ids: Sequence[str] = arguments["ids"] if self.several else [arguments["id"]]
        if len(ids) > MOST_NODES:
            raise BadUserInput(f"`nodes` takes at most {MOST_NODES} ids")
        for text in ids:
            identity.decode(text)


class Pointed(Declaration):
    """The node that a column names as `Type:key`."""

    weight = LOOKED_UP

    def __init__(self, to: Any) -> None:
        self.needs = (to,)
        self.name: str = to.key


def lookup(by: type[Any], *, permission: str = PUBLIC, rest: Sequence[str] = (), description: str | None = None) -> Any:
    """A root field `xxx(by:)`, annotated `Xxx | None`; the input's fields are made by `finds`."""
    field = declare(Lookup(by, permission), description=description, rest=rest)
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


class Every(Declaration):
    """All visible rows of a small table."""

    weight = LOOKED_UP

    def __init__(self, order: Sequence[object], permission: str, size: int) -> None:
        self.list_size = ListSize(assumed_size=size)
        self.order = tuple(element(o) for o in order)
        self.permission = permission


class Fixed(Declaration):
    """The one row that a table has."""

    weight = LOOKED_UP

    def __init__(self, key: Any, permission: str) -> None:
        self.key = key
        self.permission = permission


class Picked(Declaration):
    """Rows whose keys the parent holds as a list, in that order; hidden ones are left out."""

    weight = LOOKED_UP

    def __init__(self, name: Any) -> None:
        # A parent that is no row of a table names the attribute that holds the keys.
        self.name: str = name if isinstance(name, str) else name.key
        self.needs = () if isinstance(name, str) else (name,)


def every(
    *,
    order: Sequence[object],
    permission: str = PUBLIC,
    size: int = SMALL,
    rest: Sequence[str] = (),
    description: str | None = None,
) -> Any:
    """A root list of all rows, annotated `list[Xxx]`; for tables that stay small. `size`: how many rows it may have."""
    return declare(Every(order, permission, size), description=description, rest=rest)


def fixed(key: Any, *, permission: str, rest: Sequence[str] = (), description: str | None = None) -> Any:
    """A root field for the one row of its table, annotated `Xxx | None`."""
    return declare(Fixed(key, permission), description=description, rest=rest)


def picked(name: object, *, description: str | None = None) -> Any:
    """A list of rows by the keys that the parent holds under a name or in a column, annotated `list[Xxx]`."""
    return declare(Picked(name if isinstance(name, str) else element(name)), description=description)


def pointed(attribute: object, *, description: str | None = None) -> Any:
    """Any node, by a column that holds `Type:key`, annotated `Node | None`."""
    return declare(Pointed(element(attribute)), description=description)
