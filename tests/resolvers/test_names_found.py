"""Whoever names one term, one attribute or one SKU reads what is named, however many others there are: no mutation is
handed a table, and no statement of it goes through one."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import pytest
from sqlalchemy import event, select

from db.catalog.taxonomy import TermRow
from db.drivers.texts import Found, Wording
from db.store.row import Row, table
from engine.values import identity
from tests import factories
from tests.gateway import Gateway, opened

MANY: Final = 1500
FEW: Final = 40  # rows that one of these mutations may be handed
TERM: Final = table(TermRow)
LARGE: Final = ("term", "attribute_group", "attribute_term")
CATEGORIES: Final = "product-categories"


def document(name: str, payload: str = "") -> str:
    takes = f"{name[0].upper()}{name[1:]}Input"
    return f"mutation ($input: {takes}!) {{ {name}(input: $input) {{ {payload} userErrors {{ code field }} }} }}"


CARRIED: Final = "results { product { categories { databaseId name parent { name } } } userErrors { message } }"
BULK: Final = document("productBulkCreate", CARRIED)


def id_of(kind: str, key: int) -> str:
    return identity.encode(kind, key)


def product(title: str, *paths: str) -> dict[str, Any]:
    categories = [{"path": path} for path in paths]
    return {"products": [{"title": title, "fulfillmentType": "DIGITAL", "categories": categories}]}


@pytest.fixture
async def crowd(module_database_url: str) -> AsyncIterator[Gateway]:
    """Categories 1 to 1500, each with a child of the same name (`Other`); as many attribute groups, and as many terms
    in the first. Made once."""
    async with opened(module_database_url) as gateway:
        if (await gateway("{ products { totalCount } }"))["products"]["totalCount"] == 0:
            rows: list[Row] = [factories.categories(), factories.brands()]
            rows += [factories.term(n) for n in range(1, MANY + 1)]
            rows += [factories.term(MANY + n, parent_id=n, name="Other") for n in range(1, MANY + 1)]
            rows += [factories.attribute_group(n) for n in range(1, MANY + 1)]
            rows += [factories.attribute_term(n, 1) for n in range(1, MANY + 1)]
            rows += [factories.product(1), factories.variant(1, 1)]
            await factories.store_rows(gateway, rows)
            async with gateway.database.write() as connection:
                await connection.exec_driver_sql("ANALYZE")
                await connection.commit()
        yield gateway


@dataclass
class Seen:
    """The questions that the database was asked, with their parameters, and how many rows it handed over."""

    asked: list[tuple[str, tuple[Any, ...]]] = field(default_factory=list)
    rows: int = 0


@contextmanager
def watching(gateway: Gateway) -> Iterator[Seen]:
    seen = Seen()
    found = Wording.found

    def executed(_connection: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.lstrip().startswith(("SELECT", "WITH")):
            seen.asked.append((statement, tuple(parameters)))
        seen.rows += len(cursor._rows) if cursor is not None else 0

    def handed(wording: Wording, rows: Sequence[Sequence[Any]], rowcount: int) -> Found:
        seen.rows += len(rows)
        return found(wording, rows, rowcount)

    engines = [engine.sync_engine for engine in gateway.database.engines]
    for engine in engines:
        event.listen(engine, "after_cursor_execute", executed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Wording, "found", handed)
        yield seen
    for engine in engines:
        event.remove(engine, "after_cursor_execute", executed)


async def gone_through(gateway: Gateway, asked: Sequence[tuple[str, tuple[Any, ...]]]) -> list[str]:
    """The statements that read a large table from its beginning to its end, by what the database says of them."""
    embedded = gateway.database.embedded
    through = []
    async with gateway.database.write() as connection:
        for statement, parameters in asked:
            explain = "EXPLAIN QUERY PLAN" if embedded else "EXPLAIN"
            plan = [str(row) for row in await connection.exec_driver_sql(f"{explain} {statement}", parameters)]
            scans = [f"SCAN {name}" if embedded else f"Seq Scan on {name}" for name in LARGE]
            # An index from one end to the other is no better.
            if any(f"{scan}{after}" in line for line in plan for scan in scans for after in ("'", " ", "\n")):
                through.append("\n".join([statement, *plan]))
    return through


DEEDS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "paths that are there": (BULK, product("A", "Term 7 > OTHER", "Term 3")),
    "a path that is missing": (BULK, product("B", "Term 7 > Other > Newer > Newest")),
    "terms by their names": (
        document("productTermsAdd", "terms { name }"),
        {"taxonomy": CATEGORIES, "name": "Other, Some, More", "parentId": id_of("Term", 8)},
    ),
    "a term": (document("termCreate"), {"taxonomy": CATEGORIES, "name": "Wanted", "parentId": id_of("Term", 8)}),
    "a term of a slug": (document("termCreate"), {"taxonomy": CATEGORIES, "name": "Named", "slug": "named"}),
    "a term renamed and moved": (
        document("termUpdate"),
        {"id": id_of("Term", MANY + 9), "name": "Moved", "parentId": id_of("Term", 10), "slug": None},
    ),
    "a term that goes": (document("termDelete", "movedTerms { name }"), {"id": id_of("Term", 11)}),
    "an attribute group": (document("attributeGroupCreate"), {"title": "Colour"}),
    "an attribute group renamed": (
        document("attributeGroupUpdate"),
        {"id": id_of("AttributeGroup", 2), "title": "Size", "slug": "size"},
    ),
    "a term of an attribute": (
        document("attributeTermCreate"),
        {"groupId": id_of("AttributeGroup", 1), "title": "Red", "position": 1},
    ),
    "a term of an attribute renamed": (
        document("attributeTermUpdate"),
        {"id": id_of("AttributeTerm", 5), "title": "Green", "slug": "green"},
    ),
    "combinations of terms": (
        document("productVariantOptionsSync"),
        {
            "productId": id_of("Product", 1),
            "variationType": "ADVANCED_VARIATIONS",
            "options": [{"groupId": id_of("AttributeGroup", 1), "termIds": [id_of("AttributeTerm", 7)]}],
        },
    ),
}


@pytest.mark.parametrize("deed", DEEDS)
async def test_what_is_named_is_read(crowd: Gateway, deed: str) -> None:
    text, given = DEEDS[deed]
    with watching(crowd) as seen:
        (payload,) = (await crowd(text, {"input": given})).values()

    assert not payload["userErrors"], payload
    assert not any(one["userErrors"] for one in payload.get("results", []))
    assert seen.asked
    assert 0 < seen.rows <= FEW
    assert await gone_through(crowd, seen.asked) == []


async def test_a_whole_table_would_be_noticed(crowd: Gateway) -> None:
    """What the test above looks at can tell."""
    async with crowd.database.write() as connection:
        with watching(crowd) as seen:
            await connection.execute(select(TERM))
            rows = await connection.exec_driver_sql("SELECT name FROM term WHERE description = 'x'")
            assert rows.all() == []
    assert seen.rows >= 2 * MANY
    assert len(await gone_through(crowd, seen.asked[-1:])) == 1


async def test_a_name_that_is_taken_is_found_among_many(crowd: Gateway) -> None:
    """By its parent, whatever the case, its slug in the whole taxonomy."""

    async def wrong(mutation: str, **input: Any) -> list[tuple[str, list[str]]]:
        (payload,) = (await crowd(document(mutation), {"input": input})).values()
        return [(error["code"], error["field"]) for error in payload["userErrors"]]

    group = id_of("AttributeGroup", 1)
    assert await wrong("termCreate", taxonomy=CATEGORIES, name="TERM 1499") == [("CONFLICT", ["name"])]
    at = {"taxonomy": CATEGORIES, "parentId": id_of("Term", 1499)}
    assert await wrong("termCreate", **at, name="other") == [("CONFLICT", ["name"])]
    assert await wrong("termCreate", **at, name="Fresh", slug="term-1498") == [("CONFLICT", ["slug"])]
    assert await wrong("attributeGroupCreate", title="GROUP 1499") == [("CONFLICT", ["title"])]
    assert await wrong("attributeGroupCreate", title="Fresh", slug="group-1499") == [("CONFLICT", ["slug"])]
    assert await wrong("attributeTermCreate", groupId=group, title="tErm 1499") == [("CONFLICT", ["title"])]
    assert await wrong("attributeTermCreate", groupId=group, title="Fresh", slug="term-1499") == [
        ("CONFLICT", ["slug"])
    ]
    assert await wrong("attributeTermCreate", groupId=id_of("AttributeGroup", 3), title="Term 1499") == []
    assert await wrong("attributeTermUpdate", id=id_of("AttributeTerm", 6), title="TERM 6") == []


async def test_of_many_paths_each_name_is_made_once(crowd: Gateway) -> None:
    """In as many statements as the longest has levels."""
    paths = [f"Term {n} > Other > Level {n % 3} > End" for n in (20, 20, 21, 22)] + ["Term 20 > other > LEVEL 2"]
    with crowd.counting() as statements:
        payload = (await crowd(BULK, {"input": product("Paths", *paths)}))["productBulkCreate"]
    (made,) = payload["results"]
    assert made["userErrors"] == []
    found = sorted((c["name"], c["parent"]["name"]) for c in made["product"]["categories"])
    assert found == [("End", "Level 0"), ("End", "Level 1"), ("End", "Level 2"), ("Level 2", "Other")]
    into = [s for s in statements if s.startswith("INSERT INTO term")]
    assert len(into) == 2


async def test_a_path_that_several_miss_at_once_is_made_once(crowd: Gateway) -> None:
    async with asyncio.timeout(25):
        answers = await asyncio.gather(
            *(crowd(BULK, {"input": product(f"At once {n}", "Term 30 > Both > End")}) for n in range(5))
        )
    results = [result for answer in answers for result in answer["productBulkCreate"]["results"]]
    assert [result["userErrors"] for result in results] == [[]] * 5
    assert len({c["databaseId"] for r in results for c in r["product"]["categories"]}) == 1


async def test_names_of_any_signs_are_found_again(crowd: Gateway) -> None:
    path = 'Term 40 > a "quoted" one > back\\slash > {it\'s: 1} > 日本 🎉 > $[0]'
    first, again = [(await crowd(BULK, {"input": product("Signs", path)}))["productBulkCreate"] for _ in range(2)]
    (made,), (found,) = first["results"], again["results"]
    assert (made["userErrors"], found["userErrors"]) == ([], [])
    assert made["product"]["categories"] == found["product"]["categories"]
    assert found["product"]["categories"][0]["name"] == "$[0]"
