"""storegraph beside PostGraphile, Mercurius and yoga: the processor's time of a request, in turn on one machine.

    cd bench/peers && npm ci && cd ../..
    python bench/peers/run.py postgresql://postgres@127.0.0.1:5432/postgres

Makes two databases on that server, fills them with the same (stocked.py), starts each server as one process on one
core, asks with wrk from another core over sixteen connections, and prints what each request took of its server's
processor, with the least and the greatest round, and the ratio to the best of the others. storegraph has everything on:
a token with a budget of its own, rates counted, costs bounded, metrics, an access log in JSON; the others are bare.
"""

import argparse
import asyncio
import json
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import asyncpg
from sqlalchemy.engine import make_url

from bench.peers import asked, stocked
from db.access import token
from db.access.permission import PERMISSIONS
from db.migrations import migrate
from db.store.database import Database

HERE: Final = Path(__file__).resolve().parent
ROOT: Final = HERE.parent.parent
OURS, THEIRS = "storegraph_bench_peers_ours", "storegraph_bench_peers_theirs"
BODIES: Final = 3000
CONNECTIONS: Final = 16
STARTING_SECONDS: Final = 120.0
_PRICE: Final = re.compile(r'("p": )\d+')
_REQUESTS: Final = re.compile(r"(\d+) requests in ([\d.]+)s")
_LATENCY: Final = re.compile(r"\s(50|99)%\s+([\d.]+)(us|ms|s)")
# Takes a file of bodies, a seed, what stands for a price, and headers.
_LUA: Final = """
local bodies = {}
for line in io.lines("%s") do bodies[#bodies + 1] = line end
math.randomseed(%d)
request = function()
  local body = bodies[math.random(#bodies)]:gsub('"%s"', function() return math.random(500, 50000) end)
  return wrk.format("POST", nil, %s, body)
end
"""


