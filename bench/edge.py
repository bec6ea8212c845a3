"""What a request costs before anything of the store is asked: `{ __typename }` over HTTP, with everything switched on.

    python bench/edge.py [--beside ../other/checkout] [--rounds 7] [--requests 3000]

Each checkout serves an empty store on SQLite in a process of its own: a token with a budget of its own, rates counted,
costs bounded, metrics, an access log in JSON. Sixteen connections that are kept alive ask one after the other, the
checkouts in turn (A B A B …). What counts is the processor time of the server's process, as the system has it; how many
requests a second it answers hangs on what else the machine does, and on this client.
"""

import argparse
import asyncio
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from db.access import token
from db.access.permission import PERMISSIONS
from db.store.database import Database

ROOT: Final = Path(__file__).resolve().parent.parent
CONNECTIONS: Final = 16
WARMING: Final = 500
SECONDS: Final = 60.0
DOCUMENT: Final = "{ __typename }"
ANSWER: Final = b'{"data":{"__typename":"Query"}}'
_LENGTH: Final = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.IGNORECASE)


@dataclass
class Server:
    root: Path
    process: subprocess.Popen[str]
    host: str
    port: int
    secret: str
    microseconds: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)

    @property
    def processor(self) -> float:
        """Seconds that all threads of the process have run."""
        tasks = Path(f"/proc/{self.process.pid}/task").glob("*/schedstat")
        return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9


@contextmanager
def serving(root: Path, folder: Path) -> Iterator[Server]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("STOREGRAPH_")}
    given = {"DATA_FOLDER": str(folder), "RATES": "documented", "LOG_FORMAT": "json", "PORT": "0", "METRICS": "on"}
    environment |= {f"STOREGRAPH_{name}": value for name, value in given.items()} | {"PYTHONPATH": str(root)}
    with (folder / "access.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "server.commands.main", "serve"], cwd=root, env=environment, stderr=log, text=True
        )
    try:
        url = _url(process, folder / "access.log")
        secret = asyncio.run(_issued(folder / "store.db"))
        yield Server(root, process, url[0], url[1], secret)
    finally:
        process.terminate()
        process.wait(SECONDS)


def _url(process: subprocess.Popen[str], log: Path) -> tuple[str, int]:
    until = time.monotonic() + SECONDS
    while time.monotonic() < until and process.poll() is None:
        for line in log.read_text().splitlines():
            if '"event":"serving"' in line:
                host, port = json.loads(line)["url"].split("/")[2].split(":")
                return host, int(port)
        time.sleep(0.05)
    raise SystemExit(f"The server did not start: {log.read_text()}")


async def _issued(store: Path) -> str:
    database = Database.open(f"sqlite:///{store}")
    async with database.write() as connection:
        secret = await token.issue(connection, name="bench", permissions=PERMISSIONS, hourly=10**9)
        await connection.commit()
    await database.close()
    return secret


async def asked(server: Server, requests: int) -> None:
    """So many requests over CONNECTIONS. Raises RuntimeError for any other answer."""
    body = json.dumps({"query": DOCUMENT}).encode()
    head = (
        f"POST /graphql HTTP/1.1\r\nHost: {server.host}\r\nContent-Type: application/json\r\n"
        f"Accept: application/json\r\nAuthorization: Bearer {server.secret}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    message, left = head.encode() + body, requests

    async def one() -> None:
        nonlocal left
        reader, writer = await asyncio.open_connection(server.host, server.port)
        while left > 0:
            left -= 1
            writer.write(message)
            answered = await reader.readuntil(b"\r\n\r\n")
            length = _LENGTH.search(answered)
            content = await reader.readexactly(int(length[1]) if length else 0)
            if not answered.startswith(b"HTTP/1.1 200") or content != ANSWER:
                raise RuntimeError((answered + content).decode())
        writer.close()

    async with asyncio.timeout(SECONDS):
        await asyncio.gather(*(one() for _ in range(CONNECTIONS)))


def measured(servers: list[Server], rounds: int, requests: int) -> None:
    for number in range(rounds + 1):
        for server in servers:
            before, began = server.processor, time.perf_counter()
            asyncio.run(asked(server, requests if number else WARMING))
            if number:
                server.microseconds.append((server.processor - before) / requests * 1e6)
                server.rates.append(requests / (time.perf_counter() - began))


def told(servers: list[Server]) -> str:
    def row(server: Server) -> str:
        times, rate = server.microseconds, statistics.median(server.rates)
        return f"{statistics.median(times):6.0f} µs ({min(times):.0f} to {max(times):.0f}) {rate:7.0f}/s  {server.root}"

    return "\n".join(map(row, servers))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--beside", type=Path, action="append", default=[], help="another checkout to measure in turn")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--requests", type=int, default=3000)
    given: Any = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        servers = []
        for number, root in enumerate((ROOT, *given.beside)):
            own = Path(folder) / str(number)
            own.mkdir()
            servers.append(stack.enter_context(serving(root.resolve(), own)))
        measured(servers, given.rounds, given.requests)
        print(told(servers))


if __name__ == "__main__":
    main()
