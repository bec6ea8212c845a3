"""How long after its commit an event reaches a receiver on this machine, and how many a worker delivers in a second.

    python bench/delivery.py [--postgres postgresql://postgres@127.0.0.1:5432/postgres] [--events 1000] [--singles 200]

A receiver in a process of its own notes when the first byte of each request comes, and answers at once. First one
change at a time is made, by `productUpdate`: from the moment that its commit is told of to the first byte of its
delivery; beside each, one bare POST by the same client, from its call to its first byte. Then so many events wait for
three webhooks when a worker begins: deliveries a second by the clock and by the processor time of the worker's process
(PostgreSQL's own is not in it). Last, what a change takes: alone, and while the worker, in the same process as in a
server, has such a backlog before it. Results: bench/results/delivery.md.
"""

import argparse
import asyncio
import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import ip_network
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import asyncpg
from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy import insert, select
from sqlalchemy.engine import make_url

from connectors.outbound.client import Outbound
from connectors.outbound.message import Answer, Request
from db.access.holder import of_token
from db.access.viewer import Viewer
from db.migrations import migrate
from db.store.database import Database
from db.store.outbox import EVENT
from engine.standard.execution import Executor
from engine.standard.execution import Request as Asked
from server import startup
from server.graphql.executor import executor as made_executor
from server.ports import Ports, opened_ports
from server.settings.settings import Settings
from server.work import assembly
from server.work.worker import Nobody

WEBHOOKS: Final = 3
NAME: Final = "storegraph_bench_delivery"
SECRET: Final = "a token for this run alone"
PATIENCE: Final = 600.0  # reached by what hangs alone
RESULTS: Final = Path(__file__).parent / "results" / "delivery.md"
BODY: Final = b'{"event":"product.updated","data":"' + b"x" * 960 + b'"}'

CREATE: Final = (
    "mutation Make($input: ProductBulkCreateInput!) { productBulkCreate(input: $input) "
    "{ results { product { id } userErrors { message field } } userErrors { message field } } }"
)
CHANGE: Final = (
    "mutation Change($input: ProductUpdateInput!) { productUpdate(input: $input) { userErrors { message field } } }"
)
HOOK: Final = (
    "mutation Hook($input: WebhookCreateInput!) { webhookCreate(input: $input) "
    "{ webhook { id } userErrors { message field } } }"
)


class _Noting(asyncio.Protocol):
    """Answers whatever has a Content-Length, and says when its first byte came."""

    def __init__(self, tell: Connection) -> None:
        self._tell = tell
        self._buffer = b""
        self._first = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport

    def data_received(self, data: bytes) -> None:
        if not self._buffer:
            self._first = time.monotonic()
        self._buffer += data
        head, end, body = self._buffer.partition(b"\r\n\r\n")
        if end and len(body) >= int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or 0):
            self._buffer = b""
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            self._tell.send((head.split(b" ", 2)[1].decode(), self._first))


def receive(tell: Connection) -> None:
    async def serve() -> None:
        server = await asyncio.get_running_loop().create_server(lambda: _Noting(tell), "127.0.0.1", 0)
        tell.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(serve())


class Arrivals:
    """What the receiver has noted: path and moment, on the clock of `time.monotonic`, which processes share."""

    def __init__(self, told: Connection) -> None:
        self._told = told
        self.noted = 0
        self._noted: asyncio.Queue[tuple[str, float]] = asyncio.Queue()
        asyncio.get_running_loop().add_reader(told.fileno(), self._read)

    def _read(self) -> None:
        while self._told.poll():
            self.noted += 1
            self._noted.put_nowait(self._told.recv())

    async def next(self) -> tuple[str, float]:
        async with asyncio.timeout(PATIENCE):
            return await self._noted.get()

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._told.fileno())


