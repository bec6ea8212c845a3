"""What the documents of `tests/operations/{003,006,017,019}-…` leave open: versions, events, several writers, how many
statements."""

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import pytest
import time_machine

from db.catalog.taxonomy import BRANDS, CATEGORIES
from engine.values import identity
from server.work.dates import PUBLISHING
from tests import factories
from tests.gateway import Gateway
from tests.patience import PATIENCE
from tests.recorded import NOW
from tests.resolvers.shelf import dump, events

T = TypeVar("T")

MOST_STATEMENTS: Final = 20

CREATE: Final = """
mutation Create($input: ProductCreateInput!, $key: String, $dry: Boolean! = false) {
  productCreate(input: $input, idempotencyKey: $key, validateOnly: $dry) {
    product { id databaseId slug version }
    userErrors { code message field }
  }
}
"""
UPDATE: Final = """
mutation Update($input: ProductUpdateInput!, $key: String, $dry: Boolean! = false) {
  productUpdate(input: $input, idempotencyKey: $key, validateOnly: $dry) {
    product { id title slug version manageStock stockAvailability variants { id title version totalStock available } }
    variants { id }
    userErrors { code message field }
  }
}
"""
BULK_CREATE: Final = """
mutation BulkCreate($input: ProductBulkCreateInput!, $key: String, $dry: Boolean! = false) {
  productBulkCreate(input: $input, idempotencyKey: $key, validateOnly: $dry) {
    results { index product { id slug categories { id } variants { id } } userErrors { code field } }
    userErrors { code field }
  }
}
"""
BULK_UPDATE: Final = """
mutation BulkUpdate($input: ProductBulkUpdateInput!, $key: String, $dry: Boolean! = false) {
  productBulkUpdate(input: $input, idempotencyKey: $key, validateOnly: $dry) {
    results { index product { id version } userErrors { code field } }
    variants { id version }
    userErrors { code field }
  }
}
"""
PICTURE: Final = {"attachmentId": 0, "url": "https://store.example/a.jpg", "title": "Front"}


async def run(gateway: Gateway, document: str, input: dict[str, Any], **arguments: Any) -> dict[str, Any]:
    """The payload of the document's only mutation."""
    (payload,) = (await gateway(document, {"input": input, **arguments})).values()
    found: dict[str, Any] = payload
    return found


async def together(*work: Awaitable[T]) -> list[T]:
    async with asyncio.timeout(PATIENCE):
        return await asyncio.gather(*work)


@pytest.fixture
async def store(gateway: Gateway) -> Gateway:
    """Categories 1 and 2, brand 3."""
    terms = [factories.term(1), factories.term(2), factories.term(3, BRANDS)]
    await factories.store_rows(gateway, [factories.categories(), factories.brands(), *terms])
    return gateway


def several(count: int, variants: int) -> dict[str, Any]:
    return {
        "products": [
            {
                "title": f"Product {i}",
                "fulfillmentType": "PHYSICAL",
                "variationType": "SIMPLE_VARIATIONS",
                "gallery": [PICTURE],
                "categories": [{"id": identity.encode("Term", 1)}],
                "variants": [{"title": f"V{j}", "sku": f"{i}-{j}", "price": 100 * j} for j in range(variants)],
            }
            for i in range(count)
        ]
    }


async def made(gateway: Gateway, count: int, variants: int = 2) -> list[dict[str, Any]]:
    payload = await run(gateway, BULK_CREATE, several(count, variants))
    assert payload["userErrors"] == []
    return [result["product"] for result in payload["results"]]


def everything_changed(products: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "products": [
            {
                "id": product["id"],
                "expectedVersion": 1,
                "title": f"Other {i}",
                "status": "PUBLISH",
                "content": f"<p>{i}</p>",
                "manageStock": True,
                "gallery": [PICTURE, PICTURE],
                "categories": [{"path": "Term 2"}],
                "variants": [
                    {
                        "id": variant["id"],
                        "expectedVersion": 1,
                        "title": f"W{j}",
                        "sku": f"other-{i}-{j}",
                        "price": 5,
                        "media": [PICTURE],
                    }
                    for j, variant in enumerate(reversed(product["variants"]))
                ],
            }
            for i, product in enumerate(products)
        ]
    }


