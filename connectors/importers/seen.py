"""What imports saw of rows, kept small: of each field three bytes for its name and five for its value. Equal values
have equal digests, whatever database they have been through."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final, TypeAlias

import orjson
from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.importers.reconcile import chunks
from db.store.importing import SeenRow
from db.store.row import table

SEEN: Final = table(SeenRow)
NAME: Final = 3
VALUE: Final = 5
_FIELD: Final = NAME + VALUE

Fields: TypeAlias = dict[bytes, bytes]  # digests by marks


@lru_cache(maxsize=4096)
def mark(field: str) -> bytes:
    return blake2b(field.encode(), digest_size=NAME).digest()


def digest(value: Any) -> bytes:
    kind = type(value)
    if kind is str:
        return _text(value) if value else _small(value)
    if kind is dict or kind is list:
        return _hashed("d", _document(value))
    return _small(value)


def _text(value: str) -> bytes:
    return blake2b(value.encode("utf-8", "surrogatepass"), digest_size=VALUE, salt=b"s").digest()


def _hashed(kind: str, written: str) -> bytes:
    return blake2b(written.encode("utf-8", "surrogatepass"), digest_size=VALUE, salt=kind.encode()).digest()


@lru_cache(maxsize=16_384, typed=True)
def _small(value: Any) -> bytes:
    """Of nothing, numbers, truths, words and moments: most rows hold the same few."""
    if isinstance(value, str):
        return _text(str(value))
    if isinstance(value, datetime):
        moment = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        return _hashed("t", moment.isoformat())
    if isinstance(value, int | float | Decimal):
        return _hashed("n", _number(value))
    if value is None:
        return _hashed("0", "")
    raise TypeError(f"no column holds a {type(value).__name__}")


def _number(value: float | Decimal) -> str:
    """As equal numbers are written alike: `true`, 1, 1.0 and 1.00."""
    return str(int(value)) if value == int(value) else repr(float(value))


def _document(value: Any) -> str:
    """A document, whatever order a database gives its keys in. Numbers are written as _number writes them: PostgreSQL
    reads 1e22 back as an integer, and JSON holds integers that no float does."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{_document(key)}:{_document(item)}" for key, item in sorted(value.items())) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_document, value)) + "]"
    if isinstance(value, bool) or value is None:
        return repr(value)
    if isinstance(value, int | float):
        return _number(value)
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # half a pair of surrogates
        return repr(value)


def row(columns: Iterable[tuple[bytes, str]], values: Mapping[str, Any]) -> bytes:
    """Columns by their marks, packed in this order."""
    return b"".join([part for name, column in columns for part in (name, digest(values[column]))])


def packed(fields: Mapping[bytes, bytes]) -> bytes:
    return b"".join(name + fields[name] for name in sorted(fields))


def unpacked(written: bytes) -> Fields:
    return {written[at : at + NAME]: written[at + NAME : at + _FIELD] for at in range(0, len(written), _FIELD)}


async def load(connection: AsyncConnection, entity: str, keys: Collection[str]) -> dict[str, bytes]:
    """What was seen of the rows of these names, packed, where any was."""
    found: dict[str, bytes] = {}
    for chunk in chunks(sorted(keys)):
        statement = select(SEEN.c.key, SEEN.c.fields).where(SEEN.c.entity == entity, SEEN.c.key.in_(chunk))
        found.update((row[0], row[1]) for row in await connection.execute(statement))
    return found


async def keys(connection: AsyncConnection, entity: str) -> list[str]:
    """All rows of a table that an import saw."""
    return list((await connection.scalars(select(SEEN.c.key).where(SEEN.c.entity == entity))).all())


async def nothing(connection: AsyncConnection) -> bool:
    """Whether no import has ever seen anything."""
    return (await connection.execute(select(SEEN.c.key).limit(1))).first() is None


async def save(connection: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Writes rows of the table."""
    if not rows:
        return
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(SEEN)
    statement = statement.on_conflict_do_update(
        index_elements=list(SEEN.primary_key.columns), set_={"fields": statement.excluded.fields}
    )
    await connection.execute(statement, rows)


async def forget(connection: AsyncConnection, entity: str, keys: Iterable[str]) -> None:
    """Of rows that an import has deleted: they were not deleted here."""
    for chunk in chunks(sorted(keys)):
        await connection.execute(delete(SEEN).where(SEEN.c.entity == entity, SEEN.c.key.in_(chunk)))
