"""All stored secrets, found by the type of their columns: do they open, and closing them again with the newest key."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Column, MetaData, String, select, type_coerce, update
from sqlalchemy.ext.asyncio import AsyncConnection

from db.secrets.encrypted import EncryptedText, Keyring, NoSecretKey
from db.tables import METADATA


@dataclass(frozen=True, slots=True)
class SealedSecret:
    """A secret as it is stored, and where: `webhook.secret of 17`."""

    column: Column[str]
    key: tuple[object, ...]
    closed: str

    def __str__(self) -> str:
        return f"{self.column.table.name}.{self.column.name} of {', '.join(map(str, self.key))}"


def encrypted_columns(metadata: MetaData = METADATA) -> list[Column[str]]:
    return [c for table in metadata.sorted_tables for c in table.columns if isinstance(c.type, EncryptedText)]


async def stored(connection: AsyncConnection, metadata: MetaData = METADATA) -> list[SealedSecret]:
    """Every secret of the store: tens, unless it keeps one for each of its customers."""
    found: list[SealedSecret] = []
    for column in encrypted_columns(metadata):
        keys = list(column.table.primary_key.columns)
        statement = select(*keys, type_coerce(column, String)).where(column.is_not(None)).order_by(*keys)
        rows = (await connection.execute(statement)).all()
        found.extend(SealedSecret(column, tuple(row[:-1]), row[-1]) for row in rows)
    return found


def unopened(secrets: Sequence[SealedSecret], keyring: Keyring) -> list[SealedSecret]:
    """Those that no key of the ring opens."""
    return [secret for secret in secrets if not _opens(keyring, secret.closed)]


async def rotate(connection: AsyncConnection, secrets: Sequence[SealedSecret], keyring: Keyring) -> None:
    """Close secrets again with the newest key. Raises NoSecretKey when one does not open.

    `version` stays: what a secret says does not change. One that was changed meanwhile is left as it was written, and
    that was with the newest key that its writer has."""
    for secret in secrets:
        table, column = secret.column.table, type_coerce(secret.column, String)
        here = [c == value for c, value in zip(table.primary_key.columns, secret.key, strict=True)]
        values = {secret.column: type_coerce(keyring.closed_again(secret.closed), String)}
        await connection.execute(update(table).where(*here, column == secret.closed).values(values))


def _opens(keyring: Keyring, closed: str) -> bool:
    try:
        keyring.open(closed)
    except NoSecretKey:
        return False
    return True
