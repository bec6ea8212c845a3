"""Rows that callers make and edit. This is the only place that bumps `version`."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Column, Table, bindparam, insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from db.store.primary_keys import new_keys
from db.store.row import Row, now, table


async def add(connection: AsyncConnection, row: Row) -> int:
    """Insert one row; its key."""
    (key,) = await add_all(connection, [row])
    return key


async def add_all(connection: AsyncConnection, rows: Sequence[Row]) -> list[int]:
    """Insert rows of one table in one statement, with the keys that they have or else the database gives (all of them
    alike); their keys, in the rows' order."""
    if not rows:
        return []
    into = table(type(rows[0]))
    (primary,) = into.primary_key.columns
    given = set() if getattr(rows[0], primary.name) is not None else {primary.name}
    return await add_values(connection, into, [row.model_dump(exclude=given) for row in rows])


async def add_values(connection: AsyncConnection, into: Table, rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """`add_all` of rows that are mappings of their columns, all of the same ones; without a key, unless there is but
    one row."""
    if not rows:
        return []
    (primary,) = into.primary_key.columns
    if len(rows) == 1 or connection.dialect.name == "postgresql":
        statement = insert(into).returning(primary, sort_by_parameter_order=True)
        return list((await connection.execute(statement, rows)).scalars())
    # On SQLite the statement above would be one for each row, to know whose key is whose.
    keys = (await new_keys(connection, {into: len(rows)}))[into]
    await connection.execute(insert(into), [{**row, primary.name: key} for row, key in zip(rows, keys, strict=True)])
    return keys


async def edit(connection: AsyncConnection, table: Table, key: Any, version: int, values: Mapping[str, Any]) -> bool:
    """Write `values` to a row that is still at `version`; False when somebody else was faster."""
    (primary,) = table.primary_key.columns
    result = await connection.execute(
        update(table)
        .where(primary == key, table.c.version == version)
        .values(**values, version=version + 1, updated_at=now())
    )
    return bool(result.rowcount == 1)


async def edit_all(
    connection: AsyncConnection, table: Table, changes: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]
) -> None:
    """Write to many rows in one statement: of each, the row as it is (and stays meanwhile: it is locked) and what
    changes of it."""
    names = sorted({name for _, values in changes for name in values})
    if not names:
        return
    (primary,) = table.primary_key.columns
    statement = (
        update(table)
        .where(primary == bindparam("of_row"))
        .values({name: bindparam(f"to_{name}", type_=table.c[name].type) for name in [*names, "version", "updated_at"]})
    )
    moment = now()
    await connection.execute(
        statement,
        [
            {f"to_{name}": values.get(name, row[name]) for name in names}
            | {"of_row": row[primary.name], "to_version": row["version"] + 1, "to_updated_at": moment}
            for row, values in changes
            if values
        ],
    )


async def empty_all(connection: AsyncConnection, columns: Sequence[Column[Any]], keys: Collection[Any]) -> None:
    """Take unique values from rows that this transaction is about to `edit_all`, so that others can have them in any
    order. Their version moves then."""
    if keys:
        table = columns[0].table
        (primary,) = table.primary_key.columns
        await connection.execute(update(table).where(primary.in_(keys)).values(dict.fromkeys(columns)))


async def bump_all(connection: AsyncConnection, table: Table, keys: Collection[Any]) -> None:
    """A new version of each of these rows, which are locked: not their columns changed, but what hangs on them."""
    (primary,) = table.primary_key.columns
    await connection.execute(
        update(table).where(primary.in_(keys)).values(version=table.c.version + 1, updated_at=now())
    )


async def point_all(connection: AsyncConnection, column: Column[Any], targets: Mapping[int, int | None]) -> None:
    """Let rows that this transaction made point at rows that it made after them: of each row's key, the target's. They
    keep their version, because nobody has seen them without."""
    pointing = [{"of_row": key, "target": target} for key, target in targets.items() if target is not None]
    if pointing:
        (primary,) = column.table.primary_key.columns
        statement = update(column.table).where(primary == bindparam("of_row")).values({column: bindparam("target")})
        await connection.execute(statement, pointing)
