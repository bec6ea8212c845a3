"""Workflows run: on what happens, step by step, as whoever saved them may."""

from typing import Any, Final

from sqlalchemy import select

from connectors.delivery.sender import Outcome
from db.catalog.product import FulfillmentType
from db.commerce.order import ShippingStatus
from db.integration.workflow.trigger import TRIGGERS
from db.store.row import now
from db.work.functions import milliseconds
from engine.values import identity
from tests import factories
from tests.connectors.outbound.receiver import receiving
from tests.connectors.workflows.flows import PERMISSIONS, PRODUCT, Flows
from tests.work.shop import DELIVERY, settled, until

LETTER: Final = {
    "type": "SEND_EMAIL",
    "recipient": "admin",
    "subject": "{{product.title}} changed",
    "text": "See {{product.slug}}.",
}
ARCHIVE: Final = {"type": "UPDATE_STATUS", "status": "draft"}
RESUME: Final = """mutation ($input: WorkflowResumeInput!) {
  workflowResume(input: $input) { runs { id state } userErrors { code field } } }"""
PAUSE: Final = """mutation ($input: WorkflowRunPauseInput!) {
  workflowRunPause(input: $input) { run { state paused } userErrors { code field } } }"""
CANCEL: Final = """mutation ($input: WorkflowRunCancelInput!) {
  workflowRunCancel(input: $input) { run { state paused } userErrors { code field } } }"""
RETRY: Final = """mutation ($input: WorkflowRunRetryInput!) {
  workflowRunRetry(input: $input) { run { state } userErrors { code field } } }"""
STATUS: Final = f'{{ product(by: {{ id: "{PRODUCT}" }}) {{ status version }} }}'


def condition(field: str, operator: str, value: Any) -> dict[str, Any]:
    return {"field": field, "operator": operator, "value": value}


async def test_steps_are_done_one_after_the_other(flows: Flows) -> None:
    async with receiving() as receiver:
        hook = {"type": "WEBHOOK", "url": f"{receiver.url}/{{{{product.slug}}}}"}
        await flows.configured(LETTER, hook, ARCHIVE)
        async with flows.working():
            await flows.edited("Linen shirt, washed")
            await flows.until(completed=1)
    (letter,) = flows.letters.sent
    assert (letter["to"], letter["subject"]) == ("owner@shop.example", "Linen shirt, washed changed")
    assert letter["text"] == "See linen-shirt."
    (request,) = receiver.requests
    assert request.startswith(b"POST /linen-shirt HTTP/1.1")
    assert f"webhook-id: {letter['key'].removesuffix('-0')}-1".encode() in request.lower()
    assert (await flows.gateway(STATUS))["product"] == {"status": "DRAFT", "version": 3}
    (run,) = await flows.runs()
    assert (run["state"], run["step"], run["error"]) == ("COMPLETED", 3, None)
    steps = [(one["position"], one["type"], one["state"], one["attemptCount"]) for one in run["steps"]["nodes"]]
    assert steps == [
        (0, "SEND_EMAIL", "COMPLETED", 1),
        (1, "WEBHOOK", "COMPLETED", 1),
        (2, "UPDATE_STATUS", "COMPLETED", 1),
    ]
    asked = '{ events(types: ["product.updated"]) { nodes { caller cause depth changedFields } } }'
    first, second = (await flows.gateway(asked))["events"]["nodes"]
    assert (first["depth"], second["depth"], second["changedFields"]) == (0, 1, ["publishedAt", "status"])
    assert (second["caller"], second["cause"].partition(":")[0]) == ("token:7", "event")


async def test_it_runs_where_the_conditions_hold(flows: Flows) -> None:
    def program(type: str, *conditions: dict[str, Any]) -> dict[str, Any]:
        return {"conditionals": {"status": True, "type": type, "conditions": [*conditions]}}

    washed, silk = condition("post_title", "contains", "washed"), condition("post_title", "startsWith", "Silk")
    workflows: dict[str, dict[str, Any]] = {
        "one value": {"conditions": {"post_title": "Linen shirt, washed"}},
        "one of two": {"conditions": {"product.post_title": ["Silk", "Linen shirt, washed"]}},
        "all": program("all", washed),
        "none": {},
        "any": program("any", silk, washed),
        # These do not.
        "another value": {"conditions": {"post_title": "Silk"}},
        "all but one": program("all", washed, silk),
        "not any": program("any", silk),
    }
    for name, asked in workflows.items():
        await flows.configured({**LETTER, "subject": name}, name=name, **asked)
    async with flows.working():
        await flows.edited("Linen shirt, washed")
        await settled(flows.gateway.database, len(workflows))
    assert await flows.states() == {"completed": 5}
    assert sorted(one["subject"] for one in flows.letters.sent) == ["all", "any", "none", "one of two", "one value"]


