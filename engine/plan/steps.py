"""How rows are found: by what relates them to their parents, by look-up, by global ids; all of a small table."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from graphql import FieldNode, GraphQLOutputType, get_nullable_type, is_list_type, is_non_null_type
from sqlalchemy import select

from engine.declared.declaration import DeclaredField, Relation
from engine.declared.entity import Entity
from engine.declared.lookup import Every, Lookup
from engine.declared.statements import KEY, PARENT, related_statement
from engine.plan.faults import Unusual, of_field
from engine.plan.run import Read, Run, Texts
from engine.plan.shape import Found, Shape
from engine.unit.text import Columns
from engine.values import identity
from engine.values.columns import Needs, merged, seen_by, selected

ROOT: Final = 0  # stands for the parent of a field that has none


class Field:
    """What all steps know of their field. `up`: how far null goes from it."""

    many = False
    parent: str | None = None

    def __init__(
        self, declared: DeclaredField, type_: GraphQLOutputType, nodes: Sequence[FieldNode], lift: int
    ) -> None:
        self.declared = declared
        self.type = type_
        self.nodes = nodes
        self.nullable = not is_non_null_type(type_)
        self.listed = is_list_type(get_nullable_type(type_))
        self.up = of_field(type_, lift)

    def keys(self, values: Sequence[Any]) -> list[Any]:
        return list(dict.fromkeys(value for value in values if value is not None))

    def taken(self, run: Run) -> Any:
        return run.taken[id(self.nodes[0]), self.declared]


class Source:
    """Rows by a key that they share with whoever asks. Who asks for the same columns of the same rows in several places
    of a document shares it, and what was read is not read again."""

    def __init__(self, relation: Relation, entity: Entity, needs: Needs) -> None:
        self._relation = relation
        self._entity = entity
        self._needs = needs
        self._texts = Texts()

    async def rows(self, run: Run, keys: Sequence[Any]) -> Read:
        """Those of all that was asked so far, by their keys."""
        read = run.read.get(self)
        missing = keys if read is None else [key for key in keys if key not in read.by_key]
        if not missing:
            assert read is not None
            return read
        one = len(missing) == 1
        text = self._texts.of(one, lambda: self._statement(run, one=one), run.dialect)
        columns, rows = await (run.rows(text, {KEY: missing[0]}) if one else run.rows(text, {}, missing))
        if read is None:
            read = run.read[self] = Read()
        by_key = read.by_key
        for key in missing:
            by_key[key] = []
        if rows:
            read.columns = columns
            parent = only(columns, PARENT)
            for row in rows:
                by_key[parent(row)].append(row)
        return read

    def _statement(self, run: Run, *, one: bool) -> Any:
        return related_statement(self._relation, self._entity, self._needs, run.seen, run.context.dialect, one=one)


class Rows:
    """What a selection answers of them."""

    def __init__(self, source: Source, shape: Shape) -> None:
        self._source = source
        self._shape = shape

    async def found(self, run: Run, keys: Sequence[Any], *, many: bool) -> dict[Any, Any]:
        """By the keys, where there is something: the first row of each, or `many`."""
        read = await self._source.rows(run, keys)
        there = [(key, rows) for key in keys if (rows := read.by_key[key])]
        if not many:
            first = await run.written(self._shape, read.columns, [rows[0] for _, rows in there])
            return {key: written for (key, _), written in zip(there, first, strict=True)}
        written = await run.written(self._shape, read.columns, [row for _, rows in there for row in rows])
        found: dict[Any, Any] = {}
        start = 0
        for key, rows in there:
            found[key] = written[start : start + len(rows)]
            start += len(rows)
        return found


class Related(Field):
    def __init__(self, parent: str | None, rows: Rows, *of: Any) -> None:
        super().__init__(*of)
        self.parent = parent
        self.many = self.listed
        self._rows = rows

    async def load(self, run: Run, keys: list[Any]) -> Found:
        return await self._rows.found(run, keys, many=self.many)


class Picked(Field):
    """Rows whose keys the parent holds as a list."""

    def __init__(self, parent: str, rows: Rows, *of: Any) -> None:
        super().__init__(*of)
        self.parent = parent
        self._rows = rows

    def keys(self, values: Sequence[Any]) -> list[Any]:
        return list(dict.fromkeys(key for value in values for key in value)) or [None]

    async def load(self, run: Run, keys: list[Any]) -> Found:
        return _Picks({} if keys == [None] else await self._rows.found(run, keys, many=False))


class _Picks:
    def __init__(self, found: dict[Any, Any]) -> None:
        self._found = found

    def get(self, keys: Sequence[Any]) -> list[Any]:
        return [self._found[key] for key in keys if key in self._found]


class LookedUp(Field):
    """One row by what a caller knows of it."""

    def __init__(self, lookup: Lookup, entity: Entity, rows: Mapping[str, Rows], *of: Any) -> None:
        super().__init__(*of)
        self._lookup = lookup
        self._entity = entity
        self._rows = rows

    async def load(self, run: Run, keys: list[Any]) -> Found:
        sought = self._lookup.sought(self._entity, self.taken(run)["by"])
        if sought is None:
            return {}
        name, value = sought
        return {ROOT: (await self._rows[name].found(run, [value], many=False)).get(value)}


class Fixed(Field):
    """The one row of its table."""

    def __init__(self, key: Any, rows: Rows, *of: Any) -> None:
        super().__init__(*of)
        self._key = key
        self._rows = rows

    async def load(self, run: Run, keys: list[Any]) -> Found:
        return {ROOT: (await self._rows.found(run, [self._key], many=False)).get(self._key)}


class All(Field):
    """All visible rows of a small table."""

    def __init__(self, every: Every, entity: Entity, shape: Shape, *of: Any) -> None:
        super().__init__(*of)
        self._every = every
        self._entity = entity
        self._shape = shape
        self._texts = Texts()

    async def load(self, run: Run, keys: list[Any]) -> Found:
        columns, rows = await run.rows(self._texts.of(None, lambda: self._statement(run), run.dialect), {})
        return {ROOT: await run.written(self._shape, columns, rows)}

    def _statement(self, run: Run) -> Any:
        entity = self._entity
        statement = select(*selected(merged(self._shape.needs, [entity.key]), run.viewer)).select_from(entity.table)
        order = [seen_by(column, run.viewer) for column in self._every.order]
        return statement.where(entity.visible(run.viewer)).order_by(*order, entity.key)


class Anything:
    """Rows of whatever type, by their global ids. `rows` makes what finds those of one type; None for no entity."""

    def __init__(self, rows: Callable[[str], tuple[Entity, Rows] | None]) -> None:
        self._make = rows
        self._kept: dict[str, tuple[Entity, Rows] | None] = {}

    async def found(self, run: Run, ids: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Any]:
        by_type: dict[str, dict[str, Any]] = {}
        for type_, text in ids:
            of = self._of(type_)
            key = None if of is None else of[0].key_of(text)
            if key is not None:
                by_type.setdefault(type_, {})[text] = key
        found: dict[tuple[str, str], Any] = {}
        for type_, keys in by_type.items():
            of = self._of(type_)
            assert of is not None
            rows = await of[1].found(run, list(dict.fromkeys(keys.values())), many=False)
            found |= {(type_, text): rows[key] for text, key in keys.items() if key in rows}
        return found

    def _of(self, type_: str) -> tuple[Entity, Rows] | None:
        if type_ not in self._kept:
            made = self._make(type_)
            if made is None:  # what is no type of ours is not kept: there is no end of such
                return None
            self._kept[type_] = made
        return self._kept[type_]


class Identified(Field):
    """`node` and `nodes`."""

    def __init__(self, anything: Anything, several: bool, *of: Any) -> None:
        super().__init__(*of)
        self._anything = anything
        self._several = several

    async def load(self, run: Run, keys: list[Any]) -> Found:
        given = self.taken(run)
        ids = [identity.decode(text)[:2] for text in (given["ids"] if self._several else [given["id"]])]
        found = await self._anything.found(run, ids)
        return {ROOT: [found.get(id_) for id_ in ids] if self._several else found.get(ids[0])}


class Pointed(Field):
    """The node that a column names as `Type:key`."""

    def __init__(self, parent: str, anything: Anything, *of: Any) -> None:
        super().__init__(*of)
        self.parent = parent
        self._anything = anything

    async def load(self, run: Run, keys: list[Any]) -> Found:
        ids = {text: (text.partition(":")[0], text.partition(":")[2]) for text in keys}
        found = await self._anything.found(run, list(ids.values()))
        return {text: found.get(id_) for text, id_ in ids.items()}


def only(columns: Columns, name: str) -> Callable[[Any], Any]:
    """Reads one column of a row as Python's value. Raises Unusual where there is none."""
    try:
        place, process = columns.place(name)
    except ValueError:
        raise Unusual from None
    return (lambda row: row[place]) if process is None else (lambda row: process(row[place]))
