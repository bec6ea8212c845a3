"""Names that transactions lock before they look whether they are free, so that two at once do not choose the same."""

from collections.abc import Iterable
from hashlib import blake2b
from typing import Final

from sqlalchemy import ARRAY, BigInteger, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

_KEYS: Final = func.unnest(bindparam("keys", type_=ARRAY(BigInteger))).table_valued("key").render_derived()
_LOCK: Final = select(func.pg_advisory_xact_lock(_KEYS.c.key))


async def lock(connection: AsyncConnection, names: Iterable[str]) -> None:
    """Wait until no other transaction holds any of these names, and hold them until this one ends; in one statement,
    always in the same order. SQLite has one writer, who holds them all."""
    # Different names may share a number: they wait for each other, and nothing worse.
    keys = sorted({int.from_bytes(blake2b(n.encode(), digest_size=8).digest(), signed=True) for n in names})
    if keys and connection.dialect.name == "postgresql":
        await connection.execute(_LOCK, {"keys": keys})
