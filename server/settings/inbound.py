"""Settings of what connected shops tell."""

from pydantic import Field
from pydantic_settings import BaseSettings


class InboundSettings(BaseSettings):
    """Part of `server.settings.settings.Settings`."""

    inbound_body_bytes: int = Field(
        default=1024 * 1024, ge=1024, description="A longer call of a connected shop is refused with 413."
    )
    inbound_hourly: int = Field(
        default=10_000,
        ge=1,
        description="Calls that each connected shop may make in an hour; a budget of its own, beside all others.",
    )
