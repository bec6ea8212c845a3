"""Rows that were stored before a migration."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import command
from sqlalchemy import Connection, insert, inspect, text

from db import migrations
from db.store.database import Database
from db.store.row import Row, table


async def migrated(url: str, since: str, rows: Sequence[Row], asked: Sequence[str]) -> list[list[tuple[Any, ...]]]:
    """The answers to what is asked of a store at head that had these rows at revision `since`: of each the columns that
    its table had then."""
    database = Database.open(url)

    def before(connection: Connection) -> None:
        command.upgrade(migrations._config(connection), since)
        then: dict[str, sa.TableClause] = {}
        for row in rows:
            into = table(type(row))
            if into.name not in then:
                names = {column["name"] for column in inspect(connection).get_columns(into.name)}
                then[into.name] = sa.table(into.name, *(sa.column(c.name, c.type) for c in into.c if c.name in names))
            values = {column.name: getattr(row, column.name) for column in then[into.name].c}
            connection.execute(
                insert(then[into.name]).values({n: v for n, v in values.items() if (n, v) != ("id", None)})
            )

    try:
        async with database.write() as connection:
            await connection.run_sync(before)
            await connection.commit()
        await migrations.migrate(database)
        async with database.read() as connection:
            return [[tuple(row) for row in await connection.execute(text(each))] for each in asked]
    finally:
        await database.close()
