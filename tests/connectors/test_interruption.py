"""An import that is interrupted goes on after the last committed page; nothing is lost and nothing is done twice."""

import asyncio
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from connectors.importers.fluentcart import Source, import_store
from connectors.importers.report import Tally
from connectors.outbound.message import Outcome, Request, Sends
from db.store.database import Database
from db.tables import METADATA
from engine.values.errors import Busy
from tests import databases
from tests.connectors.fluentcart_store import (
    OF_A_PRODUCT,
    PASSWORD,
    SITE,
    SMALL_PAGE,
    USER,
    Exchanges,
    asked_for,
    in_process,
    loopback,
    paged,
    priced,
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


async def interrupted(database: Database, source: Source, after: int) -> None:
    async def run() -> None:
        await import_store(database, source, progress=Stopping(after))

    with pytest.raises(asyncio.CancelledError):
        await asyncio.create_task(run())


@pytest.mark.parametrize("pages", [2])
async def test_a_cancelled_import_goes_on_where_it_stopped(
    database: Database, small: Exchanges, tmp_path: Path, pages: int
) -> None:
    done = pages * SMALL_PAGE
    await interrupted(database, paged(small, tmp_path), done)
    assert len(await rows(database, "product")) == done
    stopped = await reached(database)
    assert stopped == (await rows(database, "product"))[-1]["id"]

    store = in_process(small, tmp_path)
    report = await import_store(database, source(store, per_page=SMALL_PAGE))
    assert report.resumed_after == stopped
    assert report.of("products") == Tally(imported=20 - done)
    # The page that holds the place, those that are left, and the requests for each product that is left.
    assert len(store.paths) == asked_for(small) - (pages - 1) - done * OF_A_PRODUCT
    assert await reached(database) is None

    second = await import_store(database, paged(small, tmp_path))
    assert second.of("products") == Tally(unchanged=20)
    assert second.of("variants") == Tally(unchanged=len(await rows(database, "product_variant")))


async def test_it_ends_as_if_it_had_not_been_interrupted(database: Database, small: Exchanges, tmp_path: Path) -> None:
    await interrupted(database, paged(small, tmp_path), 10)
    await import_store(database, paged(small, tmp_path))
    resumed = await everything(database)

    from db.migrations import migrate

    other = Database.open(f"sqlite:///{tmp_path / 'other.sqlite'}")
    try:
        await migrate(other)
        await import_store(other, paged(small, tmp_path))
        assert resumed == await everything(other)
    finally:
        await other.close()


async def test_restart_begins_from_the_start(database: Database, small: Exchanges, tmp_path: Path) -> None:
    await interrupted(database, paged(small, tmp_path), 5)
    report = await import_store(database, paged(small, tmp_path), restart=True)
    assert report.resumed_after is None
    assert report.of("products") == Tally(imported=15, unchanged=5)


async def test_progress_of_a_resumed_import_counts_what_is_left(
    database: Database, small: Exchanges, tmp_path: Path
) -> None:
    await interrupted(database, paged(small, tmp_path), 15)
    totals: list[int] = []

    class Steps:
        def total(self, products: int) -> None:
            totals.append(products)

        def advance(self, products: int) -> None:
            assert products == 5

    await import_store(database, paged(small, tmp_path), progress=Steps())
    assert totals == [5]


CHILD = """
import asyncio, sys
from connectors.importers.fluentcart import Source, import_store
from db.store.database import Database

async def main():
    database = Database.open(sys.argv[1])
    await import_store(database, Source(sys.argv[2], sys.argv[3], sys.argv[4], per_page=int(sys.argv[5])))

asyncio.run(main())
"""


@pytest.mark.parametrize("pages", [2])
async def test_kill_9_loses_nothing(database: Database, database_url: str, small: Exchanges, pages: int) -> None:
    with loopback(small, slow_ms=40) as store:
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-c", CHILD, database_url, store.url, USER, PASSWORD, str(SMALL_PAGE)
        )
        deadline = time.monotonic() + 60
        while len(await rows(database, "product")) < pages * SMALL_PAGE:
            assert child.returncode is None, "the child ended before it was killed"
            assert time.monotonic() < deadline
            await asyncio.sleep(0.005)
        child.send_signal(signal.SIGKILL)
        assert await child.wait() == -signal.SIGKILL
        stored = await rows(database, "product")
        assert len(stored) % SMALL_PAGE == 0
        assert await reached(database) == stored[-1]["id"]
        assert len(stored) < 20, "killed too late to tell anything"

        store.faults.slow_ms = 0
        before = len(store.requests)
        again = source(url=store.url, per_page=SMALL_PAGE)
        report = await import_store(database, again)
        assert report.of("products") == Tally(imported=20 - len(stored))
        passed = len(stored) * OF_A_PRODUCT + len(stored) // SMALL_PAGE - 1
        assert len(store.requests) - before == asked_for(small) - passed
        report = await import_store(database, again)
    assert report.of("products") == Tally(unchanged=20)
    assert report.of("variants") == Tally(unchanged=len(await rows(database, "product_variant")))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("deleted", [1, 3, 6])
