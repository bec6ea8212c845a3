"""Bad items of a bulk, which GraphQL makes nothing of: they are told of at their places and fail nothing else."""

from typing import Any

import pytest

from db.catalog.product import ProductRow, ProductStatus
from db.store.row import table
from engine.unit.perform import perform as by_name
from engine.values.identity import encode
from schema.root import schema
from tests.gateway import ADMIN, Gateway
from tests.resolvers.catalogue import PRINT, SET, product_id, stocked, stored
from tests.resolvers.performing import perform

RESULTS = "results { index product { title status } userErrors { code message field } }"
GOOD = {"title": "Rope", "fulfillmentType": "PHYSICAL"}
LAST = {"title": "Rope bag", "fulfillmentType": "PHYSICAL"}


@pytest.fixture
async def catalogue(gateway: Gateway) -> Gateway:
    return await stocked(gateway)


def wrong(payload: dict[str, Any]) -> dict[int, list[tuple[str, str]]]:
    """The code and the field of each item's errors, by its place."""
    assert [result["index"] for result in payload["results"]] == list(range(len(payload["results"])))
    return {
        result["index"]: [(e["code"], ".".join(e["field"])) for e in result["userErrors"]]
        for result in payload["results"]
        if result["userErrors"]
    }


CREATED = [
    ({**GOOD, "title": 5}, "title"),
    ({**GOOD, "fulfillmentType": "BY_OWL"}, "fulfillmentType"),
    ({**GOOD, "totalStock": 10**30}, "totalStock"),
    ({"title": "Rope"}, ""),
    ({**GOOD, "colour": "red"}, ""),
    ({**GOOD, "totalStock": None}, "totalStock"),
    ({**GOOD, "categories": [{"id": "broken"}]}, "categories.0.id"),
    ("Rope", ""),
    (None, ""),
]


async def test_what_is_bad_is_not_made_and_the_others_are(catalogue: Gateway) -> None:
    before = len(await stored(catalogue, table(ProductRow)))
    for item, field in CREATED:
        payload = await perform(catalogue, "productBulkCreate", {"products": [GOOD, item, LAST]}, RESULTS)
        place = ".".join(filter(None, ("products.1", field)))
        assert wrong(payload) == {1: [("VALIDATION", place)]}, item
        assert payload["userErrors"] == []
        assert [(r["product"] or {}).get("title") for r in payload["results"]] == ["Rope", None, "Rope bag"]
    assert len(await stored(catalogue, table(ProductRow))) == before + 2 * len(CREATED)


async def test_changes_that_are_bad_are_left_out(catalogue: Gateway) -> None:
    products = [
        {"id": product_id(PRINT), "title": 5},
        {"id": "broken"},
        {"title": "No id"},
        {"id": product_id(SET), "title": "Changed"},
    ]
    payload = await perform(catalogue, "productBulkUpdate", {"products": products}, RESULTS)
    assert wrong(payload) == {
        0: [("VALIDATION", "products.0.title")],
        1: [("VALIDATION", "products.1.id")],
        2: [("VALIDATION", "products.2")],
    }
    assert payload["results"][3]["product"]["title"] == "Changed"


IDS = """
mutation Do($ids: [ID!]!) { productBulkAction(input: { action: DRAFT, ids: $ids }) {
  results { index product { status } userErrors { code message field } } userErrors { code }
} }
"""


@pytest.mark.parametrize("listed", [False, True], ids=["input", "list"])
async def test_an_action_is_done_to_the_others(catalogue: Gateway, listed: bool) -> None:
    ids = ["broken", product_id(PRINT), True, encode("Order", 1), None]
    if listed:
        payload = (await catalogue(IDS, {"ids": ids}))["productBulkAction"]
    else:
        payload = await perform(catalogue, "productBulkAction", {"action": "DRAFT", "ids": ids}, RESULTS)
    assert wrong(payload) == {index: [("VALIDATION", f"ids.{index}")] for index in (0, 2, 3, 4)}
    drafts = await stored(catalogue, table(ProductRow), status=ProductStatus.DRAFT)
    assert [row["id"] for row in drafts] == [PRINT]


ALL_BAD: list[tuple[str, str, dict[str, Any]]] = [
    ("productBulkCreate", "products", {"products": [None, {"title": "Rope"}]}),
    ("productBulkUpdate", "products", {"products": [None, {"id": "broken"}]}),
    *[("productBulkAction", "ids", {"action": a, "ids": [True, "broken"]}) for a in ("PUBLISH", "DELETE", "DUPLICATE")],
]


async def test_when_all_are_bad_the_payload_says_it_too(catalogue: Gateway) -> None:
    for mutation, name, given in ALL_BAD:
        payload = await perform(catalogue, mutation, given, RESULTS)
        assert [e["field"][:2] for e in payload["userErrors"]] == [[name, "0"], [name, "1"]], given
        assert sorted(wrong(payload)) == [0, 1]


async def test_in_the_text_of_a_document_it_is_a_mistake_of_the_document(catalogue: Gateway) -> None:
    before = len(await stored(catalogue, table(ProductRow)))
    ids = f'["{product_id(PRINT)}", true]'
    text = f"mutation {{ productBulkAction(input: {{ action: DELETE, ids: {ids} }}) {{ {RESULTS} }} }}"
    answer = await catalogue.answer(text)
    assert answer.body["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert len(await stored(catalogue, table(ProductRow))) == before


async def test_performed_by_name_it_is_the_same(catalogue: Gateway) -> None:
    known = schema.mutations["productBulkCreate"]
    outcome = await by_name(known, {"products": [{"title": 5}, GOOD]}, ADMIN, catalogue.units)
    assert [len(result["user_errors"]) for result in outcome.keys["results"]] == [2, 0]
    assert len(outcome.keys["products"]) == 1


async def test_a_repeat_with_another_bad_item_is_another_input(catalogue: Gateway) -> None:
    first, other = [GOOD, {"title": 10**30}], [GOOD, {"title": 10**31}]
    told = [
        await perform(catalogue, "productBulkCreate", {"products": products}, RESULTS, key="once")
        for products in (first, first, other)
    ]
    assert told[0]["results"] == told[1]["results"]
    assert [e["code"] for e in told[2]["userErrors"]] == ["CONFLICT"]


@pytest.mark.parametrize(
    "item",
    [
        '{ titel: "x", shortDescription: "LONG" }',
        '{ title: "x", fulfillmentType: PHYSICAL, totalStock: "LONG" }',
        '{ title: "x", fulfillmentType: "LONG" }',
        '"LONG"',
    ],
)
async def test_what_is_wrong_with_an_item_is_told_without_the_item(catalogue: Gateway, item: str) -> None:
    """Of a long value its beginning, which tells which it is."""
    given = item.replace("LONG", "much to say " * 100)
    document = f"mutation {{ productBulkCreate(input: {{ products: [{given}] }}) {{ userErrors {{ message }} }} }}"
    errors = await catalogue.refused(document)
    assert errors
    for error in errors:
        assert len(error["message"]) < 200
        assert error["message"].count("much to say") <= 5
