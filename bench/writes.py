"""Products through the API, and the same rows by hand: how much does all that is done beside writing cost?

    python bench/writes.py [--postgres postgresql://postgres@127.0.0.1:5432/postgres] [--products 10000]

Makes products ten at a time with `productBulkCreate`, first through the executor and then over HTTP on this machine.
After each ten, the rows that they left (product, variant, events) are written to a twin of the database by its driver
alone: one transaction, one prepared statement for each table, the same durability. Both are timed in turn (A B A B …);
the ratios go to bench/results/writes.md.
"""

import argparse
import asyncio
import os
import shutil
import socket
import sqlite3
import statistics
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import asyncpg
import httpx2
from sqlalchemy.engine import make_url

from bench.measuring import opened
from db.access import token
from db.access.permission import PERMISSIONS
from db.migrations import migrate
from db.store.database import Database

CHUNK: Final = 10  # as many as one request may hold
BLOCKS: Final = 10  # of requests, for the spread
WARMING: Final = 20  # requests that are not counted
TARGET: Final = 3.0
NAME: Final = "storegraph_bench_writes"
TABLES: Final = ("product", "product_variant", "event")
DOCUMENT: Final = (
    "mutation Make($input: ProductBulkCreateInput!) { productBulkCreate(input: $input) { "
    "results { index product { id } userErrors { code message field } } userErrors { code message field } } }"
)
ROOT: Final = Path(__file__).resolve().parent.parent

Rows = dict[str, tuple[list[str], list[list[Any]]]]  # by table: columns and rows
Make = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]


def chunk(number: int) -> dict[str, Any]:
    """Ten products of one variant each, as a catalogue's import sends them."""
    return {
        "products": [
            {
                "title": f"Product number {i} of oak",
                "status": "PUBLISH",
                "fulfillmentType": "PHYSICAL",
                "excerpt": "Made in small numbers by people who use it themselves.",
                "content": "<p>Made in <b>small</b> numbers by people who use it. It arrives without plastic.</p>",
                "variants": [{"sku": f"SKU-{i}", "price": 1999}],
            }
            for i in range(number * CHUNK, (number + 1) * CHUNK)
        ]
    }


class Twin(ABC):
    """A database beside the API's, into which its rows are written by the driver alone."""

    def __init__(self) -> None:
        self._last = dict.fromkeys(TABLES, 0)

    @abstractmethod
    async def new_rows(self) -> Rows:
        """What the API has written since the last call."""

    @abstractmethod
    async def write(self, rows: Rows) -> None:
        """In one transaction. A product points at a variant and a variant at its product: that is a second step."""

    @abstractmethod
    async def close(self) -> None: ...

    def _seen(self, rows: Rows) -> Rows:
        for name, (columns, found) in rows.items():
            key = columns.index("id")
            self._last[name] = max([self._last[name], *(row[key] for row in found)])
        return rows


def pointing(rows: Rows) -> list[tuple[Any, Any]]:
    """Default variants and their products, taken out of the rows."""
    columns, products = rows["product"]
    default, key = columns.index("default_variant_id"), columns.index("id")
    found = [(row[default], row[key]) for row in products]
    for row in products:
        row[default] = None
    return found


class SqliteTwin(Twin):
    def __init__(self, source: Path, target: Path) -> None:
        super().__init__()
        self._source = sqlite3.connect(source)
        self._target = sqlite3.connect(target, isolation_level=None)
        for setting in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):  # as db/store/database.py has them
            self._target.execute(f"PRAGMA {setting}")

    async def new_rows(self) -> Rows:
        rows: Rows = {}
        for name in TABLES:
            cursor = self._source.execute(f"SELECT * FROM {name} WHERE id > ? ORDER BY id", (self._last[name],))
            rows[name] = [c[0] for c in cursor.description], [list(row) for row in cursor]
        return self._seen(rows)

    async def write(self, rows: Rows) -> None:
        defaults = pointing(rows)
        self._target.execute("BEGIN IMMEDIATE")
        for name, (columns, values) in rows.items():
            marks = ", ".join("?" * len(columns))
            self._target.executemany(f"INSERT INTO {name} ({', '.join(columns)}) VALUES ({marks})", values)
        self._target.executemany("UPDATE product SET default_variant_id = ? WHERE id = ?", defaults)
        self._target.execute("COMMIT")

    async def close(self) -> None:
        self._source.close()
        self._target.close()


