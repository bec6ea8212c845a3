"""Rows that callers make and edit. This is the only place that bumps `version`."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Table, bindparam, insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from db.row import Row, now, table


async def add(connection: AsyncConnection, row: Row) -> int:
    """Insert one row; its key."""
    (key,) = await add_all(connection, [row])
    return key


async def add_all(connection: AsyncConnection, rows: Sequence[Row]) -> list[int]:
    """Insert rows of one table whose key the database gives, in one statement; their keys, in the rows' order."""
    if not rows:
        return []
    into = table(type(rows[0]))
    (primary,) = into.primary_key.columns
    statement = insert(into).returning(primary, sort_by_parameter_order=True)
    result = await connection.execute(statement, [row.model_dump(exclude={primary.name}) for row in rows])
    return list(result.scalars())


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
