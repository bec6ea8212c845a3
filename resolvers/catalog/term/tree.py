"""Terms of one taxonomy, to be found by their names and to be made where they are missing. Who changes them locks the
taxonomy's row first: what names, slugs and parents there are stays true until the transaction ends. However many terms
there are, what is read are those that are named.

A lock, not a unique index: an imported store may hold namesakes under one parent, which WordPress allows to terms with
slugs of their own.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Final, NamedTuple, TypeAlias

import orjson
from sqlalchemy import ARRAY, FromClause, Integer, Select, String, bindparam, cast, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from db.catalog.events import TERM_CREATED
from db.catalog.product import sort_key
from db.catalog.slug import Unique, Wanted, derived, free_slugs
from db.catalog.taxonomy import TaxonomyRow, TermRow
from db.store.row import table
from db.store.writing import add_all
from db.text.folding import caseless
from engine.unit.unit import Refuses, Unit
from engine.values.errors import ErrorCode
from resolvers.editing import text

TAXONOMY = table(TaxonomyRow)
TERM = table(TermRow)
LONGEST_NAME: Final = 200

Path: TypeAlias = Sequence[str]  # the names of terms, each below the one before


class Step(NamedTuple):
    """What a path names at one place. The first number is 1, and above all stands 0."""

    number: int
    above: int
    name_key: str


class Branches:
    """The terms that paths lead through, `under` one of them or (None) from the roots."""

    def __init__(self, under: int | None, terms: Iterable[tuple[int, int | None, str]]) -> None:
        """`terms` are ids, parents and names, the oldest first."""
        self.under = under
        self._named: dict[tuple[int | None, str], int] = {}
        for term in terms:
            self.add(*term)

    def add(self, key: int, parent: int | None, name: str) -> None:
        # Of namesakes the oldest is meant.
        self._named.setdefault((parent, caseless(name)), key)

    def named(self, parent: int | None, name: str) -> int | None:
        """The term of that name under a parent (None: among the roots), whatever the case."""
        return self._named.get((parent, caseless(name)))

    def way(self, path: Path) -> list[int]:
        """The terms of a path, as far as there are any."""
        way: list[int] = []
        for name in path:
            found = self.named(way[-1] if way else self.under, name)
            if found is None:
                break
            way.append(found)
        return way

    def end(self, path: Path) -> int | None:
        """The term that a path leads to."""
        way = self.way(path)
        return way[-1] if len(way) == len(path) else None


async def locked_taxonomy(unit: Unit, taxonomy: str) -> bool:
    """Whether there is such a taxonomy; nobody else changes its terms until the transaction ends."""
    if "\0" in taxonomy:
        return False  # PostgreSQL refuses to compare with it
    # Others may go on linking to its terms: only who changes them waits.
    lock = select(TAXONOMY.c.name).where(TAXONOMY.c.name == taxonomy).with_for_update(key_share=True)
    return (await unit.connection.execute(lock)).first() is not None


async def branches(
    connection: AsyncConnection, taxonomy: str, paths: Iterable[Path], under: int | None = None
) -> Branches:
    """What there is of the paths, in one statement."""
    steps = _steps(paths)
    if not steps:
        return Branches(under, [])
    dialect = connection.dialect.name
    values = {"taxonomy": taxonomy, "under": under, **_parameters(dialect, steps)}
    rows = await connection.execute(_found(dialect, roots=under is None), values)
    return Branches(under, [(row.id, row.parent_id, row.name) for row in rows])


async def grow(unit: Unit, taxonomy: str, paths: Sequence[Path], under: int | None = None) -> list[int]:
    """The terms that the paths lead to; what is missing of them is made, a statement a level. The taxonomy is locked,
    names are checked."""
    tree = await branches(unit.connection, taxonomy, paths, under)
    missing: dict[tuple[str, ...], str] = {}  # names by their places, the upper levels first
    ways = [len(tree.way(path)) for path in paths]
    levels = range(max(map(len, paths), default=0))
    for level in levels:
        for path, there in zip(paths, ways, strict=True):
            if there <= level < len(path):
                missing.setdefault(tuple(map(caseless, path[: level + 1])), path[level])
    wanted = [Wanted(derived(name) or "term", None) for name in missing.values()]
    slugs = dict(zip(missing, await free_slugs(unit.connection, wanted, slugs_of(taxonomy)), strict=True))
    for level in levels:
        new: dict[tuple[str, ...], TermRow] = {}
        for path in paths:
            place = tuple(map(caseless, path[: level + 1]))
            if place in missing and len(place) == level + 1 and place not in new:
                parent, name = (tree.end(path[:level]) if level else under), missing[place]
                new[place] = TermRow(
                    taxonomy=taxonomy, parent_id=parent, name=name, name_key=sort_key(name), slug=slugs[place]
                )
        for key, row in zip(await add_all(unit.connection, list(new.values())), new.values(), strict=True):
            tree.add(key, row.parent_id, row.name)
            unit.emit(TERM_CREATED(row.model_dump() | {"id": key}))
    return [end for path in paths if (end := tree.end(path)) is not None]


def slugs_of(taxonomy: str) -> Unique:
    """Where the slug of a term is no other's."""
    return Unique(TERM.c.slug, (TERM.c.taxonomy == taxonomy,))


