"""Shops elsewhere, connected, whose orders and products come here, with what it takes to ask them."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, false, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import Field, col

from db.secrets.encrypted import EncryptedText, Secret
from db.store.row import KEY, SORTED_TEXT, Row, VersionedRow, now, wire


class ConnectionState(StrEnum):
    ACTIVE = "active"
    DISABLED = "disabled"  # by hand: it keeps its credentials, and nothing is asked or taken in
    ERROR = "error"  # the shop refuses the credentials


class ConnectedStoreRow(VersionedRow, table=True):
    """One shop. What was removed stays without its secrets: which number of the shop is which here goes on to be known,
    for the day that it is connected again."""

    __tablename__ = "provider_connection"

    guid: str = Field(primary_key=True, sa_type=SORTED_TEXT)
    provider: str = Field(sa_type=SORTED_TEXT)  # of connectors.connected_stores
    state: ConnectionState = Field(default=ConnectionState.ACTIVE, sa_type=wire(ConnectionState))
    reason: str | None = None  # of an error, a sentence
    store_url: str
    credentials: Secret | None = Field(default=None, sa_type=EncryptedText)  # JSON: apiKey, apiSecret
    inbound_secret: Secret | None = Field(default=None, sa_type=EncryptedText)  # what the shop signs its calls with
    auto_import_orders: bool = False
    sync_products: bool = False
    push_tracking: bool = False
    keeps_numbers: bool = False  # the first source: its numbers are ours
    connected_at: datetime = Field(default_factory=now)
    disabled_at: datetime | None = None
    removed_at: datetime | None = None


_SHOP = ConnectedStoreRow.__table__.c  # type: ignore[attr-defined]
_THERE = _SHOP.removed_at.is_(None)
Index(
    "uq_provider_connection_provider",
    _SHOP.provider,
    unique=True,
    sqlite_where=_THERE,
    postgresql_where=_THERE,
)


class RemoteRecordRow(Row, table=True):
    """Which row here is which record of a connection's shop. `kind` is the table of the row. `recognised`: the row was
    here before and was found to be the same, by its address or its SKU; the shop does not change it."""

    __tablename__ = "remote_record"
    __table_args__ = (Index("ix_remote_record_local_id", "kind", "local_id"),)

    connection: str = Field(foreign_key="provider_connection.guid", primary_key=True, sa_type=SORTED_TEXT)
    kind: str = Field(primary_key=True, sa_type=SORTED_TEXT)
    remote_id: str = Field(primary_key=True, sa_type=SORTED_TEXT)
    local_id: int = Field(sa_type=KEY)
    recognised: bool = Field(default=False, sa_column_kwargs={"server_default": false()})


class InboundCallRow(Row, table=True):
    """A call of a shop that was signed and taken: the same one again changes nothing."""

    __tablename__ = "inbound_call"
    __table_args__ = (Index("ix_inbound_call_received_at", "received_at"),)

    connection: str = Field(foreign_key="provider_connection.guid", primary_key=True, sa_type=SORTED_TEXT)
    delivery: str = Field(primary_key=True, sa_type=SORTED_TEXT)  # the shop's id of it, or a digest
    topic: str
    received_at: datetime = Field(default_factory=now)


async def followed(connection: AsyncConnection, site: str) -> bool:
    """Whether orders of the shop at this address are taken in: what happens to them there happens here."""
    row = ConnectedStoreRow
    there = (col(row.store_url) == site, col(row.removed_at).is_(None), col(row.state) == ConnectionState.ACTIVE)
    statement = select(col(row.guid)).where(*there, col(row.auto_import_orders))
    return (await connection.execute(statement.limit(1))).first() is not None
