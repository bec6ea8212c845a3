"""A mutation, declared once beside its function; everything around the function is derived from that declaration.

The function gets a unit of work and its input, and returns the keys of what it changed. It does not commit, does not
know HTTP and does not check permissions.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, get_type_hints

import strawberry
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument

from engine import identity
from engine.context import Context
from engine.declaration import Declaration, DeclaredField, Relation, declare, element
from engine.directives import Emits, RequiresPermission
from engine.errors import BadUserInput, ErrorCode, Refused, UserError
from engine.input import check_ids, fingerprint
from engine.naming import camel
from engine.unit import Event, Unit

if TYPE_CHECKING:
    from strawberry.types.info import Info

In = TypeVar("In")

Keys = Mapping[str, Any]  # payload field → key of the row it shows
LONGEST_KEY: Final = 255
# A deadlock's victim succeeds on its next try; one that does not is worth an error.
TRIES: Final = 3


@dataclass(frozen=True, slots=True, eq=False)
class Mutation(Generic[In]):
    function: Callable[[Unit, In], Awaitable[Keys]]
    permission: str
    rest: str
    emits: tuple[str, ...]
    rate: str

    @property
    def description(self) -> str:
        doc = " ".join((self.function.__doc__ or "").split())
        emits = f" Emits {', '.join(self.emits)}." if self.emits else ""
        return f"{doc} Requires {self.permission}. REST: {self.rest}.{emits}"


def mutation(
    *, permission: str, rest: str, emits: tuple[str, ...] = (), rate: str = "standard"
) -> Callable[[Callable[[Unit, In], Awaitable[Keys]]], Mutation[In]]:
    """Declare a mutation on its function. `rest` names the documented operation, `emits` every event it may write."""
    if not permission or not rest:
        raise TypeError("a mutation names its permission and its documented operation")
    return lambda function: Mutation(function, permission, rest, emits, rate)


@strawberry.type(description="An event that a dry run would have written.")
class EventPreview:
    name: str
    entity_id: strawberry.ID
    version: int | None
    changed_fields: list[str]


@strawberry.interface(description="What every mutation answers.")
class Payload:
    user_errors: list[UserError] = strawberry.field(description="Empty when it worked. Otherwise nothing was written.")
    events: list[EventPreview] | None = strawberry.field(
        default=None, description="With `validateOnly`: the events that would be written."
    )
    row: strawberry.Private[Any]


def changed(key: object, *, description: str | None = None) -> Any:
    """A payload's entity, read back after the commit: a relation by the key that the function returned."""
    return declare(Changed(element(key)), description=description)


class Changed(Declaration):
    def __init__(self, key: Any) -> None:
        self.key = key
        self._relation: Relation | None = None

    def resolve(self, field: DeclaredField, source: Any, info: "Info[Context, Any]", arguments: dict[str, Any]) -> Any:
        if self._relation is None:
            # Named after its own field: the function's result says `variant`, the payload's field is `variant`.
            # Made once: statements are kept by it.
            self._relation = Relation(self.key, field.python_name)
        return self._relation.resolve(field, source, info, arguments)


class Performed(Declaration):
    """The root field of a mutation."""

    def __init__(self, mutation: Mutation[Any]) -> None:
        self.mutation = mutation
        self.permission = mutation.permission

    def check(self, field: DeclaredField, arguments: dict[str, Any]) -> None:
        check_ids(arguments["input"])
        key = arguments.get("idempotency_key")
        if key is not None and not (1 <= len(key) <= LONGEST_KEY and key.isprintable()):
            raise BadUserInput(f"`idempotencyKey` has 1 to {LONGEST_KEY} characters, none of them a control character")

    async def resolve(
        self, field: DeclaredField, source: Any, info: "Info[Context, Any]", arguments: dict[str, Any]
    ) -> Any:
        context: Context = info.context
        # What an earlier mutation's payload read through would be held while waiting for the unit's connection.
        await context.forget()
        try:
            for attempt in range(1, TRIES + 1):
                try:
                    return await self._attempt(field, context, **arguments)
                except _Passing as passing:
                    if attempt == TRIES:
                        raise passing.error from None
                    await asyncio.sleep(0.02 * attempt)
        finally:
            await context.forget()

    async def _attempt(
        self,
        field: DeclaredField,
        context: Context,
        *,
        input: Any,
        idempotency_key: str | None = None,
        validate_only: bool = False,
    ) -> Any:
        name = camel(field.python_name)
        async with context.database.unit(context.viewer) as unit:
            try:
                if idempotency_key is not None and not validate_only:
                    input_hash = fingerprint(input)
                    recorded = await unit.recall(name, idempotency_key, input_hash)
                    if recorded is not None:
                        if recorded.input_hash != input_hash:
                            return _payload(field, errors=[_another_input(idempotency_key)])
                        context.extensions["idempotent"] = True
                        return _payload(field, keys=recorded.result)
                keys = await self.mutation.function(unit, input)
                unit.settle()
                _declared(unit.events, self.mutation)
                if validate_only:
                    return _payload(field, events=unit.events)
                await unit.commit(name, idempotency_key, dict(keys))
            except Refused as refused:
                return _payload(field, errors=refused.errors, events=() if validate_only else None)
            except Exception as error:
                if unit.passing(error):
                    raise _Passing(error) from error
                explained = unit.explain(error)
                if explained is None:
                    raise
                return _payload(field, errors=[explained], events=() if validate_only else None)
        return _payload(field, keys=keys)


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


def _payload(
    field: DeclaredField,
    *,
    keys: Keys | None = None,
    errors: list[UserError] | None = None,
    events: Any | None = None,
) -> Any:
    payload: Any = object.__new__(field.target)
    names = [f.python_name for f in field.target.__strawberry_definition__.fields if isinstance(f, DeclaredField)]
    payload.row = SimpleNamespace(**{n: (keys or {}).get(n) for n in names})
    payload.user_errors = errors or []
    payload.events = None if events is None else [_preview(e) for e in events]
    return payload


def _preview(event: Event) -> EventPreview:
    return EventPreview(
        name=event.name,
        entity_id=strawberry.ID(identity.encode(*event.entity.split(":", 1))),
        version=event.version,
        changed_fields=list(event.changed),
    )


def performed(mutation: Mutation[Any]) -> Any:
    """The root field of a mutation, annotated `XxxPayload | None`: one field's failure never hides another's result."""
    field = declare(
        Performed(mutation),
        rest=[mutation.rest],
        directives=[RequiresPermission(any=[mutation.permission]), Emits(events=list(mutation.emits))],
    )
    field.description = mutation.description
    hints = get_type_hints(mutation.function)
    field.arguments = [
        StrawberryArgument("input", None, StrawberryAnnotation(hints["input"])),
        StrawberryArgument(
            "idempotency_key",
            None,
            StrawberryAnnotation(str | None),
            description="Your own name for this change: a repeat within 24 hours answers the same and changes nothing.",
        ),
        StrawberryArgument(
            "validate_only",
            None,
            StrawberryAnnotation(bool),
            default=False,
            description="Run everything, write nothing, and say what would happen.",
        ),
    ]
    return field
