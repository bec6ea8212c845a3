"""How rows are found by keys: of a lookup, of nodes, of small tables, and those that a parent names."""

import asyncio
from collections.abc import Awaitable, Mapping
from typing import Any, Final, cast

from sqlalchemy import select

from engine.declared.declaration import DeclaredField
from engine.declared.entity import Entity, entity_of
from engine.declared.lookup import Every, Fixed, Lookup, Nodes, Picked, Pointed
from engine.standard.context import Info
from engine.standard.loader import fetch_by_key, related_loader
from engine.values import identity
from engine.values.columns import merged, seen_by, selected

ENTITIES: Final = "entities"  # where graphql-core's schema holds them, by their names


def resolve_lookup(field: DeclaredField, source: Any, info: Info, arguments: dict[str, Any]) -> Awaitable[Any] | None:
    lookup = cast(Lookup, field.declaration)
    context = info.context
    entity = entity_of(field.target)
    sought = lookup.sought(entity, arguments["by"])
    if sought is None:
        return None
    name, value = sought
    needs = context.document.asked(entity, info.field_nodes)
    loader = related_loader(context, lookup.relations[name], entity, needs, many=False)
    return cast("Awaitable[Any]", loader.load(value))


async def resolve_nodes(field: DeclaredField, source: Any, info: Info, arguments: dict[str, Any]) -> Any:
    if not cast(Nodes, field.declaration).several:
        return await _node(info, *identity.decode(arguments["id"]))
    # All are asked for in one turn, so that each type takes one statement.
    return await asyncio.gather(*(_node(info, *identity.decode(i)) for i in arguments["ids"]))


async def resolve_pointed(field: DeclaredField, source: Any, info: Info, arguments: dict[str, Any]) -> Any:
    type_name, _, key_text = getattr(source.row, cast(Pointed, field.declaration).name).partition(":")
    return await _node(info, type_name, key_text)


async def _node(info: Info, type_name: str, key_text: str) -> Any | None:
    entities: Mapping[str, Entity] = info.schema.extensions[ENTITIES]
    entity = entities.get(type_name)
    key = entity.key_of(key_text) if entity is not None else None
    if entity is None or key is None:
        return None
    context = info.context
    return await fetch_by_key(context, entity, context.document.asked(entity, info.field_nodes), key)


async def resolve_every(field: DeclaredField, source: Any, info: Info, arguments: dict[str, Any]) -> Any:
    context = info.context
    entity = entity_of(field.target)
    needs = merged(context.document.asked(entity, info.field_nodes), [entity.key])
    statement = select(*selected(needs, context.viewer)).select_from(entity.table)
    statement = statement.where(entity.visible(context.viewer))
    order = [seen_by(column, context.viewer) for column in cast(Every, field.declaration).order]
    return [entity.build(r) for r in await context.rows(statement.order_by(*order, entity.key))]


async def resolve_fixed(field: DeclaredField, source: Any, info: Info, arguments: dict[str, Any]) -> Any:
    context = info.context
    entity = entity_of(field.target)
    needs = context.document.asked(entity, info.field_nodes)
    return await fetch_by_key(context, entity, needs, cast(Fixed, field.declaration).key)


async def resolve_followed(field: DeclaredField, source: Any, info: Info, arguments: dict[str, Any]) -> Any:
    """What is told, or the entity that it tells of."""
    if not hasattr(field.target, "__entity__"):
        return source
    entity = entity_of(field.target)
    return await fetch_by_key(info.context, entity, info.context.document.asked(entity, info.field_nodes), source.key)


async def resolve_picked(field: DeclaredField, source: Any, info: Info, arguments: dict[str, Any]) -> Any:
    context = info.context
    entity = entity_of(field.target)
    needs = context.document.asked(entity, info.field_nodes)
    keys = getattr(source.row, cast(Picked, field.declaration).name)
    found = await asyncio.gather(*(fetch_by_key(context, entity, needs, key) for key in keys))
    return [row for row in found if row is not None]
