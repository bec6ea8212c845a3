"""The client that asks whatever subscribers and integrations name, as the settings say."""

from connectors.outbound.client import Outbound, Times
from connectors.outbound.reach import Reach
from server.settings.settings import Settings


def client(settings: Settings) -> Outbound:
    """Not open yet: `async with`."""
    times = Times(connect=settings.outbound_connect_seconds, total=settings.outbound_seconds)
    return Outbound(Reach(settings.outbound_networks), times)
