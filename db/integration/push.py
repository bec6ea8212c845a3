"""Browsers that a person wants notifications in."""

from datetime import datetime

from sqlmodel import Field

from db.secrets.encrypted import EncryptedText, Secret
from db.store.row import KEY, SORTED_TEXT, Row, now


class PushSubscriptionRow(Row, table=True):
    """`p256dh` and `auth` are what messages to it are encrypted with, as the browser gave them, `auth` known to nobody
    else. `last_topic` names the last message that its push service took."""

    __tablename__ = "push_subscription"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: int = Field(default=None, primary_key=True, sa_type=KEY)
    user_id: int = Field(foreign_key="access_user.id", ondelete="CASCADE", index=True, sa_type=KEY)
    endpoint: str = Field(unique=True, sa_type=SORTED_TEXT)
    p256dh: str
    auth: Secret = Field(sa_type=EncryptedText)
    user_agent: str = ""
    created_at: datetime = Field(default_factory=now)
    last_success_at: datetime | None = None
    failure_count: int = 0  # since the last success
    last_topic: str | None = None
