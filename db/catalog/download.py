"""Files a buyer receives: with every variant of its product, or with those that it is linked to."""

import uuid

from sqlalchemy import ColumnElement, Index, exists, or_, select, true
from sqlmodel import Field, col

from db.store.row import KEY, Row, VersionedRow, table


class DownloadRow(VersionedRow, table=True):
    __tablename__ = "product_download"
    __table_args__ = (
        Index("ix_product_download_product_id_position", "product_id", "position", "id"),
        {"sqlite_autoincrement": True},
    )

    id: int = Field(default=None, primary_key=True, sa_type=KEY)
    product_id: int = Field(foreign_key="product.id", ondelete="CASCADE", sa_type=KEY)
    identifier: str = Field(default_factory=lambda: str(uuid.uuid4()), unique=True)
    title: str | None = None
    type: str | None = None
    driver: str | None = None
    file_name: str | None = None
    file_path: str | None = None
    file_url: str | None = None
    file_size: int | None = Field(default=None, sa_type=KEY)  # bytes
    bucket: str | None = None
    download_limit: int | None = None  # null: unlimited
    download_expiry_days: int | None = None  # null: never
    position: int = 1
    # Not told by the links: they go with their variants, and the last one's file must not become everybody's.
    for_all_variants: bool = Field(default=True, sa_column_kwargs={"server_default": true()})


class DownloadVariantRow(Row, table=True):
    __tablename__ = "product_download_variant"

    download_id: int = Field(foreign_key="product_download.id", ondelete="CASCADE", primary_key=True, sa_type=KEY)
    variant_id: int = Field(
        foreign_key="product_variant.id", ondelete="CASCADE", primary_key=True, index=True, sa_type=KEY
    )


def received_with(variant_id: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether buyers of a variant of its product receive a file: it is for all of them, or for that one."""
    linked = exists(
        select(1)
        .where(col(DownloadVariantRow.download_id) == col(DownloadRow.id))
        .where(col(DownloadVariantRow.variant_id) == variant_id)
        .correlate_except(table(DownloadVariantRow))
    )
    return or_(col(DownloadRow.for_all_variants), linked)
