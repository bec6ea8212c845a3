"""storegraph beside PostGraphile, Mercurius and yoga: the processor's time of a request, in turn on one machine.

    cd bench/peers && npm ci && cd ../..
    python bench/peers/run.py postgresql://postgres@127.0.0.1:5432/postgres

Makes two databases on that server, fills them with the same (stocked.py), starts each server as one process on one
core, looks whether all answer the same (checked.py), asks with wrk from another core over sixteen connections, and
prints what each request took of its server's processor, with the least and the greatest round, and the ratio to the
best of the others. Two comparisons: `--bare`, the others without anything beside their work and storegraph with its
edge off; `--dressed`, all with tokens, rates, a log and bounds. Both, unless one of them is asked for.
"""

import argparse
import asyncio
import json
import os
import platform
import random
import re
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from collections import Counter
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import asyncpg

from bench.peers import asked, checked, stocked
from bench.peers.servers import CONNECTIONS, OURS, THEIRS, Round, Server, Starting, on
from db.access import token
from db.access.permission import PERMISSIONS
from db.migrations import migrate
from db.store.database import Database

BODIES: Final = 3000
_PRICE: Final = re.compile(r'("p": )\d+')
_REQUESTS: Final = re.compile(r"(\d+) requests in ([\d.]+)s")
_LATENCY: Final = re.compile(r"\s(50|99)%\s+([\d.]+)(us|ms|s)")
_LAG: Final = re.compile(r'^storegraph_event_loop_lag_seconds_bucket\{le="([^"]+)"\} ([\d.e+]+)$', re.MULTILINE)
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


def processor(pid: int) -> float:
    """Seconds that all threads of this process have run; of one that is not of this machine none."""
    spent = 0
    for task in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        with suppress(FileNotFoundError, ProcessLookupError):  # one that has ended meanwhile
            spent += int(task.read_text().split()[0])
    return spent / 1e9


async def backends(dsn: str, database: str) -> list[int]:
    connection = await asyncpg.connect(dsn)
    rows = await connection.fetch("SELECT pid FROM pg_stat_activity WHERE datname = $1", database)
    await connection.close()
    return [row["pid"] for row in rows]


def measured(server: Server, name: str, script: Path, dsn: str, core: str, seconds: int) -> Round:
    late = lags(server)
    behind = {pid: processor(pid) for pid in asyncio.run(backends(dsn, server.database))}
    before = processor(server.process.pid)
    loads = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", "-s", str(script), server.url]
    told = subprocess.run(["taskset", "-c", core, *loads], capture_output=True, text=True, check=True).stdout
    spent = processor(server.process.pid) - before
    # Pools let go what was idle, and connect anew.
    now = asyncio.run(backends(dsn, server.database))
    spent_behind = sum(processor(pid) - behind.get(pid, 0.0) for pid in now)
    server.late += lags(server) - late
    found = _REQUESTS.search(told)
    if found is None or found[1] == "0" or "Non-2xx" in told:
        raise SystemExit(f"{server.name} {name}:\n{told}\n{server.log.read_text()[-2000:]}")
    count, took = int(found[1]), float(found[2])
    latency = {of: float(value) * {"us": 0.001, "ms": 1, "s": 1000}[unit] for of, value, unit in _LATENCY.findall(told)}
    return Round(count / took, spent / count * 1e6, spent_behind / count * 1e6, latency["50"], latency["99"])


def lags(server: Server) -> Counter[float]:
    """Samples of how late the server's loop is, by the upper ends of their buckets; of one that does not say, none."""
    if not server.ours or server.group != "dressed":
        return Counter()
    with urllib.request.urlopen(server.url.replace("/graphql", "/metrics"), timeout=30) as response:
        found = [(float(end), float(count)) for end, count in _LAG.findall(response.read().decode())]
    counts = [count for _, count in found]
    return Counter({end: int(count - less) for (end, count), less in zip(found, [0.0, *counts], strict=False)})


def written(server: Server, name: str, products: int, folder: Path, number: int = 7) -> Path:
    """The script of a round. A price is a new one with each request, and with each server, for two of them may share a
    database: one that is there already changes nothing, and storegraph then writes nothing."""
    chance = random.Random(7)
    bodies = folder / f"{server.group}.{server.name}.{name}.bodies"
    given = (server.body(name, products, chance) for _ in range(BODIES))
    bodies.write_text("\n".join(given if name != "M1" else (_PRICE.sub(rf'\1"{asked.PRICE}"', body) for body in given)))
    headers = "{" + ", ".join(f"[{json.dumps(k)}] = {json.dumps(v)}" for k, v in server.headers.items()) + "}"
    script = folder / f"{server.group}.{server.name}.{name}.lua"
    script.write_text(_LUA % (bodies, 1000 * server.port + number, asked.PRICE, headers))
    return script


