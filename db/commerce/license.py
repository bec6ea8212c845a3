"""Licences, the sites that they are activated on, and what of a licence is judged by its date."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from secrets import token_hex
from typing import Any, Final

from sqlalchemy import Index, UniqueConstraint, false, text
from sqlmodel import Field

from db.store.row import DOCUMENT, KEY, SORTED_TEXT, VersionedRow, wire
from db.text.search import FoundBy, text_of


class LicenseStatus(StrEnum):
    ACTIVE = "active"
    INACTIVE = "inactive"
    EXPIRED = "expired"
    DISABLED = "disabled"


class ActivationStatus(StrEnum):
    ACTIVE = "active"
    INACTIVE = "inactive"


# Their date ends these. What is DISABLED stays so whatever the date.
LASTING: Final = frozenset({LicenseStatus.ACTIVE, LicenseStatus.INACTIVE})


class LicenseRow(VersionedRow, table=True):
    """`license_key` is what its owner shows to have it. By this name it is masked wherever secrets are."""

    __tablename__ = "license"
    __table_args__ = (
        Index("ix_license_expires_at_id", "expires_at", "id"),
        # What is due is found among those that may be, not among all that ever expired.
        Index("ix_license_status_expires_at", "status", "expires_at"),
        {"sqlite_autoincrement": True},
    )

    id: int = Field(default=None, primary_key=True, sa_type=KEY)
    license_key: str = Field(unique=True, sa_type=SORTED_TEXT)
    search_text: str = Field(default="", sa_type=SORTED_TEXT, sa_column_kwargs={"server_default": text("''")})
    status: LicenseStatus = Field(default=LicenseStatus.ACTIVE, sa_type=wire(LicenseStatus))
    activation_limit: int = 0  # 0: any number of sites
    activation_count: int = 0  # of sites that are activated and not local
    expires_at: datetime | None = None  # null: for life
    # Whether the piece that it came with is its order's no more: another piece brings another one.
    returned: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    product_id: int | None = Field(default=None, foreign_key="product.id", ondelete="SET NULL", index=True, sa_type=KEY)
    variant_id: int | None = Field(
        default=None, foreign_key="product_variant.id", ondelete="SET NULL", index=True, sa_type=KEY
    )
    order_id: int | None = Field(default=None, foreign_key="orders.id", ondelete="SET NULL", index=True, sa_type=KEY)
    customer_id: int | None = Field(
        default=None, foreign_key="customer.id", ondelete="SET NULL", index=True, sa_type=KEY
    )
    subscription_id: int | None = Field(
        default=None, foreign_key="subscription.id", ondelete="SET NULL", index=True, sa_type=KEY
    )
    parent_id: int | None = Field(default=None, foreign_key="license.id", ondelete="SET NULL", index=True, sa_type=KEY)
    config: Any | None = Field(default=None, sa_type=DOCUMENT)


class LicenseSiteRow(VersionedRow, table=True):
    """A place where software runs. `site_key` (db.commerce.license_site) tells it, however its URL is written."""

    __tablename__ = "license_site"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: int = Field(default=None, primary_key=True, sa_type=KEY)
    site_url: str  # as it was first given
    site_key: str = Field(unique=True, sa_type=SORTED_TEXT)
    server_version: str | None = None
    platform_version: str | None = None


class LicenseActivationRow(VersionedRow, table=True):
    """One licence on one site. Of those that are ACTIVE and not `is_local` the licence holds the count."""

    __tablename__ = "license_activation"
    __table_args__ = (
        UniqueConstraint("license_id", "site_id"),
        {"sqlite_autoincrement": True},
    )

    id: int = Field(default=None, primary_key=True, sa_type=KEY)
    license_id: int = Field(foreign_key="license.id", ondelete="CASCADE", sa_type=KEY)
    site_id: int = Field(foreign_key="license_site.id", ondelete="CASCADE", index=True, sa_type=KEY)
    status: ActivationStatus = Field(default=ActivationStatus.ACTIVE, sa_type=wire(ActivationStatus))
    is_local: bool = False
    product_id: int | None = Field(default=None, foreign_key="product.id", ondelete="SET NULL", index=True, sa_type=KEY)
    variant_id: int | None = Field(
        default=None, foreign_key="product_variant.id", ondelete="SET NULL", index=True, sa_type=KEY
    )
    activation_method: str = ""
    activation_hash: str = Field(unique=True)
    last_update_version: str | None = None
    last_update_at: datetime | None = None


FOUND_BY: Final[FoundBy] = {"search_text": text_of("id", "license_key")}


def new_key() -> str:
    """128 bits that nobody guesses, as 32 small hexadecimal digits. Hashes of activations are made so too."""
    return token_hex(16)


def status_at(row: Mapping[str, Any], at: datetime) -> LicenseStatus:
    """What a licence counts as at a moment: one whose date has come is EXPIRED, whatever word is stored."""
    over = row["expires_at"] is not None and row["expires_at"] <= at
    return LicenseStatus.EXPIRED if over and row["status"] in LASTING else row["status"]
