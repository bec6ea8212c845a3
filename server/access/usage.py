"""Which credentials were used since the last minute, written down now and then: no request waits for it."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Final

from db.access.usage import mark
from db.store.database import Database
from server.work.jobs import Job

EVERY_SECONDS: Final = 60.0
WRITING_SECONDS: Final = 10.0


class Usage:
    """A process that is killed forgets a minute; one that is stopped forgets nothing that the store still takes."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._used: dict[str, float] = {}  # in seconds since 1970
        self._writing = asyncio.Lock()

    def note(self, credential: str | None) -> None:
        """Remember that a credential was used just now."""
        if credential is not None:
            self._used[credential] = time.time()

    def job(self) -> Job:
        return Job("last uses", self.write, EVERY_SECONDS, finishes=True)

    async def write(self) -> None:
        """Write down what was noted. What cannot be written now is noted still. Raises Unavailable."""
        async with self._writing:
            used, self._used = self._used, {}
            if not used:
                return
            moments = {credential: datetime.fromtimestamp(int(at), UTC) for credential, at in used.items()}
            try:
                await self._database.tell(lambda connection: mark(connection, moments), seconds=WRITING_SECONDS)
            except BaseException:
                self._used = used | self._used
                raise
