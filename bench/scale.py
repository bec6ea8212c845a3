"""Does a request cost the same with a million products as with ten thousand? The processor's time.

    python bench/scale.py postgresql://postgres@127.0.0.1:5432/postgres [--rounds 7] [--requests 400] [--explain]

Makes two databases on that server: 10 000 products with three variants, two categories and a file each, and a hundred
times as many, copied from those in PostgreSQL itself (some minutes, 4 GB; both are dropped at the end). A server for
each, one process, is asked Q1 to Q3 of bench/peers in turn, by cursor: the first page, the thousandth, and products of
any age. The ratio is to the first page of the small store.
"""

import argparse
import asyncio
import json
import random
import re
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).parent.parent))

import asyncpg
from sqlalchemy import event

from bench.measuring import ADMIN
from bench.peers import asked, checked, stocked
from bench.peers.run import backends, processor
from bench.peers.servers import EDGE_ON, ROOT, Server, on, started
from db.access import token
from db.access.permission import PERMISSIONS
from db.migrations import migrate
from db.store.database import Database
from db.store.unit import Units
from engine.plan.plans import Plans
from engine.standard.execution import Executor, Request
from schema.root import schema

SMALL, LARGE = "storegraph_bench_scale_small", "storegraph_bench_scale_large"
PRODUCTS: Final = 10_000
TIMES: Final = 100
CONNECTIONS: Final = 8
SECONDS: Final = 300.0
_LENGTH: Final = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
# How a copied row differs from the one that it is copied of, `k` products' sets further on.
COPIED: Final[Mapping[str, Mapping[str, str]]] = {
    "product": {
        "id": "id + k * {products}",
        "slug": "'product-' || id + k * {products}",
        "detail_id": "detail_id + k * {products}",
        "default_variant_id": "default_variant_id + k * 3 * {products}",
        "title": "title || ' ' || k",
        "title_key": "title_key || ' ' || k",
        "published_at": "published_at + k * interval '1 hour'",
    },
    "product_variant": {
        "id": "id + k * 3 * {products}",
        "product_id": "product_id + k * {products}",
        "sku": "sku || '-' || k",
        "sku_key": "sku_key || '-' || k",
    },
    "product_term": {"product_id": "product_id + k * {products}"},
    "product_download": {
        "id": "id + k * {products}",
        "product_id": "product_id + k * {products}",
        "identifier": "gen_random_uuid()::text",
    },
}


async def filled(dsn: str, name: str, times: int) -> str:
    """A database of PRODUCTS, and as many again for each of the times beyond the first; a token's secret."""
    admin = await asyncpg.connect(dsn)
    await admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    await admin.execute(f"CREATE DATABASE {name}")
    await admin.close()
    database = Database.open(on(dsn, name))
    await migrate(database)
    async with database.write() as connection:
        secret = await token.issue(connection, name="bench", permissions=PERMISSIONS, hourly=10**9)
        await connection.commit()
    await database.close()
    await stocked.ours(on(dsn, name), PRODUCTS)
    if times > 1:
        await multiplied(on(dsn, name), times)
    return secret


