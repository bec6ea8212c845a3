"""Asks shops: whether credentials are right, and whatever is read from there later."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final
from uuid import uuid4

import orjson

from connectors.connected_stores.capped import Capped, named
from connectors.connected_stores.declared import Credentials, StoreKind
from connectors.outbound.message import Answer, Failure, Request, Sends
from connectors.outbound.reach import PUBLIC, Reach
from connectors.outbound.url import BadUrl, Url, checked_url
from connectors.providers.limits import Limits
from engine.values.errors import ErrorCode


class Trouble(StrEnum):
    CREDENTIALS = "credentials"  # refused, and will be until they are others
    STORE = "store"  # no such shop at this address
    PASSING = "passing"  # silent, or too busy


_CODES: Final = {
    Trouble.CREDENTIALS: ErrorCode.CONFIGURATION_ERROR,
    Trouble.STORE: ErrorCode.CONFIGURATION_ERROR,
    Trouble.PASSING: ErrorCode.PROVIDER_ERROR,
}


class NotAnswered(Exception):
    """The shop does not give what was asked for; the text is a sentence, and tells no secret."""

    def __init__(self, trouble: Trouble, reason: str, status: int | None = None) -> None:
        super().__init__(reason)
        self.trouble = trouble
        self.status = status

    @property
    def code(self) -> ErrorCode:
        return _CODES[self.trouble]


@dataclass(frozen=True, slots=True)
class Shop:
    """One shop, with what it takes to ask it."""

    kind: StoreKind
    credentials: Credentials


class Stores:
    """What the edge connects, for whoever asks shops. `outside` is the client, or what stands for all that is outside;
    `reach` the addresses that may be asked; `guids` names new connections; `pause` waits so many seconds;
    `limits` hold what is asked of each shop to its caps."""

    def __init__(
        self,
        outside: Sends,
        reach: Reach = PUBLIC,
        *,
        guids: Callable[[], str] = lambda: str(uuid4()),
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        limits: Limits | None = None,
    ) -> None:
        self.outside = outside
        self.reach = reach
        self.guids = guids
        self.pause = pause
        self._limits = limits

    def checked(self, text: str) -> str:
        """A shop's address as it is kept. Raises BadUrl."""
        url = checked_url(text.strip(), self.reach)
        if "?" in url.target:
            raise BadUrl("The shop's address has no query")
        if url.scheme != "https" and not self._own(url):
            raise BadUrl("The shop is asked by https:// alone: credentials go there")
        return str(replace(url, target=url.target.rstrip("/") or "/")).rstrip("/")

    def _own(self, url: Url) -> bool:
        """Whether it is an address in a network that the operator named: nobody else's machine is between."""
        return url.address is not None and PUBLIC.refusal(url.address) is not None

    async def verify(self, shop: Shop) -> None:
        """Raises NotAnswered."""
        answer = await self.get(shop, shop.kind.greeting)
        if not shop.kind.answers(answer):
            raise NotAnswered(Trouble.STORE, f"What answers there is no shop of {shop.kind.title}")

    async def get(self, shop: Shop, target: str) -> Any:
        """The JSON at a path below the shop's address. Raises NotAnswered."""
        return _judged(shop.kind.title, await self.ask(shop, "GET", target))

    def sends(self, shop: Shop) -> Sends:
        """The client, held to the shop's caps together with all others who ask it."""
        if self._limits is None:
            return self.outside
        return Capped(self.outside, self._limits, shop.kind, named(shop.kind, shop.credentials))

    async def ask(self, shop: Shop, method: str, target: str, body: bytes | None = None) -> Answer | Failure:
        """Once, whatever is answered."""
        headers = [*shop.kind.headers(shop.credentials)]
        if body is not None:
            headers.append(("Content-Type", "application/json"))
        url = f"{shop.credentials.store_url}{target}"
        return await self.sends(shop).send(Request(method, url, headers, body, longest=8 * 2**20, whole=True))


def _judged(title: str, answer: Answer | Failure) -> Any:
    if isinstance(answer, Failure):
        raise NotAnswered(Trouble.PASSING, answer.reason, answer.status)
    status = answer.status
    if status in (401, 403):
        raise NotAnswered(Trouble.CREDENTIALS, f"{title} refuses these credentials ({status})", status)
    if status >= 500 or status in (408, 425, 429):
        raise NotAnswered(Trouble.PASSING, f"{title} answers {status}: try again later", status)
    try:
        if status != 200:
            raise ValueError
        return orjson.loads(answer.body)
    except ValueError:
        what = f"answers {status}" if status != 200 else "answers with no JSON"
        raise NotAnswered(Trouble.STORE, f"What is there {what}: is this the address of the shop?", status) from None
