"""A mutation, carried out: by a field of a request, a sweep, a command, or whatever else acts for a viewer.

What is asked is an input and a viewer; around the function run its permission, what it does outside, the transaction
with its retries, the idempotency record, its events and their entries in the audit log. No rate is charged: that is
the business of whoever takes requests.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, Final, Generic, NamedTuple, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from engine.declared.input import fingerprint
from engine.declared.mutation import Mutation, check_idempotency_key
from engine.declared.payload import Keys
from engine.unit.database import Database
from engine.unit.deadline import INTERRUPTS, in_time
from engine.unit.unit import Cause, Event, Unit
from engine.values.errors import ErrorCode, Refused, UserError
from engine.values.viewer import Viewer, require

In = TypeVar("In")
P = TypeVar("P")

# A deadlock's victim succeeds on its next try; one that does not is worth an error.
TRIES: Final = 3


@dataclass(frozen=True, slots=True, eq=False)
class Performable(Generic[In]):
    """A mutation of a schema, as `schema.mutations` has it. `once` are the keys that no idempotency record keeps;
    `coerce` makes its input of a mapping in GraphQL's spelling, bounded like a variable, or raises BadUserInput."""

    name: str  # in the graph
    mutation: Mutation[In]
    takes: type[In]
    audited: bool
    once: frozenset[str]
    coerce: Callable[[Mapping[str, Any]], In]

    @property
    def description(self) -> str:
        return self.mutation.description + (" Written to the audit log." if self.audited else "")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a mutation. `keys` is what its function returned, and of one that refused what it says beside the
    errors; `events` those that were written, or that a dry run would have written."""

    name: str
    keys: Keys = field(default_factory=dict)
    errors: tuple[UserError, ...] = ()
    events: tuple[Event, ...] = ()
    written: bool = False  # what `keys` tells of is in the store
    repeated: bool = False  # it was written before, under the same idempotency key


class Reach:
    """What a mutation's `outside` may reach: who asks, the database, and the ports that the mutation names."""

    def __init__(
        self, viewer: Viewer, units: Database, ports: tuple[type[Any], ...], cause: Cause | None = None
    ) -> None:
        self.viewer = viewer
        self._units = units
        self._ports = ports
        self._cause = cause

    def port(self, kind: type[P]) -> P:
        """Raises LookupError for a type that the mutation does not name."""
        if kind not in self._ports:
            raise LookupError(f"{kind.__name__} is no port that the mutation names")
        return self._units.port(kind)

    def read(self) -> AbstractAsyncContextManager[AsyncConnection]:
        return self._units.read()

    def unit(self) -> AbstractAsyncContextManager[Unit]:
        """A transaction of its own, for what has to stay whatever becomes of the mutation."""
        return self._units.unit(self.viewer, cause=self._cause)


async def perform(  # noqa: PLR0913  what it is done with, each of another origin
    known: Performable[In],
    input: Mapping[str, Any] | In,
    viewer: Viewer,
    units: Database,
    *,
    key: str | None = None,
    dry: bool = False,
    unit: Unit | None = None,
    cause: Cause | None = None,
) -> Outcome:
    """What a mutation's field does, without a request. `input` is a mapping in GraphQL's spelling, or the input itself
    when that has been coerced and checked already. `key` makes a repeat answer the same and change nothing; `dry` runs
    everything and writes nothing. `cause` is what its events say of themselves; in a unit that is joined they say what
    that one's do.

    With `unit` it joins a transaction that is open: what it does is written when that is committed, and only then. What
    is refused raises Refused, for whoever opened the unit to answer, and leaves the unit as it was; nothing is tried
    again. TypeError for a mutation that does something outside the transaction, and for a key: a record of its own
    would promise more than a part of a transaction can keep.

    Raises Forbidden (or CodedError UNAUTHENTICATED), BadUserInput, TimedOut, Busy; else what the function raised."""
    mutation = known.mutation
    require(viewer, mutation.permission)
    check_idempotency_key(key)
    given = _given(known, input)
    if unit is not None:
        if mutation.outside is not None:
            raise TypeError(f"{known.name} does something outside its transaction: it joins no other")
        if key is not None:
            raise TypeError("a mutation that joins a unit takes no idempotency key")
        await _prepared(mutation, given, _grace(units))
        return await _joined(known, given, viewer, units, unit, dry=dry)
    record = None if key is None or dry else _record(mutation, given, viewer, key)
    await _prepared(mutation, given, _grace(units))
    attempt = _Attempt(known, given, viewer, units, record, dry, cause)
    if mutation.outside is None:
        return await _tried(attempt, None)
    async with AsyncExitStack() as stack:
        reach = Reach(viewer, units, mutation.ports, cause)
        found = await stack.enter_async_context(mutation.outside(reach, given, dry))
        return await _tried(attempt, found)