async def is_below(connection: AsyncConnection, term: int, other: int | None) -> bool:
    """Whether `other` is the term itself or one of its descendants; reads what is above it."""
    up = select(TERM.c.id, TERM.c.parent_id).where(TERM.c.id == other).cte(recursive=True)
    # Not UNION ALL: should a store hold a circle, this ends.
    up = up.union(select(TERM.c.id, TERM.c.parent_id).join(up, TERM.c.id == up.c.parent_id))
    return (await connection.execute(select(up.c.id).where(up.c.id == term))).first() is not None


async def children(connection: AsyncConnection, term: int) -> list[Mapping[str, Any]]:
    rows = await connection.execute(select(TERM).where(TERM.c.parent_id == term).order_by(TERM.c.id))
    return list(map(dict, rows.mappings()))


def checked_name(errors: Refuses, name: str, *path: str) -> str:
    """The name as it is stored. Refuses one that is empty or too long."""
    name = text.line(name)
    if not name:
        errors.refuse(ErrorCode.VALIDATION, "A name is required", *path)
    elif len(name) > LONGEST_NAME:
        errors.refuse(ErrorCode.VALIDATION, f"At most {LONGEST_NAME} characters", *path)
    return name[:LONGEST_NAME]


def _steps(paths: Iterable[Path]) -> list[Step]:
    """Each place once, by the keys that names are stored with: whatever is as far down one key leads to one place."""
    steps: dict[tuple[int, str], Step] = {}
    for path in paths:
        above = 0
        for name in path:
            key = sort_key(name)
            above = steps.setdefault((above, key), Step(len(steps) + 1, above, key)).number
    return list(steps.values())


def _parameters(dialect: str, steps: Sequence[Step]) -> dict[str, Any]:
    if dialect == "postgresql":
        return dict(zip(Step._fields, map(list, zip(*steps, strict=True)), strict=True))
    return {"steps": orjson.dumps([list(step) for step in steps]).decode()}


@cache
def _found(dialect: str, *, roots: bool) -> Select[Any]:
    """Level after level the terms that the steps lead to: one text, and one plan, however many there are. PostgreSQL
    takes the steps as three lists, SQLite as JSON."""
    wanted = _wanted(dialect)
    start = TERM.c.parent_id.is_(None) if roots else TERM.c.parent_id == bindparam("under", type_=TERM.c.id.type)
    columns = (TERM.c.id, TERM.c.parent_id, TERM.c.name)
    of = TERM.c.taxonomy == bindparam("taxonomy", type_=String)
    found = (
        select(*columns, wanted.c.number)
        .join(wanted, TERM.c.name_key == wanted.c.name_key)
        .where(of, start, wanted.c.above == 0)
        .cte("found", recursive=True)
    )
    found = found.union_all(
        select(*columns, wanted.c.number)
        .select_from(found)
        .join(wanted, wanted.c.above == found.c.number)
        .join(TERM, (TERM.c.parent_id == found.c.id) & (TERM.c.name_key == wanted.c.name_key))
        .where(of)
    )
    return select(found.c.id, found.c.parent_id, found.c.name).order_by(found.c.id)


def _wanted(dialect: str) -> FromClause:
    if dialect == "postgresql":
        lists = [bindparam(f, type_=ARRAY(String if f == "name_key" else Integer)) for f in Step._fields]
        return func.unnest(*lists).table_valued(*Step._fields, name="wanted").render_derived()
    each = func.json_each(bindparam("steps", type_=String)).table_valued("value", name="each")
    parts = [(f, String if f == "name_key" else Integer) for f in Step._fields]
    taken = [cast(func.json_extract(each.c.value, f"$[{i}]"), type_).label(f) for i, (f, type_) in enumerate(parts)]
    return select(*taken).cte("wanted")
