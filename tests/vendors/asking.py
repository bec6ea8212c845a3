"""A provider in front of a vendor on loopback, and runs of its feeds."""

import ssl
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

from pydantic import BaseModel

from connectors.outbound.client import Outbound, Times
from connectors.providers import Provider, Run, Vendor
from tests.patience import PATIENCE
from tests.vendors.serving import LOOPBACK
from tests.vendors.serving import Vendor as Server

F = TypeVar("F", bound=BaseModel)
S = TypeVar("S", bound=BaseModel)

# Read once: nobody here asks over TLS.
TLS: Final = ssl.create_default_context()
ORDER: Final[Mapping[str, Any]] = {
    "id": 41,
    "billing": {
        "first_name": "Ada",
        "last_name": "Byron",
        "phone": "+49 30 1",
        "address_1": "Lindenstr. 9",
        "city": "Berlin",
        "state": "BE",
        "postcode": "10969",
        "country": "DE",
    },
    "config": {"user_tz": "Europe/Berlin"},
}
EMAIL: Final = "ada@example.com"


@asynccontextmanager
async def reached(
    server: Server, provider: Provider[S, Any], settings: S, *, dry: bool = False, seconds: float = PATIENCE
) -> AsyncIterator[Vendor]:
    """The way to the server for one provider, as if it were at its address in the world."""
    async with server.serving(), Outbound(LOOPBACK, Times(total=seconds), tls=TLS) as outbound:
        sends = server.redirected(outbound)
        yield Vendor(provider.site(settings), sends, title=provider.title, explain=provider.explain, dry=dry)


def run_of(
    feed: F, *, email: str | None = EMAIL, order: Mapping[str, Any] = ORDER, grants: Any = None, **values: Any
) -> Run[F]:
    customer = {"email": email, "first_name": "Ada", "last_name": "Byron"}
    return Run(
        feed=feed,
        event="order.paid",
        trigger="order_paid_done",
        order=order,
        customer=customer,
        key="evt_41",
        grants=grants,
        **values,
    )


class Granted:
    """What orders give, as the host's table counts it. `of` is the same of another order."""

    def __init__(self, order: int = 41, held: dict[tuple[int, str, str], bool] | None = None) -> None:
        self.order = order
        self.held = {} if held is None else held

    def of(self, order: int) -> "Granted":
        return Granted(order, self.held)

    async def give(self, kind: str, ids: Collection[str]) -> None:
        self.held |= {(self.order, kind, one): True for one in ids}

    async def take(self, kind: str, ids: Collection[str]) -> Sequence[str]:
        mine = [one for one in ids if (self.order, kind, one) in self.held]
        self.held |= {(self.order, kind, one): False for one in mine}
        return [one for one in mine if not any(self.held[key] for key in self.held if key[1:] == (kind, one))]
