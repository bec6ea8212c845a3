"""A statement in the words of a database, made once: its text, how parameters become the driver's arguments, and what
the driver's values mean.

SQLAlchemy compiles; that is all it does of a request whose statements are known.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from sqlalchemy import Dialect, Executable, Float, Numeric
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

Process = Callable[[Any], Any]

# asyncpg tells the type of each column beside its values, and SQLAlchemy asks for it where a number may come in several
# ways. Those of our columns are known: `double precision` and `numeric`, by their numbers in pg_type.
_DOUBLE: Final = 701
_NUMERIC: Final = 1700
# Where SQLAlchemy leaves the place of a list whose length is not known before.
_LIST: Final = re.compile(r"__\[POSTCOMPILE_(\w+)\]")

# How PostgreSQL's texts name what they are given, and what may stand in them without any doubt.
_PLACE: Final = re.compile(r"\$(\d+)")
_PLAIN: Final = re.compile(r"[A-Za-z0-9_.: -]*")
# A greater number may be somebody's key (who sees what is their own), and each would have a text of its own.
_MANY: Final = 10


def stated(sql: str, names: Sequence[str], known: Mapping[str, Any]) -> tuple[str, list[str]]:
    """A text of PostgreSQL's with what is `known` of its parameters in it, and the names of the others in order. Only
    small numbers, truths and plain words: to encode one and to send it takes as long as much else that a statement
    needs, and who plans it is told more. The values are the driver's."""
    said = {name: text for name, value in known.items() if (text := _literal(value)) is not None}
    places: dict[str, int] = {}

    def written(found: re.Match[str]) -> str:
        name = names[int(found[1]) - 1]
        return said[name] if name in said else f"${places.setdefault(name, len(places) + 1)}"

    return (_PLACE.sub(written, sql), list(places)) if said else (sql, list(names))


def _literal(value: Any) -> str | None:
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if type(value) is int and -_MANY < value < _MANY:
        return f"({value})"
    return f"'{value}'" if type(value) is str and _PLAIN.fullmatch(value) else None


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """What rows hold, by name. `processes` make Python's values of the driver's, where these are not the same;
    `read`: the rows come through SQLAlchemy, which has done so."""

    names: tuple[str, ...]
    processes: tuple[Process | None, ...] = ()
    read: bool = False

    def place(self, name: str) -> tuple[int, Process | None]:
        """Where a row holds it. Raises ValueError for what it does not hold."""
        place = self.names.index(name)
        return place, None if self.read else self.processes[place]

    @property
    def key(self) -> tuple[tuple[str, ...], bool]:
        """Equal for rows of one entity that are written by the same function."""
        return self.names, self.read


class Text:
    """A compiled statement. Some of its parameters may be lists of any length; of others there is one text."""

    __slots__ = ("_arguments", "_lists", "columns", "sql")

    def __init__(self, compiled: SQLCompiler, dialect: Dialect) -> None:
        names: Sequence[str] = compiled.positiontup or ()
        known, processes = compiled.params, cast("Mapping[str, Process]", compiled._bind_processors)
        self.sql = str(compiled)
        self._lists = frozenset(_LIST.findall(self.sql))
        # What the statement says itself. Of what it is given nothing is known: these are required.
        own = {n: _processed(processes.get(n), known[n]) for n in names if not compiled.binds[n].required}
        if dialect.paramstyle == "numeric_dollar":
            self.sql, names = stated(self.sql, names, own)
        self._arguments = [(name, own.get(name), processes.get(name)) for name in names]
        entries = compiled._result_columns
        self.columns = Columns(
            tuple(str(entry.keyname) for entry in entries),
            tuple(result_process(entry.type, dialect) for entry in entries),
        )

    @classmethod
    def of(cls, statement: Executable, dialect: Dialect) -> "Text | None":
        """None for a statement whose text depends on more than how long its lists are: SQLAlchemy has to run it."""
        compiled = cast(SQLCompiler, cast(Any, statement).compile(dialect=dialect))
        lists = compiled.post_compile_params
        if not compiled.positional or compiled.literal_execute_params or (lists and dialect.paramstyle != "qmark"):
            return None
        if any(not bind.required for bind in lists):  # a list of the statement's own
            return None
        return cls(compiled, dialect)

    def bound(self, parameters: Mapping[str, Any]) -> tuple[str, list[Any]]:
        """The text and its arguments, in order."""
        arguments: list[Any] = []
        for name, known, process in self._arguments:
            if name not in parameters:
                arguments.append(known)
            elif name in self._lists:
                arguments.extend(parameters[name] if process is None else map(process, parameters[name]))
            else:
                arguments.append(parameters[name] if process is None else process(parameters[name]))
        if not self._lists:
            return self.sql, arguments
        # SQLite takes a list without anything in it, too.
        return _LIST.sub(lambda found: ", ".join("?" * len(parameters[found[1]])), self.sql), arguments


def _processed(process: Process | None, value: Any) -> Any:
    return value if process is None or value is None else process(value)


def result_process(type_: TypeEngine[Any], dialect: Dialect) -> Process | None:
    """What makes Python's value of the driver's; None where it is one already."""
    column = _DOUBLE if isinstance(type_, Float) else _NUMERIC if isinstance(type_, Numeric) else None
    return cast("Process | None", cast(Any, type_)._cached_result_processor(dialect, column))