async def multiplied(dsn: str, times: int) -> None:
    """Indexes are built at the end, as whoever brings so many products at once would have it."""
    connection = await asyncpg.connect(dsn)
    await connection.execute("SET session_replication_role = replica")  # the rows refer to each other as they should
    await connection.execute("SET maintenance_work_mem = '512MB'")
    indexes = await connection.fetch(
        "SELECT i.indexrelid::regclass::text AS name, pg_get_indexdef(i.indexrelid) AS definition FROM pg_index i "
        "WHERE i.indrelid = ANY($1::regclass[]) AND NOT EXISTS "
        "(SELECT 1 FROM pg_constraint c WHERE c.conindid = i.indexrelid)",
        list(COPIED),
    )
    for index in indexes:
        await connection.execute(f"DROP INDEX {index['name']}")
    for table, copied in COPIED.items():
        began = time.monotonic()
        columns = [
            row["attname"]
            for row in await connection.fetch(
                "SELECT attname FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped "
                "AND attgenerated = ''",
                table,
            )
        ]
        values = ", ".join(copied.get(column, column).format(products=PRODUCTS) for column in columns)
        source = f"{table}, generate_series(1, {times - 1}) k"
        done = await connection.execute(f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {source}")
        print(f"{table}: {done}, {time.monotonic() - began:.0f} s", flush=True)
    for index in indexes:
        began = time.monotonic()
        await connection.execute(index["definition"])
        print(f"{index['name']}: {time.monotonic() - began:.0f} s", flush=True)
    for table in ("product", "product_variant", "product_download"):
        last = f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"
        await connection.execute(last)
    await connection.execute("VACUUM ANALYZE")
    size = await connection.fetchval("SELECT pg_size_pretty(pg_database_size(current_database()))")
    await connection.close()
    print(f"{size} of disk")


def _page(size: int, number: int) -> Callable[[int, random.Random], dict[str, Any]]:
    """The variables of a page of products, the greatest id first. Up to 50 products before it are drawn
    too, so that not one page is asked for all the time."""

    def variables(products: int, chance: random.Random) -> dict[str, Any]:
        if number == 1:
            return {"o": None}
        return {"o": asked.encoded(f'["ID-",{products - size * (number - 1) + 1 + chance.randrange(50)}]')}

    return variables


def _any(products: int, chance: random.Random) -> dict[str, Any]:
    return {"o": asked.encoded(f"Product:{chance.randint(1, products)}")}


# By name: the question, what draws its variables, whether the small store has as many.
PLACES: Final[Mapping[str, tuple[str, Callable[[int, random.Random], dict[str, Any]], bool]]] = {
    "Q1 first page": ("Q1", _page(10, 1), True),
    "Q1 page 1000": ("Q1", _page(10, 1000), True),
    "Q2 first page": ("Q2", _page(20, 1), True),
    "Q2 page 1000": ("Q2", _page(20, 1000), False),
    "Q3 any": ("Q3", _any, True),
}


@dataclass
class Store:
    server: Server
    products: int
    database: str
    spent: dict[str, list[float]] = field(default_factory=dict)  # microseconds of a request, by place
    behind: dict[str, list[float]] = field(default_factory=dict)  # of PostgreSQL

    def measure(self, dsn: str, place: str, requests: int, *, counts: bool) -> None:
        name, variables, _ = PLACES[place]
        chance = random.Random(f"{place} {len(self.spent.get(place, ()))}")
        query = asked.STOREGRAPH.queries[name]
        bodies = [
            json.dumps({"query": query, "variables": variables(self.products, chance)}).encode()
            for _ in range(requests)
        ]
        before = {pid: processor(pid) for pid in asyncio.run(backends(dsn, self.database))}
        began = processor(self.server.process.pid)
        asyncio.run(posted(self.server, bodies))
        took = processor(self.server.process.pid) - began
        behind = sum(processor(p) - before.get(p, 0.0) for p in asyncio.run(backends(dsn, self.database)))
        if counts:
            self.spent.setdefault(place, []).append(took / requests * 1e6)
            self.behind.setdefault(place, []).append(behind / requests * 1e6)


async def posted(server: Server, bodies: list[bytes]) -> None:
    """All of them over CONNECTIONS. Raises RuntimeError for an answer that is none, or an empty one."""
    head = "POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\n" + "".join(f"{n}: {v}\r\n" for n, v in server.headers.items())
    left = iter(bodies)

    async def one() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        for body in left:
            writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            answered = await reader.readuntil(b"\r\n\r\n")
            length = _LENGTH.search(answered)
            content = await reader.readexactly(int(length[1]) if length else 0)
            if not answered.startswith(b"HTTP/1.1 200") or b'"errors"' in content or b'"slug"' not in content:
                raise RuntimeError((answered + content[:500]).decode())
        writer.close()

    async with asyncio.timeout(SECONDS):
        await asyncio.gather(*(one() for _ in range(CONNECTIONS)))


def shown(small: Store, large: Store) -> str:
    lines = [
        "| | 10 000: server µs | PostgreSQL µs | 1 000 000: server µs | PostgreSQL µs | ratio | of both |",
        "|---|---|---|---|---|---|---|",
    ]
    for place, (name, _, had) in PLACES.items():
        first = next(of for of in PLACES if PLACES[of][0] == name)
        base = statistics.median(small.spent[first]), statistics.median(small.behind[first])
        own = (statistics.median(small.spent[place]), statistics.median(small.behind[place])) if had else None
        spent, behind = statistics.median(large.spent[place]), statistics.median(large.behind[place])
        each = [value / base[0] for value in large.spent[place]]
        lines.append(
            f"| {place} | {f'{own[0]:.0f} | {own[1]:.0f}' if own else 'has none |'} | {spent:.0f} | {behind:.0f} "
            f"| {spent / base[0]:.2f} ({min(each):.2f} to {max(each):.2f}) | {(spent + behind) / sum(base):.2f} |"
        )
    return "\n".join(lines)


async def explained(dsn: str, name: str, products: int) -> None:
    """Prints how PostgreSQL answers each statement of each question."""
    database = Database.open(on(dsn, name))
    said: list[tuple[str, Any]] = []
    for engine in database.engines:
        event.listen(
            engine.sync_engine, "before_cursor_execute", lambda _c, _k, sql, given, *_: said.append((sql, given))
        )
    executor, units = Executor(schema, plans=Plans(schema.core, schema.entities)), Units(database)
    connection = await asyncpg.connect(on(dsn, name))
    await connection.execute("SET enable_mergejoin = off")
    for place, (question, variables, _) in PLACES.items():
        request = Request(asked.STOREGRAPH.queries[question], variables(products, random.Random(1)))
        answer = await executor.execute(request, ADMIN, units, "bench")
        assert "errors" not in answer.body, answer.body
        said.clear()
        await executor.execute(request, ADMIN, units, "bench")
        for sql, given in [entry for entry in said if entry[0].startswith(("SELECT", "WITH"))]:
            rows = await connection.fetch(f"EXPLAIN (ANALYZE, BUFFERS) {sql}", *given)
            print(f"\n## {name} {place}\n{sql}\n" + "\n".join(row[0] for row in rows))
    await connection.close()
    await database.close()


async def dropped(dsn: str) -> None:
    admin = await asyncpg.connect(dsn)
    for name in (SMALL, LARGE):
        await admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    await admin.close()


@contextmanager
def serving(dsn: str, name: str, secret: str, core: str, folder: Path) -> Iterator[Server]:
    """`storegraph serve` on one core, with everything at its edge on."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    given = {"DATABASE_URL": on(dsn, name), "DATA_FOLDER": str(folder), "WORK": "false", "PORT": str(port), **EDGE_ON}
    environment = {f"STOREGRAPH_{of}": value for of, value in given.items()} | {"PYTHONPATH": str(ROOT)}
    log = folder / f"{name}.log"
    with started([sys.executable, "-m", "server.commands.main", "serve"], core, environment, log) as process:
        server = Server(name, "dressed", process, port, log, asked.STOREGRAPH, secret)
        checked.awaited(server)
        yield server


def measured(dsn: str, secrets: Mapping[str, str], given: Any) -> str:
    with tempfile.TemporaryDirectory() as path, ExitStack() as stack:
        stores = []
        for name, products in ((SMALL, PRODUCTS), (LARGE, PRODUCTS * given.times)):
            server = stack.enter_context(serving(dsn, name, secrets[name], given.core, Path(path)))
            stores.append(Store(server, products, name))
        small, large = stores
        for number in range(given.rounds + 1):
            for place, (_, _, had) in PLACES.items():
                for store in stores if had else (large,):
                    store.measure(dsn, place, given.requests, counts=number > 0)  # the first warms
            print(f"round {number} of {given.rounds}", flush=True)
        return shown(small, large)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("postgres", help="an administrator's URL, for databases of the script's own")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--requests", type=int, default=400)
    parser.add_argument("--core", default="0", help="of the servers")
    parser.add_argument("--times", type=int, default=TIMES, help="how many times the products of the small store")
    parser.add_argument("--explain", action="store_true", help="show how statements are answered, too")
    given: Any = parser.parse_args()
    try:
        secrets = {
            name: asyncio.run(filled(given.postgres, name, times)) for name, times in ((SMALL, 1), (LARGE, given.times))
        }
        print(measured(given.postgres, secrets, given))
        if given.explain:
            asyncio.run(explained(given.postgres, SMALL, PRODUCTS))
            asyncio.run(explained(given.postgres, LARGE, PRODUCTS * given.times))
    finally:
        asyncio.run(dropped(given.postgres))


if __name__ == "__main__":
    main()
