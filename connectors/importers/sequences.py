"""Identifiers taken over from a source, and the counters that must not give them again."""

from collections.abc import Iterable

from sqlalchemy import Table, text
from sqlalchemy.ext.asyncio import AsyncConnection


async def advance(connection: AsyncConnection, tables: Iterable[Table]) -> None:
    """Moves the counters of these tables beyond the highest identifier stored. Never moves one back.

    SQLite's AUTOINCREMENT notices explicit identifiers by itself. On PostgreSQL the move is not undone by a
    rollback, which costs some numbers and nothing else.
    """
    if connection.dialect.name != "postgresql" or not (names := sorted(table.name for table in tables)):
        return
    # The names come from our own metadata, not from a caller.
    counters = " UNION ALL ".join(
        f"SELECT pg_get_serial_sequence('{name}', 'id')::regclass AS counter, max(id) AS highest FROM {name}"  # noqa: S608
        for name in names
    )
    move = f"""
        SELECT setval(counter, highest) FROM ({counters}) AS stored
        WHERE highest > coalesce(pg_sequence_last_value(counter), 0)
    """  # noqa: S608
    await connection.execute(text(move))
