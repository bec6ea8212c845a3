"""A list below many parents: each has its own page, its own count, and all of them together one statement."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.catalog.product import ProductRow, ProductStatus
from engine.values import identity
from tests import factories
from tests.engine.answers import asked
from tests.engine.lists import EXAMPLES, Sort, ordered, products, sorts
from tests.engine.shelves import catalogue, cleared, stored
from tests.gateway import ANONYMOUS, Gateway

TERMS = [1, 2, 3, 4]

PAGES = """
query($ids: [ID!]!, $first: Int, $after: String, $last: Int, $before: String, $page: Int, $sort: [ProductSort!],
      $upTo: Int) {
  nodes(ids: $ids) { ... on Term {
    products(first: $first, after: $after, last: $last, before: $before, page: $page, sort: $sort) {
      edges { cursor node { databaseId } }
      pageInfo { hasNextPage hasPreviousPage endCursor page pageCount }
      totalCount(upTo: $upTo)
    }
  } }
}
"""


async def pages(gateway: Gateway, terms: list[int], **variables: Any) -> list[dict[str, Any]]:
    ids = [identity.encode("Term", term) for term in terms]
    answer = await asked(gateway, PAGES, {"ids": ids} | variables)
    assert answer.executed, answer.body
    return [term["products"] for term in answer.body["data"]["nodes"]]


def ids(found: dict[str, Any]) -> list[int]:
    return [edge["node"]["databaseId"] for edge in found["edges"]]


async def shelve(gateway: Gateway, rows: list[ProductRow], carried: dict[int, set[int]]) -> None:
    await cleared(gateway, "product", "term", "taxonomy")
    links = [factories.product_term(product, term) for product, terms in carried.items() for term in terms]
    await stored(gateway, [factories.categories(), *map(factories.term, TERMS), *rows, *links])


@EXAMPLES
@given(rows=products(), sort=sorts(), size=st.integers(1, 4), number=st.integers(1, 3), data=st.data())
async def test_each_parent_has_its_own_page(
    gateways: tuple[Gateway, Gateway],
    rows: list[ProductRow],
    sort: Sort,
    size: int,
    number: int,
    data: st.DataObject,
) -> None:
    carried = {row.id: data.draw(st.sets(st.sampled_from(TERMS))) for row in rows}
    lists = {term: ordered([row for row in rows if term in carried[row.id]], sort) for term in TERMS}
    for gateway in gateways:
        await shelve(gateway, rows, carried)
        first = await pages(gateway, TERMS, first=size, sort=sort or None, upTo=3)
        jumped = await pages(gateway, TERMS, first=size, page=number, sort=sort or None)
        last = await pages(gateway, TERMS, last=size, sort=sort or None)
        for term, ahead, there, behind in zip(TERMS, first, jumped, last, strict=True):
            every = lists[term]
            assert ids(ahead) == every[:size]
            assert ahead["pageInfo"]["hasNextPage"] == (len(every) > size)
            assert ahead["pageInfo"]["pageCount"] == -(-len(every) // size)
            assert ahead["totalCount"] == min(3, len(every))
            assert ids(there) == every[(number - 1) * size : number * size]
            assert there["pageInfo"]["hasNextPage"] == (len(every) > number * size)
            assert there["totalCount"] == len(every)
            assert ids(behind) == every[-size:]
            assert behind["pageInfo"]["hasPreviousPage"] == (len(every) > size)


@EXAMPLES
@given(rows=products(), sort=sorts(), data=st.data())
async def test_a_cursor_is_a_place_in_every_parents_list(
    gateways: tuple[Gateway, Gateway], rows: list[ProductRow], sort: Sort, data: st.DataObject
) -> None:
    """It need not be the place of a row of that parent."""
    if not rows:
        return
    carried = {row.id: data.draw(st.sets(st.sampled_from(TERMS), min_size=1)) for row in rows}
    whole = ordered(rows, sort)
    at = data.draw(st.integers(0, len(rows) - 1))
    for gateway in gateways:
        await shelve(gateway, rows, carried)
        every = await pages(gateway, TERMS, first=100, sort=sort or None)
        cursor = next(e["cursor"] for p in every for e in p["edges"] if e["node"]["databaseId"] == whole[at])
        after = await pages(gateway, TERMS, first=2, after=cursor, sort=sort or None)
        before = await pages(gateway, TERMS, last=2, before=cursor, sort=sort or None)
        for term, ahead, behind in zip(TERMS, after, before, strict=True):
            assert ids(ahead) == [n for n in whole[at + 1 :] if term in carried[n]][:2]
            assert ids(behind) == [n for n in whole[:at] if term in carried[n]][-2:]


@pytest.mark.parametrize("parents", [1, 2, 20])
async def test_the_statements_do_not_grow_with_the_parents(gateway: Gateway, parents: int) -> None:
    """The terms; their pages; the counts; the variants of all pages; one more for the count that stops early."""
    await stored(gateway, catalogue(60, variants=2, terms=20))
    document = """
        query($ids: [ID!]!) { nodes(ids: $ids) { ... on Term {
            products(first: 2) { nodes { title variants { sku } } totalCount few: totalCount(upTo: 2) }
        } } }
    """
    terms = [identity.encode("Term", n) for n in range(1, parents + 1)]

    with gateway.counting() as sql:
        data = await gateway(document, {"ids": terms})

    assert len(sql) == 5
    assert [len(term["products"]["nodes"]) for term in data["nodes"]] == [2] * parents
    assert all(term["products"]["totalCount"] >= 3 for term in data["nodes"])
    assert {term["products"]["few"] for term in data["nodes"]} == {2}


async def test_a_list_below_a_list(gateway: Gateway) -> None:
    """products → categories → products: one statement a level, and each level knows its own parents."""
    await stored(gateway, catalogue(12, terms=3))

    with gateway.counting() as sql:
        data = await gateway(
            """{ products(first: 3, sort: {field: ID}) { nodes { databaseId categories { databaseId
                 products(first: 100, sort: {field: ID}) { nodes { databaseId } } } } } }"""
        )

    assert len(sql) == 3
    for node in data["products"]["nodes"]:
        assert node["categories"]
        for term in node["categories"]:
            assert node["databaseId"] in [p["databaseId"] for p in term["products"]["nodes"]]
    first = data["products"]["nodes"][0]["categories"][0]
    assert [p["databaseId"] for p in first["products"]["nodes"]] == [1, 3, 4, 6, 7, 9, 10, 12]


async def test_filters_and_visibility_hold_below_a_parent(gateway: Gateway) -> None:
    rows = [factories.product(n, status=status) for n, status in enumerate(ProductStatus, start=1)]
    links = [factories.product_term(row.id, 1) for row in rows]
    await stored(gateway, [factories.categories(), factories.term(1), *rows, *links])
    document = """
        query($id: ID!) { node(id: $id) { ... on Term {
            all: products { nodes { status } totalCount }
            drafts: products(filter: {status: {eq: DRAFT}}) { nodes { status } totalCount(upTo: 5) }
        } } }
    """
    variables = {"id": identity.encode("Term", 1)}

    mine = (await gateway(document, variables))["node"]
    anyones = (await gateway(document, variables, ANONYMOUS))["node"]

    assert (mine["all"]["totalCount"], len(mine["all"]["nodes"])) == (len(ProductStatus), len(ProductStatus))
    assert mine["drafts"] == {"nodes": [{"status": "DRAFT"}], "totalCount": 1}
    assert anyones["all"] == {"nodes": [{"status": "PUBLISH"}], "totalCount": 1}
    assert anyones["drafts"] == {"nodes": [], "totalCount": 0}