@pytest.mark.parametrize("document", [UPDATE, BULK_UPDATE], ids=["one", "bulk"])
async def test_unsafe_content_that_is_stored_does_not_come_back_with_a_form(store: Gateway, document: str) -> None:
    unsafe = "<p onclick=x()>Hi</p><script>alert(1)</script>"
    await factories.store_rows(store, [factories.product(50, content=unsafe), factories.variant(51, 50)])
    form = {"id": identity.encode("Product", 50), "content": unsafe}
    payload = await run(store, document, form if document == UPDATE else {"products": [form]})
    assert payload["userErrors"] == []
    assert (await store("{ product(by: { databaseId: 50 }) { content version } }"))["product"] == {
        "content": "<p>Hi</p>",
        "version": 2,
    }


# Statements


async def test_a_bulk_update_of_ten_takes_at_most_twenty_statements(store: Gateway) -> None:
    """All that a request sends: the idempotency record, the events and the reading of the answer included."""
    products = await made(store, 10, 6)
    with store.counting() as statements:
        payload = await run(store, BULK_UPDATE, everything_changed(products), key="once")
    assert payload["userErrors"] == []
    assert [result["product"]["version"] for result in payload["results"]] == [2] * 10
    assert [variant["version"] for variant in payload["variants"]] == [2] * 60
    assert len(statements) <= MOST_STATEMENTS, statements


async def test_ten_products_take_as_many_statements_as_one(store: Gateway) -> None:
    counts = []
    for number, size in enumerate((1, 10)):
        wanted = several(size, 6)
        for product in wanted["products"]:
            product["title"] += f" of {number}"
            for variant in product["variants"]:
                variant["sku"] += f"/{number}"
        with store.counting() as statements:
            created = await run(store, BULK_CREATE, wanted, key=f"create {number}")
        assert created["userErrors"] == []
        counts.append(len(statements))
        with store.counting() as statements:
            await run(store, BULK_UPDATE, everything_changed_of(created, number), key=f"update {number}")
        counts.append(len(statements))
    assert counts[:2] == counts[2:]


def everything_changed_of(created: dict[str, Any], number: int) -> dict[str, Any]:
    wanted = everything_changed([result["product"] for result in created["results"]])
    for product in wanted["products"]:
        product["title"] += f" of {number}"
        for variant in product["variants"]:
            variant["sku"] += f"/{number}"
    return wanted


# Versions and events


async def test_what_changes_nothing_is_not_written(store: Gateway) -> None:
    products = await made(store, 3)
    await run(store, BULK_UPDATE, everything_changed(products))
    before = await dump(store)
    again = everything_changed(products)
    for product in again["products"]:
        for edited in (product, *product["variants"]):
            edited["expectedVersion"] = 2
    payload = await run(store, BULK_UPDATE, again)
    assert payload["userErrors"] == []
    assert payload["variants"] == []
    assert [result["product"]["version"] for result in payload["results"]] == [2, 2, 2]
    assert await dump(store) == before


async def test_every_new_version_has_its_event(store: Gateway) -> None:
    (product,) = await made(store, 1)
    told = [(event["name"], event["version"]) for event in await events(store)]
    assert told == [("product.created", 1), ("variant.created", 1), ("variant.created", 1)]
    first, _ = product["variants"]
    await run(
        store,
        UPDATE,
        {"id": product["id"], "status": "PUBLISH", "variants": [{"id": first["id"], "price": 700}], "gallery": []},
    )
    await run(store, UPDATE, {"id": product["id"], "manageStock": True})
    later = [(e["name"], e["entity"].split(":")[0], e["version"], e["changed"]) for e in (await events(store))[3:]]
    assert later == [
        ("product.updated", "Product", 2, ["gallery", "publishedAt", "status", "variants"]),
        ("product.published", "Product", 2, []),
        ("variant.updated", "ProductVariant", 2, ["price"]),
        ("product.updated", "Product", 3, ["manageStock", "variants"]),
        ("variant.updated", "ProductVariant", 3, ["manageStock"]),
        ("inventory.changed", "ProductVariant", 3, ["manageStock"]),
        ("variant.updated", "ProductVariant", 2, ["manageStock"]),
        ("inventory.changed", "ProductVariant", 2, ["manageStock"]),
    ]


