"""Settings of what the server asks of others: webhooks' receivers, providers, workflows."""

from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Any

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode

from connectors.outbound.reach import read_network


class OutboundSettings(BaseSettings):
    """Part of `server.settings.settings.Settings`."""

    outbound_networks: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = Field(
        default=(),
        description="Networks of yours that webhooks and integrations may ask although they are not public, separated "
        "by commas: `10.1.0.0/16,192.168.7.7`.",
    )
    outbound_connect_seconds: float = Field(
        default=5.0,
        gt=0,
        le=30,
        description="After so long without a connection a receiver counts as down: its name looked up, TLS agreed.",
    )
    outbound_seconds: float = Field(
        default=30.0, gt=0, le=30, description="In which a receiver has to have answered, to the last byte."
    )

    @field_validator("outbound_networks", mode="before")
    @classmethod
    def _networks(cls, value: Any) -> Any:
        given = value.split(",") if isinstance(value, str) else value
        return tuple(read_network(n) if isinstance(n, str) else n for n in given if not isinstance(n, str) or n.strip())
