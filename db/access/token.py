"""Machine tokens: a random secret shown once, of which only the hash is stored."""

import hashlib
import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import Field, col

from db.access.viewer import Viewer
from db.row import DOCUMENT, KEY, Row, now, table

PREFIX = "sg_"


class TokenRow(Row, table=True):
    __tablename__ = "access_token"

    id: int = Field(default=None, primary_key=True, sa_type=KEY)
    name: str
    secret_hash: str = Field(unique=True)
    permissions: list[Any] = Field(sa_type=DOCUMENT)
    created_at: datetime = Field(default_factory=now)
    expires_at: datetime | None = None


def hashed(secret: str) -> str:
    """256 bits of entropy need no salt and no slow hash; the stored value still opens nothing."""
    return hashlib.sha256(secret.encode()).hexdigest()


async def issue(
    connection: AsyncConnection,
    *,
    name: str,
    permissions: frozenset[str],
    expires_at: datetime | None = None,
    secret: str | None = None,
) -> str:
    """Store a token and return its secret, the only time it can be read. A given `secret` is kept as it is."""
    secret = secret or PREFIX + secrets.token_urlsafe(32)
    row = TokenRow(name=name, secret_hash=hashed(secret), permissions=sorted(permissions), expires_at=expires_at)
    await connection.execute(insert(TokenRow).values(row.model_dump(exclude={"id"})))
    return secret


async def holder(connection: AsyncConnection, secret: str) -> Viewer | None:
    """The viewer that a secret stands for; None when it is unknown or has expired."""
    statement = select(table(TokenRow)).where(col(TokenRow.secret_hash) == hashed(secret))
    row = (await connection.execute(statement)).mappings().one_or_none()
    if row is None or (row["expires_at"] is not None and row["expires_at"] <= now()):
        return None
    return Viewer(f"token:{row['id']}", row["name"], frozenset(row["permissions"]))
