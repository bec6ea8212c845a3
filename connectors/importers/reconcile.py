"""Brings stored rows in line with a source's: compares column by column, writes only what differs."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final, TypeAlias

from sqlalchemy import ColumnElement, Table, bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.importers.mapping import STAMPS, VERSION, Columns, Mapped
from connectors.importers.report import Tally
from db.store.row import now

# Both databases take about 32 000 parameters a statement; two columns of identifiers must fit.
CHUNK: Final = 10_000

StoredRows: TypeAlias = dict[Any, Columns]
Link: TypeAlias = tuple[int, int]


@dataclass(slots=True)
class Difference:
    """What to write to one table. A change names the columns that differ, and says whether it bumps the version."""

    mapped: Mapped
    new: list[Columns] = field(default_factory=list)
    changed: list[tuple[frozenset[str], bool, Columns]] = field(default_factory=list)
    unchanged: int = 0

    @property
    def tally(self) -> Tally:
        return Tally(imported=len(self.new), updated=len(self.changed), unchanged=self.unchanged)


async def load(
    connection: AsyncConnection, mapped: Mapped, column: str, values: Collection[Any], *, lock: bool = False
) -> StoredRows:
    """The rows whose `column` holds one of `values`, by key, in its order; `lock` keeps them for this transaction."""
    table = mapped.table
    rows: StoredRows = {}
    for chunk in chunks(sorted(values)):
        statement = select(table).where(table.c[column].in_(chunk)).order_by(table.c[mapped.key])
        result = await connection.execute(statement.with_for_update() if lock else statement)
        rows.update((row[mapped.key], dict(row)) for row in result.mappings())
    return rows


async def links(connection: AsyncConnection, table: Table, owners: Collection[int]) -> set[Link]:
    """The pairs of a link table whose first column is one of `owners`."""
    owner, other = table.primary_key.columns
    found: set[Link] = set()
    for chunk in chunks(sorted(owners)):
        result = await connection.execute(select(owner, other).where(owner.in_(chunk)))
        found.update((row[0], row[1]) for row in result)
    return found


def compare(
    mapped: Mapped, incoming: Iterable[Columns], stored: Mapping[Any, Columns], touched: Collection[Any] = ()
) -> Difference:
    """Rows are matched by key. `touched` are keys whose links changed: these rows change even with equal columns."""
    difference = Difference(mapped)
    for row in incoming:
        before = stored.get(row[mapped.key]) if mapped.key in row else None
        if before is None:
            difference.new.append(row)
            continue
        changed = frozenset(name for name in mapped.compared if row[name] != before[name])
        linked = row[mapped.key] in touched
        if changed or linked:
            difference.changed.append((changed, linked or bool(changed - mapped.derived), row))
        else:
            difference.unchanged += 1
    return difference


async def insert_new(connection: AsyncConnection, difference: Difference, **instead: Any) -> None:
    """Inserts the new rows; `instead` are columns that must wait and hold these values meanwhile."""
    if not difference.new:
        return
    mapped = difference.mapped
    constants = mapped.kept | ({VERSION: 1} if mapped.versioned else {})
    if mapped.stamped:
        constants |= dict.fromkeys(STAMPS, now())
    await connection.execute(insert(mapped.table), [constants | row | instead for row in difference.new])


async def update_changed(connection: AsyncConnection, difference: Difference) -> None:
    """Writes the columns that differ, in one statement for all rows that differ in the same ones."""
    mapped = difference.mapped
    table = mapped.table
    groups: dict[tuple[frozenset[str], bool], list[Columns]] = defaultdict(list)
    for changed, bumps, row in difference.changed:
        groups[changed, bumps].append(row)
    for (changed, bumps), rows in groups.items():
        values: dict[str, Any] = {name: bindparam(f"new_{name}", type_=table.c[name].type) for name in changed}
        if mapped.versioned and bumps:
            values[VERSION] = table.c[VERSION] + 1
        if mapped.stamped:
            values["updated_at"] = now()
        statement = update(table).where(table.c[mapped.key] == bindparam("row_key")).values(values)
        await connection.execute(
            statement, [{"row_key": row[mapped.key]} | {f"new_{name}": row[name] for name in changed} for row in rows]
        )


async def write(connection: AsyncConnection, difference: Difference) -> None:
    await insert_new(connection, difference)
    await update_changed(connection, difference)


async def remove(connection: AsyncConnection, mapped: Mapped, keys: Collection[Any]) -> None:
    """Deletes rows by key; what hangs on them goes by the cascades of the tables."""
    for chunk in chunks(sorted(keys)):
        await connection.execute(delete(mapped.table).where(mapped.table.c[mapped.key].in_(chunk)))


async def unlink(connection: AsyncConnection, table: Table, gone: Collection[Link]) -> None:
    owner, other = table.primary_key.columns
    if gone:
        statement = delete(table).where(owner == bindparam("owner"), other == bindparam("other"))
        await connection.execute(statement, [{"owner": pair[0], "other": pair[1]} for pair in sorted(gone)])


async def link(connection: AsyncConnection, table: Table, new: Collection[Link]) -> None:
    owner, other = table.primary_key.columns
    if new:
        await connection.execute(insert(table), [{owner.name: pair[0], other.name: pair[1]} for pair in sorted(new)])


async def known(connection: AsyncConnection, table: Table, keys: Collection[int]) -> set[int]:
    """Those of the keys that are stored."""
    found: set[int] = set()
    for chunk in chunks(sorted(keys)):
        found.update((await connection.scalars(select(table.c.id).where(table.c.id.in_(chunk)))).all())
    return found


async def places(connection: AsyncConnection, table: Table, owners: Collection[int]) -> dict[int, dict[int, int]]:
    """What a table of links with a `position` holds of these owners: the others' places."""
    owner, other = table.primary_key.columns
    found: dict[int, dict[int, int]] = {}
    for chunk in chunks(sorted(owners)):
        for row in await connection.execute(select(owner, other, table.c.position).where(owner.in_(chunk))):
            found.setdefault(row[0], {})[row[1]] = row[2]
    return found