async def test_products_deleted_between_the_runs_do_not_hide_others(
    database: Database, small: Exchanges, tmp_path: Path, deleted: int
) -> None:
    await interrupted(database, paged(small, tmp_path), 10)
    gone = product_ids(small)[:deleted]
    for product in gone:
        remove_product(small, product)
    report = await import_store(database, paged(small, tmp_path))
    assert report.of("products") == Tally(imported=10)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_products_skipped_before_do_not_hide_others(database: Database, small: Exchanges, tmp_path: Path) -> None:
    for product in product_ids(small)[:7]:
        small[f"/products/{product}/pricing", "1"]["status"] = 404
    await interrupted(database, paged(small, tmp_path), 10)
    assert len(await rows(database, "product")) == 3
    report = await import_store(database, paged(small, tmp_path))
    assert report.of("products") == Tally(imported=10)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("deleted", [1, 4])
async def test_products_deleted_while_pages_are_read_do_not_hide_others(
    database: Database, small: Exchanges, tmp_path: Path, deleted: int
) -> None:
    inner = in_process(small, tmp_path)

    class Deleting:
        """After the second page, products of the first one are deleted: what follows moves forward."""

        def __init__(self) -> None:
            self.now: Sends = inner

        async def send(self, request: Request) -> Outcome:
            answer = await self.now.send(request)
            if "page=2" in request.url and self.now is inner:
                for product in product_ids(small)[:deleted]:
                    remove_product(small, product)
                self.now = in_process(small, tmp_path)
            return answer

    report = await import_store(database, source(Deleting(), per_page=SMALL_PAGE))
    assert len(await rows(database, "product")) == 20
    assert report.of("products") == Tally(imported=20)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_two_sources_have_two_states(database: Database, small: Exchanges, tmp_path: Path) -> None:
    await interrupted(database, paged(small, tmp_path), 5)
    other = source(in_process(small, tmp_path), url="https://other.example", per_page=SMALL_PAGE)
    report = await import_store(database, other)
    assert report.resumed_after is None
    states = {(row["source"], row["entity"]): row["reached"] for row in await rows(database, "import_source")}
    assert states["https://other.example", "products"] is None
    assert states[SITE, "products"] is not None


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_what_others_stand_in_the_way_of_is_imported_later(
    database: Database, database_url: str, small: Exchanges, tmp_path: Path
) -> None:
    """The database does not refuse the record: nothing is left out, and the next import goes on there."""
    await import_store(database, paged(small, tmp_path))
    for product in product_ids(small):
        priced(small, product)["post_title"] = f"Anew {product}"
    one = product_ids(small)[7]
    async with databases.allowed(database_url, lock_timeout="50ms"):
        hurried = Database.open(database_url, pool_size=2)
        async with database.write() as holder:
            title = {"title": "by hand", "id": one}
            await holder.execute(text("UPDATE product SET title = :title WHERE id = :id"), title)
            with pytest.raises(Busy, match="Others change the same"):
                await import_store(hurried, paged(small, tmp_path))
        report = await import_store(hurried, paged(small, tmp_path))
        await hurried.close()
    assert not report.skipped
    assert {row["title"] for row in await rows(database, "product")} == {f"Anew {p}" for p in product_ids(small)}


async def test_two_imports_at_once_take_turns(database: Database, small: Exchanges, tmp_path: Path) -> None:
    both = asyncio.Barrier(2)

    class Together:
        """Neither writes before the other has begun, or it goes on where the first one is, as after an interruption."""

        def __init__(self) -> None:
            self.store: Sends = in_process(small, tmp_path)

        async def send(self, request: Request) -> Outcome:
            if "/tax/classes" in request.url:
                await both.wait()
            return await self.store.send(request)

    reports = await asyncio.gather(*(import_store(database, source(Together(), per_page=SMALL_PAGE)) for _ in range(2)))
    imported = sum(report.of("products").imported for report in reports)
    unchanged = sum(report.of("products").unchanged for report in reports)
    assert (imported, unchanged) == (20, 20)
    assert not any(report.skipped for report in reports)
    variants = sum(len(priced(small, product)["variants"]) for product in product_ids(small))
    assert len(await rows(database, "product_variant")) == variants
