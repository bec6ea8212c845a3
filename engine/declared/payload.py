"""What a mutation answers: declared fields filled from the keys that its function returned.

Those keys are what an idempotency record keeps, so they hold nothing but JSON's values; a repeat fills the same payload
from the record.
"""

import asyncio
from collections.abc import Iterable, Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import strawberry

from engine.declared.declaration import Declaration, DeclaredField, Relation, declare
from engine.declared.entity import entity_of
from engine.standard.loader import related_loader
from engine.unit.unit import Errors, Event
from engine.values import identity
from engine.values.columns import element
from engine.values.errors import ErrorCode, UserError

if TYPE_CHECKING:
    from strawberry.types.info import Info

    from engine.standard.context import Context

Keys = Mapping[str, Any]  # payload field → what the function says of it: the key of the row it shows, or a value


@strawberry.type(description="An event that a dry run would have written.")
class EventPreview:
    name: str = strawberry.field(description="`product.updated`, `variant.created`, …")
    entity_id: strawberry.ID = strawberry.field(
        description="What it would happen to; of something new no `node(id:)` knows it."
    )
    version: int | None = strawberry.field(
        description="What the change would make of its version; null where it has none any more."
    )
    changed_fields: list[str] = strawberry.field(
        description="GraphQL names of what would change; empty for what is made or deleted."
    )


@strawberry.interface(description="What every mutation answers.")
class Payload:
    user_errors: list[UserError] = strawberry.field(
        description="What the caller can mend. Empty when it worked; otherwise nothing was written."
    )
    events: list[EventPreview] | None = strawberry.field(
        default=None, description="With `validateOnly`: the events that would be written."
    )
    row: strawberry.Private[Any]


@strawberry.interface(description="What became of one of several things that were asked at once.")
class ItemResult:
    index: int = strawberry.field(description="Its place in the input, from 0.")
    user_errors: list[UserError] = strawberry.field(
        description="Empty when it worked. Otherwise nothing of this item was written; the others are not affected."
    )
    row: strawberry.Private[Any]


class Said(Declaration):
    """A value out of the function's own keys."""

    once = False

    def resolve(self, field: DeclaredField, source: Any, info: "Info[Context, Any]", arguments: dict[str, Any]) -> Any:
        return getattr(source.row, field.python_name)


class ShownOnce(Said):
    """Shown to whoever made it, and never again: no record keeps it."""

    once = True


class Deleted(Said):
    def __init__(self, type_name: str) -> None:
        self._type_name = type_name

    def resolve(self, field: DeclaredField, source: Any, info: "Info[Context, Any]", arguments: dict[str, Any]) -> Any:
        key = getattr(source.row, field.python_name)
        if isinstance(key, list):
            return [identity.encode(self._type_name, k) for k in key]
        return None if key is None else identity.encode(self._type_name, key)


class Results(Said):
    """A list of ItemResult, one for each item of the input."""


class Changed(Declaration):
    def __init__(self, key: Any) -> None:
        # Made once: statements are kept by it.
        self._relation = Relation(key, key)

    def resolve(self, field: DeclaredField, source: Any, info: "Info[Context, Any]", arguments: dict[str, Any]) -> Any:
        key = getattr(source.row, field.python_name)
        if key is None:
            return None
        context = info.context
        entity = entity_of(field.target)
        needs = context.document.asked(entity, info._raw_info.field_nodes)
        loader = related_loader(context, self._relation, entity, needs, many=False)
        if not field.many:
            return loader.load(key)
        return _those_there(loader.load(k) for k in key)


async def _those_there(loads: Iterable[Any]) -> list[Any]:
    return [row for row in await asyncio.gather(*loads) if row is not None]


def changed(key: object, *, description: str | None = None) -> Any:
    """An entity (or a list of them), read back after the commit by the key (or keys) that the function returned."""
    return declare(Changed(element(key)), description=description)


def told(*, once: bool = False, description: str | None = None) -> Any:
    """A value that the function returned. `once`: a secret, null when an idempotency key repeats the answer."""
    return declare(ShownOnce() if once else Said(), description=description)


def deleted(type_name: str, *, description: str | None = "What is gone: to be evicted from caches.") -> Any:
    """The id (or ids) of what the function deleted, of which it returned the key (or keys)."""
    return declare(Deleted(type_name), description=description)


def results(*, description: str | None = "One for each item of the input, in its order.") -> Any:
    """Annotated `list[XxxResult]` of an ItemResult; the function returns a list of `item`s."""
    return declare(Results(), description=description)


def item(index: int, errors: Errors | None = None, **keys: Any) -> dict[str, Any]:
    """What a function says of one item: its keys, or what is wrong with it."""
    found = [{"code": e.code.value, "message": e.message, "field": e.field} for e in errors.found] if errors else []
    return {"index": index, "user_errors": found, **keys}


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


def kept(type_: type[Any], keys: Keys) -> dict[str, Any]:
    """The keys that an idempotency record may hold."""
    once = {f.python_name for f in _declared(type_) if isinstance(f.declaration, Said) and f.declaration.once}
    return {name: value for name, value in keys.items() if name not in once}


def _declared(type_: type[Any]) -> list[DeclaredField]:
    fields = cast(Any, type_).__strawberry_definition__.fields
    return [f for f in fields if isinstance(f, DeclaredField)]


def _filled(type_: type[Any], keys: Keys, *, written: bool) -> Any:
    made: Any = object.__new__(type_)
    values = {}
    for field in _declared(type_):
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