async def arrange(
    connection: AsyncConnection, table: Table, stored: Mapping[int, Mapping[int, int]], wanted: Mapping[Link, int]
) -> tuple[Tally, set[int]]:
    """Makes links with a `position`, as `places` found them, those that are wanted; answers with the owners whose links
    changed too."""
    owner, other = table.primary_key.columns
    before = {(key, linked): place for key, placed in stored.items() for linked, place in placed.items()}
    gone = before.keys() - wanted.keys()
    new = wanted.keys() - before.keys()
    moved = {pair for pair in wanted.keys() & before.keys() if wanted[pair] != before[pair]}
    await unlink(connection, table, gone | moved)
    if new or moved:
        rows_to_add = [
            {owner.name: pair[0], other.name: pair[1], "position": wanted[pair]} for pair in sorted(new | moved)
        ]
        await connection.execute(insert(table), rows_to_add)
    tally = Tally(imported=len(new), updated=len(moved), unchanged=len(wanted) - len(new | moved), removed=len(gone))
    return tally, {pair[0] for pair in gone | new | moved}


async def bump(connection: AsyncConnection, mapped: Mapped, keys: Collection[int]) -> None:
    """Counts a change of these rows that none of their columns shows."""
    for chunk in chunks(sorted(keys)):
        statement = update(mapped.table).where(mapped.table.c[mapped.key].in_(chunk))
        await connection.execute(statement.values({VERSION: mapped.table.c[VERSION] + 1}))


async def holders(
    connection: AsyncConnection, mapped: Mapped, column: str, wanted: Collection[Any], owner: str
) -> list[tuple[Any, int, int]]:
    """Who holds one of these values of a unique column: value, key and the column `owner` of each such row."""
    table = mapped.table
    found: list[tuple[Any, int, int]] = []
    for chunk in chunks(list(wanted)):
        statement = select(table.c[column], table.c[mapped.key], table.c[owner]).where(table.c[column].in_(chunk))
        found += [(row[0], row[1], row[2]) for row in await connection.execute(statement)]
    return found


async def park(connection: AsyncConnection, mapped: Mapped, column: str, held: Mapping[int, Any]) -> dict[int, Any]:
    """Takes values of a unique column from the rows that hold them, so that others can have them in any order.
    Answers with what stands there instead until the rows' own turn: nothing, or a value nobody else has. What is folded
    in the column holds the same meanwhile."""
    if not held:
        return {}
    target = mapped.table.c[column]
    told = target.info.get("folds", column)
    parked = {key: None if target.nullable else f"{value}~{key}" for key, value in held.items()}
    statement = update(mapped.table).where(mapped.table.c[mapped.key] == bindparam("row_key"))
    await connection.execute(
        statement.values({name: bindparam("parked", type_=mapped.table.c[name].type) for name in (told, column)}),
        [{"row_key": key, "parked": value} for key, value in sorted(parked.items())],
    )
    return parked


async def between(connection: AsyncConnection, mapped: Mapped, after: int, upto: int | None = None) -> set[int]:
    """The keys stored in a range, `after` excluded."""
    key = mapped.table.c[mapped.key]
    conditions: list[ColumnElement[bool]] = [key > after]
    if upto is not None:
        conditions.append(key <= upto)
    return set((await connection.scalars(select(key).where(*conditions))).all())


def chunks(values: Iterable[Any]) -> Iterable[list[Any]]:
    iterator = iter(values)
    while chunk := list(islice(iterator, CHUNK)):
        yield chunk
