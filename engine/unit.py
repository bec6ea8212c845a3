"""The unit of work as mutation functions see it; the room `db` provides it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from engine.context import Viewer
from engine.errors import ErrorCode, UserError


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened. `entity` is `Type:key`; `changed` are GraphQL field names."""

    name: str
    entity: str
    version: int | None = None
    changed: tuple[str, ...] = ()
    payload: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a mutation answered before under the same idempotency key."""

    input_hash: str
    result: Any


class Unit(Protocol):
    """One transaction: rows, idempotency record and events, all or nothing. Functions never commit."""

    @property
    def connection(self) -> AsyncConnection: ...
    @property
    def viewer(self) -> Viewer: ...
    @property
    def events(self) -> Sequence[Event]: ...

    def emit(self, event: Event) -> None:
        """Append an event; it is written with the commit, or previewed by a dry run."""

    def refuse(self, code: ErrorCode, message: str, *path: str) -> None:
        """Note a broken rule and go on, so that the caller learns of all of them at once."""

    def settle(self) -> None:
        """Raise Refused if any rule was broken."""

    async def recall(self, mutation: str, key: str, input_hash: str) -> Recorded | None:
        """Claim an idempotency key, or return what was answered under it. A concurrent twin waits here."""

    async def commit(self, mutation: str, key: str | None, result: Any) -> None:
        """Write events and the idempotency record's result, then commit."""

    def explain(self, error: Exception) -> UserError | None:
        """The user error behind a violated constraint; None when the error is nobody's input."""

    def passing(self, error: Exception) -> bool:
        """Whether running the whole unit again may succeed (a deadlock's victim, a serialization failure)."""