def shown(servers: list[Server], names: list[str]) -> str:
    """Of one group: medians of the rounds; the 50th and 99th of 100 in milliseconds."""
    lines = [
        "| | server | CPU µs a request | to the best | PostgreSQL µs | both, to the best | a second | p50 | p99 |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name in names:
        spent = {s.name: statistics.median(r.server for r in s.rounds[name]) for s in servers}
        both = {s.name: statistics.median(r.server + r.database for r in s.rounds[name]) for s in servers}
        others = [s.name for s in servers if s.peer]
        for server in servers:
            rounds = server.rounds[name]
            each = [r.server for r in rounds]
            ratios = [f"{values[server.name] / min(values[o] for o in others):.2f}" for values in (spent, both)]
            rest = zip(*((r.database, r.rate, r.p50, r.p99) for r in rounds), strict=True)
            middle = [statistics.median(values) for values in rest]
            lines.append(
                f"| {name} | {server.name} | {spent[server.name]:.0f} ({min(each):.0f} to {max(each):.0f}) "
                f"| {ratios[0]} | {middle[0]:.0f} | {ratios[1]} | {middle[1]:.0f} | {middle[2]:.1f} | {middle[3]:.1f} |"
            )
    return "\n".join(lines)


def late(servers: list[Server]) -> str:
    """The bucket that holds the 99th of 100 samples of the loop's lag, under load."""
    lines = []
    for server in (s for s in servers if s.late.total()):
        ends, seen = sorted(server.late), 0
        for end in ends:
            seen += server.late[end]
            if seen >= 0.99 * server.late.total():
                break
        lines.append(
            f"{server.name}: the loop is at most {end * 1e3:g} ms late in 99 of 100 of {server.late.total()} looks"
        )
    return "\n".join(lines)


def compared(servers: list[Server], given: Any, names: list[str], folder: Path, core: str) -> None:
    for number in range(given.rounds + 1):
        scripts = {s.name: {name: written(s, name, given.products, folder, number) for name in names} for s in servers}
        for name in names:
            for server in servers:
                found = measured(server, name, scripts[server.name][name], given.postgres, core, given.seconds)
                if number:  # the first warms
                    server.rounds.setdefault(name, []).append(found)
        print(f"{servers[0].group}: round {number} of {given.rounds}", flush=True)


async def furnished(dsn: str, products: int) -> tuple[str, str]:
    """Makes both databases anew. Their tokens are the same: one that may ask without end, and one that may not."""
    admin = await asyncpg.connect(dsn)
    for name in (OURS, THEIRS):
        await admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        await admin.execute(f"CREATE DATABASE {name}")
    await admin.close()
    budgets = {"bench": 10**9, "poor": checked.POOR}
    database = Database.open(on(dsn, OURS))
    await migrate(database)
    async with database.write() as connection:
        secrets = {
            name: await token.issue(connection, name=name, permissions=PERMISSIONS, hourly=hourly)
            for name, hourly in budgets.items()
        }
        await connection.commit()
    await database.close()
    await stocked.ours(on(dsn, OURS), products)
    await stocked.theirs(on(dsn, THEIRS), products, {secret: budgets[name] for name, secret in secrets.items()})
    return secrets["bench"], secrets["poor"]


async def forgotten(dsn: str) -> None:
    admin = await asyncpg.connect(dsn)
    for name in (OURS, THEIRS):
        await admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    await admin.close()


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
    parser.add_argument("--bare", action="store_true", help="the others bare, storegraph with its edge off")
    parser.add_argument("--dressed", action="store_true", help="all with tokens, rates, a log and bounds")
    given: Any = parser.parse_args()
    names = given.only.split(",")
    groups = [group for group in ("bare", "dressed") if getattr(given, group)] or ["bare", "dressed"]
    server_core, load_core = given.cores.split(",")
    for group in groups:
        secret, poor = asyncio.run(furnished(given.postgres, given.products))  # prices are the same again
        with tempfile.TemporaryDirectory() as path, ExitStack() as stack:
            folder = Path(path)
            starting = Starting(given.postgres, secret, given.port, server_core, given.node, folder, stack)
            servers = starting.group(group)
            for server in servers:
                checked.awaited(server)
            checked.alike(servers, given.postgres)
            for server in (s for s in servers if s.group == "dressed"):
                checked.guarded(server, poor)
            compared(servers, given, names, folder, load_core)
            print(f"\n## {group.capitalize()}\n\n{shown(servers, names)}\n\n{late(servers)}\n", flush=True)
    print(f"Python {platform.python_version()}; load of the machine: {os.getloadavg()}")
    asyncio.run(forgotten(given.postgres))


if __name__ == "__main__":
    main()
