"""A mutation, declared once beside its function; everything around the function is derived from that declaration.

The function gets a unit of work and its input, and returns the keys of what it changed. It does not commit, does not
know HTTP and does not check permissions.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, get_type_hints

from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument

from engine.declared.declaration import Declaration, DeclaredField, declare
from engine.declared.directives import Emits, RequiresPermission
from engine.declared.input import check_ids, fingerprint
from engine.declared.payload import Keys, kept, payload
from engine.standard.context import Context
from engine.unit.deadline import in_time
from engine.unit.unit import EventKind, Unit
from engine.values.errors import BadUserInput, ErrorCode, Refused, UserError
from engine.values.naming import camel
from engine.values.viewer import PUBLIC, SIGNED_IN

if TYPE_CHECKING:
    from strawberry.types.info import Info

In = TypeVar("In")
# Gets the request's context, the input and `validateOnly`; what it yields is the unit's `outside`.
Outside = Callable[[Context, In, bool], AbstractAsyncContextManager[Any]]

LONGEST_KEY: Final = 255
# A transaction takes as long as a hundred values of an answer at least; a bulk change is several of them.
TRANSACTION: Final = 100
MOST_AT_ONCE: Final = 10
STANDARD: Final = "standard"
# A deadlock's victim succeeds on its next try; one that does not is worth an error.
TRIES: Final = 3
# The permissions and the events whose mutations are audited without saying so.
_OVERSEEN: Final = "store/"
_GONE: Final = (".deleted", ".removed")
_OPEN: Final = {PUBLIC: "Open to everyone.", SIGNED_IN: "Open to everyone who signed in."}


@dataclass(frozen=True, slots=True, eq=False)
class Mutation(Generic[In]):
    function: Callable[[Unit, In], Awaitable[Keys]]
    permission: str
    rest: str | None
    emits: tuple[str, ...]
    rate: str
    audited: bool
    outside: Outside[In] | None = None

    @property
    def description(self) -> str:
        doc = " ".join((self.function.__doc__ or "").split())
        needs = _OPEN.get(self.permission, f"Requires {self.permission}.")
        rest = f" REST: {self.rest}." if self.rest else ""
        emits = f" Emits {', '.join(self.emits)}." if self.emits else ""
        audited = " Written to the audit log." if self.audited else ""
        return f"{doc} {needs}{rest}{emits}{audited}"


def mutation(
    *,
    permission: str,
    rest: str | None,
    emits: tuple[EventKind, ...] = (),
    rate: str = STANDARD,
    audited: bool | None = None,
    outside: Outside[In] | None = None,
) -> Callable[[Callable[[Unit, In], Awaitable[Keys]]], Mutation[In]]:
    """Declare a mutation on its function. `permission` may be PUBLIC or SIGNED_IN; `rest` names the documented
    operation, None where the documents have none; `emits` every event it may write; `rate` the budget that it is
    charged to beside the caller's; `audited` that each of its events is an entry of the audit log too. What deletes,
    and what takes a permission of the store itself, is audited unless it says otherwise.

    `outside` does what must not wait inside a transaction (another system, a large file): it is entered before the
    transaction begins and left when it has ended. It raises nothing that its caller could mend: what it yields says
    that, and the function refuses. With `validateOnly` it changes nothing out there."""
    if not permission or rest == "":
        raise TypeError("a mutation names its permission and its documented operation")
    names = tuple(dict.fromkeys(kind.name for kind in emits))
    if audited is None:
        audited = permission.startswith(_OVERSEEN) or any(name.endswith(_GONE) for name in names)
    return lambda function: Mutation(function, permission, rest, names, rate, audited, outside)


class Performed(Declaration):
    """The root field of a mutation."""

    def __init__(self, mutation: Mutation[Any]) -> None:
        self.mutation = mutation
        self.permission = mutation.permission
        self.weight = TRANSACTION * (MOST_AT_ONCE if mutation.rate != STANDARD else 1)

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
            async with AsyncExitStack() as stack:
                found = None
                if self.mutation.outside is not None:
                    dry = arguments.get("validate_only", False)
                    found = await stack.enter_async_context(self.mutation.outside(context, arguments["input"], dry))
                    await context.forget()
                return await self._tried(field, context, found, arguments)
        finally:
            await context.forget()

    async def _tried(self, field: DeclaredField, context: Context, outside: Any, arguments: dict[str, Any]) -> Any:
        for attempt in range(1, TRIES):
            try:
                return await self._attempt(field, context, outside, **arguments)
            except _Passing:
                await asyncio.sleep(0.02 * attempt)
        try:
            return await self._attempt(field, context, outside, **arguments)
        except _Passing as passing:
            raise passing.error from None

    async def _attempt(
        self,
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
        async with context.database.unit(context.viewer, cause=context.cause) as unit:
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
                keys = await in_time(self.mutation.function(unit, input), context.grace)
                unit.settle()
                _declared(unit.events, self.mutation)
                if validate_only:
                    return payload(type_, keys=keys, events=unit.events, written=False)
                await unit.commit(name, idempotency_key, kept(type_, keys), audited=self.mutation.audited)
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


def performed(mutation: Mutation[Any]) -> Any:
    """The root field of a mutation, annotated `XxxPayload | None`: one field's failure never hides another's result."""
    directives: list[object] = [Emits(events=list(mutation.emits))]
    if mutation.permission != PUBLIC:
        directives.insert(0, RequiresPermission(any=[mutation.permission]))
    field = declare(Performed(mutation), rest=[mutation.rest] if mutation.rest else [], directives=directives)
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
