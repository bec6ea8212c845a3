"""Which credentials were used since the last minute, written down now and then: no request waits for it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from db.access.usage import mark
from db.store.database import Database
from db.store.row import now
from server.work.background import beside

log = structlog.get_logger("storegraph.server")

EVERY_SECONDS: Final = 60.0


class Usage:
    """A process that is killed forgets a minute; one that is stopped forgets nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._used: dict[str, datetime] = {}
        self._writing = asyncio.Lock()

    def note(self, credential: str | None) -> None:
        """Remember that a credential was used just now."""
        if credential is not None:
            self._used[credential] = now()

    async def write(self) -> None:
        """Write down what was noted. What cannot be written now is written next time."""
        async with self._writing:
            used, self._used = self._used, {}
            if not used:
                return
            try:
                async with self._database.write() as connection:
                    await mark(connection, used)
                    await connection.commit()
            except (SQLAlchemyError, OSError) as error:
                self._used = used | self._used
                log.warning("the last use of credentials is not written down yet", exc_info=error)

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Writes once a minute meanwhile, and at the end."""
        try:
            async with beside(self._keep_on()):
                yield
        finally:
            await self.write()

    async def _keep_on(self) -> None:
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            await asyncio.shield(self.write())  # a write that has begun is not broken off by the end
