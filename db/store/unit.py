"""The unit of work: one transaction with its rows, its idempotency record and its events. Nobody else commits."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar, cast

import structlog
from sqlalchemy import (
    Dialect,
    Executable,
    Result,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncTransaction

from db.access import audit
from db.constraints import explained
from db.drivers import failures
from db.drivers.transaction import Transaction
from db.secrets.encrypted import NoSecretKey
from db.store.database import Database
from db.store.idempotency import KEPT, IdempotencyRow, forget_old
from db.store.outbox import EventRow
from db.store.row import now, table
from db.store.statements import Reads
from db.store.writing import add_values
from engine.unit.deadline import CURRENT
from engine.unit.unit import Cause, Errors, Event, Recorded
from engine.values.errors import ErrorCode, Refused, Unavailable, UserError
from engine.values.viewer import Viewer, require

log = structlog.get_logger("storegraph.db")

_IDEMPOTENCY = table(IdempotencyRow)
_EVENT = table(EventRow)
# A commit that waits for a disk takes some.
COMMIT_SECONDS: Final = 10.0
_UNKNOWN: Final = (
    "The database did not say whether the change was made: look, or send it again with the idempotencyKey that it had"
)


P = TypeVar("P")


class UnitOfWork:
    """See engine.unit.unit.Unit for what each method promises."""

    def __init__(
        self,
        connection: AsyncConnection,
        viewer: Viewer,
        ports: Mapping[type[Any], object] | None = None,
        named: Sequence[type[Any]] = (),
        cause: Cause | None = None,
        kept: timedelta = KEPT,
        *,
        lone: bool = False,
    ) -> None:
        """`ports` are all that the edge connected, `named` those that the mutation may reach; `kept` is how long an
        idempotency key says what was answered. `lone`: nothing is written beside what its function writes."""
        self.connection = connection
        self.viewer = viewer
        self.cause = cause
        self.outside: Any = None
        self._ports = ports or {}
        self._named = named
        self._kept = kept
        self.events: list[Event] = []
        self._told: set[int] = set()  # places in `events` of those that statements have written
        self._others: dict[int, str] = {}  # of units that joined: the event's place in `events`, and whose deed it was
        self._before = 0  # of the events, those that are written already
        self._errors = Errors()
        self._committed: list[Callable[[], Awaitable[None]]] = []
        self._undone: list[Callable[[], Awaitable[None]]] = []
        self._over = False
        self._unknown = False
        self._lone = lone and isinstance(connection, Transaction)

    def port(self, kind: type[P]) -> P:
        if kind not in self._named:
            raise LookupError(f"{kind.__name__} is no port that the mutation names")
        return cast(P, self._ports[kind])

    @property
    def deed(self) -> Mapping[str, Any]:
        cause = self.cause
        return {
            "caller": self._caller,
            "cause": None if cause is None else cause.name,
            "depth": 0 if cause is None else cause.depth,
        }

    def emit(self, event: Event, *, told: bool = False) -> None:
        if told:
            self._told.add(len(self.events))
        self.events.append(event)

    async def written(self) -> list[int]:
        return await add_values(self.connection, _EVENT, self._unwritten())

    def _unwritten(self) -> list[dict[str, Any]]:
        """The rows of the events that are not written yet; whoever asks writes them."""
        moment, first = now(), self._before
        self._before = len(self.events)
        return [
            self._row(event, moment, self._others.get(place, self._caller))
            for place, event in enumerate(self.events)
            if place >= first and place not in self._told
        ]

    def require(self, permission: str) -> None:
        require(self.viewer, permission)

    def refuse(self, code: ErrorCode, message: str, *path: str) -> None:
        self._errors.refuse(code, message, *path)

    def at(self, *path: str) -> Errors:
        return self._errors.at(*path)

    def settle(self, keys: Mapping[str, Any] | None = None) -> None:
        if self._errors:
            raise Refused(self._errors.found, keys)

    def afterwards(
        self,
        *,
        committed: Callable[[], Awaitable[None]] | None = None,
        undone: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        if committed is not None:
            self._committed.append(committed)
        if undone is not None:
            self._undone.append(undone)

    async def end(self) -> None:
        """Does what was put off until the transaction ended, if it is known how. What fails there is logged: the answer
        is settled."""
        if self._unknown:
            return
        for action in self._committed if self._over else self._undone:
            try:
                await action()
            except Exception as error:
                log.error("after a transaction", committed=self._over, exc_info=error)

    @property
    def _caller(self) -> str:
        return self.viewer.id or "anonymous"

    async def alone(self, statement: Executable, values: Mapping[str, Any]) -> Result[Any]:
        if not self._lone or self._errors or self.events:
            return await self.connection.execute(statement, values)
        connection = cast(Transaction, self.connection)
        try:
            return cast("Result[Any]", await connection.alone(statement, values))
        except (Unavailable, asyncio.CancelledError) as error:
            if not connection.untold:
                raise
            self._unknown = True
            deadline = CURRENT.get()
            if isinstance(error, asyncio.CancelledError) and (deadline is None or not deadline.passed):
                raise
            raise self._untold() from error

    def _untold(self) -> Unavailable:
        self._unknown = True
        return Unavailable(_UNKNOWN, retry_after=failures.DOWN_SECONDS)

    async def recall(self, mutation: str, key: str, input_hash: str) -> Recorded | None:
        place = (
            (_IDEMPOTENCY.c.caller == self._caller)
            & (_IDEMPOTENCY.c.mutation == mutation)
            & (_IDEMPOTENCY.c.key == key)
        )
        values = {
            "caller": self._caller,
            "mutation": mutation,
            "key": key,
            "input_hash": input_hash,
            "created_at": now(),
        }
        dialect = postgresql if self.connection.dialect.name == "postgresql" else sqlite
        # PostgreSQL waits here for a twin's transaction to end; SQLite waited when the transaction began. A record that
        # is kept no longer is taken over.
        claim = (
            dialect.insert(_IDEMPOTENCY)
            .values(values)
            .on_conflict_do_update(
                index_elements=list(_IDEMPOTENCY.primary_key.columns),
                set_={**values, "result": None},
                where=_IDEMPOTENCY.c.created_at < now() - self._kept,
            )
        )
        if (await self.connection.execute(claim.returning(_IDEMPOTENCY.c.key))).first() is not None:
            return None
        found = (await self.connection.execute(select(_IDEMPOTENCY).where(place))).one()
        return Recorded(found.input_hash, found.result)

    async def commit(self, mutation: str, key: str | None, result: Any, *, audited: bool = False) -> None:
        if self.events:
            if rows := self._unwritten():
                await self.connection.execute(insert(_EVENT), rows)
            if audited:
                await self._audit(mutation)
        if key is not None:
            await self.connection.execute(
                update(_IDEMPOTENCY)
                .where(
                    _IDEMPOTENCY.c.caller == self._caller,
                    _IDEMPOTENCY.c.mutation == mutation,
                    _IDEMPOTENCY.c.key == key,
                )
                .values(result=result)
            )
            await forget_old(self.connection, self._kept)
        await self._made()
        self._over = True

    async def _made(self) -> None:
        """A commit is waited for beyond any deadline, for nobody knows what becomes of one that is broken off; but not
        for ever. What an embedded store says of it is always known."""
        if isinstance(self.connection, Transaction) and self.connection.idle:
            return
        embedded = self.connection.dialect.name == "sqlite"
        try:
            async with asyncio.timeout(None if embedded else COMMIT_SECONDS):
                await self.connection.commit()
        except (Unavailable, TimeoutError) as error:
            if embedded or isinstance(error, failures.UNDONE):
                raise
            raise self._untold() from error

    async def _audit(self, mutation: str) -> None:
        own = [event for place, event in enumerate(self.events) if place not in self._others]
        if own:
            await audit.record_events(self.connection, self.viewer, mutation, own)

    @asynccontextmanager
    async def joined(self, viewer: Viewer, ports: Sequence[type[Any]]) -> AsyncIterator["JoinedUnit"]:
        savepoint = await self.connection.begin_nested()
        unit = JoinedUnit(self, savepoint, viewer, ports)
        try:
            yield unit
        finally:
            if not unit._over:
                await savepoint.rollback()
                await unit.end()

    def _row(self, event: Event, moment: datetime, caller: str) -> dict[str, Any]:
        return {
            "name": event.name,
            "entity": event.entity,
            "version": event.version,
            "changed": list(event.changed),
            "payload": event.payload,
            **self.deed,
            "caller": caller,
            "occurred_at": moment,
        }

    def passing(self, error: Exception) -> bool:
        return isinstance(error, failures.Lost | failures.Passing)

    def explain(self, error: Exception) -> UserError | None:
        if isinstance(error, NoSecretKey):
            return UserError(code=error.code, message=error.message, field=None)
        return explained(error) if isinstance(error, IntegrityError) else None


class JoinedUnit(UnitOfWork):
    """A unit inside another's transaction: what it did stays, if the other's does."""

    def __init__(
        self, outer: UnitOfWork, savepoint: AsyncTransaction, viewer: Viewer, named: Sequence[type[Any]]
    ) -> None:
        super().__init__(outer.connection, viewer, outer._ports, named)
        self._outer = outer
        self._savepoint = savepoint

    @property
    def deed(self) -> Mapping[str, Any]:
        return {**self._outer.deed, "caller": self._caller}

    async def recall(self, mutation: str, key: str, input_hash: str) -> Recorded | None:
        raise TypeError("a unit that joined another keeps no record of its own")

    async def written(self) -> list[int]:
        raise TypeError("the events of a unit that joined another are written with that one's")

    async def commit(self, mutation: str, key: str | None, result: Any, *, audited: bool = False) -> None:
        if audited:
            await self._audit(mutation)
        await self._savepoint.commit()
        self._over = True
        outer = self._outer
        for place, event in enumerate(self.events):
            outer._others[len(outer.events)] = self._others.get(place, self._caller)
            outer.emit(event, told=place in self._told)
        outer._committed += self._committed
        outer._undone += self._undone


class Units:
    """What the engine is given as its database: reads, and units of work for a viewer. `ports` are what else the
    functions of mutations and queries reach, by type; `kept` is for how long an idempotency key is."""

    def __init__(self, database: Database, *ports: object, kept: timedelta = KEPT) -> None:
        self._database = database
        self._kept = kept
        self._ports: dict[type[Any], object] = {type(port): port for port in (database, *ports)}
        self.committed: Callable[[], None] = lambda: None
        """Is called when a unit was committed; what it does must be quick, and must not fail."""

    def port(self, kind: type[P]) -> P:
        return cast(P, self._ports[kind])

    @property
    def dialect(self) -> str:
        return self._database.dialect

    @property
    def words(self) -> Dialect:
        return self._database.words

    def read(self) -> Any:
        return self._database.read()

    def has(self, kind: type[Any]) -> bool:
        """Whether `port` has something to give."""
        return kind in self._ports

    def statements(self) -> Reads:
        return Reads(self._database)

    @asynccontextmanager
    async def unit(
        self,
        viewer: Viewer,
        ports: Sequence[type[Any]] = (),
        *,
        cause: Cause | None = None,
        lone: bool = False,
        dry: bool = False,
    ) -> AsyncIterator[UnitOfWork]:
        """Rolled back unless committed. `cause` is what its events say of themselves; `lone`: nothing is written beside
        what the function writes, no record, no entry of the audit log; `dry`: it is not committed whatever happens."""
        unit: UnitOfWork | None = None
        try:
            async with self._database.write(later=lone, dry=dry) as connection:
                unit = UnitOfWork(connection, viewer, self._ports, ports, cause, self._kept, lone=lone)
                yield unit
        finally:
            if unit is not None:
                if unit._over:
                    self.committed()
                await unit.end()


__all__: Sequence[str] = ("UnitOfWork", "Units")
