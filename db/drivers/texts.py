"""Statements that SQLAlchemy has compiled, in the words of the database: what the driver is told, and what it tells.

SQLAlchemy finds what it compiled by the shape of a statement, and makes all that a statement may need each time that it
runs. What it needs indeed is the same for one shape, and is worked out here once. A statement that is kept by whoever
runs it is known by itself.
"""

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any, Final, cast
from weakref import WeakKeyDictionary

from sqlalchemy import Dialect, Engine, Executable
from sqlalchemy.engine.result import IteratorResult, SimpleResultMetaData
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import SelectBase, UpdateBase

from engine.unit.text import Process, result_process, stated

Values = Mapping[str, Any]

_NOTHING: Final[Values] = {}


class Found(IteratorResult[Any]):
    """What a statement gave, as SQLAlchemy's own results tell it."""

    def __init__(self, metadata: SimpleResultMetaData, rows: Iterable[Sequence[Any]], rowcount: int) -> None:
        super().__init__(metadata, iter(rows))
        self.rowcount = rowcount
        self.returns_rows = bool(metadata.keys)


class Wording:
    """A compiled statement. `many`: it runs once for each of several mappings of values."""

    __slots__ = (
        *("_compiled", "_dialect", "_later", "_metadata", "_names", "_processes", "_results"),
        *("many", "returns", "sql"),
    )

    def __init__(self, compiled: SQLCompiler, dialect: Dialect) -> None:
        entries = compiled._result_columns
        results = [result_process(entry.type, dialect) for entry in entries]
        self.sql = str(compiled)
        self.many = compiled.for_executemany
        self.returns = bool(entries)
        self._compiled = compiled
        self._dialect = dialect
        self._names = tuple(compiled.positiontup or ())
        self._processes = cast("Mapping[str, Process]", compiled._bind_processors)
        # Where the text hangs on the values: on the length of a list, mostly.
        self._later = bool(compiled.literal_execute_params or compiled.post_compile_params)
        self._results = results if any(results) else None
        # By its name as well as by the column that it is; what else SQLAlchemy knows it by are names of others, too.
        known = [tuple(each for each in entry.objects if not isinstance(each, str)) for entry in entries]
        self._metadata = SimpleResultMetaData([str(entry.keyname) for entry in entries], extra=known)

    @classmethod
    def of(cls, compiled: SQLCompiler, dialect: Dialect) -> "Wording | None":
        """None for a statement that SQLAlchemy has to run itself: it works out values, or splits it into several."""
        worked_out = compiled.insert_prefetch or compiled.update_prefetch
        if worked_out or (compiled.for_executemany and compiled._result_columns):
            return None
        return cls(compiled, dialect)

    def bound(self, values: Values) -> tuple[str, list[Any]]:
        """The text, and its arguments in order. `values`: all of them, by name."""
        names: Sequence[str] = self._names
        processes, sql = self._processes, self.sql
        if self._later:
            values = dict(values)
            expanded = self._compiled._process_parameters_for_postcompile(values)
            sql, names = expanded.statement, expanded.positiontup or ()
            processes = {**processes, **cast("Mapping[str, Process]", expanded.processors)}
        return sql, [
            values[name] if (process := processes.get(name)) is None else process(values[name]) for name in names
        ]

    def with_(self, own: Values) -> tuple["Wording", Values]:
        """The same with some of its values in its text, and those that are not."""
        if self._later or self.many or self._dialect.paramstyle != "numeric_dollar":
            return self, own
        known = {name: v if (p := self._processes.get(name)) is None else p(v) for name, v in own.items()}
        one = copy(self)
        one.sql, names = stated(self.sql, self._names, known)
        one._names = tuple(names)
        return one, {name: own[name] for name in names if name in own}

    def found(self, rows: Sequence[Sequence[Any]], rowcount: int) -> Found:
        """The driver's rows as Python's."""
        if self._results is None:
            return Found(self._metadata, map(tuple, rows), rowcount)
        processes = self._results
        made = [tuple([v if p is None else p(v) for p, v in zip(processes, row, strict=True)]) for row in rows]
        return Found(self._metadata, made, rowcount)


@dataclass(frozen=True, slots=True)
class Asked:
    """A statement with what it is given: `values` by name, of `many` a list of them."""

    wording: Wording
    values: Sequence[Values]

    def bound(self) -> tuple[str, list[Any]]:
        """The text with its arguments; with a list of arguments for each of many."""
        if not self.wording.many:
            return self.wording.bound(self.values[0])
        return self.wording.sql, [self.wording.bound(each)[1] for each in self.values]


@dataclass(slots=True)
class _Kept:
    """`again`: it was run before as the same object, so that what it says itself is worth being in its text."""

    wording: Wording
    names: frozenset[str]  # of the values that were given
    own: Values  # those of the statement itself
    again: bool = False


class Texts:
    """Those of one engine. What is kept goes with the statement, or with what SQLAlchemy keeps."""

    def __init__(self, engine: Engine) -> None:
        self._dialect = engine.dialect
        self._compiled = engine._compiled_cache
        self._wordings: WeakKeyDictionary[SQLCompiler, Wording | None] = WeakKeyDictionary()
        self._kept: WeakKeyDictionary[Executable, _Kept] = WeakKeyDictionary()

    def of(self, statement: Executable, parameters: Values | Sequence[Values] | None) -> Asked | None:
        """None for what SQLAlchemy has to run itself."""
        given: Sequence[Values] = (
            [parameters or _NOTHING] if parameters is None or isinstance(parameters, Mapping) else parameters
        )
        if not given:
            given = [_NOTHING]
        one = given[0]
        kept = self._kept.get(statement) if isinstance(statement, SelectBase | UpdateBase) else None
        if kept is not None and len(given) == 1 and kept.names == one.keys():
            if not kept.again:
                kept.wording, kept.own = kept.wording.with_(kept.own)
                kept.again = True
            return Asked(kept.wording, [{**kept.own, **one}])
        return self._found(statement, given)

    def _found(self, statement: Executable, given: Sequence[Values]) -> Asked | None:
        if not isinstance(statement, SelectBase | UpdateBase):
            return None  # a text, or a definition
        if statement._propagate_attrs or statement.get_execution_options() or statement._with_options:
            return None
        compiled, extracted, collected, _ = statement._compile_w_cache(
            self._dialect,
            compiled_cache=self._compiled,
            column_keys=sorted(given[0]),
            for_executemany=len(given) > 1,
        )
        assert isinstance(compiled, SQLCompiler)
        if compiled not in self._wordings:
            self._wordings[compiled] = Wording.of(compiled, self._dialect)
        wording = self._wordings[compiled]
        if wording is None:
            return None
        values = [
            compiled.construct_params(
                each or None, extracted, escape_names=False, _group_number=place, _collected_params=collected
            )
            for place, each in enumerate(given)
        ]
        if len(given) == 1:
            own = {name: value for name, value in values[0].items() if name not in given[0]}
            self._kept[statement] = _Kept(wording, frozenset(given[0]), own)
        return Asked(wording, values)
