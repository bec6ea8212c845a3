"""The store itself: one row."""

from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, String, cast, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import Field

from db.store.row import DOCUMENT, VersionedRow, table, wire


class CurrencyPosition(StrEnum):
    BEFORE = "before"
    AFTER = "after"


class DecimalSeparator(StrEnum):
    DOT = "dot"
    COMMA = "comma"


class StoreRow(VersionedRow, table=True):
    __tablename__ = "store"
    __table_args__ = (CheckConstraint("id = 1", name="single"),)

    id: int = Field(default=1, primary_key=True)
    name: str = ""
    url: str | None = None  # of the shop itself: where customers buy
    logo_url: str | None = None
    currency: str = "USD"  # ISO 4217
    currency_position: CurrencyPosition = Field(
        default=CurrencyPosition.BEFORE,
        sa_type=wire(CurrencyPosition),
    )
    decimal_separator: DecimalSeparator = Field(
        default=DecimalSeparator.DOT,
        sa_type=wire(DecimalSeparator),
    )
    settings: dict[str, Any] = Field(default_factory=dict, sa_type=DOCUMENT)  # all others, as the store names them


# What turns cents into words, in one column: one uncorrelated subquery, which both databases evaluate once a statement.
_STORE = table(StoreRow).c
MONEY_FORMAT = (
    select(
        _STORE.currency.concat(" ")
        .concat(cast(_STORE.currency_position, String))
        .concat(" ")
        .concat(cast(_STORE.decimal_separator, String))
    )
    .where(_STORE.id == 1)
    .scalar_subquery()
)


async def currency_and_settings(connection: AsyncConnection) -> tuple[str, dict[str, Any]]:
    """ISO 4217, and the settings without a column."""
    found = (await connection.execute(select(_STORE.currency, _STORE.settings).where(_STORE.id == 1))).one_or_none()
    return (StoreRow().currency, {}) if found is None else (found.currency, found.settings or {})


async def store_currency(connection: AsyncConnection) -> str:
    """ISO 4217."""
    found: str | None = (await connection.execute(select(_STORE.currency).where(_STORE.id == 1))).scalar()
    return found or StoreRow().currency