@dataclass
class Store:
    """One with a product, and a viewer who may do everything."""

    database: Database
    settings: Settings
    ports: Ports
    executor: Executor
    viewer: Viewer
    product: str = ""

    async def done(self, document: str, given: dict[str, Any]) -> Any:
        asked = Asked(document, {"input": given})
        answer = (await self.executor.execute(asked, self.viewer, self.ports.units, "bench")).body
        (payload,) = (answer.get("data") or {}).values() or (None,)
        if "errors" in answer or payload is None or payload["userErrors"]:
            raise RuntimeError(f"{answer} for {document}")
        return payload

    async def hooked(self, port: int, count: int) -> None:
        for number in range(count):
            url = f"http://127.0.0.1:{port}/hook/{number}"
            await self.done(HOOK, {"name": f"Hook {number}", "url": url, "eventTriggers": ["product.updated"]})

    async def changed(self, number: int) -> None:
        await self.done(CHANGE, {"id": self.product, "title": f"Mug number {number}"})

    async def happened(self, count: int) -> None:
        """So many events like the last one."""
        async with self.database.write() as connection:
            last = select(EVENT).where(EVENT.c.name == "product.updated").order_by(EVENT.c.id.desc()).limit(1)
            row = dict((await connection.execute(last)).mappings().one())
            del row["id"], row["position"]
            await connection.execute(insert(EVENT), [row] * count)
            await connection.commit()


@asynccontextmanager
async def store(url: str, folder: Path) -> AsyncIterator[Store]:
    settings = Settings(
        database_url=url,
        data_folder=folder,
        files_folder=folder / "files",
        admin_token=SecretStr(SECRET.replace(" ", "-")),
        secret_keys=(SecretStr(Fernet.generate_key().decode()),),
        outbound_networks=(ip_network("127.0.0.0/8"),),
    )
    database = Database.open(url)
    await migrate(database)
    await database.close()
    executor = made_executor(settings)
    async with startup.started(settings) as database, opened_ports(settings, database, executor) as ports:
        async with database.read() as connection:
            held = await of_token(connection, SECRET.replace(" ", "-"))
        assert held is not None
        made = Store(database, settings, ports, executor, held.viewer)
        product = {"title": "Mug", "status": "PUBLISH", "fulfillmentType": "PHYSICAL", "variants": [{"price": 1999}]}
        payload = await made.done(CREATE, {"products": [product]})
        made.product = payload["results"][0]["product"]["id"]
        yield made


async def latencies(made: Store, port: int, arrivals: Arrivals, singles: int) -> tuple[list[float], list[float]]:
    """Milliseconds from the commit to the first byte, and of a bare POST."""
    worker = assembly.worker(made.settings, made.database, made.ports.units, Nobody())
    committed = 0.0

    def told() -> None:
        nonlocal committed
        committed = time.monotonic()
        worker.wake()

    made.ports.units.committed = told
    outside = made.ports.units.port(Outbound)
    delivered: list[float] = []
    bare: list[float] = []
    async with worker.going_on():
        for number in range(-5, singles):  # the first warm up
            await made.changed(number)
            moment = committed
            _, came = await arrivals.next()
            began = time.monotonic()
            answer = await outside.send(Request("POST", f"http://127.0.0.1:{port}/bare", (), BODY))
            assert isinstance(answer, Answer)
            _, bare_came = await arrivals.next()
            if number >= 0:
                delivered.append((came - moment) * 1e3)
                bare.append((bare_came - began) * 1e3)
            await asyncio.sleep(0.05)  # what follows a delivery is written down
    return delivered, bare


async def throughput(made: Store, port: int, arrivals: Arrivals, events: int) -> tuple[float, float]:
    """Deliveries a second, by the clock and by the processor."""
    await made.hooked(port, WEBHOOKS - 1)
    await made.happened(events)
    worker = assembly.worker(made.settings, made.database, made.ports.units, Nobody())
    deliveries = events * WEBHOOKS
    began, spent = time.monotonic(), time.process_time()
    async with worker.going_on():
        for _ in range(deliveries):
            await arrivals.next()
        took, spent = time.monotonic() - began, time.process_time() - spent
    return deliveries / took, deliveries / spent


