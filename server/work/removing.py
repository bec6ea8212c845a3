"""What deletions left in their stores, when a server ended in between or a store did not answer."""

from typing import Final

from db.store.unit import Units
from resolvers.files.removing import sweep
from server.work.jobs import Job

# The first round is at the start: a crash is over then.
EVERY_SECONDS: Final = 600.0


def removing(units: Units) -> Job:
    """Removes files whose deletion was committed and that are still there."""
    settled: set[int] = set()

    async def left() -> None:
        await sweep(units, settled)

    return Job("removing files", left, EVERY_SECONDS)
