"""What providers are set to: credentials and the like, one row for each provider that takes any."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import CheckConstraint, false
from sqlmodel import Field

from db.secrets.encrypted import EncryptedText, Secret
from db.store.row import DOCUMENT, KEY, SORTED_TEXT, Row, VersionedRow

# The one row of IntegrationDefaultRow.
ONLY: Final = 1


class IntegrationSettingRow(VersionedRow, table=True):
    """There from the start that finds the provider on: empty until somebody saves it. `form`, `valid` and what comes
    of tokens are not what callers edit."""

    __tablename__ = "integration_setting"

    key: str = Field(primary_key=True, foreign_key="integration_provider.key", ondelete="CASCADE", sa_type=SORTED_TEXT)
    form: list[Any] = Field(default_factory=list, sa_type=DOCUMENT)  # its fields, as connectors.providers declares them
    settings: dict[str, Any] = Field(default_factory=dict, sa_type=DOCUMENT)  # without the secrets
    concealed: Secret | None = Field(default=None, sa_type=EncryptedText)  # JSON: each secret, and when it was given
    valid: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    verified_at: datetime | None = None  # when the vendor has accepted them last
    account: str = ""  # whose they are, as the vendor says
    needs_consent: bool = Field(default=False, sa_column_kwargs={"server_default": false()})  # OAuth is its only way
    token: Secret | None = Field(default=None, sa_type=EncryptedText)  # JSON: what OAuth gave
    token_ends_at: datetime | None = None
    token_claimed_until: datetime | None = None  # by the process that has it anew


class IntegrationDefaultRow(VersionedRow, table=True):
    """What holds for integrations as a whole."""

    __tablename__ = "integration_default"
    __table_args__ = (CheckConstraint(f"id = {ONLY}", name="only"),)

    id: int = Field(default=ONLY, primary_key=True, sa_type=KEY)
    enabled: bool = True  # off: no feed runs, whatever it says itself
    provider_key: str | None = Field(default=None, foreign_key="integration_provider.key", sa_type=SORTED_TEXT)


class AuthorizationRow(Row, table=True):
    """A consent that somebody went to give. Gone with the first answer, whatever it says."""

    __tablename__ = "integration_authorization"

    state_hash: str = Field(primary_key=True)  # of what the vendor repeats
    key: str = Field(foreign_key="integration_setting.key", ondelete="CASCADE", index=True, sa_type=SORTED_TEXT)
    viewer: str  # who asked, as db.access.holder.saver says
    credential: str | None = None  # and by which sign-in
    version: int  # of the settings that it is for
    verifier: Secret = Field(sa_type=EncryptedText)  # PKCE
    redirect: str  # where the vendor sends back to; the exchange repeats it
    expires_at: datetime = Field(index=True)
