"""Plans: of which documents there are any, how long they are kept, and what happens where they are of no use."""

import asyncio
from collections import Counter
from typing import Any, Final

import graphql
import orjson
import pytest
from sqlalchemy import text, update

from db.catalog.product import ProductRow
from db.drivers import sqlite
from db.store.database import Database
from db.store.row import table
from engine.document.bounds import Bounds
from engine.document.documents import Documents
from engine.document.request import RequestErrors
from engine.plan.faults import EVERYTHING, Fault, settled
from engine.plan.plans import Plans
from engine.standard.execution import Executor, ExecutorSettings, Request
from engine.values import identity
from engine.values.errors import BadUserInput
from engine.values.viewer import Viewer
from schema.root import schema
from tests.docs.test_documents import PAIR, ROOT
from tests.engine.shelves import catalogue, stored
from tests.engine.store import everything
from tests.gateway import ADMIN, ANONYMOUS, CLERK, Gateway
from tests.operations.case import cases

WORDS: Final = sqlite.Dialect()
PAGE: Final = "{ products(first: 3) { nodes { databaseId title variants { sku price { formatted } } } totalCount } }"


class Told:
    """An executor, and what ran its operations."""

    def __init__(self) -> None:
        self.by: Counter[str] = Counter()
        plans = Plans(schema.core, schema.entities)
        self.executor = Executor(
            schema,
            ExecutorSettings(explains=lambda viewer: viewer is ADMIN),
            plans=plans,
            ran=lambda _kind, by: self.by.update([by]),
        )

    async def __call__(
        self, gateway: Gateway, document: str, viewer: Viewer = ADMIN, **extensions: Any
    ) -> dict[str, Any]:
        request = Request(document, {}, extensions=extensions)
        return (await self.executor.execute(request, viewer, gateway.units, "test")).body


def documents() -> list[str]:
    """Of the documented operations, the guide and the README."""
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    told = (found for page in pages for found in PAIR.finditer(page.read_text()) if found[1] != "refused")
    asked = (found["document"] for found in told if found["document"] is not None)
    # What is followed has no plan: each event is an execution of its own, which has.
    return [*(case.document for case in cases()), *(text for text in asked if not text.startswith("subscription"))]


def test_nearly_every_document_has_a_plan() -> None:
    made = Documents(schema.core, Bounds(), most=1000, most_bytes=2**30)
    plans = Plans(schema.core, schema.entities)
    without: list[str] = []
    count = 0
    for document in documents():
        try:
            ready = made.now(document)
        except RequestErrors:
            continue  # what it shows is how mistakes are told
        for operation in ready.operations.values():
            if not ready.shows_schema(operation):
                count += 1
                yes = {v.variable.name.value: True for v in operation.variable_definitions or ()}
                if plans.of(ready, operation, ADMIN, WORDS, yes) is None:
                    without.append(graphql.print_ast(operation))

    assert count > 100
    assert len(without) <= count // 100, without


def test_plans_are_kept_for_who_may_the_same_and_not_for_ever() -> None:
    made = Documents(schema.core, Bounds(), most=1000, most_bytes=2**30)
    plans = Plans(schema.core, schema.entities, most=4)
    ready = made.now("query($yes: Boolean!) { products { nodes { title slug @include(if: $yes) } } }")
    (operation,) = ready.operations.values()

    def plan(viewer: Any, yes: bool) -> Any:
        return plans.of(ready, operation, viewer, WORDS, {"yes": yes})

    first = plan(ADMIN, True)
    assert plan(ADMIN, True) is first
    assert len({first, plan(ADMIN, False), plan(CLERK, True), plan(ANONYMOUS, True)}) == 4
    assert plan(ADMIN, True) is first
    plan(CLERK, False)  # the one that was longest without use makes room
    assert plan(ADMIN, True) is first
    for number in range(50):
        other = made.now(f"{{ products(first: {number + 1}) {{ nodes {{ id }} }} }}")
        plans.of(other, other.operations[None], ADMIN, WORDS, {})
    assert len(plans) <= 4
    assert plan(ADMIN, True) is first  # what is asked for once pushes nothing out that was asked for again
    for number in range(50):
        other = made.now(f"{{ products(first: {number + 1}) {{ nodes {{ id }} }} }}")
        for _ in range(2):
            plans.of(other, other.operations[None], ADMIN, WORDS, {})
    assert len(plans) == 4
    assert plan(ADMIN, True) is not first


