"""A step that tells what a query of the saver's own answers, as webhooks do."""

from dataclasses import replace
from typing import Any, Final

import orjson
import pytest

from db.integration.workflow.trigger import TRIGGERS
from resolvers.integration.workflow import trying
from tests.connectors.outbound.receiver import Exchange, receiving
from tests.connectors.workflows.driving import delivered, latest_event, once
from tests.connectors.workflows.flows import CONFIGURE, PERMISSIONS, Flows

QUERY: Final = "query ($id: ID!) { product(by: {id: $id}) { title slug variants { sku } } }"
DRY: Final = """query ($id: ID!) { workflowDryRun(id: $id) { steps { request { method url body } problem } } }"""
SHOWN: Final = "query ($id: ID!) { node(id: $id) { ... on Workflow { steps { body query } } } }"


def asking(query: str | None = QUERY, url: str = "https://warehouse.example/") -> dict[str, Any]:
    return {"type": "WEBHOOK", "url": url, "body": "QUERY", **({} if query is None else {"query": query})}


async def test_what_the_query_answers_is_sent_and_not_kept(flows: Flows) -> None:
    came: list[bytes] = []

    async def called(exchange: Exchange) -> None:
        while True:
            came.append(await exchange.read())
            await exchange.answer(body=b"Thanks for the Linen towel")

    async with receiving(called) as receiver:
        workflow = await flows.configured(asking(url=f"{receiver.url}/?a=b"))
        await flows.edited("Linen towel")
        dry = (await flows.gateway(DRY, {"id": workflow}))["workflowDryRun"]["steps"]
        delivery = await delivered(flows, await latest_event(flows))
        await once(flows, flows.sender, delivery)
    (request,) = came
    told = orjson.loads(request.partition(b"\r\n\r\n")[2])
    product = {"title": "Linen towel", "slug": "linen-shirt", "variants": [{"sku": "SHIRT"}]}
    assert (told["event"], told["data"]) == ("product.updated", {"product": product})
    assert orjson.loads(dry[0]["request"]["body"])["data"] == {"product": product}
    (run,) = await flows.runs("COMPLETED")
    assert run["steps"]["nodes"][0]["request"] == f"POST {receiver.url}/"
    assert "Linen towel" not in str(run)
    shown = (await flows.gateway(SHOWN, {"id": workflow}))["node"]["steps"]
    assert shown == [{"body": "QUERY", "query": QUERY}]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (None, "A query is required for the body QUERY"),
        ("query ($id: ID!) { product(by: {id: $id}) { titel } }", "Cannot query field 'titel'"),
        ('mutation { productDelete(input: {id: "x"}) { deletedId } }', "It is one operation, and that a query"),
        ("query ($orderId: Int) { orders { nodes { id } } }", "$orderId"),
        ("query { __schema { types { name } } }", "It asks about the store, not about the schema"),
    ],
)
async def test_a_query_that_is_none_of_the_event_is_refused(flows: Flows, query: str | None, said: str) -> None:
    found = TRIGGERS["product_updated"]
    given = {"name": "Say so", "entityType": "PRODUCT", "triggerId": found.guid, "steps": [asking(query)]}
    answer = (await flows.gateway(CONFIGURE, {"input": given}, flows.partner))["workflowConfigure"]
    assert {(one["code"], *one["field"]) for one in answer["userErrors"]} == {("VALIDATION", "steps", "0", "query")}
    assert said in str(answer["userErrors"])
    # With a trigger that is none, that is all that is said of it.
    given["triggerId"] = "nothing"
    answer = (await flows.gateway(CONFIGURE, {"input": given}, flows.partner))["workflowConfigure"]
    assert answer["userErrors"][0]["field"] == ["triggerId"]
    assert len(answer["userErrors"]) == (2 if query is None else 1)


async def test_a_query_fits_the_trigger_that_it_is_left_with(flows: Flows) -> None:
    stock = "query ($variantId: Int!) { productVariant(by: {databaseId: $variantId}) { title } }"
    workflow = await flows.configured(asking(stock), trigger="product_stock_changed")
    other = {"id": workflow, "triggerId": TRIGGERS["product_updated"].guid}
    answer = (await flows.gateway(CONFIGURE, {"input": other}, flows.partner))["workflowConfigure"]
    assert {tuple(one["field"]) for one in answer["userErrors"]} == {("steps", "0", "query")}
    renamed = await flows.gateway(CONFIGURE, {"input": {"id": workflow, "name": "Stock"}}, flows.partner)
    assert renamed["workflowConfigure"]["userErrors"] == []


async def test_it_asks_as_whoever_saved_it_may_now(flows: Flows) -> None:
    cost = "query ($id: ID!) { product(by: {id: $id}) { variants { manageCost } } }"
    lacking = replace(flows.partner, permissions=PERMISSIONS - {"products/edit"})
    given = {"name": "Say so", "entityType": "PRODUCT", "triggerId": TRIGGERS["product_updated"].guid}
    answer = await flows.gateway.answer(CONFIGURE, {"input": {**given, "action": asking(cost)}}, lacking)
    assert answer.body["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    await flows.configured(asking(cost))
    await flows.edited("Linen towel")
    await flows.change_token(permissions=sorted(PERMISSIONS - {"products/edit"}))
    await once(flows, flows.sender, await delivered(flows, await latest_event(flows)))
    (run,) = await flows.runs("FAILED")
    assert run["error"] == "Whoever saved it may not read what it tells"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_dry_run_shows_no_more_than_one_webhook_may_tell(flows: Flows, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of all steps together; no more is asked of the store either."""
    monkeypatch.setattr(trying, "LARGEST", 700)
    workflow = await flows.configured(*(asking() for _ in range(4)))
    steps = (await flows.gateway(DRY, {"id": workflow}))["workflowDryRun"]["steps"]
    assert [one["problem"] for one in steps] == [None, None, trying.TOO_MUCH, trying.TOO_MUCH]
    assert [one["request"] is None for one in steps] == [False, False, True, True]
