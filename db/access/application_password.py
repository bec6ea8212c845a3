"""Application passwords: what a program sends by HTTP Basic in place of its user's own password."""

from datetime import datetime

from sqlmodel import Field

from db.store.row import KEY, Row, now


class ApplicationPasswordRow(Row, table=True):
    __tablename__ = "application_password"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: int = Field(default=None, primary_key=True, sa_type=KEY)
    user_id: int = Field(foreign_key="access_user.id", ondelete="CASCADE", index=True, sa_type=KEY)
    name: str
    secret_hash: str = Field(unique=True)
    last_four: str | None = None
    created_at: datetime = Field(default_factory=now)
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None
