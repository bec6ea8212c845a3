"""What following costs: the memory of idle subscribers, and how soon all subscribers of one product know of a change.

    python bench/live.py [--subscribers 1000] [--changes 20] [--database postgresql://…]

A server in a process of its own serves a store with one product (SQLite unless told otherwise). So many WebSockets
subscribe to it, from this process, which reads frames by hand: a client library would take longer than the server. The
server's processor time of a message is that of its process over the changes, less that of as many changes while nobody
follows; of a request, that of POSTs of `{ __typename }` without the idle subscribers and beside them, each in turn with
those to a server that serves no subscriptions. What each change
takes is measured from before the mutation is sent to the moment when its answer is read from each socket, so this
client's own time is in it. Load of the machine is printed beside: on a busy one the slowest say nothing.
"""

import argparse
import asyncio
import base64
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
TOKEN: Final = "bench-token-of-everything"
SECONDS: Final = 120.0
IDLE_SECONDS: Final = 10.0
QUERY: Final = (
    "subscription { productChanged(by: { databaseId: 1 }) { position product { title minPrice { cents } } } }"
)
CREATE: Final = "mutation C($input: ProductCreateInput!) { productCreate(input: $input) { product { id } } }"
UPDATE: Final = "mutation U($input: ProductUpdateInput!) { productUpdate(input: $input) { userErrors { message } } }"


Served = tuple[subprocess.Popen[str], int]


@contextmanager
def serving(
    folder: Path, database: str | None, most: int, *, live: bool = True
) -> Iterator[tuple[subprocess.Popen[str], int]]:
    given = {
        "DATA_FOLDER": str(folder),
        "ADMIN_TOKEN": TOKEN,
        "RATES": "off",
        "LIVE": str(live).lower(),
        "CONCURRENT": str(most),
        "LIVE_ALIVE_SECONDS": "3600",  # these clients answer no ping
        **{f"LIVE_{name}": str(most) for name in ("CONNECTIONS", "CONNECTIONS_OF_CALLER", "SUBSCRIPTIONS_OF_CALLER")},
        **({"DATABASE_URL": database} if database else {}),
    }
    environment = os.environ | {f"STOREGRAPH_{name}": value for name, value in given.items()}
    command = [sys.executable, "-m", "server.commands.main"]
    if database:
        subprocess.run([*command, "migrate"], cwd=ROOT, env=environment, check=True)
    log = folder / "server.log"  # a pipe that nobody reads would stop the server
    with log.open("w") as file:
        process = subprocess.Popen(
            [*command, "serve", "--port", "0"], cwd=ROOT, env=environment, stderr=file, text=True
        )
    try:
        while (found := re.search(r"http://127\.0\.0\.1:(\d+)/graphql", log.read_text())) is None:
            if process.poll() is not None:
                raise SystemExit(log.read_text())
            time.sleep(0.1)
        yield process, int(found[1])
    finally:
        process.terminate()
        process.wait(SECONDS)


