"""Mutations as fields of a request: performed, and their payloads filled from the outcome."""

import asyncio
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from functools import cache
from types import SimpleNamespace
from typing import Any, Final, NamedTuple, cast

import strawberry
from graphql import FieldNode

from engine.declared.declaration import DeclaredField
from engine.declared.entity import entity_of
from engine.declared.payload import Changed, Deleted, EventPreview, Keys, Previewed, Results, Said, declared_in
from engine.standard.context import Context, Info
from engine.standard.loader import related_loader
from engine.unit.perform import Outcome, Performable, perform
from engine.unit.unit import Event
from engine.values import identity
from engine.values.errors import ErrorCode, UserError

MUTATIONS: Final = "mutations"  # where graphql-core's schema holds them, by their names


async def resolve_performed(field: DeclaredField, source: Any, info: Info, arguments: dict[str, Any]) -> Any:
    known: Performable[Any] = info.schema.extensions[MUTATIONS][info.field_name]
    return await performed(info.context, known, field, info.field_nodes[0], arguments)


async def performed(
    context: Context, known: Performable[Any], field: DeclaredField, node: FieldNode, arguments: Mapping[str, Any]
) -> Any:
    """The payload of a mutation's field. It is performed once in a request, whatever became of it: who asks for the
    same field again, because its answer is to be written in another way, gets the same payload, or the same error."""
    found = context.performed.get(id(node))
    if found is None:
        try:
            found = await _performed(context, known, field, arguments)
        except Exception as error:  # noqa: BLE001  whoever asks is told
            found = error
        context.performed[id(node)] = found
    if isinstance(found, Exception):
        raise found
    return found


async def _performed(
    context: Context, known: Performable[Any], field: DeclaredField, arguments: Mapping[str, Any]
) -> Any:
    dry = arguments.get("validate_only", False)
    # What an earlier mutation's payload read through would be held while waiting for the unit's connection.
    await context.forget()
    try:
        outcome = await perform(
            known,
            arguments["input"],
            context.viewer,
            context.database,
            key=arguments.get("idempotency_key"),
            dry=dry,
            cause=context.cause,
        )
    finally:
        await context.forget()
    if outcome.repeated:
        context.extensions["idempotent"] = True
    events = [event for event in outcome.events if known.mutation.tells(context.viewer, event.name)] if dry else None
    return payload(_target(field), outcome, events)


def payload(type_: type[Any], outcome: Outcome, events: Sequence[Event] | None) -> Any:
    """A payload of this type; `events` are those that a dry run tells of. What was not written is shown where it is a
    preview alone: a client must not cache what does not exist."""
    made = _filled(type_, outcome.keys, written=outcome.written)
    made.user_errors = list(outcome.errors)
    made.events = None if events is None else [_preview(event) for event in events]
    return made


# Fields of a schema that is whole, and stays as it is.
@cache
def _target(field: DeclaredField) -> type[Any]:
    return field.target


class _Held(NamedTuple):
    """A field of a payload, or of a result of one item. `key`: what the function says it by; `one_of`: of results the
    type of one."""

    name: str
    key: str
    one_of: type[Any] | None
    many: bool
    preview: bool


@cache
def _holds(type_: Any) -> tuple[_Held, ...]:
    return tuple(_held(field) for field in declared_in(type_))


def _held(field: DeclaredField) -> _Held:
    name, said = field.python_name, field.declaration
    key, one_of = name, field.target if isinstance(said, Results) else None
    if isinstance(said, Previewed):
        key = said.of
    return _Held(name, key, one_of, field.many, isinstance(said, Previewed))


def _filled(type_: Any, keys: Keys, *, written: bool) -> Any:
    made: Any = object.__new__(type_)
    values = {}
    for held in _holds(type_):
        value = keys.get(held.key)
        if held.one_of is not None:
            value = [_item(held.one_of, one, written=written) for one in value or ()]
        elif written is held.preview:
            value = None
        values[held.name] = [] if value is None and held.many else value
    made.row = SimpleNamespace(**values)
    return made


def _item(type_: type[Any], keys: Keys, *, written: bool) -> Any:
    made = _filled(type_, keys, written=written)
    made.index = keys["index"]
    made.user_errors = [
        UserError(code=ErrorCode(e["code"]), message=e["message"], field=e["field"]) for e in keys["user_errors"]
    ]
    return made


def _preview(event: Event) -> EventPreview:
    return EventPreview(
        name=event.name,
        entity_id=strawberry.ID(identity.encode(*event.entity.split(":", 1))),
        version=event.version,
        changed_fields=list(event.changed),
    )


def resolve_said(field: DeclaredField, source: Any, info: Info, arguments: dict[str, Any]) -> Any:
    value = getattr(source.row, field.python_name)
    function = cast(Said, field.declaration).function
    return value if function is None or value is None else function(value)


def resolve_deleted(field: DeclaredField, source: Any, info: Info, arguments: dict[str, Any]) -> Any:
    type_name = cast(Deleted, field.declaration).type_name
    key = getattr(source.row, field.python_name)
    if isinstance(key, list):
        return [identity.encode(type_name, k) for k in key]
    return None if key is None else identity.encode(type_name, key)


def resolve_changed(field: DeclaredField, source: Any, info: Info, arguments: dict[str, Any]) -> Any:
    key = getattr(source.row, field.python_name)
    if key is None:
        return None
    context = info.context
    entity = entity_of(field.target)
    needs = context.document.asked(entity, info.field_nodes)
    loader = related_loader(context, cast(Changed, field.declaration).relation, entity, needs, many=False)
    if not field.many:
        return loader.load(key)
    return _those_there(loader.load(k) for k in key)


async def _those_there(loads: Iterable[Awaitable[Any]]) -> list[Any]:
    return [row for row in await asyncio.gather(*loads) if row is not None]