class PostgresTwin(Twin):
    def __init__(self, source: asyncpg.Connection, target: asyncpg.Connection) -> None:
        super().__init__()
        self._source, self._target = source, target

    @classmethod
    async def connected(cls, source: str, target: str) -> "PostgresTwin":
        return cls(await asyncpg.connect(source), await asyncpg.connect(target))

    async def new_rows(self) -> Rows:
        rows: Rows = {}
        for name in TABLES:
            found = await self._source.fetch(f"SELECT * FROM {name} WHERE id > $1 ORDER BY id", self._last[name])
            rows[name] = list(found[0].keys()), [list(row.values()) for row in found]
        return self._seen(rows)

    async def write(self, rows: Rows) -> None:
        defaults = pointing(rows)
        async with self._target.transaction():
            for name, (columns, values) in rows.items():
                marks = ", ".join(f"${place}" for place in range(1, len(columns) + 1))
                statement = f"INSERT INTO {name} ({', '.join(columns)}) VALUES ({marks})"
                await self._target.executemany(statement, values)
            await self._target.executemany("UPDATE product SET default_variant_id = $1 WHERE id = $2", defaults)

    async def close(self) -> None:
        await self._source.close()
        await self._target.close()


@dataclass(frozen=True)
class Result:
    database: str
    way: str
    products: int
    ratio: float
    spread: tuple[float, float]
    milliseconds: tuple[float, float]  # of ten products: through the API, by hand

    @property
    def line(self) -> str:
        low, high = self.spread
        return (
            f"{self.database:10} {self.way:9} {self.ratio:.2f} ({low:.2f} to {high:.2f}), "
            f"{self.milliseconds[0]:.1f} ms to {self.milliseconds[1]:.1f} ms for {CHUNK}"
        )


