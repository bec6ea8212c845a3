"""The audit log as a list: newest first, narrowed by who, what, to what and when; for who may see everything."""

import base64

import pytest

from db.access import audit
from db.access.permission import PERMISSIONS
from db.access.viewer import Viewer, ViewerKind
from tests.gateway import ANONYMOUS, Gateway

ANN = Viewer("user:7", "Ann", frozenset(), ViewerKind.USER, 7, address="203.0.113.9")
ROBOT = Viewer("token:3", "robot", frozenset(), ViewerKind.TOKEN)
LIST = """
query Log($filter: AuditFilter, $first: Int, $after: String) {
  auditLog(filter: $filter, first: $first, after: $after) {
    totalCount
    pageInfo { endCursor }
    nodes { action entityId entityType before after actor actorName actorKind address }
  }
}
"""


def global_id(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.fixture
async def log(gateway: Gateway) -> Gateway:
    async with gateway.database.write() as connection:
        await audit.record(connection, ANN, "signIn")
        await audit.record(connection, ANN, "productDelete", entity="Product:1", before={"title": "Tea"})
        await audit.record(connection, ROBOT, "productDelete", entity="Product:2", before={"title": "Cup"})
        await audit.record(
            connection,
            ROBOT,
            "storeSettingsUpdate",
            entity="StoreSettings:1",
            before={"name": "A"},
            after={"name": "B"},
        )
        await connection.commit()
    return gateway


async def actions(log: Gateway, **filter_: object) -> list[tuple[str, str]]:
    data = await log(LIST, {"filter": filter_})
    return [(node["action"], node["actorName"]) for node in data["auditLog"]["nodes"]]


async def test_the_newest_comes_first_and_pages_follow(log: Gateway) -> None:
    first = (await log(LIST, {"first": 3}))["auditLog"]
    second = (await log(LIST, {"first": 3, "after": first["pageInfo"]["endCursor"]}))["auditLog"]

    assert first["totalCount"] == 4
    assert first["nodes"][0] == {
        "action": "storeSettingsUpdate",
        "entityId": global_id("StoreSettings:1"),
        "entityType": "StoreSettings",
        "before": {"name": "A"},
        "after": {"name": "B"},
        "actor": "token:3",
        "actorName": "robot",
        "actorKind": "TOKEN",
        "address": None,
    }
    assert [node["action"] for node in second["nodes"]] == ["signIn"]


async def test_it_is_narrowed_by_each_of_its_questions(log: Gateway) -> None:
    assert await actions(log, action={"eq": "signIn"}) == [("signIn", "Ann")]
    assert await actions(log, actor={"eq": "token:3"}) == [("storeSettingsUpdate", "robot"), ("productDelete", "robot")]
    assert await actions(log, actorKind={"eq": "USER"}, entityType={"eq": "Product"}) == [("productDelete", "Ann")]
    assert await actions(log, entityId={"eq": global_id("Product:2")}) == [("productDelete", "robot")]
    assert await actions(log, entityId={"isNull": True}) == [("signIn", "Ann")]
    assert len(await actions(log, occurredAt={"gte": "2020-01-01T00:00:00Z"})) == 4
    assert await actions(log, occurredAt={"lt": "2020-01-01T00:00:00Z"}) == []


async def test_an_id_that_is_none_is_refused_before_anything_runs(log: Gateway) -> None:
    (error,) = await log.refused(LIST, {"filter": {"entityId": {"eq": "nonsense"}}})

    assert error["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize("viewer", [ANONYMOUS, Viewer("token:9", "most", PERMISSIONS - {"store/sensitive"})])
async def test_nobody_else_sees_an_entry(log: Gateway, viewer: Viewer) -> None:
    answer = await log.answer(LIST, viewer=viewer)
    (error,) = answer.body["errors"]
    node = await log("query One($id: ID!) { node(id: $id) { id } }", {"id": global_id("AuditEntry:1")}, viewer)

    assert answer.body["data"] == {"auditLog": None}
    assert error["extensions"]["permission"] == "store/sensitive"
    assert node == {"node": None}
