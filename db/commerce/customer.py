"""Customers and their addresses."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Index, Numeric, text
from sqlmodel import Field

from db.commerce.address import AddressRow
from db.store.row import DOCUMENT, KEY, MONEY, SORTED_TEXT, VersionedRow, wire
from db.text.folding import caseless, folded
from db.text.search import FoundBy, text_of


class CustomerStatus(StrEnum):
    ACTIVE = "active"
    INACTIVE = "inactive"


class CustomerRow(VersionedRow, table=True):
    __tablename__ = "customer"
    __table_args__ = (
        Index("ix_customer_email_key_id", "email_key", "id"),
        Index("ix_customer_name_key_id", "name_key", "id"),
        Index("ix_customer_lifetime_value_id", "lifetime_value", "id"),
        Index("ix_customer_created_at_id", "created_at", "id"),
        {"sqlite_autoincrement": True},
    )

    id: int = Field(default=None, primary_key=True, sa_type=KEY)
    uuid: str = Field(unique=True)
    user_id: int | None = Field(default=None, sa_type=KEY)
    contact_id: int | None = Field(default=None, sa_type=KEY)
    email: str = Field(unique=True)  # as it was typed
    # Not unique: a shop that was imported may tell two customers apart by the case of theirs.
    email_key: str = Field(
        default="", sa_type=SORTED_TEXT, sa_column_kwargs={"server_default": text("''"), "info": {"folds": "email"}}
    )
    first_name: str = ""
    last_name: str = ""
    name_key: str = Field(default="", sa_type=SORTED_TEXT, sa_column_kwargs={"server_default": text("''")})
    search_text: str = Field(default="", sa_type=SORTED_TEXT, sa_column_kwargs={"server_default": text("''")})
    status: CustomerStatus = Field(default=CustomerStatus.ACTIVE, sa_type=wire(CustomerStatus))
    purchase_value: Any | None = Field(default=None, sa_type=DOCUMENT)
    purchase_count: int = 0
    lifetime_value: int = Field(default=0, sa_type=MONEY)
    average_order_value: Decimal = Field(default=Decimal(0), sa_type=Numeric(18, 2))  # cents, with their fraction
    first_purchase_at: datetime | None = None
    last_purchase_at: datetime | None = None
    notes: str = ""
    country: str = ""
    city: str = ""
    state: str = ""
    postcode: str = ""


# What follows from other columns of a customer, for those who look for one.
FOUND_BY: Final[FoundBy] = {
    "email_key": lambda row: email_key(row["email"]),
    "name_key": lambda row: folded(full_name(row["first_name"], row["last_name"])),
    "search_text": text_of("id", "first_name", "last_name", "email"),
}


def full_name(first: str, last: str) -> str:
    return f"{first} {last}".strip()


def named_by(full: str) -> tuple[str, str]:
    """First and last name out of a full one: the last word is the last name, as the documented system has it."""
    first, _, last = full.strip().rpartition(" ")
    return (first.strip(), last) if first else (last, "")


def email_key(email: str) -> str:
    """An address as it is looked for: customers whose addresses differ by case alone are one."""
    return caseless(email.strip())


class CustomerAddressRow(AddressRow, table=True):
    __tablename__ = "customer_address"
    __table_args__ = (
        Index(
            "uq_customer_address_primary",
            "customer_id",
            "type",
            unique=True,
            postgresql_where=text("is_primary"),
            sqlite_where=text("is_primary"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: int = Field(default=None, primary_key=True, sa_type=KEY)
    customer_id: int = Field(foreign_key="customer.id", ondelete="CASCADE", index=True, sa_type=KEY)
    is_primary: bool = False
    status: str = "active"
    label: str = ""
    phone: str = ""
    email: str = ""
