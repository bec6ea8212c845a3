"""Tokens: for machines, with permissions of their own; for storefronts, with none but a budget."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import Field

from db.secrets.hashed import Prefix, hashed, last_four, made
from db.store.row import DOCUMENT, KEY, Row, now, wire


class TokenKind(StrEnum):
    MACHINE = "machine"
    STOREFRONT = "storefront"  # stands in the pages of a shop, where anyone can read it: sees what anyone sees


class TokenRow(Row, table=True):
    """`previous_hash` is the secret before the last rotation, good until `previous_until`."""

    __tablename__ = "access_token"

    id: int = Field(default=None, primary_key=True, sa_type=KEY)
    name: str
    kind: TokenKind = Field(default=TokenKind.MACHINE, sa_type=wire(TokenKind))
    secret_hash: str = Field(unique=True)
    last_four: str | None = None
    previous_hash: str | None = Field(default=None, unique=True)
    previous_until: datetime | None = None
    permissions: list[Any] = Field(sa_type=DOCUMENT)
    hourly: int | None = None  # requests; None: as many as its class
    created_at: datetime = Field(default_factory=now)
    rotated_at: datetime | None = None
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None


async def issue(
    connection: AsyncConnection,
    *,
    name: str,
    permissions: frozenset[str],
    kind: TokenKind = TokenKind.MACHINE,
    expires_at: datetime | None = None,
    hourly: int | None = None,
    secret: str | None = None,
) -> str:
    """Store a token and return its secret, the only time it can be read. A given `secret` is kept as it is."""
    secret = secret or made(Prefix.STOREFRONT if kind is TokenKind.STOREFRONT else Prefix.TOKEN)
    row = TokenRow(
        name=name,
        kind=kind,
        secret_hash=hashed(secret),
        last_four=last_four(secret),
        permissions=sorted(permissions),
        hourly=hourly,
        expires_at=expires_at,
    )
    await connection.execute(insert(TokenRow).values(row.model_dump(exclude={"id"})))
    return secret
