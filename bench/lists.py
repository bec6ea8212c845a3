"""Lists of products: does a page cost the same in a hundred times larger store?

    python bench/lists.py [--postgres postgresql://postgres@127.0.0.1:5432/postgres] [--only sort] [--explain 'sku']

Makes stores of 1,000 and 100,000 products (1,000,000 to count) on SQLite and PostgreSQL, asks them in turn (A B A B …)
through the executor, without HTTP, and writes the ratios to bench/results/lists.md and a plot beside it.
"""

import argparse
import asyncio
import re
import shutil
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import asyncpg
from sqlalchemy.engine import make_url

from bench.cases import CASES, COUNTS, Case
from bench.measuring import Gateway, Times, opened
from bench.report import Result, write
from bench.stores import Store, made

SMALL, LARGE, HUGE = 1_000, 100_000, 1_000_000
ROUNDS: Final = 5
# Of each kind and store in a round, unless they take longer than this together.
REQUESTS, ROUND_SECONDS = 15, 0.8
# Where in a list a cursor points: shares of its length. The end of a list of few is where a bad plan shows.
DEPTHS: Final = (0.1, 0.3, 0.5, 0.7, 0.9)
PAGE_TARGET, MOST_PAGES = 50.0, 1000
NAME: Final = "storegraph_bench_lists"
PAGE: Final = (
    "query Page($first: Int, $after: String, $page: Int) {{ products(first: $first, after: $after, page: $page {0}) "
    "{{ nodes {{ id databaseId title status publishedAt minPrice {{ cents }} }} "
    "pageInfo {{ hasNextPage endCursor }} }} }}"
)
COUNT: Final = "query Count($upTo: Int) {{ products{0} {{ totalCount(upTo: $upTo) }} }}"

Ask = Callable[[int, Times], Awaitable[None]]


@dataclass(frozen=True)
class Measured:
    """Two ways of asking, in turn. Ratios are the second's to the first's, the median of the rounds."""

    first: float
    second: float
    ratio: float
    spread: tuple[float, float]
    statements: float


async def in_turn(first: Ask, second: Ask) -> Measured:
    """One request of each in turn: what else the machine does meets both alike."""
    rounds: list[list[float]] = []
    for ask in (first, second):
        for number in range(len(DEPTHS)):
            await ask(number, Times())
    for _ in range(ROUNDS):
        a, b = Times(), Times()
        for number in range(REQUESTS):
            await first(number, a)
            await second(number, b)
            if sum(a.all) + sum(b.all) > ROUND_SECONDS * 1e3 and number + 1 >= len(DEPTHS):
                break
        medians = [statistics.median(t) for t in (a.all, b.all, a.statements, b.statements)]
        rounds.append([medians[0], medians[1], medians[1] / medians[0], medians[3] / medians[2]])
    ratios = [r[2] for r in rounds]
    middle = [statistics.median(r[i] for r in rounds) for i in range(4)]
    return Measured(middle[0], middle[1], middle[2], (min(ratios), max(ratios)), middle[3])


def arguments(case: Case, wrapped: bool = False) -> str:
    if wrapped:
        return f"({case.arguments})" if case.arguments else ""
    return f", {case.arguments}" if case.arguments else ""