def test_an_error_takes_the_nearest_that_may_be_null() -> None:
    def fault(up: int) -> Fault:
        return Fault(BadUserInput("no"), (), up)

    shared = {"name": "both", "cost": fault(0)}
    data = {"list": [{"item": shared}, {"item": shared}, {"item": {"must": fault(2)}}], "other": 1}

    found, errors = settled(data)

    assert found == {"list": [{"item": {"name": "both", "cost": None}}] * 2 + [None], "other": 1}
    assert [error.path for error in errors] == [
        ["list", 0, "item", "cost"],
        ["list", 1, "item", "cost"],
        ["list", 2, "item", "must"],
    ]
    assert settled({"a": {"b": fault(EVERYTHING)}, "c": [fault(EVERYTHING)]})[0] is None


async def test_what_is_unusual_is_told_by_the_standard_executor(gateway: Gateway) -> None:
    await stored(gateway, catalogue(2))
    told = Told()
    assert "errors" not in await told(gateway, PAGE)
    async with gateway.database.write() as connection:  # no Int of GraphQL's
        detail = update(table(ProductRow)).where(table(ProductRow).c.id == 2).values(detail_id=2**40)
        await connection.execute(detail)
        await connection.commit()

    answer = await told(gateway, "{ products { nodes { title detailDatabaseId } } }")

    assert [node["detailDatabaseId"] for node in answer["data"]["products"]["nodes"]].count(None) == 2
    assert [error["path"][-1] for error in answer["errors"]] == ["detailDatabaseId"]
    assert told.by == {"plan": 1, "again": 1}


async def test_what_is_looked_up_for_values_inside_of_rows_is_planned(gateway: Gateway) -> None:
    await stored(gateway, everything())
    told = Told()
    bumps = "orderBumps(sort: {field: ID}) { nodes { conditions { field amount variants { title } } } }"
    document = f"{{ {bumps} twice: {bumps} }}"

    planned = await told(gateway, document)
    refused = await told(gateway, document, CLERK)

    standard = await Executor(schema).execute(Request(document, {}), ADMIN, gateway.units, "test")
    assert orjson.dumps(planned["data"]) == orjson.dumps(standard.body["data"])
    shown = [node["conditions"] for node in planned["data"]["orderBumps"]["nodes"]]
    assert [len(conditions) for conditions in shown] == [1, 2, 3, 4, 1]
    assert shown[0] == shown[4] == [{"field": "VARIANT", "amount": None, "variants": shown[0][0]["variants"]}]
    assert len(shown[0][0]["variants"]) == 3  # the one that is gone is left out
    assert {error["extensions"]["code"] for error in refused["errors"]} == {"FORBIDDEN"}
    assert told.by == {"plan": 2}


async def test_a_mutation_is_performed_once_whoever_tells_of_it(gateway: Gateway) -> None:
    """Its payload may have to be told by the other executor."""
    await stored(gateway, catalogue(2))
    told = Told()
    async with gateway.database.write() as connection:  # no Int of GraphQL's
        detail = update(table(ProductRow)).where(table(ProductRow).c.id == 2).values(detail_id=2**40)
        await connection.execute(detail)
        await connection.commit()
    payload = "product {{ version {2} }} userErrors {{ code }}"
    change = 'm{0}: productUpdate(input: {{id: "{1}", title: "New {0}"}}) {{ ' + payload + " }}"
    ids = [identity.encode("Product", number) for number in (1, 2)]
    before = await versions(gateway, ids)

    plain = await told(gateway, f"mutation {{ {change.format(1, ids[0], 'title')} }}")
    unusual = await told(gateway, f"mutation {{ {change.format(2, ids[1], 'detailDatabaseId')} }}")
    missing = await told(gateway, f"mutation {{ {change.format(3, identity.encode('Product', 99), 'title')} }}")
    refused = await told(gateway, f"mutation {{ {change.format(4, ids[0], 'title')} }}", CLERK)

    assert plain["data"] == {"m1": {"product": {"version": before[0] + 1, "title": "New 1"}, "userErrors": []}}
    assert unusual["errors"][0]["path"] == ["m2", "product", "detailDatabaseId"]
    assert missing["data"]["m3"] == {"product": None, "userErrors": [{"code": "NOT_FOUND"}]}
    assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert await versions(gateway, ids) == [before[0] + 1, before[1] + 1]
    assert told.by == {"plan": 3, "again": 1}


