"""Files a buyer receives. A file without links belongs to every variant of its product."""

import uuid

from sqlalchemy import Index
from sqlmodel import Field

from db.row import KEY, Row, VersionedRow


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


class DownloadVariantRow(Row, table=True):
    __tablename__ = "product_download_variant"

    download_id: int = Field(foreign_key="product_download.id", ondelete="CASCADE", primary_key=True, sa_type=KEY)
    variant_id: int = Field(
        foreign_key="product_variant.id", ondelete="CASCADE", primary_key=True, index=True, sa_type=KEY
    )
