"""People who sign in."""

import unicodedata
from datetime import datetime

from sqlmodel import Field

from db.store.row import KEY, SORTED_TEXT, Row, VersionedRow, now


class UserRow(VersionedRow, table=True):
    """`login` and `email` are kept as `folded` makes them, so that no two differ by case alone."""

    __tablename__ = "access_user"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: int = Field(default=None, primary_key=True, sa_type=KEY)
    login: str = Field(unique=True, sa_type=SORTED_TEXT)
    email: str = Field(unique=True, sa_type=SORTED_TEXT)
    display_name: str = ""
    active: bool = True
    role_key: str | None = Field(
        default=None, foreign_key="access_role.key", ondelete="RESTRICT", index=True, sa_type=SORTED_TEXT
    )


class UserPasswordRow(Row, table=True):
    """Beside the user and not in it, so that nothing that reads users can show it. Who has none signs in elsewhere."""

    __tablename__ = "access_user_password"

    user_id: int = Field(primary_key=True, foreign_key="access_user.id", ondelete="CASCADE", sa_type=KEY)
    password_hash: str
    updated_at: datetime = Field(default_factory=now)


def folded(name: str) -> str:
    """A login or an e-mail address as it is stored and looked for."""
    return unicodedata.normalize("NFKC", name.strip()).casefold()