class _Record(NamedTuple):
    """Where it is kept what was done under a key, and the hash of the input that was sent."""

    key: str
    kept_as: str
    input_hash: str


def _record(mutation: Mutation[In], given: In, viewer: Viewer, key: str) -> _Record | None:
    """All visitors are one caller, and one of them is not to be told what became of another's: their keys are kept with
    a hash of what they have the thing by that is changed. Who has nothing yet begins anew each time."""
    if viewer.signed_in:
        return _Record(key, key, fingerprint(given))
    held = None if mutation.held_by is None else getattr(given, mutation.held_by)
    if held is None:
        return None
    return _Record(key, f"{fingerprint(held)} {key}", fingerprint(given))


def _given(known: Performable[In], input: Mapping[str, Any] | In) -> In:
    if isinstance(input, known.takes):
        return input
    if isinstance(input, Mapping):
        return known.coerce(input)
    raise TypeError(f"{known.name} takes a mapping or {known.takes.__name__}, not {type(input).__name__}")


class _Passing(Exception):
    def __init__(self, error: Exception) -> None:
        self.error = error


@dataclass(frozen=True, slots=True)
class _Attempt:
    known: Performable[Any]
    given: Any
    viewer: Viewer
    units: Database
    record: _Record | None
    dry: bool
    cause: Cause | None

    async def __call__(self, outside: Any) -> Outcome:
        known = self.known
        name = known.name
        lone = self.record is None and not self.dry and not known.audited
        ports = known.mutation.ports
        async with self.units.unit(self.viewer, ports, cause=self.cause, lone=lone, dry=self.dry) as unit:
            unit.outside = outside
            try:
                return await _run(known, self.given, unit, _grace(self.units), record=self.record, dry=self.dry)
            except Refused as refused:
                return Outcome(name, refused.keys or {}, tuple(refused.errors))
            except Exception as error:
                if unit.passing(error):
                    raise _Passing(error) from error
                explained = unit.explain(error)
                if explained is None:
                    raise
                return Outcome(name, errors=(explained,))


async def _tried(attempt: _Attempt, outside: Any) -> Outcome:
    for number in range(1, TRIES):
        try:
            return await attempt(outside)
        except _Passing:
            await asyncio.sleep(0.02 * number)
    try:
        return await attempt(outside)
    except _Passing as passing:
        raise passing.error from None


async def _joined(
    known: Performable[In], given: In, viewer: Viewer, units: Database, unit: Unit, *, dry: bool
) -> Outcome:
    async with unit.joined(viewer, known.mutation.ports) as inner:
        try:
            return await _run(known, given, inner, _grace(units), record=None, dry=dry)
        except Refused:
            raise
        except Exception as error:
            explained = None if inner.passing(error) else inner.explain(error)
            if explained is None:
                raise
            raise Refused([explained]) from error


async def _run(
    known: Performable[In], given: In, unit: Unit, grace: float, *, record: _Record | None, dry: bool
) -> Outcome:
    name = known.name
    if record is not None:
        recorded = await in_time(unit.recall(name, record.kept_as, record.input_hash), grace)
        if recorded is not None:
            if recorded.input_hash != record.input_hash:
                return Outcome(name, errors=(_another_input(record.key),))
            return Outcome(name, recorded.result, written=True, repeated=True)
    # A commit is waited for: broken off, nobody would know whether it happened.
    keys = await in_time(known.mutation.function(unit, given), grace)
    unit.settle()
    events = tuple(unit.events)
    _check_declared(events, known.mutation)
    if not dry:
        kept = {name: value for name, value in keys.items() if name not in known.once}
        await unit.commit(name, None if record is None else record.kept_as, kept, audited=known.audited)
    return Outcome(name, keys, events=events, written=not dry)


async def _prepared(mutation: Mutation[In], given: In, grace: float) -> None:
    if mutation.prepare is not None:
        await in_time(mutation.prepare(given), grace)


def _grace(units: Database) -> float:
    return INTERRUPTS.get(units.dialect, 0.0)


def _another_input(key: str) -> UserError:
    return UserError(
        code=ErrorCode.CONFLICT,
        message=f"The key {key!r} was used with another input; a new change needs a new key",
        field=["idempotencyKey"],
    )


def _check_declared(events: Iterable[Event], mutation: Mutation[Any]) -> None:
    undeclared = {e.name for e in events} - set(mutation.emits)
    if undeclared:
        raise TypeError(f"{mutation.function.__name__} emits {undeclared} without declaring it")
