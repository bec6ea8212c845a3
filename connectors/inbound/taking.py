"""What a call hinted at, read from the shop and written down as an import writes it: the job behind an inbound call."""

from collections.abc import Mapping
from typing import Any, Protocol

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.connected_stores.asking import Stores
from connectors.connected_stores.keeping import shop_of
from connectors.connected_stores.reading import READS
from connectors.connected_stores.writing import CAUSE, TOLD, active, refused, write
from connectors.importers import seen
from connectors.importers.checkpoint import take_turn
from connectors.importers.fluentcart.asking import NotTold
from connectors.importers.fluentcart.commerce.order import ORDER
from connectors.importers.fluentcart.errors import WrongCredentials
from connectors.importers.work import Works
from db.store.unit import Units

log = structlog.get_logger("storegraph.inbound")


class Job(Protocol):
    """What a worker gives (server.work.running.Running)."""

    id: int
    arguments: Mapping[str, Any]

    async def note(self, *, done: int | None = None, connection: AsyncConnection | None = None) -> None: ...


class Taking:
    """Does such jobs. What it raises is tried again."""

    def __init__(self, units: Units, stores: Stores) -> None:
        self._units = units
        self._stores = stores

    async def __call__(self, job: Job) -> None:
        guid = job.arguments["connection"]
        async with self._units.read() as connection:
            row = await active(connection, guid)
            fresh = await seen.nothing(connection)
        if row is None:
            return  # disabled or removed since: what it told is not asked for
        try:
            async with READS[row["provider"]](self._stores, shop_of(row)) as shop:
                records = await shop.one(job.arguments["kind"], job.arguments["id"])
        except WrongCredentials as wrong:
            await refused(self._units, row, str(wrong))
            return
        except NotTold as reason:
            log.info("a shop does not tell what it hinted at", connection=guid, reason=str(reason))
            return
        works = Works(self._units, f"{guid}/{job.id}", TOLD, fresh=fresh, live=True, by=CAUSE)
        async with works.work(ORDER.entity) as work:
            await take_turn(work.connection)
            if await active(work.connection, guid) is None:
                return
            report = await write(work, row, records)
            await work.close()
            # With what it has done, or not at all: who has taken this job over does it once.
            await job.note(done=1, connection=work.connection)
            await work.commit()
        for skipped in (*records.skipped, *report.skipped):
            log.info("left out of what a shop told", connection=guid, reason=str(skipped))
