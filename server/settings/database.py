"""Settings of what stands between the server and its PostgreSQL."""

from enum import StrEnum

from pydantic import Field, ValidationInfo, field_validator
from pydantic_settings import BaseSettings


class Pooling(StrEnum):
    NONE = "none"
    TRANSACTION = "transaction"


class DatabaseSettings(BaseSettings):
    """Part of `server.settings.settings.Settings`, which names the database itself."""

    database_pooler: Pooling = Field(
        default=Pooling.NONE,
        description="`transaction`: the database's URL is that of a pooler that lends each transaction any of its "
        "sessions, as PgBouncer does with `pool_mode = transaction`. No statement is kept prepared then.",
    )
    # The last of its kind: it is checked against the other.
    database_direct_url: str | None = Field(
        default=None,
        repr=False,  # may hold a password
        description="Behind a pooler: the URL of PostgreSQL itself, where servers and workers are told at once of what "
        "others committed; none: they look once a second.",
    )

    @field_validator("database_direct_url")
    @classmethod
    def _beside_a_pooler(cls, value: str | None, others: ValidationInfo) -> str | None:
        if value is None:
            return value
        if others.data.get("database_pooler") is Pooling.NONE:
            raise ValueError("is for a server behind a pooler: set STOREGRAPH_DATABASE_POOLER=transaction too")
        if not value.startswith(("postgresql://", "postgres://")):
            raise ValueError("write postgresql://user:password@host/name")
        return value
