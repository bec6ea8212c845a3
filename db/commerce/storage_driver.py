"""What the stores of files are set to in the database: one row for each driver, planted by a migration."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlmodel import Field

from db.secrets.encrypted import EncryptedText, Secret
from db.store.row import DOCUMENT, SORTED_TEXT, VersionedRow


class StorageSource(StrEnum):
    """Who says what a driver is set to."""

    SERVER = "server"
    STORE = "store"
    NOBODY = "nobody"


class StorageDriverRow(VersionedRow, table=True):
    """What the server's environment says of a driver wins over its row."""

    __tablename__ = "storage_driver"

    key: str = Field(primary_key=True, sa_type=SORTED_TEXT)  # `local`, `s3`
    settings: dict[str, Any] = Field(default_factory=dict, sa_type=DOCUMENT)  # without the secrets
    concealed: Secret | None = Field(default=None, sa_type=EncryptedText)  # JSON: each secret, and when it was given
    verified_at: datetime | None = None  # when its store was asked last before these were stored