@dataclass
class Server:
    name: str
    process: subprocess.Popen[bytes]
    port: int
    database: str
    queries: Mapping[str, str]
    variables: asked.Variables
    headers: dict[str, str]
    rounds: dict[str, list["Round"]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/graphql"

    def body(self, name: str, products: int, chance: random.Random) -> str:
        variables = {} if name == "Q0" else self.variables(name, products, chance)
        return json.dumps({"query": self.queries[name], "variables": variables})


@dataclass(frozen=True)
class Round:
    rate: float
    server: float  # microseconds of a request
    database: float
    p50: float  # milliseconds
    p99: float


def processor(pids: list[int]) -> float:
    """Seconds that all threads of these processes have run; of those that are not of this machine none."""
    spent = 0
    for task in (task for pid in pids for task in Path(f"/proc/{pid}/task").glob("*/schedstat")):
        with suppress(FileNotFoundError, ProcessLookupError):  # one that has ended meanwhile
            spent += int(task.read_text().split()[0])
    return spent / 1e9


@contextmanager
def started(command: list[str], core: str, environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("w") as out:
        process = subprocess.Popen(
            ["taskset", "-c", core, *command], cwd=ROOT, env=os.environ | environment, stdout=out, stderr=out
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


def answered(server: Server, log: Path, products: int) -> None:
    """Waits until it answers, and looks at what. Raises SystemExit for a server that does not do its work."""
    for name in asked.QUERIES:
        answer = _answer(server, server.body(name, products, random.Random(1)).encode(), log)
        if "errors" in answer:
            raise SystemExit(f"{server.name} {name}: {json.dumps(answer)[:500]}")
        print(f"{server.name:16} {name}: {asked.leaves(answer['data'])} values")


def _answer(server: Server, body: bytes, log: Path) -> dict[str, Any]:
    until = time.monotonic() + STARTING_SECONDS
    while True:
        request = urllib.request.Request(server.url, body, server.headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                answer: dict[str, Any] = json.load(response)
                return answer
        except OSError as error:
            if server.process.poll() is not None or time.monotonic() > until:
                raise SystemExit(f"{server.name}: {error}\n{log.read_text()[-2000:]}") from None
            time.sleep(0.1)


async def backends(dsn: str, database: str) -> list[int]:
    connection = await asyncpg.connect(dsn)
    rows = await connection.fetch("SELECT pid FROM pg_stat_activity WHERE datname = $1", database)
    await connection.close()
    return [row["pid"] for row in rows]


def measured(server: Server, name: str, script: Path, dsn: str, core: str, seconds: int) -> Round:
    pids = [server.process.pid]
    behind = asyncio.run(backends(dsn, server.database))
    before, before_behind = processor(pids), processor(behind)
    loads = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", "-s", str(script), server.url]
    told = subprocess.run(["taskset", "-c", core, *loads], capture_output=True, text=True, check=True).stdout
    after, after_behind = processor(pids), processor(behind)
    found = _REQUESTS.search(told)
    if found is None or found[1] == "0" or "Non-2xx" in told:
        raise SystemExit(f"{server.name} {name}:\n{told}")
    count, took = int(found[1]), float(found[2])
    latency = {of: float(value) * {"us": 0.001, "ms": 1, "s": 1000}[unit] for of, value, unit in _LATENCY.findall(told)}
    spent, spent_behind = (after - before) / count * 1e6, (after_behind - before_behind) / count * 1e6
    return Round(count / took, spent, spent_behind, latency["50"], latency["99"])


def written(server: Server, name: str, products: int, folder: Path, number: int = 7) -> Path:
    """The script of a round. A price is a new one with each request: one that is there already changes nothing, and
    storegraph then writes nothing."""
    chance = random.Random(7)
    bodies = folder / f"{server.name}.{name}.bodies"
    given = (server.body(name, products, chance) for _ in range(BODIES))
    bodies.write_text("\n".join(given if name != "M1" else (_PRICE.sub(rf'\1"{asked.PRICE}"', body) for body in given)))
    headers = "{" + ", ".join(f"[{json.dumps(k)}] = {json.dumps(v)}" for k, v in server.headers.items()) + "}"
    script = folder / f"{server.name}.{name}.lua"
    script.write_text(_LUA % (bodies, number, asked.PRICE, headers))
    return script


def shown(servers: list[Server], names: list[str]) -> str:
    lines = [
        "| | server | CPU µs a request | to the best other | PostgreSQL µs | a second | p50 ms | p99 ms |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name in names:
        spent = {s.name: statistics.median(r.server for r in s.rounds[name]) for s in servers}
        others = [value for of, value in spent.items() if of != "storegraph"]
        for server in servers:
            rounds = server.rounds[name]
            each = [r.server for r in rounds]
            ratio = f"{spent[server.name] / min(others):.2f}" if others else ""
            rest = zip(*((r.database, r.rate, r.p50, r.p99) for r in rounds), strict=True)
            middle = [statistics.median(values) for values in rest]
            lines.append(
                f"| {name} | {server.name} | {spent[server.name]:.0f} ({min(each):.0f} to {max(each):.0f}) | {ratio} "
                f"| {middle[0]:.0f} | {middle[1]:.0f} | {middle[2]:.1f} | {middle[3]:.1f} |"
            )
    return "\n".join(lines)


async def furnished(dsn: str, products: int) -> str:
    """Makes both databases anew; storegraph's token."""
    admin = await asyncpg.connect(dsn)
    for name in (OURS, THEIRS):
        await admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        await admin.execute(f"CREATE DATABASE {name}")
    await admin.close()
    database = Database.open(_of(dsn, OURS))
    await migrate(database)
    async with database.write() as connection:
        secret = await token.issue(connection, name="bench", permissions=PERMISSIONS, hourly=10**9)
        await connection.commit()
    await database.close()
    await stocked.ours(_of(dsn, OURS), products)
    await stocked.theirs(_of(dsn, THEIRS), products)
    return secret


def _of(dsn: str, name: str) -> str:
    return make_url(dsn).set(database=name).render_as_string(hide_password=False)


def servers_of(
    dsn: str, secret: str, port: int, core: str, node: str, folder: Path, stack: ExitStack
) -> Iterator[Server]:
    plain = {"Content-Type": "application/json", "Accept": "application/json"}
    environment = {
        "STOREGRAPH_DATABASE_URL": _of(dsn, OURS),
        "STOREGRAPH_DATA_FOLDER": str(folder),
        "STOREGRAPH_RATES": "documented",
        "STOREGRAPH_LOG_FORMAT": "json",
        "STOREGRAPH_METRICS": "on",
        "STOREGRAPH_POOL_SIZE": str(CONNECTIONS),
        "STOREGRAPH_WORK": "false",
        "STOREGRAPH_PORT": str(port),
        "PYTHONPATH": str(ROOT),
    }
    ours = [sys.executable, "-m", "server.commands.main", "serve"]
    process = stack.enter_context(started(ours, core, environment, folder / "storegraph.log"))
    bearer = plain | {"Authorization": f"Bearer {secret}"}
    yield Server("storegraph", process, port, OURS, asked.STOREGRAPH, asked.of_storegraph, bearer)
    theirs = {"DATABASE_URL": _of(dsn, THEIRS), "NODE_ENV": "production"}
    for number, (name, script, more) in enumerate(
        (
            ("postgraphile", "postgraphile.mjs", {"GRAPHILE_ENV": "production"}),
            ("mercurius-jit", "handwritten.mjs", {}),
            ("yoga-jit", "handwritten.mjs", {"SERVER": "yoga"}),
        ),
        port + 1,
    ):
        given = theirs | more | {"PORT": str(number)}
        process = stack.enter_context(started([node, str(HERE / script)], core, given, folder / f"{name}.log"))
        made = name == "postgraphile"
        queries = asked.POSTGRAPHILE if made else asked.HANDWRITTEN
        variables = asked.of_postgraphile if made else asked.of_handwritten
        yield Server(name, process, number, THEIRS, queries, variables, plain)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("postgres", help="an administrator's URL, for databases of the script's own")
    parser.add_argument("--products", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--only", default=",".join(asked.QUERIES))
    parser.add_argument("--port", type=int, default=9300)
    parser.add_argument("--node", default="node", help="Node 22 or newer")
    parser.add_argument("--cores", default="0,1", help="of the servers, and of wrk")
    given: Any = parser.parse_args()
    names = given.only.split(",")
    server_core, load_core = given.cores.split(",")
    secret = asyncio.run(furnished(given.postgres, given.products))
    with tempfile.TemporaryDirectory() as path, ExitStack() as stack:
        folder = Path(path)
        servers = list(servers_of(given.postgres, secret, given.port, server_core, given.node, folder, stack))
        for server in servers:
            answered(server, folder / f"{server.name}.log", given.products)
        for number in range(given.rounds + 1):
            scripts = {
                (s.name, name): written(s, name, given.products, folder, number) for s in servers for name in names
            }
            for name in names:
                for server in servers:
                    script = scripts[server.name, name]
                    found = measured(server, name, script, given.postgres, load_core, given.seconds)
                    if number:  # the first warms
                        server.rounds.setdefault(name, []).append(found)
            print(f"round {number} of {given.rounds}", flush=True)
        print(f"\nLoad of the machine: {os.getloadavg()}\n\n{shown(servers, names)}")


if __name__ == "__main__":
    main()