async def test_managing_stock_counts_what_is_available(store: Gateway) -> None:
    """What a product starts to manage is all that there is of it; what it managed already keeps its numbers."""
    numbers: dict[str, Any] = {"available": 3, "total_stock": 10, "on_hold": 7}
    rows = [
        factories.product(1),
        factories.variant(11, 1, **numbers),
        factories.variant(12, 1, manage_stock=True, position=2, **numbers),
        factories.variant(13, 1, position=3, available=0, total_stock=4),
    ]
    await factories.store_rows(store, rows)
    payload = await run(store, UPDATE, {"id": identity.encode("Product", 1), "manageStock": True})
    assert [(v["totalStock"], v["available"]) for v in payload["product"]["variants"]] == [(3, 3), (10, 3), (0, 0)]
    assert payload["product"]["stockAvailability"] == "IN_STOCK"
    assert len(payload["variants"]) == 2


# Several at once


async def test_of_two_with_one_version_one_wins(store: Gateway) -> None:
    """Also when they change variants alone: a product is edited with what belongs to it."""
    (product,) = await made(store, 1)
    variants = [{"id": each["id"], "expectedVersion": 1} for each in product["variants"]]
    for version in range(1, 6):
        known = {"id": product["id"], "expectedVersion": version}
        payloads = await together(
            *(
                run(store, UPDATE, {**known, "variants": [{**one, "price": 1000 * n + version}]})
                for n, one in enumerate(variants)
            )
        )
        for one, payload in zip(variants, payloads, strict=True):
            one["expectedVersion"] += not payload["userErrors"]
        codes = [[error["code"] for error in payload["userErrors"]] for payload in payloads]
        assert sorted(codes) == [[], ["CONFLICT"]]
        (message,) = (error["message"] for payload in payloads for error in payload["userErrors"])
        assert message.endswith("changed since: variants")


async def test_without_a_version_both_are_applied(store: Gateway) -> None:
    (product,) = await made(store, 1)
    for round_ in range(5):
        payloads = await together(
            run(store, UPDATE, {"id": product["id"], "title": f"Title {round_}"}),
            run(store, BULK_UPDATE, {"products": [{"id": product["id"], "content": f"<p>{round_}</p>"}]}),
        )
        assert all(payload["userErrors"] == [] for payload in payloads)
    found = await store(f'{{ product(by: {{ id: "{product["id"]}" }}) {{ title content version }} }}')
    assert found["product"] == {"title": "Title 4", "content": "<p>4</p>", "version": 11}


async def test_the_same_title_at_once_gives_every_product_a_slug(store: Gateway) -> None:
    """Titles whose slugs could meet, too: the second `Mug` would be `mug-2`."""
    titles = ["Mug", "Mug 2", "mug", "Mug 2", "Mug", "MUG 3"]
    payloads = await together(*(run(store, CREATE, {"title": title}) for title in titles))
    assert all(payload["userErrors"] == [] for payload in payloads)
    slugs = {payload["product"]["slug"] for payload in payloads}
    assert len(slugs) == len(titles)
    again = await run(store, BULK_CREATE, {"products": [{"title": "Mug", "fulfillmentType": "DIGITAL"}] * 10})
    assert len(slugs | {result["product"]["slug"] for result in again["results"]}) == len(titles) + 10


async def test_a_title_given_a_hundred_times_is_still_few_statements(store: Gateway) -> None:
    for _ in range(10):
        await run(store, BULK_CREATE, {"products": [{"title": "Mug", "fulfillmentType": "DIGITAL"}] * 10})
    with store.counting() as statements:
        payload = await run(store, CREATE, {"title": "Mug"})
    assert payload["product"]["slug"] == "mug-101"
    assert len([s for s in statements if "slug IN" in s]) <= 3


async def test_of_two_with_one_sku_one_wins_and_the_rest_is_kept(store: Gateway) -> None:
    def wanted(name: str) -> dict[str, Any]:
        item = {"fulfillmentType": "DIGITAL"}
        return {
            "products": [
                {**item, "title": f"{name} alone"},
                {**item, "title": f"{name} wants", "variants": [{"sku": "ONE"}]},
            ]
        }

    payloads = await together(*(run(store, BULK_CREATE, wanted(name)) for name in ("a", "b", "c")))
    assert all(payload["userErrors"] == [] for payload in payloads)
    first, second = zip(*(payload["results"] for payload in payloads), strict=True)
    assert all(result["product"] for result in first)
    assert len([result for result in second if result["product"]]) == 1
    refused = [error for result in second for error in result["userErrors"]]
    assert refused == [{"code": "CONFLICT", "field": ["products", "1", "variants", "0", "sku"]}] * 2


