"""An import that is interrupted goes on after the last committed page; nothing is lost and nothing is done twice."""

import asyncio
import signal
import sys
import time
from pathlib import Path
from typing import Any

import httpx2
import pytest

from connectors.importers.fluentcart import RecordedStore, import_store
from connectors.importers.report import Tally
from db.store.database import Database
from db.tables import METADATA
from tests.connectors.fluentcart_store import (
    COMMERCE,
    FOUNDATION,
    OF_A_PRODUCT,
    PASSWORD,
    RECORDING,
    SITE,
    USER,
    Exchanges,
    Recorder,
    in_process,
    loopback,
    product_ids,
    remove_product,
    rows,
    source,
)

UNSTAMPED = ("media", "term", "store", "integration_provider", "integration_feed")
BUSINESS = sorted(METADATA.tables.keys() - {"import_source"})


async def everything(database: Database) -> dict[str, Any]:
    """All that an import writes, without what tells when, and which import it was."""
    found: dict[str, Any] = {table: await rows(database, table) for table in BUSINESS}
    for table in UNSTAMPED:
        found[table] = [
            {name: value for name, value in row.items() if name not in {"created_at", "updated_at"}}
            for row in found[table]
        ]
    for row in found["event"] + found["audit_entry"]:
        for told in (row, row.get("payload") or {}, row.get("after") or {}):
            for name in ("occurred_at", "cause", "importId"):
                told.pop(name, None)
    return found


async def reached(database: Database) -> int | None:
    found = await rows(database, "import_source")
    return next((row["reached"] for row in found if row["entity"] == "products"), None)


class Stopping:
    """Cancels the import when so many products are dealt with."""

    def __init__(self, after: int) -> None:
        self.left = after
        self.task = asyncio.current_task()

    def total(self, products: int) -> None:
        pass

    def advance(self, products: int) -> None:
        self.left -= products
        if self.left <= 0:
            assert self.task is not None
            self.task.cancel()


async def interrupted(database: Database, transport: httpx2.AsyncBaseTransport, after: int) -> None:
    async def run() -> None:
        await import_store(database, source(transport), progress=Stopping(after))

    with pytest.raises(asyncio.CancelledError):
        await asyncio.create_task(run())


@pytest.mark.parametrize("pages", [2])
async def test_a_cancelled_import_goes_on_where_it_stopped(database: Database, pages: int, tmp_path: Path) -> None:
    await interrupted(database, RecordedStore(RECORDING), pages * 50)
    assert len(await rows(database, "product")) == pages * 50
    stopped = await reached(database)
    assert stopped == (await rows(database, "product"))[-1]["id"]

    store = Recorder(RecordedStore(RECORDING))
    report = await import_store(database, source(store))
    assert report.resumed_after == stopped
    assert report.of("products") == Tally(imported=200 - pages * 50)
    # The page that holds the place, those that are left, and the requests for each product that is left.
    assert len(store.paths) == FOUNDATION + 1 + (4 - pages) + (200 - pages * 50) * OF_A_PRODUCT + COMMERCE
    assert await reached(database) is None

    second = await import_store(database, source(RecordedStore(RECORDING)))
    assert second.of("products") == Tally(unchanged=200)
    assert second.of("variants") == Tally(unchanged=611)


async def test_it_ends_as_if_it_had_not_been_interrupted(database: Database, tmp_path: Path) -> None:
    await interrupted(database, RecordedStore(RECORDING), 100)
    await import_store(database, source(RecordedStore(RECORDING)))
    resumed = await everything(database)

    from db.migrations import migrate

    other = Database.open(f"sqlite:///{tmp_path / 'other.sqlite'}")
    try:
        await migrate(other)
        await import_store(other, source(RecordedStore(RECORDING)))
        assert resumed == await everything(other)
    finally:
        await other.close()


async def test_restart_begins_from_the_start(database: Database) -> None:
    await interrupted(database, RecordedStore(RECORDING), 50)
    report = await import_store(database, source(RecordedStore(RECORDING)), restart=True)
    assert report.resumed_after is None
    assert report.of("products") == Tally(imported=150, unchanged=50)


async def test_progress_of_a_resumed_import_counts_what_is_left(database: Database) -> None:
    await interrupted(database, RecordedStore(RECORDING), 150)
    totals: list[int] = []

    class Steps:
        def total(self, products: int) -> None:
            totals.append(products)

        def advance(self, products: int) -> None:
            assert products == 50

    await import_store(database, source(RecordedStore(RECORDING)), progress=Steps())
    assert totals == [50]


