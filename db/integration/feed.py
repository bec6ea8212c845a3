"""Integration feeds, of one product or of the whole store, in one table. The two kinds number their ids apart.

A webhook is a global feed of the provider `webhook`: `settings` says, in the documented words, what
db.integration.webhook reads of it.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from db.secrets.encrypted import EncryptedText, Secret
from db.store.row import DOCUMENT, KEY, SORTED_TEXT, Row, VersionedRow, wire


class FeedScope(StrEnum):
    GLOBAL = "global"
    PRODUCT = "product"


class FeedRow(VersionedRow, table=True):
    __tablename__ = "integration_feed"
    __table_args__ = (
        CheckConstraint("(scope = 'product') = (product_id IS NOT NULL)", name="scope_product"),
        UniqueConstraint("scope", "source_id"),
        Index("ix_integration_feed_product_id", "product_id", "source_id"),
        {"sqlite_autoincrement": True},
    )

    id: int = Field(default=None, primary_key=True, sa_type=KEY)
    scope: FeedScope = Field(sa_type=wire(FeedScope))
    source_id: int = Field(sa_type=KEY)  # the documented id, unique within its scope only
    provider_key: str = Field(foreign_key="integration_provider.key", index=True, sa_type=SORTED_TEXT)
    product_id: int | None = Field(default=None, foreign_key="product.id", ondelete="CASCADE", sa_type=KEY)
    name: str
    enabled: bool = True
    event_triggers: list[Any] = Field(default_factory=list, sa_type=DOCUMENT)
    watch_on_access_revoke: bool = False
    conditionals: Any | None = Field(default=None, sa_type=DOCUMENT)
    list_id: str | None = None
    list_name: str | None = None
    merge_fields: dict[str, Any] = Field(default_factory=dict, sa_type=DOCUMENT)
    settings: dict[str, Any] = Field(default_factory=dict, sa_type=DOCUMENT)
    concealed: Secret | None = Field(default=None, sa_type=EncryptedText)  # JSON: what of the settings is secret
    secret: Secret | None = Field(default=None, sa_type=EncryptedText)  # what it signs with
    previous_secret: Secret | None = Field(default=None, sa_type=EncryptedText)  # and with this one, until
    previous_until: datetime | None = None
    saved_by: str | None = None  # Viewer.id of who saved it last; it acts with what they may do now
    saved_version: int | None = None  # and what they saved: another version is not their word
    # Permissions that it takes to read what its query answers, each between two spaces.
    reads: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    target_id: int | None = Field(default=None, sa_type=KEY)  # db.work.target: whom deliveries of it go to


class FeedVariantRow(Row, table=True):
    """The variants that a product's feed is limited to; none: all of them."""

    __tablename__ = "integration_feed_variant"

    feed_id: int = Field(foreign_key="integration_feed.id", ondelete="CASCADE", primary_key=True, sa_type=KEY)
    variant_id: int = Field(
        foreign_key="product_variant.id", ondelete="CASCADE", primary_key=True, index=True, sa_type=KEY
    )
