"""Keys taken before the rows are there, so that rows that refer to each other are written in as few statements as there
are tables."""

import secrets
from collections.abc import Iterable, Mapping
from typing import Final

from sqlalchemy import Table, column, func, insert, literal, select, text, union_all, update
from sqlalchemy import table as table_
from sqlalchemy.ext.asyncio import AsyncConnection

from db.drivers.transaction import Transaction

# So many rows no table has. Two dry runs at once hardly take the same keys up to twice this, and JSON holds them.
_ABOVE: Final = 2**52
_SEQUENCES = table_("sqlite_sequence", column("name"), column("seq"))


async def new_keys(connection: AsyncConnection, wanted: Mapping[Table, int]) -> dict[Table, list[int]]:
    """So many keys of each table as nobody has nor will get, ascending; in one statement. A transaction that is rolled
    back leaves a gap on PostgreSQL, as it does anyway; a dry run, which always is, leaves none: its keys are no
    table's."""
    asked = {into: count for into, count in wanted.items() if count}
    keys: dict[Table, list[int]] = {into: [] for into in wanted}
    if not asked:
        return keys
    if connection.dialect.name == "sqlite":
        # There is one writer, and it is us until the transaction ends: the next keys are known.
        names = {into.name: into for into in asked}
        last = dict.fromkeys(asked, 0)
        rows = await connection.execute(select(_SEQUENCES).where(_SEQUENCES.c.name.in_(names)))
        last |= {names[row.name]: row.seq for row in rows}
        return keys | {into: list(range(last[into] + 1, last[into] + 1 + count)) for into, count in asked.items()}
    if isinstance(connection, Transaction) and connection.dry:
        return keys | {into: _passing(count) for into, count in asked.items()}
    taken = (
        select(literal(into.name), func.nextval(func.pg_get_serial_sequence(into.name, "id"))).select_from(
            func.generate_series(1, count)
        )
        for into, count in asked.items()
    )
    found = (await connection.execute(union_all(*taken))).all()
    return keys | {into: sorted(key for name, key in found if name == into.name) for into in asked}


def _passing(count: int) -> list[int]:
    """Above all keys that there are; at random, so that two dry runs do not wait for each other."""
    first = _ABOVE + secrets.randbelow(_ABOVE - count)
    return list(range(first, first + count))


async def begin_at(connection: AsyncConnection, tables: Iterable[Table], number: int) -> None:
    """Keys that are given from here on are above this number. Never moves a counter back. On PostgreSQL the move is not
    undone by a rollback, which costs some numbers and nothing else."""
    for one in tables:
        if connection.dialect.name == "sqlite":
            here = _SEQUENCES.c.name == one.name
            held = (await connection.execute(select(_SEQUENCES.c.seq).where(here))).scalar()
            if held is None:
                await connection.execute(insert(_SEQUENCES).values(name=one.name, seq=number))
            elif held < number:
                await connection.execute(update(_SEQUENCES).where(here).values(seq=number))
        else:
            sequence = await connection.scalar(select(func.pg_get_serial_sequence(one.name, "id")))
            # The name comes from PostgreSQL's own catalogue.
            move = (
                f"SELECT setval('{sequence}', {number}) FROM {sequence} AS counter WHERE counter.last_value < {number}"  # noqa: S608
            )
            await connection.execute(text(move))
