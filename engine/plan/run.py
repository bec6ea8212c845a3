"""One run of a plan: rows are read, written, and the errors among them settled."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from graphql import FieldNode
from sqlalchemy import Dialect, Executable, Row

from engine.declared.declaration import DeclaredField
from engine.declared.statements import KEYS, Seen
from engine.plan.faults import Failed, Fault
from engine.plan.shape import Found, Shape, Step
from engine.plan.trace import Trace
from engine.plan.writing import writer
from engine.unit.text import Columns, Text
from engine.values.errors import CodedError
from engine.values.viewer import Viewer

# What is written without serving anybody else: some 10 ms.
MOST_VALUES_AT_ONCE: Final = 20_000
# SQLite binds at most 32766 values.
MOST_KEYS: Final = 10_000
# Texts of one step: lists that differ by filter, sort and place.
MOST_TEXTS: Final = 16

NOTHING: Final[Mapping[Any, Any]] = {}


class Reading(Protocol):
    """What a plan reads through, and what functions of batched and queried fields are given."""

    @property
    def viewer(self) -> Viewer: ...
    @property
    def dialect(self) -> str: ...
    async def rows(self, statement: Executable, parameters: Mapping[str, Any] | None = None) -> Sequence[Row[Any]]:
        """Through SQLAlchemy."""

    async def values(self, sql: str, arguments: Sequence[Any]) -> Sequence[Sequence[Any]]:
        """As the driver gives them. Raises whatever it raises."""

    @property
    def performs(self) -> Callable[[DeclaredField, FieldNode, Mapping[str, Any]], Awaitable[Any]]:
        """What performs the mutation of a field, once in a request, and returns its payload."""


class Texts:
    """The texts of one step by what they depend on; the least recently used leave."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, Text | Executable] = {}

    def of(self, key: Hashable, make: Callable[[], Executable], dialect: Dialect) -> Text | Executable:
        found = self._kept.pop(key, None)
        if found is None:
            statement = make()
            found = Text.of(statement, dialect) or statement
            if len(self._kept) >= MOST_TEXTS:
                del self._kept[next(iter(self._kept))]
        self._kept[key] = found
        return found


_NONE: Final = Columns(())


@dataclass(slots=True)
class Read:
    """The rows of one source that a run has read."""

    columns: Columns = _NONE
    by_key: dict[Any, list[Any]] = field(default_factory=dict)


class Run:
    """`taken` are the arguments of fields by their nodes, as they are resolved with them; `trace` is told what is
    done."""

    def __init__(
        self,
        context: Reading,
        dialect: Dialect,
        taken: Mapping[tuple[int, DeclaredField], Any],
        trace: Trace | None = None,
    ) -> None:
        self.context = context
        self.trace = trace
        self.viewer = context.viewer
        self.seen = Seen(context.viewer)
        self.dialect = dialect
        self.taken = taken
        self.faulty = False
        self.read: dict[object, Read] = {}  # by source
        self._values = 0

    async def found(self, step: Step, keys: Sequence[Any]) -> Found:
        """What a step finds for these; a fault for all of them, if it cannot say."""
        if self.trace is None:
            return await self._found(step, keys)
        with self.trace.step(step, len(keys)):
            return await self._found(step, keys)

    async def _found(self, step: Step, keys: Sequence[Any]) -> Found:
        try:
            return await step.load(self, list(keys)) if keys else NOTHING
        except CodedError as error:
            return self.failed(step, error)

    def failed(self, step: Any, error: CodedError) -> Failed:
        self.faulty = True
        return Failed(Fault(error, step.nodes, step.up))

    async def rows(
        self, text: Text | Executable, parameters: Mapping[str, Any], keys: Sequence[Any] | None = None
    ) -> tuple[Columns, Sequence[Sequence[Any]]]:
        """The rows of a statement; with keys, of as many statements as they take."""
        if keys is not None and len(keys) > MOST_KEYS:
            columns, rows = await self.rows(text, parameters, keys[:MOST_KEYS])
            _, more = await self.rows(text, parameters, keys[MOST_KEYS:])
            return columns, [*rows, *more]
        if keys is not None:
            parameters = {**parameters, KEYS: keys}
        if self.trace is None:
            return await self._asked(text, parameters)
        with self.trace.statement(text.sql if isinstance(text, Text) else str(text)) as told:
            columns, rows = await self._asked(text, parameters)
            told["rows"] = len(rows)
            return columns, rows

    async def _asked(
        self, text: Text | Executable, parameters: Mapping[str, Any]
    ) -> tuple[Columns, Sequence[Sequence[Any]]]:
        if isinstance(text, Text):
            return text.columns, await self.context.values(*text.bound(parameters))
        found = await self.context.rows(text, parameters)
        return Columns(tuple(found[0]._fields) if found else (), read=True), found

    async def written(self, shape: Shape, columns: Columns | None, rows: Sequence[Any]) -> list[Any]:
        """What the answer says of rows (without columns: of values of Python), with all that is below them."""
        if not rows:
            return []
        gets = [(await self.found(step, _keys(step, columns, rows))).get for step in shape.steps]
        self.faulty = self.faulty or shape.refuses
        write = shape.way(columns, writer)
        each = shape.values
        at_once = max(1, MOST_VALUES_AT_ONCE // each)
        if len(rows) <= at_once and self._values + len(rows) * each <= MOST_VALUES_AT_ONCE:
            self._values += len(rows) * each
            return write(rows, *gets)
        written: list[Any] = []
        for start in range(0, len(rows), at_once):
            await asyncio.sleep(0)
            written += write(rows[start : start + at_once], *gets)
        self._values = 0
        return written


def _keys(step: Step, columns: Columns | None, rows: Sequence[Any]) -> list[Any]:
    if step.parent is None:
        return step.keys(rows)
    if columns is None:
        return step.keys([getattr(row.row, step.parent) for row in rows])
    place, process = columns.place(step.parent)
    return step.keys([row[place] for row in rows] if process is None else [process(row[place]) for row in rows])