async def test_what_it_waits_for_is_its_own_matter(flows: Flows) -> None:
    """A wait pauses the run; resumed, it goes on with what it began with."""
    workflow = await flows.configured(LETTER, {"type": "WAIT", "minutes": 60}, ARCHIVE)
    async with flows.working() as worker:
        await flows.edited("Waiting")
        await flows.until(paused=1)
        (run,) = await flows.runs("PAUSED")
        assert (run["paused"], run["step"], len(run["steps"]["nodes"])) == ("WAIT", 1, 2)
        # What is saved meanwhile is for runs to come.
        saved = await flows.ask(
            "mutation ($input: WorkflowConfigureInput!) { workflowConfigure(input: $input) { userErrors { code } } }",
            flows.partner,
            id=workflow,
            action={"type": "UPDATE_STATUS", "status": "publish"},
        )
        assert saved == {"userErrors": []}
        answer = await flows.ask(RESUME, workflowId=workflow)
        assert [one["id"] for one in answer["runs"]] == [run["id"]]
        worker.wake()
        await flows.until(completed=1)
        nothing = await flows.ask(RESUME, workflowId=workflow)
        assert nothing["userErrors"] == [{"code": "CONFLICT", "field": ["workflowId"]}]
    assert (await flows.gateway(STATUS))["product"]["status"] == "DRAFT"
    assert len(flows.letters.sent) == 1


async def test_who_is_not_there_is_waited_for(flows: Flows) -> None:
    answers = iter([Outcome.retry("Nobody answers"), Outcome.retry("Nobody answers"), Outcome.delivered()])
    flows.letters.answers = lambda _letter: next(answers)
    await flows.configured(LETTER, ARCHIVE)
    async with flows.working():
        await flows.edited("Again")
        await flows.until(completed=1)
    assert len(set(flows.letters.keys)) == 1  # the same letter each time
    assert len(flows.letters.sent) == 3
    (run,) = await flows.runs()
    assert [one["attemptCount"] for one in run["steps"]["nodes"]] == [3, 1]


async def test_whom_one_run_waits_for_others_do_not(flows: Flows) -> None:
    """Retry-After holds back the run that was told so; others of the same workflow go on, to whomever they go."""
    answers = iter([Outcome.retry("Come back later", 3600)])
    flows.letters.answers = lambda _letter: next(answers, Outcome.delivered())
    await flows.configured(LETTER)
    async with flows.working():
        await flows.edited("First")
        await flows.until(paused=1)
        (run,) = await flows.runs("PAUSED")
        assert (run["paused"], run["error"]) == ("UNAVAILABLE", "Come back later")
        for done, title in enumerate(("Second", "Third"), 1):
            await flows.edited(title)
            await flows.until(paused=1, completed=done)
    # It has not been asked again meanwhile, and its attempts are not used up by waiting.
    assert [one["subject"] for one in flows.letters.sent] == ["First changed", "Second changed", "Third changed"]
    (run,) = await flows.runs("PAUSED")
    assert [one["attemptCount"] for one in run["steps"]["nodes"]] == [1]
    async with flows.gateway.database.read() as connection:
        due = (await connection.execute(select(DELIVERY.c.due).where(DELIVERY.c.due.is_not(None)))).scalars().all()
        at = (await connection.execute(select(milliseconds()))).scalar_one()
    assert [one - at > 3_000_000 for one in due] == [True]


async def test_who_is_never_there_fails_the_run_until_somebody_tries_again(flows: Flows) -> None:
    flows.letters.answers = lambda _letter: Outcome.retry("Nobody answers")
    await flows.configured(LETTER, ARCHIVE)
    async with flows.working():
        await flows.edited("Never")
        await flows.until(failed=1)
        (run,) = await flows.runs("FAILED")
        assert (run["error"], run["step"]) == ("Nobody answers", 0)
        assert (await flows.ask(PAUSE, id=run["id"]))["userErrors"] == [{"code": "CONFLICT", "field": ["id"]}]
        flows.letters.answers = lambda _letter: Outcome.delivered()
        assert (await flows.ask(RETRY, id=run["id"])) == {"run": {"state": "RUNNING"}, "userErrors": []}
        await flows.until(completed=1)
        assert (await flows.ask(RETRY, id=run["id"]))["userErrors"] == [{"code": "CONFLICT", "field": ["id"]}]
    assert len(set(flows.letters.keys)) == 1
    assert (await flows.gateway(STATUS))["product"]["status"] == "DRAFT"


