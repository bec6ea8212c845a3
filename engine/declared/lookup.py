"""One node by its id or by a natural key; several by their ids."""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select
from strawberry import ID
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.base import get_object_definition
from strawberry.types.maybe import Some

from engine.declared.declaration import LOOKED_UP, Declaration, DeclaredField, Relation, declare
from engine.declared.directives import ListSize
from engine.declared.entity import Entity, entity_of
from engine.declared.input import FINDS, IDENTIFIES, check_ids
from engine.document.document import merged
from engine.standard.context import Context
from engine.standard.loader import fetch_by_key, related_loader
from engine.values import identity
from engine.values.columns import element
from engine.values.errors import BadUserInput
from engine.values.viewer import PUBLIC

if TYPE_CHECKING:
    from strawberry.types.info import Info

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
        self.types = {f.python_name: f.metadata.get(IDENTIFIES) for f in get_object_definition(by, strict=True).fields}

    def check(self, field: DeclaredField, arguments: dict[str, Any]) -> None:
        check_ids(arguments["by"])

    def resolve(
        self, field: DeclaredField, source: Any, info: "Info[Context, Any]", arguments: dict[str, Any]
    ) -> Awaitable[Any] | None:
        name, value = next((n, v.value) for n in self.relations if isinstance(v := getattr(arguments["by"], n), Some))
        context: Context = info.context
        entity = entity_of(field.target)
        relation = self.relations[name]
        if self.types[name] is not None:
            value = entity.key_of(identity.decode(value, self.types[name]).key)
            if value is None:
                return None
        elif isinstance(value, str) and "\0" in value:
            return None  # PostgreSQL refuses to compare with NUL, and no text holds it
        needs = context.document.asked(entity, info._raw_info.field_nodes)
        return related_loader(context, relation, entity, needs, many=False).load(value)


class Nodes(Declaration):
    """`node` and `nodes`: any entity of the schema by its global id."""

    weight = LOOKED_UP

    def __init__(self, *, several: bool) -> None:
        self.permission = PUBLIC
        self.list_size = ListSize(assumed_size=MOST_NODES, slicing_arguments=["ids"]) if several else None
        self.several = several

    def check(self, field: DeclaredField, arguments: dict[str, Any]) -> None:
        ids: Sequence[str] = arguments["ids"] if self.several else [arguments["id"]]
        if len(ids) > MOST_NODES:
            raise BadUserInput(f"`nodes` takes at most {MOST_NODES} ids")
        for text in ids:
            identity.decode(text)

    async def resolve(
        self, field: DeclaredField, source: Any, info: "Info[Context, Any]", arguments: dict[str, Any]
    ) -> Any:
        if not self.several:
            return await _node(info, *identity.decode(arguments["id"]))
        # All are asked for in one turn, so that each type takes one statement.
        return await asyncio.gather(*(_node(info, *identity.decode(i)) for i in arguments["ids"]))


async def _node(info: "Info[Context, Any]", type_name: str, key_text: str) -> Any | None:
    entity: Entity | None = info.schema.entities.get(type_name)  # type: ignore[attr-defined]
    key = entity.key_of(key_text) if entity is not None else None
    if entity is None or key is None:
        return None
    context: Context = info.context
    return await fetch_by_key(context, entity, context.document.asked(entity, info._raw_info.field_nodes), key)


class Pointed(Declaration):
    """The node that a column names as `Type:key`."""

    weight = LOOKED_UP

    def __init__(self, to: Any) -> None:
        self.needs = (to,)
        self.name: str = to.key

    async def resolve(
        self, field: DeclaredField, source: Any, info: "Info[Context, Any]", arguments: dict[str, Any]
    ) -> Any:
        type_name, _, key_text = getattr(source.row, self.name).partition(":")
        return await _node(info, type_name, key_text)


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

    async def resolve(
        self, field: DeclaredField, source: Any, info: "Info[Context, Any]", arguments: dict[str, Any]
    ) -> Any:
        context: Context = info.context
        entity = entity_of(field.target)
        needs = merged(context.document.asked(entity, info._raw_info.field_nodes), [entity.key])
        statement = select(*needs).select_from(entity.table).where(entity.visible(context.viewer))
        return [entity.build(r) for r in await context.rows(statement.order_by(*self.order, entity.key))]


class Fixed(Declaration):
    """The one row that a table has."""

    weight = LOOKED_UP

    def __init__(self, key: Any, permission: str) -> None:
        self.key = key
        self.permission = permission

    async def resolve(
        self, field: DeclaredField, source: Any, info: "Info[Context, Any]", arguments: dict[str, Any]
    ) -> Any:
        context: Context = info.context
        entity = entity_of(field.target)
        needs = context.document.asked(entity, info._raw_info.field_nodes)
        return await fetch_by_key(context, entity, needs, self.key)


class Picked(Declaration):
    """Rows whose keys the parent holds as a list, in that order; hidden ones are left out."""

    weight = LOOKED_UP

    def __init__(self, name: Any) -> None:
        # A parent that is no row of a table names the attribute that holds the keys.
        self.name: str = name if isinstance(name, str) else name.key
        self.needs = () if isinstance(name, str) else (name,)

    async def resolve(
        self, field: DeclaredField, source: Any, info: "Info[Context, Any]", arguments: dict[str, Any]
    ) -> Any:
        context: Context = info.context
        entity = entity_of(field.target)
        needs = context.document.asked(entity, info._raw_info.field_nodes)
        keys = getattr(source.row, self.name)
        found = await asyncio.gather(*(fetch_by_key(context, entity, needs, key) for key in keys))
        return [row for row in found if row is not None]


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
