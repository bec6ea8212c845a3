"""Mutations as fields of a request: the function in its unit of work, and the payload of what it returned."""

import asyncio
from collections.abc import Awaitable, Iterable
from contextlib import AsyncExitStack
from types import SimpleNamespace
from typing import Any, Final, cast

import strawberry

from engine.declared.declaration import DeclaredField
from engine.declared.entity import entity_of
from engine.declared.input import fingerprint
from engine.declared.mutation import Mutation, Performed
from engine.declared.payload import Changed, Deleted, EventPreview, Keys, Results, Said, declared_in, kept
from engine.standard.context import Context, Info
from engine.standard.loader import related_loader
from engine.unit.deadline import in_time
from engine.unit.unit import Event
from engine.values import identity
from engine.values.errors import ErrorCode, Refused, UserError
from engine.values.naming import camel

# A deadlock's victim succeeds on its next try; one that does not is worth an error.
TRIES: Final = 3


async def resolve_performed(field: DeclaredField, source: Any, info: Info, arguments: dict[str, Any]) -> Any:
    context = info.context
    mutation = cast(Performed, field.declaration).mutation
    # What an earlier mutation's payload read through would be held while waiting for the unit's connection.
    await context.forget()
    try:
        async with AsyncExitStack() as stack:
            found = None
            if mutation.outside is not None:
                dry = arguments.get("validate_only", False)
                found = await stack.enter_async_context(mutation.outside(context, arguments["input"], dry))
                await context.forget()
            return await _tried(mutation, field, context, found, arguments)
    finally:
        await context.forget()


async def _tried(
    mutation: Mutation[Any], field: DeclaredField, context: Context, outside: Any, arguments: dict[str, Any]
) -> Any:
    for attempt in range(1, TRIES):
        try:
            return await _attempt(mutation, field, context, outside, **arguments)
        except _Passing:
            await asyncio.sleep(0.02 * attempt)
    try:
        return await _attempt(mutation, field, context, outside, **arguments)
    except _Passing as passing:
        raise passing.error from None


async def _attempt(
    mutation: Mutation[Any],
    field: DeclaredField,
    context: Context,
    outside: Any,
    *,
    input: Any,
    idempotency_key: str | None = None,
    validate_only: bool = False,
) -> Any:
    name = camel(field.python_name)
    type_ = field.target
    async with context.database.unit(context.viewer) as unit:
        unit.outside = outside
        try:
            if idempotency_key is not None and not validate_only:
                input_hash = fingerprint(input)
                recorded = await in_time(unit.recall(name, idempotency_key, input_hash), context.grace)
                if recorded is not None:
                    if recorded.input_hash != input_hash:
                        return payload(type_, errors=[_another_input(idempotency_key)])
                    context.extensions["idempotent"] = True
                    return payload(type_, keys=recorded.result)
            # A commit is waited for: broken off, nobody would know whether it happened.
            keys = await in_time(mutation.function(unit, input), context.grace)
            unit.settle()
            _declared(unit.events, mutation)
            if validate_only:
                return payload(type_, keys=keys, events=unit.events, written=False)
            await unit.commit(name, idempotency_key, kept(type_, keys), audited=mutation.audited)
        except Refused as refused:
            events = () if validate_only else None
            return payload(type_, keys=refused.keys, errors=refused.errors, events=events, written=False)
        except Exception as error:
            if unit.passing(error):
                raise _Passing(error) from error
            explained = unit.explain(error)
            if explained is None:
                raise
            return payload(type_, errors=[explained], events=() if validate_only else None)
    return payload(type_, keys=keys)


class _Passing(Exception):
    def __init__(self, error: Exception) -> None:
        self.error = error


def _another_input(key: str) -> UserError:
    return UserError(
        code=ErrorCode.CONFLICT,
        message=f"The key {key!r} was used with another input; a new change needs a new key",
        field=["idempotencyKey"],
    )


def _declared(events: Any, mutation: Mutation[Any]) -> None:
    undeclared = {e.name for e in events} - set(mutation.emits)
    if undeclared:
        raise TypeError(f"{mutation.function.__name__} emits {undeclared} without declaring it")


def payload(
    type_: type[Any],
    *,
    keys: Keys | None = None,
    errors: Iterable[UserError] = (),
    events: Iterable[Event] | None = None,
    written: bool = True,
) -> Any:
    """A payload of this type. What was not written is not shown: a client must not cache what does not exist."""
    made = _filled(type_, keys or {}, written=written)
    made.user_errors = list(errors)
    made.events = None if events is None else [_preview(e) for e in events]
    return made


def _filled(type_: type[Any], keys: Keys, *, written: bool) -> Any:
    made: Any = object.__new__(type_)
    values = {}
    for field in declared_in(type_):
        value = keys.get(field.python_name)
        if isinstance(field.declaration, Results):
            value = [_item(field.target, one, written=written) for one in value or ()]
        elif not written:
            value = None
        values[field.python_name] = [] if value is None and field.many else value
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
