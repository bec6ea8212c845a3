"""What an address is, whoever has it: a customer now, or an order since it was placed."""

from enum import StrEnum
from typing import Any

from sqlmodel import Field

from db.store.row import DOCUMENT, VersionedRow, wire


class AddressType(StrEnum):
    BILLING = "billing"
    SHIPPING = "shipping"


class AddressRow(VersionedRow):
    """The columns that all tables of addresses have."""

    type: AddressType = Field(sa_type=wire(AddressType))
    name: str = ""
    address1: str = ""
    address2: str = ""
    city: str = ""
    state: str = ""
    postcode: str = ""
    country: str = ""
    extra: Any | None = Field(default=None, sa_type=DOCUMENT)
