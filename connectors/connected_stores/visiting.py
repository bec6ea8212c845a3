"""A visit to a shop: one question at a time, asked again while that may help, and no more often than the shop says."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

import orjson

from connectors.connected_stores.asking import Shop, Stores
from connectors.importers.fluentcart.asking import NotTold
from connectors.importers.fluentcart.errors import StoreFailing, WrongCredentials
from connectors.outbound.message import Answer, Failure

# Of each question; the worker tries a job again itself, and a visit holds one of its places.
ATTEMPTS: Final = 3
BACKOFF: Final = 1.0
# Seconds. A shop that asks for more patience is asked by the job's next try.
LONGEST_WAIT: Final = 30.0
_PASSING: Final = frozenset({402, 408, 423, 425, 429})  # 402 and 423: a shop that is frozen or locked for a while


# How WordPress says that nobody answers there at all: a plugin is missing.
_NO_ROUTE: Final = b'"rest_no_route"'


@dataclass(frozen=True, slots=True)
class Told:
    """What was answered with 200: its JSON, and headers by their names in small letters."""

    json: Any
    headers: Mapping[str, str]


class Visit:
    """`site` is the shop's address, which names it in what is made up of its records."""

    def __init__(self, stores: Stores, shop: Shop) -> None:
        self._stores = stores
        self._shop = shop
        self.site = shop.credentials.store_url
        self.title = shop.kind.title

    async def get(self, path: str, query: Mapping[str, str | int] | None = None) -> Told:
        """What stands below the shop's address. Raises NotTold, WrongCredentials and StoreFailing."""
        return await self.ask("GET", f"{path}?{urlencode(query)}" if query else path)

    async def ask(self, method: str, target: str, body: Any = None) -> Told:
        """Raises as `get`. What is not read is asked once alone unless it is certain that nothing arrived."""
        sent = None if body is None else orjson.dumps(body)
        place = f"{method} {target.partition('?')[0]}"
        for attempt in range(1, ATTEMPTS + 1):
            answer = await self._stores.ask(self._shop, method, target, sent)
            if isinstance(answer, Failure):
                reason, wait = f"{place}: {answer.reason}", None
                again = not answer.lasting and (method == "GET" or answer.unsent)
            else:
                if answer.status == 200 or (answer.status == 201 and method != "GET"):
                    return self._told(answer, place)
                reason, wait = f"{place} answers {answer.status}", answer.retry_after
                again = answer.status >= 500 or answer.status in _PASSING
                if not again:
                    raise self._refused(answer, place)
                again = method == "GET" or answer.status == 429
            pause = BACKOFF * 2 ** (attempt - 1) if wait is None else wait
            if not again or attempt == ATTEMPTS or pause > LONGEST_WAIT:
                raise StoreFailing(f"{self.title} does not answer: {reason}")
            await self._stores.pause(pause)
        raise AssertionError

    def _told(self, answer: Answer, place: str) -> Told:
        try:
            return Told(orjson.loads(answer.body), dict(answer.headers))
        except ValueError:
            raise NotTold(f"{place} answers with no JSON") from None

    def _refused(self, answer: Answer, place: str) -> Exception:
        status = answer.status
        if status in (401, 403):
            return WrongCredentials(f"{self.title} refuses these credentials ({place} answers {status})")
        if 300 <= status < 400:
            return StoreFailing(f"{self.title}: {place} answers {status}, and redirects are not followed")
        return NotTold(f"{place} answers {status}", absent=status == 404 and _NO_ROUTE in answer.body)