async def test_a_category_that_several_need_is_made_once(store: Gateway) -> None:
    item = {"title": "Tea", "fulfillmentType": "PHYSICAL", "categories": [{"path": "Kitchen > Cups"}]}
    payloads = await together(*(run(store, BULK_CREATE, {"products": [item, item]}) for _ in range(3)))
    categories = {c["id"] for payload in payloads for r in payload["results"] for c in r["product"]["categories"]}
    assert len(categories) == 1
    terms = (await store("{ taxonomies { terms { name } } }"))["taxonomies"]
    assert sorted(t["name"] for taxonomy in terms for t in taxonomy["terms"] if "Term" not in t["name"]) == [
        "Cups",
        "Kitchen",
    ]


async def test_twins_with_one_key_are_carried_out_once(store: Gateway) -> None:
    for number, (document, wanted) in enumerate(((CREATE, {"title": "Mug"}), (BULK_CREATE, several(2, 1)))):
        variables = {"input": wanted, "key": f"key {number}"}
        answers = await together(*(store.answer(document, variables) for _ in range(3)))
        assert [answer.body["data"] for answer in answers] == [answers[0].body["data"]] * 3
        assert sorted("extensions" in answer.body for answer in answers) == [False, True, True]
    assert (await store("{ products { totalCount } }"))["products"]["totalCount"] == 3


async def test_a_dry_run_leaves_everything_as_it_was(store: Gateway) -> None:
    products = await made(store, 2)
    before = await dump(store)
    path = [{"path": "Kitchen > Cups"}]
    new = {"title": "Mug", "fulfillmentType": "PHYSICAL", "categories": path, "gallery": [PICTURE]}
    for document, wanted in (
        (CREATE, {"title": "Mug", "status": "PUBLISH", "gallery": [PICTURE]}),
        (UPDATE, {"id": products[0]["id"], "title": "Mug", "manageStock": True, "gallery": []}),
        (BULK_CREATE, {"products": [new, {**new, "title": ""}]}),
        (BULK_UPDATE, everything_changed(products)),
    ):
        payload = await run(store, document, wanted, dry=True, key="dry")
        assert payload["userErrors"] == []
        assert payload.get("product") is None
        assert not any(result["product"] for result in payload.get("results", []))
    assert await dump(store) == before


# A store that has nothing yet


async def test_the_first_category_of_a_store(gateway: Gateway) -> None:
    item = {"title": "Tea", "fulfillmentType": "PHYSICAL", "categories": [{"path": "Kitchen"}]}
    payload = await run(gateway, BULK_CREATE, {"products": [item]})
    assert payload["userErrors"] == []
    assert len(payload["results"][0]["product"]["categories"]) == 1
    assert CATEGORIES in [t["name"] for t in (await gateway("{ taxonomies { name } }"))["taxonomies"]]


# Scheduled products


async def test_a_scheduled_product_is_published_when_its_date_comes(store: Gateway) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        date = {"publishedAt": "2026-12-24T18:00:00Z"}
        for title in ("First", "Second"):
            payload = await run(store, CREATE, {"title": title, "status": "FUTURE", **date})
            assert payload["userErrors"] == []
        await run(store, CREATE, {"title": "Draft"})
        assert await PUBLISHING.strike(store.units) == 0
        clock.move_to(datetime(2026, 12, 24, 18, tzinfo=UTC))
        # A server each, at the same moment.
        assert sum(await together(*(PUBLISHING.strike(store.units) for _ in range(3)))) == 2
        assert await PUBLISHING.strike(store.units) == 0
    found = (await store("{ products(sort: [{ field: ID }]) { nodes { status publishedAt version } } }"))["products"]
    published = {"status": "PUBLISH", "publishedAt": "2026-12-24T18:00:00Z", "version": 2}
    assert found["nodes"][:2] == [published, published]
    assert found["nodes"][2]["status"] == "DRAFT"
    told = [(e["name"], e["version"], e["caller"]) for e in await events(store) if e["version"] == 2]
    assert told == [("product.updated", 2, "system"), ("product.published", 2, "system")] * 2
