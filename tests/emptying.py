"""PostgreSQL databases that tests use one after another. Making one takes the server a fifth of a second and more,
putting one back as it was made a few hundredths."""

from dataclasses import dataclass
from typing import Any, Final

import asyncpg

# Of a catalogue's rows how many there are, and how many of them were written since a transaction.
_COUNTED: Final = "concat(count(*), ' ', count(*) FILTER (WHERE age(xmin) < age($1::bigint::text::xid)))"
# Those below are PostgreSQL's own.
_OURS: Final = 16384
# What a test may leave behind that deleting rows does not put right: other tables, columns or indexes, statistics that
# plans are made by, settings of the database. Counted: to compare what they say takes twice as long.
_CATALOGUES: Final = (
    *(("pg_class", "oid"), ("pg_attribute", "attrelid"), ("pg_constraint", "oid"), ("pg_proc", "oid")),
    *(("pg_trigger", "oid"), ("pg_namespace", "oid"), ("pg_extension", "oid"), ("pg_statistic", "starelid")),
)
_MADE: Final = f"""
SELECT concat_ws('|', {", ".join(f"(SELECT {_COUNTED} FROM {of} WHERE {key} >= {_OURS})" for of, key in _CATALOGUES)},
    (SELECT string_agg(setconfig::text, '|') FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase
        WHERE d.datname = current_database()))
"""
_TABLES: Final = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1"
_SEQUENCES: Final = "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public'"
_ALONE: Final = """
SELECT count(pg_terminate_backend(pid, 2000)) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
# Deleted rows keep their room; and a large database was rarely the same test's as the next.
_MOST_GROWTH: Final = 2 << 20
# How often it is looked at: its size is that of a thousand files.
_USES: Final = 8
# Rows that are stored from now on are of this transaction or a later one.
_NOW: Final = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint % 4294967296"


@dataclass(frozen=True)
class Emptying:
    """How the databases that were made of one template become as they were."""

    made: str
    size: int
    sequences: dict[str, int | None]
    rows: str
    """The query of what a database holds, given a transaction: for each table null where it has no row, else a word;
    where the template has rows, how many they are and how many of them were stored since that transaction."""
    tables: list[str]
    held: list[str | None]
    begun: dict[str, str]
    """The rows of the tables that the template has rows in, as JSON."""
    since: int
    """The transaction after the last that the template's rows are of; those of its copies are of the same."""

    @classmethod
    async def learnt(cls, connection: asyncpg.Connection) -> "Emptying":
        """From the template itself."""
        tables = [row[0] for row in await connection.fetch(_TABLES)]
        asked = []
        begun: dict[str, str] = {}
        for name in tables:
            if rows := await connection.fetchval(f'SELECT json_agg(t)::text FROM "{name}" t'):
                begun[name] = rows
                stored = "count(*) FILTER (WHERE xmin::text::bigint >= $1)"
                asked.append(f"""(SELECT concat(count(*), ' ', {stored}) FROM "{name}")""")
            else:
                asked.append(f"""CASE WHEN EXISTS (SELECT FROM "{name}") THEN 'rows' END""")
        content = f"SELECT ARRAY[{', '.join(asked)}], $1::bigint"
        since = await connection.fetchval(_NOW)
        return cls(
            await connection.fetchval(_MADE, since),
            await connection.fetchval("SELECT pg_database_size(current_database())"),
            await _sequences(connection),
            content,
            tables,
            await connection.fetchval(content, since),
            begun,
            since,
        )

    async def empty(self, connection: asyncpg.Connection, since: int, uses: int) -> int | None:
        """Put one back that was as made before this transaction, after so many uses. The transaction that it is as made
        before now; None when it is not worth it."""
        await connection.fetchval(_ALONE)
        if await connection.fetchval(_MADE, since) != self.made:
            return None
        if uses % _USES == 0:
            size = await connection.fetchval("SELECT pg_database_size(current_database())")
            if size - self.size > _MOST_GROWTH:
                return None
        statements: list[str] = []
        for name, then, now in zip(self.tables, self.held, await connection.fetchval(self.rows, since), strict=True):
            if then != now:
                statements.append(f'DELETE FROM "{name}"')
            if then != now and name in self.begun:
                again = f'json_populate_recordset(NULL::"{name}", $begun${self.begun[name]}$begun$)'
                statements.append(f'INSERT INTO "{name}" OVERRIDING SYSTEM VALUE SELECT * FROM {again}')
        for name, value in (await _sequences(connection)).items():
            if value != self.sequences[name]:
                statements.append(_counted(name, self.sequences[name]))
        if statements:
            await connection.execute("; ".join(statements))
        emptied: int = await connection.fetchval(_NOW)
        return emptied


async def connected(url: str) -> asyncpg.Connection:
    """To a database that is emptied again and again. What the server looks up for the first answer, of a hundred
    tables and their indexes, it knows for as long as the connection stays."""
    return await asyncpg.connect(
        url,
        max_cacheable_statement_size=0,
        max_cached_statement_lifetime=0,
        server_settings={
            "lock_timeout": "2s",
            "session_replication_role": "replica",
            "plan_cache_mode": "force_generic_plan",
        },
    )


async def _sequences(connection: asyncpg.Connection) -> dict[str, int | None]:
    return {name: value for name, value in await connection.fetch(_SEQUENCES)}  # noqa: C416  records are no pairs


def _counted(sequence: str, value: Any) -> str:
    return f"""SELECT setval('"{sequence}"', {value or 1}, {"true" if value else "false"})"""
