"""Settings of what callers may send and ask: sizes, costs, times and rates."""

from enum import StrEnum

from pydantic import Field
from pydantic_settings import BaseSettings


class RateProfile(StrEnum):
    AUTO = "auto"
    DOCUMENTED = "documented"
    STOREFRONT = "storefront"
    DEMO = "demo"
    OFF = "off"


class LimitSettings(BaseSettings):
    """Part of `server.settings.settings.Settings`."""

    max_body_bytes: int = Field(
        default=1024 * 1024, ge=1024, description="A longer request body is refused with 413, read only that far."
    )
    max_tokens: int = Field(
        default=4000, ge=1, description="Tokens that a GraphQL document may have; its parser's time grows with them."
    )
    documents: int = Field(
        default=1000, ge=1, description="Parsed documents that each process keeps for the next request alike."
    )
    document_bytes: int = Field(
        default=64 * 1024 * 1024, ge=1, description="Memory that each process gives to them, about."
    )
    max_depth: int = Field(default=20, ge=1, le=100, description="Levels of fields that a document may nest.")
    max_aliases: int = Field(default=500, ge=0, description="Aliases that a document may have.")
    max_roots: int = Field(default=50, ge=1, description="Root fields that an operation may have.")
    max_cost_anonymous: int = Field(
        default=20_000, ge=1, description="The cost of one document for callers without a credential."
    )
    max_cost_storefront: int = Field(default=20_000, ge=1, description="The same for a storefront's token.")
    max_cost_authenticated: int = Field(default=50_000, ge=1, description="The same for users and other tokens.")
    max_cost_admin: int = Field(default=50_000, ge=1, description="The same for who may do everything.")
    seconds_anonymous: float = Field(
        default=5.0, gt=0, description="After so long a request of a caller without a credential is broken off."
    )
    seconds_storefront: float = Field(default=5.0, gt=0, description="The same for a storefront's token.")
    seconds_authenticated: float = Field(default=15.0, gt=0, description="The same for users and other tokens.")
    seconds_admin: float = Field(default=30.0, gt=0, description="The same for who may do everything.")
    rates: RateProfile = Field(
        default=RateProfile.AUTO,
        description="Requests an hour. `documented`: 100 anonymous, 1000 with a credential, 10 bulk changes, 60 "
        "checkouts, 30 codes of coupons; `storefront`: 3600, 3600 (a storefront's token 7200), 10, 300 and 60; `demo`: "
        "36000, 36000, 600, 3600 and 600; `off`: uncounted. `auto`: `documented`, in the demo `demo`.",
    )
    redis_url: str | None = Field(
        default=None,
        repr=False,  # may hold a password
        description="Counts requests in this Redis (`redis://host:6379/0`), for all processes together.",
    )
    max_connections: int = Field(
        default=1000, ge=2, description="Connections that each process keeps open; beyond them callers get a 503."
    )
    concurrent: int = Field(default=50, ge=1, description="Requests that one caller may have under way in a process.")
    write_wait_seconds: float = Field(
        default=5.0, gt=0, description="How long a change waits for its turn at the database before it is refused."
    )
    body_seconds: float = Field(
        default=15.0,
        gt=0,
        description="In which the whole body of a request has to arrive; of an upload all that comes before its files.",
    )
