"""Settings of what is kept, and for how long."""

from pydantic import Field
from pydantic_settings import BaseSettings


class RetentionSettings(BaseSettings):
    """Part of `server.settings.settings.Settings`."""

    # The sweep of files reads a day of them.
    event_days: int | None = Field(
        default=None,
        ge=2,
        description="For how many days events are kept; what is still to be delivered stays. None: all are kept.",
    )
    delivery_days: int | None = Field(
        default=None,
        ge=1,
        description="For how many days deliveries that ended are kept, with their attempts; they go with their event "
        "at the latest. None: as long as the event.",
    )
    idempotency_hours: int = Field(
        default=24,
        ge=24,
        le=8760,
        description="How long a repeat under an `idempotencyKey` is answered with what was done the first time.",
    )
    cart_days: int = Field(
        default=30, ge=1, description="After how many days a cart that nobody has touched is deleted."
    )
    audit_days: int | None = Field(
        default=None,
        ge=1,
        description="For how many days entries of the audit log are kept. None: all are kept.",
    )
