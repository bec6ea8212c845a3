"""One action on many products: what goes well is kept, what does not says why."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from db.access.viewer import Viewer
from db.catalog.product import ProductRow, ProductStatus, VariationType
from db.catalog.variant import VariantRow
from db.commerce.order import OrderStatus
from db.store.row import now, table
from tests import factories
from tests.gateway import ANONYMOUS, Gateway
from tests.resolvers.catalogue import FRAME, PRINT, SET, done, product_id, stocked, stored
from tests.resolvers.shelf import dump, events

ALL = """
results { index deletedId product { databaseId status } userErrors { code message field } }
deletedVariantIds bundles { databaseId version } upgradePaths { databaseId } deletedUpgradePathIds deletedFeedIds
"""


@pytest.fixture
async def catalogue(gateway: Gateway) -> Gateway:
    return await stocked(gateway)


async def acted(gateway: Gateway, action: str, *keys: int, **arguments: Any) -> dict[str, Any]:
    ids = [product_id(key) for key in keys]
    return await done(gateway, "productBulkAction", {"action": action, "ids": ids}, ALL, **arguments)


def codes(payload: dict[str, Any]) -> list[str | None]:
    """Of each result the first error."""
    assert [result["index"] for result in payload["results"]] == list(range(len(payload["results"])))
    return [next((error["code"] for error in result["userErrors"]), None) for result in payload["results"]]


async def test_good_ones_are_kept(catalogue: Gateway) -> None:
    payload = await acted(catalogue, "DRAFT", PRINT, 99, SET, PRINT)
    assert codes(payload) == [None, "NOT_FOUND", None, "VALIDATION"]
    assert payload["results"][1]["userErrors"][0]["field"] == ["ids", "1"]
    assert payload["userErrors"] == []
    drafts = await stored(catalogue, table(ProductRow), status=ProductStatus.DRAFT)
    assert [row["id"] for row in drafts] == [PRINT, SET]


async def test_when_all_fail_nothing_is_written_and_their_errors_are_the_payloads(catalogue: Gateway) -> None:
    before = await dump(catalogue)
    for action in ("PUBLISH", "DRAFT", "DELETE", "DUPLICATE"):
        payload = await acted(catalogue, action, 98, 99)
        assert codes(payload) == ["NOT_FOUND", "NOT_FOUND"]
        assert [error["field"] for error in payload["userErrors"]] == [["ids", "0"], ["ids", "1"]]
    assert await dump(catalogue) == before


@pytest.mark.parametrize("count", [0, 101])
async def test_one_to_a_hundred(catalogue: Gateway, count: int) -> None:
    payload = await acted(catalogue, "DRAFT", *range(1, count + 1))
    assert [(error["code"], error["field"]) for error in payload["userErrors"]] == [("VALIDATION", ["ids"])]
    assert payload["results"] == []


async def test_publishing_says_when(catalogue: Gateway) -> None:
    later = now() + timedelta(days=9)
    rows = [
        factories.product(50, status=ProductStatus.FUTURE, published_at=later),
        factories.variant(51, 50),
        factories.product(60, status=ProductStatus.DRAFT),  # simple, and without a variant
        factories.product(70, status=ProductStatus.DRAFT, variation_type=VariationType.SIMPLE_VARIATIONS),
    ]
    await factories.store_rows(catalogue, rows)
    payload = await acted(catalogue, "PUBLISH", 50, 60, 70, PRINT)

    assert codes(payload) == [None, "VALIDATION", None, None]
    (scheduled,) = await stored(catalogue, table(ProductRow), id=50)
    assert scheduled["status"] is ProductStatus.PUBLISH
    assert scheduled["published_at"] <= datetime.now(UTC)
    # The print was published already: no event, no new version.
    told = [(event["name"], event["entity"], event["version"], event["changed"]) for event in await events(catalogue)]
    assert told == [
        ("product.updated", "Product:50", 2, ["publishedAt", "status"]),
        ("product.published", "Product:50", 2, []),
        ("product.updated", "Product:70", 2, ["publishedAt", "status"]),
        ("product.published", "Product:70", 2, []),
    ]


async def test_deleting_keeps_what_is_sold(catalogue: Gateway) -> None:
    rows = [
        factories.order(1, status=OrderStatus.ON_HOLD),
        factories.order_item(1, 1, product_id=SET),
    ]
    await factories.store_rows(catalogue, rows)
    payload = await acted(catalogue, "DELETE", PRINT, SET, FRAME)

    assert codes(payload) == [None, "CONFLICT", None]
    assert payload["results"][1]["userErrors"][0] == {
        "code": "CONFLICT",
        "message": "1 unfinished order holds it; complete or cancel first",
        "field": ["ids", "1"],
    }
    assert [result["deletedId"] for result in payload["results"]] == [product_id(PRINT), None, product_id(FRAME)]
    assert len(payload["deletedVariantIds"]) == len(payload["deletedUpgradePathIds"]) == 3
    assert [bundle["version"] for bundle in payload["bundles"]] == [2]
    assert [row["id"] for row in await stored(catalogue, table(ProductRow))] == [SET]


@pytest.mark.parametrize(("action", "permission"), [("DELETE", "products/delete"), ("DUPLICATE", "products/create")])
async def test_each_action_takes_the_permission_of_the_single_one(
    catalogue: Gateway, action: str, permission: str
) -> None:
    """Whatever else the caller may do, and before anything is looked at."""
    every = {"products/view", "products/edit", "products/create", "products/delete"}
    document = """mutation Do($input: ProductBulkActionInput!) {
      productBulkAction(input: $input) { results { index } userErrors { code } }
    }"""
    variables = {"input": {"action": action, "ids": [product_id(PRINT)]}}
    viewer = Viewer("token:other", "other", frozenset(every - {permission}))
    before = await dump(catalogue)
    (error,) = (await catalogue.answer(document, variables, viewer)).body["errors"]
    assert error["extensions"] == {"code": "FORBIDDEN", "permission": permission}
    (error,) = (await catalogue.answer(document, variables, ANONYMOUS)).body["errors"]
    assert error["extensions"]["code"] == "UNAUTHENTICATED"
    assert await dump(catalogue) == before
    allowed = Viewer("token:other", "other", frozenset({"products/view", "products/edit", permission}))
    answer = await catalogue.answer(document, variables, allowed)
    assert answer.body["data"]["productBulkAction"]["userErrors"] == []


async def test_what_a_caller_may_not_see_is_not_there(catalogue: Gateway) -> None:
    await acted(catalogue, "DRAFT", SET)
    editor = Viewer("token:editor", "editor", frozenset({"products/edit", "products/delete"}))
    payload = await acted(catalogue, "DELETE", SET, PRINT, viewer=editor)
    assert codes(payload) == ["NOT_FOUND", None]
    assert [row["product_id"] for row in await stored(catalogue, table(VariantRow))] == [SET, FRAME]
