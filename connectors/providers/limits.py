"""What a vendor lets through with one credential, over all who ask by it and all processes: so many calls at once, so
many a second."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.outbound.message import Outcome, Request, Sends
from connectors.providers.declared.failing import VendorFailed
from connectors.providers.declared.provider import Caps
from db.store.database import Database
from db.work import seat as seats
from engine.values.errors import Unavailable

# A seat that is not given back by then is free again: whoever took it has died, or reads the longest of lists.
_LASTS: Final = 120.0
# Whoever looks at a form does not wait longer.
_LOOKS_EVERY: Final = 0.05
_LOOKS: Final = 300
_SECONDS: Final = 10.0
# Who comes so much too late (a process that stood still) would begin together with those behind: another turn then, but
# not for ever.
_LATE: Final = 0.1
_TURNS: Final = 4


class Limits:
    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def seated(self, title: str, credential: str, caps: Caps) -> AsyncIterator[None]:
        """One after the other of the calls inside is among those at once that the credential is held to, as a delivery
        is. Raises VendorFailed where they are all taken for long. No transaction is open meanwhile."""
        cap, rate = caps.at_once, caps.per_second
        seat = await self._database.tell(
            lambda one: seats.take(one, credential, cap=cap, rate=rate, lasts=_LASTS), seconds=_SECONDS
        )
        try:
            for _ in range(_LOOKS):
                if await self._database.ask(lambda one: seats.free(one, seat), seconds=_SECONDS):
                    break
                await asyncio.sleep(_LOOKS_EVERY)
            else:
                reason = f"{title} is busy: all {cap} calls that may be made at once are taken"
                raise VendorFailed(None, reason, retryable=True)
            yield
        finally:
            with suppress(Unavailable):  # it ends by itself
                await asyncio.shield(self._database.tell(lambda one: seats.leave(one, seat), seconds=_SECONDS))

    def paced(self, sends: Sends, credential: str, caps: Caps) -> Sends:
        """The same, whose calls wait for their turns where there is a rate."""
        return sends if caps.per_second is None else _Paced(sends, self._database, credential, caps.burst)

    async def filled(self, credential: str, calls: int) -> None:
        """The vendor says that so many calls have yet to run out of its bucket, whoever made them."""
        await self._database.tell(lambda one: seats.filled(one, credential, calls), seconds=_SECONDS)


@dataclass(frozen=True, slots=True)
class _Paced:
    sends: Sends
    database: Database
    credential: str
    burst: int

    async def send(self, request: Request) -> Outcome:
        loop = asyncio.get_running_loop()
        for _ in range(_TURNS):
            asked = loop.time()
            seconds = await self.database.tell(
                lambda one: seats.turn(one, self.credential, self.burst), seconds=_SECONDS
            )
            await asyncio.sleep(seconds)
            if loop.time() - asked - seconds < _LATE:
                break
        return await self.sends.send(request)

    async def _turn(self, connection: AsyncConnection) -> float:
        return await seats.turn(connection, self.credential, self.burst)
