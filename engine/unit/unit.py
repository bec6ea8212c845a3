"""The unit of work as mutation functions see it; the room `db` provides it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from sqlalchemy import Executable, Result
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.values.errors import ErrorCode, Errors, UserError
from engine.values.viewer import Viewer

__all__ = ["Errors", "Event", "Recorded", "Refuses", "Unit"]

P = TypeVar("P")

__all__ = ["Errors", "Event", "Recorded", "Refuses", "Unit"]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened. `entity` is `Type:key`; `changed` are GraphQL field names.

    `before` and `after` are for the audit log alone, by the names of columns: the row as it was (of a deletion that is
    all there is), and what of it changed. A mutation that is not audited may leave them out."""

    name: str
    entity: str
    version: int | None = None
    changed: tuple[str, ...] = ()
    payload: dict[str, Any] = field(default_factory=dict)
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Cause:
    """What led to a change: `request:<id>`, `event:<id>`, `import:<source>`, `sweep:<name>`, `command:<name>`. `depth`
    counts the events between the change and what nobody but a caller, a clock or an import began."""

    name: str
    depth: int = 0

    @classmethod
    def request(cls, id: str) -> "Cause":
        return cls(f"request:{id}")

    @classmethod
    def event(cls, id: int, depth: int) -> "Cause":
        """An event that is written at this depth itself."""
        return cls(f"event:{id}", depth + 1)


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a mutation answered before under the same idempotency key."""

    input_hash: str
    result: Any


class Refuses(Protocol):
    """Takes broken rules; whoever checks a value need not know whose it is."""

    def refuse(self, code: ErrorCode, message: str, *path: str) -> None:
        """Note a broken rule and go on, so that the caller learns of all of them at once."""


class Unit(Protocol):
    """One transaction: rows, idempotency record and events, all or nothing. Functions never commit."""

    @property
    def connection(self) -> AsyncConnection: ...
    @property
    def viewer(self) -> Viewer: ...
    @property
    def events(self) -> Sequence[Event]: ...

    outside: Any
    """What the mutation's `outside` yielded."""

    def port(self, kind: type[P]) -> P:
        """What the edge connected of this type: a store of files, a signer. Raises LookupError for a type that the
        mutation does not name."""

    @property
    def deed(self) -> Mapping[str, Any]:
        """What each of its events says of whose deed it was: `caller`, `cause`, `depth`. For a statement that writes an
        event with its change."""

    def emit(self, event: Event, *, told: bool = False) -> None:
        """Append an event; it is written with the commit, or previewed by a dry run. `told`: a statement has written
        it."""

    async def written(self) -> list[int]:
        """Write the events that were emitted so far, and not with the commit; the ids of those that were not written
        before, for rows that refer to them. TypeError in a unit that joined another: that one writes its events."""

    async def alone(self, statement: Executable, values: Mapping[str, Any]) -> Result[Any]:
        """Run a statement that writes, or finds, all that the mutation does, its event included; if it does nothing,
        others may follow. Where the unit writes nothing of its own (no idempotency record, no entry of the audit log,
        no dry run) the database may take it for the whole transaction, and it is committed then. Raises Unavailable
        where nobody knows whether it was."""

    def require(self, permission: str) -> None:
        """Raise Forbidden unless the viewer has this permission too, beside the declared one: what a mutation needs
        may hang on its input."""

    def refuse(self, code: ErrorCode, message: str, *path: str) -> None:
        """Note a broken rule and go on, so that the caller learns of all of them at once."""

    def at(self, *path: str) -> Errors:
        """Where rules of a nested part of the input are refused, under its path."""

    def settle(self, keys: Mapping[str, Any] | None = None) -> None:
        """Raise Refused if any rule was broken. `keys` are what the payload says beside the errors."""

    def afterwards(
        self,
        *,
        committed: Callable[[], Awaitable[None]] | None = None,
        undone: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """What is to be done outside the database once the transaction has ended one way or the other. It may not
        happen at all, if the process dies in between."""

    async def recall(self, mutation: str, key: str, input_hash: str) -> Recorded | None:
        """Claim an idempotency key, or return what was answered under it. A concurrent twin waits here."""

    async def commit(self, mutation: str, key: str | None, result: Any, *, audited: bool) -> None:
        """Write events and the idempotency record's result, then commit. `audited`: each event is an entry of the
        audit log too, under the mutation's name. A unit that joined another hands its events over to that one."""

    def joined(self, viewer: Viewer, ports: Sequence[type[Any]]) -> AbstractAsyncContextManager["Unit"]:
        """A unit inside this transaction, for whoever acts. What it did is undone unless it is committed; what it
        committed is written when this one is, and goes with it when it is not. It takes no idempotency key."""

    def explain(self, error: Exception) -> UserError | None:
        """The user error behind a violated constraint; None when the error is nobody's input."""

    def passing(self, error: Exception) -> bool:
        """Whether running the whole unit again may succeed (a deadlock's victim, a serialization failure)."""