async def versions(gateway: Gateway, ids: list[str]) -> list[int]:
    asked = " ".join(f'p{n}: product(by: {{id: "{key}"}}) {{ version }}' for n, key in enumerate(ids))
    return [product["version"] for product in (await gateway(f"{{ {asked} }}")).values()]


async def test_who_may_is_shown_the_steps(gateway: Gateway) -> None:
    await stored(gateway, catalogue(4))
    told = Told()

    shown = (await told(gateway, PAGE, plan=True))["extensions"]["plan"]

    assert shown["executor"] == "plan"
    (page,) = shown["steps"]
    assert (page["field"], page["step"], page["parents"]) == ("products", "Listed", 1)
    assert page["statements"][0]["rows"] in {3, 4}
    inside = {step["field"]: step for step in page["steps"]}
    variants = inside["variants"]
    assert inside.keys() == {"variants", "totalCount"}
    assert (variants["parents"], variants["steps"]) == (3, [])
    assert "product_variant" in variants["statements"][0]["sql"]
    assert "extensions" not in await told(gateway, PAGE)
    assert "extensions" not in await told(gateway, PAGE, CLERK, plan=True)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_connections_that_died_are_nobodys_error(gateway: Gateway, database_url: str) -> None:
    await stored(gateway, catalogue(2))
    told = Told()
    whole: list[Any] = []
    for _ in range(3):
        whole = await asyncio.gather(*(told(gateway, PAGE) for _ in range(4)))
        assert not any("errors" in answer for answer in whole)
        other = Database.open(database_url, pool_size=1)
        async with other.read() as connection:
            ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
            await connection.execute(text(f"{ended} AND pid <> pg_backend_pid()"))
        await other.close()

    assert await told(gateway, PAGE) == whole[0]
    assert told.by["plan"] + told.by["again"] == 13


async def test_a_plan_takes_one_statement_each_and_nothing_else(gateway: Gateway) -> None:
    await stored(gateway, catalogue(4))
    with gateway.counting() as executed:
        await gateway(PAGE)

    assert len(executed) == 3  # the page, its variants, the count


async def test_whoever_asks_for_cents_alone_reads_nothing_of_the_store(gateway: Gateway) -> None:
    await stored(gateway, catalogue(2))
    price = "{{ products(first: 2) {{ nodes {{ variants {{ price {{ {} }} comparePrice {{ {} }} }} }} }} }}"
    asked = {}
    for leaves in ("cents", "__typename c: cents", "cents currency", "cents formatted"):
        with gateway.counting() as executed:
            asked[leaves] = (await gateway(price.format(leaves, leaves)))["products"]["nodes"]
        assert any("FROM store" in text for text in executed) == ("currency" in leaves or "formatted" in leaves), leaves

    def cents(leaves: str, name: str = "cents") -> list[Any]:
        variants = [variant for node in asked[leaves] for variant in node["variants"]]
        return [[v["price"][name], v["comparePrice"] and v["comparePrice"][name]] for v in variants]

    assert cents("cents") == cents("__typename c: cents", "c") == cents("cents currency") == cents("cents formatted")


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_the_first_sizes_of_a_list_stand_in_its_text_and_one_parent_is_asked_for_by_itself(
    gateway: Gateway,
) -> None:
    """PostgreSQL would plan these anew each time that they run."""
    await stored(gateway, catalogue(3))
    page = "query($first: Int) { products(first: $first) { nodes { variants { sku } } } }"
    texts: dict[int, list[str]] = {}
    for first in (1, 2, 3):
        with gateway.counting() as executed:
            await gateway(page, {"first": first})
        texts[first] = list(executed)
        assert f"LIMIT {first + 1}" in executed[0]
    assert ["= ANY" in texts[first][1] for first in (1, 2, 3)] == [False, True, True]
