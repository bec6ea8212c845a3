"""Settings of the work behind requests."""

from pydantic import Field
from pydantic_settings import BaseSettings


class WorkSettings(BaseSettings):
    """Part of `server.settings.settings.Settings`."""

    work: bool = Field(
        default=True,
        description="Whether the server itself delivers events and runs jobs; `false` where `storegraph worker` does.",
    )
    work_at_once: int = Field(
        default=100, ge=1, le=1000, description="Deliveries that each worker has under way at the same time."
    )
    worker_port: int | None = Field(
        default=None,
        ge=0,
        le=65535,
        description="Where `storegraph worker` answers `/health`, `/ready` and `/metrics`, on the host's address.",
        json_schema_extra={"shown": "none: nowhere"},
    )
