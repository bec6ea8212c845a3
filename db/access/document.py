"""Trusted documents: the operations that a client was built with, registered by whoever deploys it."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import BigInteger, UniqueConstraint, bindparam, case, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import Field, col

from db.store.row import KEY, Row, now, table


class TrustedDocumentRow(Row, table=True):
    """One for each client that ships the document. Under one id all have the same text."""

    __tablename__ = "trusted_document"
    __table_args__ = (
        UniqueConstraint("document_id", "client"),
        {"sqlite_autoincrement": True},
    )

    id: int = Field(default=None, primary_key=True, sa_type=KEY)
    client: str
    document_id: str
    text: str
    operation: str | None = None  # the names of its operations
    registered_at: datetime = Field(default_factory=now)
    uses: int = Field(default=0, sa_type=BigInteger)
    last_used_at: datetime | None = None


DOCUMENT = table(TrustedDocumentRow)


async def find(connection: AsyncConnection, document_id: str) -> TrustedDocumentRow | None:
    """The document of that id, by the client that registered it first."""
    statement = select(DOCUMENT).where(DOCUMENT.c.document_id == document_id).order_by(DOCUMENT.c.id).limit(1)
    row = (await connection.execute(statement)).mappings().one_or_none()
    return None if row is None else TrustedDocumentRow(**row)


async def registered(connection: AsyncConnection, document_ids: Sequence[str]) -> dict[str, list[TrustedDocumentRow]]:
    """Those of these ids that are there, by id."""
    found: dict[str, list[TrustedDocumentRow]] = {}
    # SQLite takes 32 766 parameters; a manifest of a large front end has some thousand.
    for start in range(0, len(document_ids), 1000):
        part = list(document_ids[start : start + 1000])
        statement = select(DOCUMENT).where(DOCUMENT.c.document_id.in_(part)).order_by(DOCUMENT.c.id)
        for row in (await connection.execute(statement)).mappings():
            found.setdefault(row["document_id"], []).append(TrustedDocumentRow(**row))
    return found


async def register(connection: AsyncConnection, rows: Sequence[TrustedDocumentRow]) -> None:
    if rows:
        await connection.execute(insert(DOCUMENT), [row.model_dump(exclude={"id"}) for row in rows])


async def used(connection: AsyncConnection, uses: Mapping[str, int], at: datetime) -> None:
    """Count uses by document id. A document that several clients ship counts for each of them: a request does not say
    whose it is."""
    statement = (
        update(DOCUMENT)
        .where(DOCUMENT.c.document_id == bindparam("used_id"))
        .values(
            uses=DOCUMENT.c.uses + bindparam("more"),
            last_used_at=case(
                (or_(DOCUMENT.c.last_used_at.is_(None), DOCUMENT.c.last_used_at < at), at),
                else_=DOCUMENT.c.last_used_at,
            ),
        )
    )
    # Sorted: two processes that count at once lock in one order.
    await connection.execute(statement, [{"used_id": id_, "more": uses[id_]} for id_ in sorted(uses)])


async def listed(connection: AsyncConnection, client: str | None = None) -> list[TrustedDocumentRow]:
    """All of a client's, or of all clients', the least used last."""
    order = (col(TrustedDocumentRow.client), col(TrustedDocumentRow.uses).desc(), col(TrustedDocumentRow.document_id))
    statement = select(DOCUMENT).order_by(*order)
    if client is not None:
        statement = statement.where(DOCUMENT.c.client == client)
    return [TrustedDocumentRow(**row) for row in (await connection.execute(statement)).mappings()]