async def test_a_run_is_paused_and_canceled_by_hand(flows: Flows) -> None:
    flows.letters.answers = lambda _letter: Outcome.retry("Nobody answers", 3600)
    await flows.configured(LETTER, ARCHIVE)
    async with flows.working():
        await flows.edited("Held")
        await flows.until(paused=1)
        (run,) = await flows.runs()
        assert run["paused"] == "UNAVAILABLE"
        paused = {"run": {"state": "PAUSED", "paused": "BY_HAND"}, "userErrors": []}
        assert await flows.ask(PAUSE, id=run["id"]) == paused
        assert (await flows.ask(PAUSE, id=run["id"]))["userErrors"] == [{"code": "CONFLICT", "field": ["id"]}]
        flows.letters.answers = lambda _letter: Outcome.delivered()
        assert (await flows.ask(RESUME, runId=run["id"]))["userErrors"] == []
        await flows.until(completed=1)
        assert (await flows.ask(CANCEL, id=run["id"]))["userErrors"] == [{"code": "CONFLICT", "field": ["id"]}]

        flows.letters.answers = lambda _letter: Outcome.retry("Nobody answers", 3600)
        await flows.edited("Held again", status="PUBLISH")
        await flows.until(completed=1, paused=1)
        (run,) = await flows.runs("PAUSED")
        canceled = {"run": {"state": "CANCELED", "paused": None}, "userErrors": []}
        assert await flows.ask(CANCEL, id=run["id"]) == canceled
        assert (await flows.ask(RESUME, runId=run["id"]))["userErrors"] == [{"code": "CONFLICT", "field": ["runId"]}]
    assert (await flows.gateway(STATUS))["product"]["status"] == "PUBLISH"


async def test_what_a_rule_forbids_fails_the_run(flows: Flows) -> None:
    hook = {
        "type": "WEBHOOK",
        "url": "https://hooks.example/",
        "headers": [{"name": "X", "value": "{{product.title}}"}],
    }
    await flows.configured(hook, trigger="product_created")
    await flows.configured({"type": "UPDATE_STATUS", "status": "publish"}, trigger="product_created")
    create = """mutation { productCreate(input: {title: "Bare", status: DRAFT}) {
      product { variants { id } } userErrors { message } } }"""
    async with flows.working():
        await flows.gateway(create)
        await until_over(flows)
    assert all(run["error"] for run in await flows.runs("FAILED"))


async def until_over(flows: Flows) -> None:
    async def over() -> bool:
        states = await flows.states()
        return sum(states.values()) == 2 and not states.keys() & {"running", "paused"}

    await until(over)


async def test_the_status_of_anything_is_set(flows: Flows) -> None:
    """Of an order, of its parcel and of a customer, each by the mutation that anybody sets it with."""
    made = [factories.customer(70), factories.order(70, customer_id=70)]
    made.append(factories.order_item(70, 70, fulfillment_type=FulfillmentType.PHYSICAL))
    await factories.store_rows(flows.gateway, made)

    def to(status: str) -> dict[str, Any]:
        return {"type": "UPDATE_STATUS", "status": status}

    await flows.configured(to("completed"), trigger="shipment_delivered")
    await flows.configured(to("unshippable"), trigger="order_canceled")
    await flows.configured(to("inactive"), trigger="customer_created")
    assert await flows.refused(
        name="Sold", entityType="ORDER", triggerId=TRIGGERS["order_created"].guid, steps=[to("failed")]
    ) == [("VALIDATION", ["steps", "0", "status"])]
    statuses = (
        "mutation ($input: OrderStatusesUpdateInput!) { orderStatusesUpdate(input: $input) { userErrors { code } } }"
    )
    created = "mutation ($input: CustomerCreateInput!) { customerCreate(input: $input) { customer { id } } }"
    read = "{ order(by: {databaseId: 70}) { status shippingStatus } customers { nodes { firstName status } } }"
    order = identity.encode("Order", 70)
    async with flows.working():
        assert await flows.ask(statuses, id=order, shippingStatus="DELIVERED") == {"userErrors": []}
        await flows.until(completed=1)
        assert (await flows.gateway(read))["order"] == {"status": "COMPLETED", "shippingStatus": "DELIVERED"}
        assert await flows.ask(statuses, id=order, status="CANCELED") == {"userErrors": []}
        await flows.ask(created, email="new@example.org", firstName="New")
        await flows.until(completed=3)
    found = await flows.gateway(read)
    assert found["order"] == {"status": "CANCELED", "shippingStatus": "UNSHIPPABLE"}
    assert {"firstName": "New", "status": "INACTIVE"} in found["customers"]["nodes"]


