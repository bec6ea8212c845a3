"""Customers and their addresses."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, Numeric, text
from sqlmodel import Field

from db.commerce.address import AddressRow
from db.store.row import DOCUMENT, KEY, MONEY, VersionedRow, wire


class CustomerStatus(StrEnum):
    ACTIVE = "active"
    INACTIVE = "inactive"


class CustomerRow(VersionedRow, table=True):
    __tablename__ = "customer"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: int = Field(default=None, primary_key=True, sa_type=KEY)
    uuid: str = Field(unique=True)
    user_id: int | None = Field(default=None, sa_type=KEY)
    contact_id: int | None = Field(default=None, sa_type=KEY)
    email: str = Field(unique=True)
    first_name: str = ""
    last_name: str = ""
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