async def changes(made: Store, arrivals: Arrivals, singles: int, events: int) -> tuple[list[float], list[float]]:
    """Milliseconds of a change without work beside it, and beside a backlog that outlasts all of them."""
    made.ports.units.committed = lambda: None
    alone = [await timed(made, number) for number in range(singles)]
    await made.happened(events)
    before = arrivals.noted
    worker = assembly.worker(made.settings, made.database, made.ports.units, Nobody())
    async with worker.going_on():
        while arrivals.noted == before:
            await arrivals.next()
        beside = [await timed(made, number) for number in range(singles)]
        left = (events + 2 * singles) * WEBHOOKS - (arrivals.noted - before)
        if left < events * WEBHOOKS // 10:
            print(f"the backlog was nearly gone before the changes were made: {left} left", flush=True)
    return alone, beside


async def timed(made: Store, number: int) -> float:
    began = time.monotonic()
    await made.changed(number)
    return (time.monotonic() - began) * 1e3


async def measured(database: str, url: str, told: Connection, port: int, given: argparse.Namespace) -> str:
    arrivals = Arrivals(told)
    try:
        with tempfile.TemporaryDirectory() as folder:
            async with store(url, Path(folder)) as made:
                await made.hooked(port, 1)
                delivered, bare = await latencies(made, port, arrivals, given.singles)
                by_clock, by_processor = await throughput(made, port, arrivals, given.events)
                alone, beside = await changes(made, arrivals, given.singles, given.events)
    finally:
        arrivals.close()
    line = (
        f"| {database} | {spread(delivered)} | {spread(bare)} | {by_clock:.0f} | {by_processor:.0f} "
        f"({1e6 / by_processor:.0f} µs each) | {slow(alone)} | {slow(beside)} |"
    )
    print(line, flush=True)
    return line


def slow(milliseconds: list[float]) -> str:
    cuts = statistics.quantiles(milliseconds, n=100)
    return f"{cuts[49]:.1f}, p99 {cuts[98]:.1f}"


def spread(milliseconds: list[float]) -> str:
    cuts = statistics.quantiles(milliseconds, n=20)
    return f"{statistics.median(milliseconds):.1f} ({cuts[0]:.1f} to {cuts[-1]:.1f})"


async def run(given: argparse.Namespace, told: Connection) -> None:
    port = told.recv()
    with tempfile.TemporaryDirectory() as folder:
        lines = [await measured("SQLite", f"sqlite:///{folder}/store.db", told, port, given)]
    if given.postgres is not None:
        admin = make_url(given.postgres)
        connection = await asyncpg.connect(admin.render_as_string(hide_password=False))
        try:
            await connection.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
            await connection.execute(f"CREATE DATABASE {NAME}")
            url = admin.set(database=NAME).render_as_string(hide_password=False)
            lines.append(await measured("PostgreSQL", url, told, port, given))
        finally:
            await connection.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
            await connection.close()
    RESULTS.write_text(page(given, lines))


def page(given: argparse.Namespace, lines: list[str]) -> str:
    processors, load = os.cpu_count() or 1, os.getloadavg()[0]
    machine = f"{processors} processors, a load of {load:.1f} at the end"
    busy = "\n**The machine was busy with other work: measure again on a quiet one.**\n" if load > processors else ""
    return (
        "# Deliveries\n\n"
        f"Written by `bench/delivery.py`: {given.singles} changes one by one, {given.events} events for {WEBHOOKS}\n"
        f"webhooks; {machine}. Milliseconds are medians, with the\ntwentieth and the nineteenth twentieth.\n\n"
        "| | commit to first byte, ms | a bare POST, ms | deliveries a second | by processor time | a change, ms "
        "| beside a backlog |\n|---|---|---|---|---|---|---|\n" + "\n".join(lines) + f"\n{busy}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--postgres")
    parser.add_argument("--events", type=int, default=1000)
    parser.add_argument("--singles", type=int, default=200)
    ours, theirs = multiprocessing.Pipe()
    receiver = multiprocessing.Process(target=receive, args=(theirs,), daemon=True)
    receiver.start()
    try:
        import uvloop

        uvloop.run(run(parser.parse_args(), ours))
    finally:
        receiver.terminate()


if __name__ == "__main__":
    main()