async def in_turn(make: Make, twin: Twin, products: int) -> tuple[list[float], list[float]]:
    """Seconds of each ten: through the API, by hand."""
    api, by_hand = [], []
    for number in range(WARMING + products // CHUNK):
        wanted = chunk(number)
        started = time.perf_counter()
        payload = (await make({"input": wanted}))["productBulkCreate"]
        api.append(time.perf_counter() - started)
        if payload["userErrors"] or any(r["userErrors"] for r in payload["results"]):
            raise RuntimeError(payload)
        rows = await twin.new_rows()
        if len(rows["product"][1]) != CHUNK or len(rows["product_variant"][1]) != CHUNK:
            raise RuntimeError("not the rows that were made")
        started = time.perf_counter()
        await twin.write(rows)
        by_hand.append(time.perf_counter() - started)
    return api[WARMING:], by_hand[WARMING:]


async def measured(database: str, way: str, make: Make, twin: Twin, products: int) -> Result:
    api, by_hand = await in_turn(make, twin, products)
    size = -(-len(api) // BLOCKS)
    blocks = [sum(api[i : i + size]) / sum(by_hand[i : i + size]) for i in range(0, len(api), size)]
    result = Result(
        database,
        way,
        products,
        sum(api) / sum(by_hand),
        (min(blocks), max(blocks)),
        (statistics.median(api) * 1e3, statistics.median(by_hand) * 1e3),
    )
    print(result.line, flush=True)
    return result


@asynccontextmanager
async def executor(url: str) -> AsyncIterator[Make]:
    async with opened(url) as gateway:

        async def make(variables: dict[str, Any]) -> dict[str, Any]:
            return await gateway.answer(DOCUMENT, variables)

        yield make


@asynccontextmanager
async def http(url: str) -> AsyncIterator[Make]:
    """A server of its own, one connection that stays open."""
    database = Database.open(url)
    async with database.write() as connection:
        secret = await token.issue(connection, name=NAME, permissions=PERMISSIONS)
        await connection.commit()
    await database.close()
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {"STOREGRAPH_DATABASE_URL": url, "STOREGRAPH_RATES": "off", "STOREGRAPH_PORT": str(port)}
    quiet = asyncio.subprocess.DEVNULL
    command = [sys.executable, "-m", "server.commands.main", "serve", "--port", str(port)]
    environment = {**os.environ, **settings}
    server = await asyncio.create_subprocess_exec(*command, cwd=ROOT, env=environment, stdout=quiet, stderr=quiet)
    headers = {"Authorization": f"Bearer {secret}"}
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60) as client:

        async def make(variables: dict[str, Any]) -> dict[str, Any]:
            answer = (await client.post("/graphql", json={"query": DOCUMENT, "variables": variables})).json()
            if "errors" in answer:
                raise RuntimeError(answer["errors"])
            data: dict[str, Any] = answer["data"]
            return data

        try:
            await _awaited(client, server)
            yield make
        finally:
            server.terminate()
            await server.wait()


async def _awaited(client: httpx2.AsyncClient, server: asyncio.subprocess.Process) -> None:
    while server.returncode is None:
        try:
            await client.get("/graphql")
        except httpx2.TransportError:
            await asyncio.sleep(0.2)
        else:
            return
    raise RuntimeError("the server ended")


async def on_sqlite(folder: Path, way: str, products: int) -> Result:
    source, target = folder / f"{way}.sqlite", folder / f"{way}-twin.sqlite"
    for path in (source, target):
        await _migrated(f"sqlite:///{path}")
    twin = SqliteTwin(source, target)
    try:
        async with WAYS[way](f"sqlite:///{source}") as make:
            return await measured("SQLite", way, make, twin, products)
    finally:
        await twin.close()


async def on_postgres(admin: str, way: str, products: int) -> Result:
    connection = await asyncpg.connect(admin)
    names = [NAME, f"{NAME}_twin"]
    urls = [make_url(admin).set(database=name).render_as_string(hide_password=False) for name in names]
    try:
        for name, url in zip(names, urls, strict=True):
            await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            await connection.execute(f"CREATE DATABASE {name}")
            await _migrated(url)
        twin = await PostgresTwin.connected(*urls)
        try:
            async with WAYS[way](urls[0]) as make:
                return await measured("PostgreSQL", way, make, twin, products)
        finally:
            await twin.close()
    finally:
        for name in names:
            await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        await connection.close()


async def _migrated(url: str) -> None:
    database = Database.open(url)
    await migrate(database)
    await database.close()


WAYS: Final = {"executor": executor, "http": http}


def written(results: list[Result]) -> str:
    lines = [
        "# Writing products: through the API to by hand",
        "",
        f"Written by `bench/writes.py`: products of one variant each, {CHUNK} in a request and a transaction. By hand",
        "is the driver alone with the same rows (product, variant, events) in the same transactions and with the same",
        "durability. The ratio is of the sums; in brackets the least and the greatest of ten blocks.",
        "",
        "| database | way | products | ratio | promised |",
        "|---|---|---:|---:|---|",
    ]
    for r in results:
        kept = f"≤ {TARGET:g}" if r.ratio <= TARGET else f"≤ {TARGET:g}, **missed**"
        spread = f"{r.spread[0]:.2f} to {r.spread[1]:.2f}"
        lines.append(f"| {r.database} | {r.way} | {r.products:,} | {r.ratio:.2f} ({spread}) | {kept} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--postgres", help="URL of a role that may create databases; without it only SQLite")
    parser.add_argument("--products", type=int, default=10_000)
    parser.add_argument("--way", choices=WAYS, action="append", help="only this one; results are shown, not written")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix=NAME))
    results: list[Result] = []
    try:
        for way in given.way or WAYS:
            results.append(asyncio.run(on_sqlite(folder, way, given.products)))
            if given.postgres:
                results.append(asyncio.run(on_postgres(given.postgres, way, given.products)))
    finally:
        shutil.rmtree(folder)
    if not given.way:
        (Path(__file__).parent / "results" / "writes.md").write_text(written(results))


if __name__ == "__main__":
    main()
