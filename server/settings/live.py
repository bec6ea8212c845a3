"""Settings of what is followed: subscriptions, over WebSockets and as Server-Sent Events."""

from pydantic import Field
from pydantic_settings import BaseSettings


class LiveSettings(BaseSettings):
    """Part of `server.settings.settings.Settings`."""

    live: bool = Field(default=True, description="Whether subscriptions are served.")
    live_connections: int = Field(
        default=1000,
        ge=1,
        description="Connections that each process keeps open for subscriptions, beside those for requests; beyond "
        "them callers get a 503.",
    )
    live_connections_of_caller: int = Field(
        default=100, ge=1, description="Of these, as many as one caller may have: a token, a user, an address."
    )
    live_subscriptions: int = Field(
        default=50, ge=1, description="Subscriptions, and requests under way, that one WebSocket may have."
    )
    live_subscriptions_of_caller: int = Field(
        default=500, ge=1, description="Subscriptions that one caller may have in a process."
    )
    live_unsent_bytes: int = Field(
        default=1024 * 1024,
        ge=1024,
        description="What waits to be sent on one connection at most; a reader that is slower is dropped.",
    )
    live_initialisation_seconds: float = Field(
        default=10.0, gt=0, description="In which a WebSocket has to say `connection_init`."
    )
    live_idle_seconds: float = Field(
        default=300.0, gt=0, description="After which a WebSocket without a subscription is closed."
    )
    live_messages: int = Field(default=50, ge=1, description="Messages that a WebSocket may send in a second.")
    live_alive_seconds: float = Field(
        default=15.0,
        gt=0,
        description="After which something is sent where nothing else was: proxies close what is silent.",
    )