async def cursors(gateway: Gateway, case: Case) -> list[str]:
    """Places at `DEPTHS` of the list, taken from page jumps."""
    counted = await gateway.answer(COUNT.format(arguments(case, wrapped=True)), {})
    total = counted["products"]["totalCount"]
    found: list[str] = []
    for depth in DEPTHS:
        row = max(1, int(total * depth))
        first = -(-row // MOST_PAGES)
        window = {"first": first, "page": max(1, row // first)}
        page = await gateway.answer(PAGE.format(arguments(case)), window)
        cursor = page["products"]["pageInfo"]["endCursor"]
        if cursor is not None and cursor not in found:
            found.append(cursor)
    return found


async def paging(gateway: Gateway, case: Case) -> tuple[Ask, Ask | None]:
    """How to ask for the first page, and for those after its cursors; None where nothing is found."""
    document = PAGE.format(arguments(case))
    places = await cursors(gateway, case)

    async def first(_: int, times: Times) -> None:
        await gateway.timed(document, {}, times)

    async def after(number: int, times: Times) -> None:
        await gateway.timed(document, {"after": places[number % len(places)]}, times)

    return first, after if places else None


async def measure_pages(small: Gateway, large: Gateway, case: Case, name: str) -> Result:
    """By cursor is what the number is about; the first page is stated beside it."""
    first_a, after_a = await paging(small, case)
    first_b, after_b = await paging(large, case)
    first = await in_turn(first_a, first_b)
    by_cursor = first if after_a is None or after_b is None else await in_turn(after_a, after_b)
    return _result(case, name, by_cursor, first.ratio)


def _result(case: Case, database: str, measured: Measured, first_page: float | None = None) -> Result:
    result = Result(
        database=database,
        group=case.group,
        name=case.name,
        target=case.target,
        ratio=measured.ratio,
        spread=measured.spread,
        statements=measured.statements,
        first_page=first_page,
        milliseconds=(measured.first, measured.second),
    )
    print(result.line, flush=True)
    return result


async def measure_jump(large: Gateway, case: Case, size: int, name: str) -> Result:
    """Page 1000 against the first page of the same list."""
    document = PAGE.format(arguments(case))

    async def first(_: int, times: Times) -> None:
        await large.timed(document, {"first": size, "page": 1}, times)

    async def last(_: int, times: Times) -> None:
        await large.timed(document, {"first": size, "page": MOST_PAGES}, times)

    asked = Case("page: 1000", f"{case.name}, {size} a page", case.arguments, PAGE_TARGET)
    return _result(asked, name, await in_turn(first, last))


async def measure_count(large: Gateway, huge: Gateway, case: Case, name: str) -> Result:
    document = COUNT.format(arguments(case, wrapped=True))

    def ask(gateway: Gateway) -> Ask:
        async def count(_: int, times: Times) -> None:
            await gateway.timed(document, {"upTo": 10_000}, times)

        return count

    return _result(case, name, await in_turn(ask(large), ask(huge)))


async def explain(gateway: Gateway, case: Case) -> None:
    """The plan of the page after the middle of the list."""
    document = COUNT.format(arguments(case, wrapped=True)) if case in COUNTS else PAGE.format(arguments(case))
    variables: dict[str, Any] = {"upTo": 10_000}
    if case not in COUNTS:
        places = await cursors(gateway, case)
        variables = {"after": places[len(places) // 2]} if places else {}
    await gateway.answer(document, variables)
    statement, parameters = gateway.last
    print(f"\n## {gateway.database.dialect}: {case.group}, {case.name}\n{statement}\n{parameters}")
    prefix = "EXPLAIN QUERY PLAN" if gateway.database.embedded else "EXPLAIN (ANALYZE, BUFFERS)"
    async with gateway.database.read() as connection:
        for row in await connection.exec_driver_sql(f"{prefix} {statement}", parameters):
            print("  ", row[-1])


class Databases:
    """Databases of this script's own: files in a temporary folder, databases of one PostgreSQL."""

    def __init__(self, folder: Path, admin: str | None, keep: bool) -> None:
        self._folder = folder
        self._admin = admin
        self._keep = keep

    @property
    def kinds(self) -> list[str]:
        return ["SQLite"] if self._admin is None else ["SQLite", "PostgreSQL"]

    @asynccontextmanager
    async def open(self, kind: str, store: Store) -> AsyncIterator[Gateway]:
        """Filled already when an earlier run kept it."""
        name = f"{NAME}_{store.size}"
        try:
            async with opened(await self._url(kind, name, store)) as gateway:
                yield gateway
        finally:
            if not self._keep and kind == "PostgreSQL":
                await self._execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    async def _url(self, kind: str, name: str, store: Store) -> str:
        if kind == "SQLite":
            path = self._folder / f"{name}.sqlite"
            url = f"sqlite:///{path}"
            new = not path.exists()
        else:
            url = make_url(self._admin or "").set(database=name).render_as_string(hide_password=False)
            new = await self._execute(f"SELECT count(*) FROM pg_database WHERE datname = '{name}'") == 0
            if new:
                await self._execute(f"CREATE DATABASE {name}")
        if new:
            await made(url, store)
        return url

    async def _execute(self, statement: str) -> Any:
        connection = await asyncpg.connect(self._admin)
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()


async def run(databases: Databases, only: str, explained: bool, counts: bool) -> list[Result]:
    results: list[Result] = []

    def chosen(cases: Sequence[Case]) -> list[Case]:
        return [c for c in cases if re.search(only, f"{c.group}: {c.name}", re.IGNORECASE)]

    for kind in databases.kinds:
        async with AsyncExitStack() as stack:
            large = await stack.enter_async_context(databases.open(kind, Store(LARGE)))
            small = await stack.enter_async_context(databases.open(kind, Store(SMALL)))
            for case in chosen(CASES):
                if explained:
                    await explain(large, case)
                    continue
                results.append(await measure_pages(small, large, case, kind))
            jumps = [(c, s) for c in CASES if c.group == "sort" for s in (10, 100) if s == 10 or "TITLE" in c.name]
            for case, size in [] if explained else jumps:
                if re.search(only, f"page: {case.name} {size}", re.IGNORECASE):
                    results.append(await measure_jump(large, case, size, kind))
            if counts and chosen(COUNTS):
                huge = await stack.enter_async_context(databases.open(kind, Store(HUGE, bare=True)))
                for case in chosen(COUNTS):
                    if explained:
                        await explain(huge, case)
                        continue
                    results.append(await measure_count(large, huge, case, kind))
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--postgres", help="URL of a role that may create databases; without it only SQLite")
    parser.add_argument("--only", default="", help="a regular expression for `group: name`")
    parser.add_argument("--explain", metavar="ONLY", help="show plans at the larger size, measure nothing")
    parser.add_argument("--keep", type=Path, help="a folder for the SQLite files; these and the databases stay")
    parser.add_argument("--no-counts", action="store_true", help="leave out the million products")
    given = parser.parse_args()
    folder = given.keep or Path(tempfile.mkdtemp(prefix=NAME))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        databases = Databases(folder, given.postgres, given.keep is not None)
        only = given.only if given.explain is None else given.explain
        results = asyncio.run(run(databases, only, given.explain is not None, not given.no_counts))
    finally:
        if given.keep is None:
            shutil.rmtree(folder)
    if results and not only:  # a part of the results is for the eye alone
        write(results, Path(__file__).parent / "results")


if __name__ == "__main__":
    main()
