"""Sessions: what signing in gives a person, for some hours."""

from datetime import datetime

from sqlmodel import Field

from db.store.row import KEY, Row, now


class SessionRow(Row, table=True):
    """Gone when it is signed out of; expired ones go when its user signs in again."""

    __tablename__ = "access_session"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: int = Field(default=None, primary_key=True, sa_type=KEY)
    user_id: int = Field(foreign_key="access_user.id", ondelete="CASCADE", index=True, sa_type=KEY)
    secret_hash: str = Field(unique=True)
    created_at: datetime = Field(default_factory=now)
    expires_at: datetime
    last_used_at: datetime | None = None
