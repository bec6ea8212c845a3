"""Events get their places also where nobody reads them: what counts as waiting is what nobody could read yet."""

from functools import partial
from typing import Final

from db.store.database import Database
from db.store.outbox import number_events, unnumbered
from server.work.jobs import Job

# A reader numbers what it is about to read. Without one, this is how long the outbox may lag.
EVERY_SECONDS: Final = 5.0


def numbering(database: Database) -> Job:
    """Numbers events as they come."""
    return Job("numbering", partial(number_now, database), EVERY_SECONDS)


async def number_now(database: Database) -> int:
    """Number what was committed, and say how many. Nothing is locked where nothing waits."""
    async with database.read() as connection:
        if not (await connection.execute(unnumbered())).scalar_one():
            return 0
    return await number_events(database)
