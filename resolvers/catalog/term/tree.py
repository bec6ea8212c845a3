"""Terms of one taxonomy, to be found by their names and to be made where they are missing. Who changes them locks the
taxonomy's row first: what names, slugs and parents there are stays true until the transaction ends. However many terms
there are, what is read are those that are named.

A lock, not a unique index: an imported store may hold namesakes under one parent, which WordPress allows to terms with
slugs of their own.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Final, TypeAlias

import orjson
from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    String,
    TableValuedAlias,
    bindparam,
    cast,
    column,
    func,
    literal_column,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB
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
    named = _nested(paths)
    if not named:
        return Branches(under, [])
    values = {"taxonomy": taxonomy, "under": under, "paths": orjson.dumps(named).decode()}
    rows = await connection.execute(_found(connection.dialect.name, roots=under is None), values)
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


def _nested(paths: Iterable[Path]) -> dict[str, Any]:
    """Each place once, inside the one above it, by the keys that names are stored with."""
    nested: dict[str, Any] = {}
    for path in paths:
        inner = nested
        for name in path:
            inner = inner.setdefault(sort_key(name), {})
    return nested


@cache
def _found(dialect: str, *, roots: bool) -> Select[Any]:
    """Level after level the terms that the paths lead to, each with what they name below it: one text, and one plan,
    however many there are."""
    start = TERM.c.parent_id.is_(None) if roots else TERM.c.parent_id == bindparam("under", type_=TERM.c.id.type)
    each = _each(dialect, bindparam("paths", type_=String), "named")
    term, named = _named(dialect, each, start)
    outer = select(term.c.id, term.c.parent_id, term.c.name, each.c.value.label("below"))
    found = outer.select_from(each.join(term, named)).cte("found", recursive=True)
    below = _each(dialect, found.c.below, "named_below")
    term, named = _named(dialect, below, TERM.c.parent_id == found.c.id)
    inner = select(term.c.id, term.c.parent_id, term.c.name, below.c.value)
    found = found.union_all(inner.select_from(found.join(below, true()).join(term, named)))
    return select(found.c.id, found.c.parent_id, found.c.name).order_by(found.c.id)


def _named(dialect: str, each: FromClause, place: ColumnElement[bool]) -> tuple[FromClause, ColumnElement[bool]]:
    """The terms of these names at a place, and what joins them."""
    named = (TERM.c.taxonomy == bindparam("taxonomy", type_=String)) & place & (TERM.c.name_key == each.c.key)
    if dialect == "sqlite":
        return TERM, named
    # PostgreSQL takes an object for a hundred names, and would rather read a small store's terms once: behind an offset
    # it looks for one name after the other, in the index.
    terms = select(TERM.c.id, TERM.c.parent_id, TERM.c.name).where(named).offset(literal_column("0"))
    return terms.lateral(), true()


def _each(dialect: str, nested: ColumnElement[Any], name: str) -> TableValuedAlias:
    """The members of an object of JSON, as rows of `key` and `value`."""
    if dialect == "sqlite":
        return func.json_each(nested).table_valued("key", "value", name=name)
    members = func.jsonb_each(cast(nested, JSONB)).table_valued("key", column("value", JSONB), name=name)
    return members.render_derived()
