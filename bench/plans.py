"""What a request costs by its plan, and in graphql-core's executor: no HTTP, a process of its own for each, in turn.

    make bench
    python bench/plans.py [--rounds 9] [--requests 60] [sqlite:////tmp/plans.db postgresql://postgres@127.0.0.1:5432/plans]

Without URLs: a file and a PostgreSQL of the script's own, which comes with the test dependencies. A URL's database is
empty, or filled by this script before. Prints what each costs and how many a second it answers, and writes
results/plans.md and plans.svg. The database's own processor time is in a figure on SQLite, which runs in the process.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench import report
from bench.measuring import ADMIN
from db import migrations
from db.store.database import Database
from db.store.unit import Units
from engine.plan.plans import Plans
from engine.standard.execution import Executor, Request
from schema.root import schema
from tests.databases import EmbeddedPostgres
from tests.engine.shelves import catalogue, stored
from tests.gateway import opened

RESULTS: Final = Path(__file__).parent / "results"
STANDARD, PLAN = "standard", "plan"
PRODUCTS: Final = 300
Q1: Final = """query Q1($first: Int, $after: String) { products(first: $first, after: $after) { nodes {
  id databaseId slug title status minPrice { cents } } } }"""
Q2: Final = """query Q2($first: Int, $after: String) { products(first: $first, after: $after) { nodes {
  id databaseId slug title status excerpt content publishedAt modifiedAt fulfillmentType stockAvailability isBundle
  createdAt updatedAt
  variants { id databaseId sku title price { cents amount currency formatted } available status position }
  categories { databaseId slug name }
  downloads { databaseId title fileName fileSize position } } } }"""
Q3: Final = """query Q3($id: Int!) { product(by: {databaseId: $id}) { id title slug status minPrice { cents formatted }
  variants { id sku title price { cents formatted } available } } }"""
ASKED: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "{ __typename }": ("{ __typename }", {}),
    "Q1 list of 10 x 6": (Q1, {"first": 10}),
    "Q2 page of 20": (Q2, {"first": 20}),
    "Q3 product with variants": (Q3, {"id": 7}),
}


async def filled(url: str) -> None:
    async with opened(url) as gateway:
        if not (await gateway("{ products { totalCount } }"))["products"]["totalCount"]:
            await stored(gateway, catalogue(PRODUCTS))


def memory() -> float:
    """MB that this process has."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


async def answering(by: str, url: str) -> None:
    """The other side of Process: answers as many requests as each line says, and tells what they took."""
    database = Database.open(url)
    units = Units(database)
    executor = Executor(schema, plans=Plans(schema.core, schema.entities) if by == PLAN else None)
    for line in sys.stdin:
        asked = json.loads(line)
        request = Request(*ASKED[asked["name"]])
        waited = []
        began = time.process_time()
        for _ in range(asked["requests"]):
            started = time.perf_counter()
            answer = await executor.execute(request, ADMIN, units, "bench")
            waited.append((time.perf_counter() - started) * 1e3)
            assert "errors" not in answer.body, answer.body
        spent = (time.process_time() - began) / asked["requests"] * 1e6
        print(json.dumps({"spent": spent, "waited": waited, "memory": memory()}), flush=True)
    await database.close()


@dataclass
class Process:
    """An executor in a process of its own. `spent` are microseconds of the processor a request, one figure a round."""

    by: str
    process: subprocess.Popen[str]
    spent: dict[str, list[float]] = field(default_factory=dict)
    waited: dict[str, list[float]] = field(default_factory=dict)
    memory: float = 0.0  # MB, after all of it

    def ask(self, name: str, requests: int, *, counts: bool) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(json.dumps({"name": name, "requests": requests}), file=self.process.stdin, flush=True)
        told = json.loads(self.process.stdout.readline())
        self.memory = told["memory"]
        if counts:
            self.spent.setdefault(name, []).append(told["spent"])
            self.waited.setdefault(name, []).extend(told["waited"])

    def line(self, name: str) -> report.Plan:
        waited = sorted(self.waited[name])
        spent = self.spent[name]
        return report.Plan(
            self.by,
            median(spent),
            (min(spent), max(spent)),
            1e3 * len(waited) / sum(waited),
            (median(waited), waited[int(0.99 * (len(waited) - 1))]),
        )


@contextmanager
def process(by: str, url: str) -> Iterator[Process]:
    command = [sys.executable, __file__, "--answer", by, url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as started:
        yield Process(by, started)


def measured(url: str, rounds: int, requests: int) -> Iterator[tuple[str, list[report.Plan]]]:
    """What each executor took for each question, and at the end the memory of both."""
    with ExitStack() as stack:
        processes = [stack.enter_context(process(by, url)) for by in (STANDARD, PLAN)]
        for name in ASKED:
            for number in range(rounds + 1):
                for each in processes if number % 2 else reversed(processes):
                    each.ask(name, requests, counts=number > 0)  # the first makes everything that is kept
            yield name, [each.line(name) for each in processes]
        yield "", [report.Plan(each.by, memory=each.memory) for each in processes]


@contextmanager
def own() -> Iterator[list[str]]:
    """A file and a server that are gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # of a server that root starts, nobody reads the data
        server = EmbeddedPostgres(Path(folder))
        try:
            yield [f"sqlite:///{folder}/plans.db", server.url()]
        finally:
            server.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("urls", nargs="*")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--requests", type=int, default=60, help="of a round")
    parser.add_argument("--answer", choices=(STANDARD, PLAN), help=argparse.SUPPRESS)
    asked: Any = parser.parse_args()
    if asked.answer:
        asyncio.run(answering(asked.answer, asked.urls[0]))
        return
    with own() if not asked.urls else ExitStack() as made:
        urls: Sequence[str] = made if isinstance(made, list) else asked.urls
        found: dict[str, dict[str, list[report.Plan]]] = {}
        for url in urls:
            migrations.upgrade(url)
            asyncio.run(filled(url))
            database = "SQLite" if url.startswith("sqlite") else "PostgreSQL"
            for name, each in measured(url, asked.rounds, asked.requests):
                found.setdefault(database, {})[name] = each
                print(f"{database:10} {name or 'memory':26} " + "   ".join(one.line for one in each), flush=True)
    report.write_plans(found, RESULTS)


if __name__ == "__main__":
    main()