def megabytes(process: subprocess.Popen[str]) -> float:
    """What the process holds in memory."""
    return int(Path(f"/proc/{process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def spent(process: subprocess.Popen[str]) -> float:
    """Seconds of the processor, of all its threads."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def frame(text: str) -> bytes:
    """A masked text frame; the mask is zero."""
    data = text.encode()
    length = bytes([0x80 | len(data)]) if len(data) < 126 else b"\xfe" + len(data).to_bytes(2, "big")
    return b"\x81" + length + bytes(4) + data


class Subscriber(asyncio.Protocol):
    def __init__(self, port: int) -> None:
        self.port = port
        self.began: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.told: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        key = base64.b64encode(os.urandom(16)).decode()
        head = (
            f"GET /graphql HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
        )
        self.transport = transport
        transport.write(head.encode())

    def data_received(self, data: bytes) -> None:
        if data.startswith(b"HTTP/1.1 101"):
            self.transport.write(frame('{"type":"connection_init"}'))
        if b"connection_ack" in data:
            payload = {"query": QUERY}
            self.transport.write(frame(json.dumps({"id": "1", "type": "subscribe", "payload": payload})))
        if b'"type":"next"' in data:
            if not self.began.done():
                self.began.set_result(None)
            elif not self.told.done():
                self.told.set_result(time.perf_counter())

    def again(self) -> None:
        self.told = asyncio.get_running_loop().create_future()


async def asked(port: int, document: str, variables: dict[str, Any]) -> dict[str, Any]:
    body = json.dumps({"query": document, "variables": variables}).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = (
        f"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nConnection: close\r\n"
        f"Authorization: Bearer {TOKEN}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    writer.write(head.encode() + body)
    answer = await reader.read()
    writer.close()
    found: dict[str, Any] = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert "errors" not in found, found
    return found["data"]  # type: ignore[no-any-return]


async def measured(served: Served, without: Served, subscribers: int, changes: int) -> None:
    """`without`: a server that serves no subscriptions."""
    process, port = served
    loop = asyncio.get_running_loop()
    made = await asked(port, CREATE, {"input": {"title": "Tea", "fulfillmentType": "PHYSICAL"}})
    id_ = made["productCreate"]["product"]["id"]
    await asked(port, UPDATE, {"input": {"id": id_, "status": "PUBLISH"}})
    alone = await changed(process, port, id_, changes)
    bare = await in_turn(served, without)
    before = megabytes(process)
    clients: list[Subscriber] = []
    for _ in range(subscribers):
        _, client = await loop.create_connection(lambda: Subscriber(port), "127.0.0.1", port)
        clients.append(client)
        await asyncio.wait_for(client.began, SECONDS)
    after = megabytes(process)
    print(f"{subscribers} subscribers take {after - before:.1f} MB, {(after - before) * 1e3 / subscribers:.0f} kB each")
    idle = spent(process)
    await asyncio.sleep(IDLE_SECONDS)
    idle = spent(process) - idle
    print(f"idle, they take {idle / IDLE_SECONDS:.2%} of a processor")
    beside = await in_turn(served, without)
    print(f"a request takes {bare} of what it takes where none are served, {beside} beside the idle subscribers")
    times: list[float] = []
    began_with = spent(process)
    for number in range(changes):
        for client in clients:
            client.again()
        began = time.perf_counter()
        await asked(port, UPDATE, {"input": {"id": id_, "title": f"Tea {number}"}})
        times += [(moment - began) * 1e3 for moment in await asyncio.gather(*(c.told for c in clients))]
        await asyncio.sleep(0.1)
    messages = changes * subscribers
    each = (spent(process) - began_with - alone) / messages
    print(f"a message takes {each * 1e6:.1f} µs of the processor, a change alone {alone / changes * 1e3:.1f} ms")
    cuts = statistics.quantiles(times, n=100)
    print(f"a change reaches them after {cuts[49]:.0f} ms (half), {cuts[98]:.0f} ms (p99), {max(times):.0f} ms (all)")
    print(f"load of the machine: {os.getloadavg()[0]:.1f}")


async def changed(process: subprocess.Popen[str], port: int, id_: str, changes: int) -> float:
    """Seconds of the processor that so many changes take while nobody is told."""
    began = spent(process)
    for number in range(changes):
        await asked(port, UPDATE, {"input": {"id": id_, "title": f"Tee {number}"}})
        await asyncio.sleep(0.1)
    return spent(process) - began


async def in_turn(served: Served, without: Served) -> str:
    """The processor's time of a request to one server in that to the other, and the spread of three rounds."""
    ratios = []
    for _ in range(3):
        other = await requests(*without)
        ratios.append(await requests(*served) / other)
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


async def requests(process: subprocess.Popen[str], port: int, count: int = 2000) -> float:
    """Seconds of the processor of one request, on one connection."""
    body = b'{"query":"{ __typename }"}'
    head = (
        "POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n"
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    began = 0.0
    for number in range(-200, count):  # the first warm up
        if number == 0:
            began = spent(process)
        writer.write(head.encode() + b"\r\n" + body)
        found = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(int(re.search(rb"content-length: (\d+)", found.lower())[1]))  # type: ignore[index]
    took = spent(process) - began
    writer.close()
    return took / count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--subscribers", type=int, default=1000)
    parser.add_argument("--changes", type=int, default=20)
    parser.add_argument("--database")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        tempfile.TemporaryDirectory() as other,
        serving(Path(folder), options.database, options.subscribers + 10) as served,
        serving(Path(other), None, 10, live=False) as without,
    ):
        asyncio.run(measured(served, without, options.subscribers, options.changes))


if __name__ == "__main__":
    main()
