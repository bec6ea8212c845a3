"""What payment methods are set to: one row for each, planted by a migration and never deleted."""

from typing import Any

from sqlalchemy import false
from sqlmodel import Field

from db.secrets.encrypted import EncryptedText, Secret
from db.store.row import DOCUMENT, SORTED_TEXT, VersionedRow


class PaymentMethodRow(VersionedRow, table=True):
    """What can be set is declared in `connectors.payments`. Orders name methods by their keys, and others than these:
    an import brings what the shop had."""

    __tablename__ = "payment_method"

    key: str = Field(primary_key=True, sa_type=SORTED_TEXT)  # `stripe`
    active: bool = Field(default=False, sa_column_kwargs={"server_default": false()})  # as `is_active` of the settings
    settings: dict[str, Any] = Field(default_factory=dict, sa_type=DOCUMENT)  # without the secrets
    concealed: Secret | None = Field(default=None, sa_type=EncryptedText)  # JSON: each secret, and when it was given