# Loops


async def test_a_workflow_is_no_reason_for_itself(flows: Flows) -> None:
    await flows.configured(ARCHIVE)
    async with flows.working():
        await flows.edited("Once")
        await flows.until(completed=1)
        await flows.edited("Twice")
        await flows.until(completed=2)
    asked = '{ events(types: ["product.updated"]) { nodes { depth } } }'
    assert [one["depth"] for one in (await flows.gateway(asked))["events"]["nodes"]] == [0, 1, 0]


async def test_a_loop_of_two_ends(flows: Flows) -> None:
    def to(status: str) -> dict[str, Any]:
        return {"type": "UPDATE_STATUS", "status": status}

    await flows.configured(to("draft"), conditions={"post_status": "publish"})
    await flows.configured(to("publish"), conditions={"post_status": "draft"})
    async with flows.working():
        await flows.edited("Round")
        await flows.until(completed=3, failed=1)
    (run,) = await flows.runs("FAILED")
    assert "loop" in run["error"]
    asked = '{ events(types: ["product.updated"]) { nodes { depth } } }'
    assert [one["depth"] for one in (await flows.gateway(asked))["events"]["nodes"]] == [0, 1, 2, 3]


# Who acts


async def test_it_does_no_more_than_whoever_saved_it_may(flows: Flows) -> None:
    workflow = await flows.configured(ARCHIVE)
    await flows.change_token(permissions=sorted(PERMISSIONS - {"products/edit"}))
    async with flows.working():
        await flows.edited("Not any more")
        await flows.until(failed=1)
        (run,) = await flows.runs("FAILED")
        assert "products/edit" in run["error"]
        # What it takes to run at all is missing: it is held.
        await flows.change_token(revoked_at=now())
        await flows.edited("Nor now")

        async def held() -> bool:
            document = "query ($id: ID!) { workflow(by: {id: $id}) { target { disabled } } }"
            asked: Any = await flows.gateway(document, {"id": workflow})
            return bool(asked["workflow"]["target"]["disabled"] == "saver_gone")

        await until(held)
    assert (await flows.gateway(STATUS))["product"]["status"] == "PUBLISH"


async def test_a_run_does_not_outlive_the_permission_of_whoever_saved_it(flows: Flows) -> None:
    workflow = await flows.configured({"type": "WAIT", "minutes": 60}, ARCHIVE)
    async with flows.working():
        await flows.edited("Waiting")
        await flows.until(paused=1)
        await flows.change_token(permissions=["products/view"])
        await flows.ask(RESUME, workflowId=workflow)
        await flows.until(failed=1)
    (run,) = await flows.runs()
    assert "may no longer" in run["error"]
    assert (await flows.gateway(STATUS))["product"]["status"] == "PUBLISH"


# Parcels

FOLLOW: Final = """mutation ($input: OrderTrackingSetInput!) {
  orderTrackingSet(input: $input) { order { tracking { number } } userErrors { code } } }"""


async def test_a_letter_says_the_number_of_a_parcel(flows: Flows) -> None:
    """To whoever bought, and only of the carrier that the condition names."""
    await factories.store_rows(
        flows.gateway,
        [
            factories.customer(1, email="ada@example.com"),
            factories.order(1, customer_id=1, shipping_status=ShippingStatus.SHIPPED),
        ],
    )
    letter = {"type": "SEND_EMAIL", "recipient": "customer", "subject": "{{shipment.carrier}} {{shipment.number}}"}
    letter["text"] = "{{shipment.status}}: {{shipment.url}}, {{order.tracking_number}}, {{order.payment_status}}"
    conditional = [condition("number", "startsWith", "00"), condition("status", "=", "shipped")]
    await flows.configured(
        letter,
        trigger="shipment_tracking_updated",
        conditions={"carrier": "DHL"},
        conditionals={"status": True, "type": "all", "conditions": conditional},
    )
    order = identity.encode("Order", 1)
    async with flows.working():
        for count, (carrier, number) in enumerate((("UPS", "1Z"), ("DHL", "0034")), 1):
            await flows.ask(FOLLOW, id=order, carrier=carrier, number=number, url=f"https://track.example/{number}")
            await settled(flows.gateway.database, count)
    (sent,) = flows.letters.sent
    assert (sent["to"], sent["subject"]) == ("ada@example.com", "DHL 0034")
    assert sent["text"] == "shipped: https://track.example/0034, 0034, paid"