CHILD = """
import asyncio, sys
from connectors.importers.fluentcart import Source, import_store
from db.store.database import Database

async def main():
    database = Database.open(sys.argv[1])
    await import_store(database, Source(sys.argv[2], sys.argv[3], sys.argv[4]))

asyncio.run(main())
"""


@pytest.mark.parametrize("pages", [2])
async def test_kill_9_loses_nothing(database: Database, database_url: str, pages: int) -> None:
    with loopback(slow_ms=40) as store:
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-c", CHILD, database_url, store.url, USER, PASSWORD
        )
        deadline = time.monotonic() + 60
        while len(await rows(database, "product")) < pages * 50:
            assert child.returncode is None, "the child ended before it was killed"
            assert time.monotonic() < deadline
            await asyncio.sleep(0.005)
        child.send_signal(signal.SIGKILL)
        assert await child.wait() == -signal.SIGKILL
        stored = await rows(database, "product")
        assert len(stored) % 50 == 0
        assert await reached(database) == stored[-1]["id"]
        assert len(stored) < 200, "killed too late to tell anything"

        store.faults.slow_ms = 0
        before = len(store.requests)
        report = await import_store(database, source(url=store.url))
        rest = 200 - len(stored)
        assert report.of("products") == Tally(imported=rest)
        assert len(store.requests) - before == FOUNDATION + 1 + rest // 50 + rest * OF_A_PRODUCT + COMMERCE
        again = await import_store(database, source(url=store.url))
    assert again.of("products") == Tally(unchanged=200)
    assert len(await rows(database, "product_variant")) == 611


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("deleted", [1, 3, 60])
async def test_products_deleted_between_the_runs_do_not_hide_others(
    database: Database, exchanges: Exchanges, tmp_path: Path, deleted: int
) -> None:
    await interrupted(database, RecordedStore(RECORDING), 100)
    gone = product_ids(exchanges)[:deleted]
    for product in gone:
        remove_product(exchanges, product)
    report = await import_store(database, source(in_process(exchanges, tmp_path)))
    assert report.of("products") == Tally(imported=100)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_products_skipped_before_do_not_hide_others(
    database: Database, exchanges: Exchanges, tmp_path: Path
) -> None:
    for product in product_ids(exchanges)[:70]:
        exchanges[f"/products/{product}/pricing", "1"]["status"] = 404
    await interrupted(database, in_process(exchanges, tmp_path), 100)
    assert len(await rows(database, "product")) == 30
    report = await import_store(database, source(in_process(exchanges, tmp_path)))
    assert report.of("products") == Tally(imported=100)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("deleted", [1, 40])
async def test_products_deleted_while_pages_are_read_do_not_hide_others(
    database: Database, exchanges: Exchanges, tmp_path: Path, deleted: int
) -> None:
    inner = in_process(exchanges, tmp_path)

    class Deleting(httpx2.AsyncBaseTransport):
        """After the second page, products of the first one are deleted: what follows moves forward."""

        def __init__(self) -> None:
            self.now: httpx2.AsyncBaseTransport = inner

        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            answer = await self.now.handle_async_request(request)
            if request.url.params.get("page") == "2" and self.now is inner:
                for product in product_ids(exchanges)[:deleted]:
                    remove_product(exchanges, product)
                self.now = in_process(exchanges, tmp_path)
            return answer

    report = await import_store(database, source(Deleting()))
    assert len(await rows(database, "product")) == 200
    assert report.of("products") == Tally(imported=200)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_two_sources_have_two_states(database: Database) -> None:
    await interrupted(database, RecordedStore(RECORDING), 50)
    report = await import_store(database, source(RecordedStore(RECORDING), url="https://other.example"))
    assert report.resumed_after is None
    states = {(row["source"], row["entity"]): row["reached"] for row in await rows(database, "import_source")}
    assert states["https://other.example", "products"] is None
    assert states[SITE, "products"] is not None


async def test_two_imports_at_once_take_turns(database: Database) -> None:
    reports = await asyncio.gather(
        *(import_store(database, source(RecordedStore(RECORDING))) for _ in range(2)),
    )
    imported = sum(report.of("products").imported for report in reports)
    unchanged = sum(report.of("products").unchanged for report in reports)
    assert (imported, unchanged) == (200, 200)
    assert not any(report.skipped for report in reports)
    assert len(await rows(database, "product_variant")) == 611
