"""Identifiers taken over from a source, and the counters that must not give them again."""

from collections.abc import Iterable

from sqlalchemy import Table, text
from sqlalchemy.ext.asyncio import AsyncConnection


async def advance(connection: AsyncConnection, tables: Iterable[Table]) -> None:
    """Moves the counters of these tables beyond the highest identifier stored. Never moves one back.

    SQLite's AUTOINCREMENT notices explicit identifiers by itself. On PostgreSQL the move is not undone by a
    rollback, which costs some numbers and nothing else.
    """
    if connection.dialect.name != "postgresql":
        return
    for table in tables:
        sequence = await connection.scalar(text("SELECT pg_get_serial_sequence(:table, 'id')"), {"table": table.name})
        # Both names come from our own metadata and from PostgreSQL's catalogue, not from a caller.
        move = f"""
            SELECT setval('{sequence}', stored.highest)
            FROM (SELECT max(id) AS highest FROM {table.name}) AS stored, {sequence} AS counter
            WHERE stored.highest > counter.last_value OR (stored.highest = counter.last_value AND NOT counter.is_called)
        """  # noqa: S608
        await connection.execute(text(move))
