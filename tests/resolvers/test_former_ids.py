"""Ids that were given out when a type had another name: they stand for what they stood for, wherever an id is taken."""

import strawberry

from db.access import audit
from db.commerce.subscription import SubscriptionRow
from engine.declared.batch import Argument, queried
from engine.declared.input import finds
from engine.declared.lookup import lookup
from engine.standard.context import Context
from engine.standard.execution import Executor
from engine.standard.schema import Schema
from engine.values import identity
from engine.values.viewer import PUBLIC
from schema.commerce.subscription import CustomerSubscription
from tests import factories
from tests.gateway import ADMIN, Gateway

FORMER = identity.encode("Subscription", 7)
ID = identity.encode("CustomerSubscription", 7)


@strawberry.input(one_of=True)
class SubscriptionBy:
    id: strawberry.Maybe[strawberry.ID] = finds(SubscriptionRow.id, identifies="CustomerSubscription")


async def _taken(_context: Context, ids: list[str]) -> list[str]:
    return [identity.decode(i).key for i in ids]


@strawberry.type
class Query:
    subscription: CustomerSubscription | None = lookup(SubscriptionBy)
    taken: list[str] = queried(
        _taken, Argument("ids", list[strawberry.ID], identifies="CustomerSubscription"), permission=PUBLIC
    )


async def test_a_node_is_found_by_its_former_id_and_says_the_one_it_has(gateway: Gateway) -> None:
    await factories.store_rows(gateway, [factories.subscription(7), factories.product(7)])
    asked = """query Read($id: ID!, $ids: [ID!]!) {
      node(id: $id) { id ... on CustomerSubscription { databaseId } }
      nodes(ids: $ids) { __typename id }
    }"""

    found = await gateway(asked, {"id": FORMER, "ids": [FORMER, identity.encode("Product", 7), ID]})

    subscription = {"__typename": "CustomerSubscription", "id": ID}
    assert found["node"] == {"id": ID, "databaseId": 7}
    assert found["nodes"] == [
        subscription,
        {"__typename": "Product", "id": identity.encode("Product", 7)},
        subscription,
    ]


async def test_look_ups_and_arguments_take_former_ids(gateway: Gateway) -> None:
    await factories.store_rows(gateway, [factories.subscription(7)])
    gateway.executor = Executor(Schema(Query))
    asked = "query Read($id: ID!) { subscription(by: { id: $id }) { id } taken(ids: [$id]) }"

    assert await gateway(asked, {"id": FORMER}) == {"subscription": {"id": ID}, "taken": ["7"]}
    assert await gateway(asked, {"id": ID}) == {"subscription": {"id": ID}, "taken": ["7"]}


async def test_events_and_the_audit_log_are_narrowed_by_former_ids(gateway: Gateway) -> None:
    await factories.store_rows(
        gateway, [factories.subscription(7), factories.event(1, "product.updated", "CustomerSubscription:7")]
    )
    async with gateway.database.write() as connection:
        await audit.record(connection, ADMIN, "subscriptionCancel", entity="CustomerSubscription:7")
        await connection.commit()
    asked = """query Read($id: ID!) {
      events(entityId: $id) { nodes { entity { id } } }
      auditLog(filter: { entityId: { in: [$id] } }) { nodes { entityId entityType } }
    }"""

    found = await gateway(asked, {"id": FORMER})

    assert found == {
        "events": {"nodes": [{"entity": {"id": ID}}]},
        "auditLog": {"nodes": [{"entityId": ID, "entityType": "CustomerSubscription"}]},
    }
