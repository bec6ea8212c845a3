"""Events as they are read: in order, by cursor, each by whom it concerns."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select

from db.access.permission import ALL, PERMISSIONS
from db.access.viewer import Viewer
from db.events import KINDS
from db.store.outbox import NUMBERING, EventRow
from engine.declared.declaration import DEFINITION
from engine.declared.mutation import Performed
from schema.root import schema
from tests import factories
from tests.gateway import ADMIN, ANONYMOUS, CLERK, Gateway
from tests.patience import PATIENCE

READ = """
query Read($after: String, $first: Int, $types: [String!], $entity: ID) {
  events(after: $after, first: $first, types: $types, entityId: $entity) {
    edges { cursor node { position name entityVersion changedFields entity { id ... on Product { title } } } }
    pageInfo { hasNextPage endCursor }
  }
}
"""


MANAGER = Viewer("token:manager", "manager", PERMISSIONS)


def event(name: str, entity: str = "Product:1", **values: Any) -> EventRow:
    return EventRow(**{"name": name, "entity": entity, "changed": [], "payload": {}, **values})


async def names(gateway: Gateway, viewer: Viewer = MANAGER, **variables: Any) -> list[str]:
    edges = (await gateway(READ, variables, viewer))["events"]["edges"]
    return [edge["node"]["name"] for edge in edges]


@pytest.fixture
async def shop(gateway: Gateway) -> Gateway:
    await factories.store_rows(
        gateway,
        [
            factories.product(1, title="Mug"),
            event("product.created", version=1, changed=["title"]),
            event("product.updated", version=2),
            event("store.updated", "StoreSettings:1"),
            event("product.deleted", "Product:2"),
            event("user.created", "User:5"),
            event("secret.leaked", "Secret:1"),
        ],
    )
    return gateway


async def test_a_cursor_goes_on_where_its_reader_stopped(shop: Gateway) -> None:
    first = (await shop(READ, {"first": 2}))["events"]
    assert [edge["node"] for edge in first["edges"]] == [
        {
            "position": 1,
            "name": "product.created",
            "entityVersion": 1,
            "changedFields": ["title"],
            "entity": {"id": "UHJvZHVjdDox", "title": "Mug"},
        },
        {
            "position": 2,
            "name": "product.updated",
            "entityVersion": 2,
            "changedFields": [],
            "entity": {"id": "UHJvZHVjdDox", "title": "Mug"},
        },
    ]
    assert first["pageInfo"]["hasNextPage"]
    cursor = first["pageInfo"]["endCursor"]
    rest = (await shop(READ, {"after": cursor}, MANAGER))["events"]
    assert [(edge["node"]["name"], edge["node"]["entity"]) for edge in rest["edges"]] == [
        ("store.updated", {"id": "U3RvcmVTZXR0aW5nczox"}),
        ("product.deleted", None),
    ]
    cursor = rest["pageInfo"]["endCursor"]
    assert await names(shop, after=cursor) == []
    await factories.store_rows(shop, [event("product.updated")])
    assert await names(shop, after=cursor) == ["product.updated"]


async def test_by_name_and_by_entity(shop: Gateway) -> None:
    assert await names(shop, types=["product.deleted", "store.updated"]) == ["store.updated", "product.deleted"]
    assert await names(shop, types=[]) == []
    assert await names(shop, entity="UHJvZHVjdDox") == ["product.created", "product.updated"]


async def test_each_needs_the_permission_of_what_it_tells_of(shop: Gateway) -> None:
    assert "user.created" in await names(shop, replace(ADMIN, permissions=ALL))
    assert "secret.leaked" not in await names(shop, replace(ADMIN, permissions=ALL))
    assert await names(shop, CLERK) == ["product.created", "product.updated", "product.deleted"]

    for viewer, types, code, permission in (
        (CLERK, ["product.updated", "store.updated"], "FORBIDDEN", "store/settings"),
        (ANONYMOUS, ["product.updated"], "UNAUTHENTICATED", "products/view"),
    ):
        answer = await shop.answer(READ, {"types": types}, viewer)
        (error,) = answer.body["errors"]
        assert (error["extensions"]["code"], error["extensions"]["permission"]) == (code, permission)


async def test_whoever_may_not_read_numbers_nothing(shop: Gateway) -> None:
    for viewer in (ANONYMOUS, Viewer("token:none", "none", frozenset({"products/edit"}))):
        with shop.counting() as statements:
            assert await names(shop, viewer) == []
        assert not any("UPDATE" in statement or "lock" in statement for statement in statements)


@pytest.mark.parametrize("name", ["product", "nothing.happened", "product.happened", "product.up-dated", "x" * 300])
async def test_names_that_no_event_has_are_refused(gateway: Gateway, name: str) -> None:
    (error,) = await gateway.refused(READ, {"types": [name]})
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_an_entity_needs_an_id(gateway: Gateway) -> None:
    (error,) = await gateway.refused(READ, {"entity": "Product:1"})
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_statements(shop: Gateway) -> None:
    """Numbering costs its own while something waits for it; afterwards one look at an index says that nothing does."""
    with shop.counting() as statements:
        await shop(READ, viewer=MANAGER)
    lock = 1 if shop.units.dialect == "postgresql" else 0
    # Whether anything waits, the numbers, the page; of the entities products and the store.
    assert len(statements) == 3 + lock + 2
    with shop.counting() as statements:
        await shop(READ, viewer=MANAGER)
    assert len(statements) == 4


async def test_numbering_holds_no_second_connection(gateway: Gateway) -> None:
    """More readers at once than connections, each with something else to read before."""
    document = "{ products { totalCount } events { totalCount } again: products(first: 1) { nodes { title } } }"
    await factories.store_rows(gateway, [factories.product(1), *(event("product.updated") for _ in range(20))])
    async with asyncio.timeout(PATIENCE):
        answers = await asyncio.gather(*(gateway(document) for _ in range(20)))
    assert {answer["events"]["totalCount"] for answer in answers} == {20}


def test_every_event_that_a_mutation_writes_can_be_read() -> None:
    mutations = schema.core.mutation_type
    assert mutations is not None
    for field in mutations.fields.values():
        declaration = field.extensions[DEFINITION].declaration
        if isinstance(declaration, Performed):
            for name in declaration.mutation.emits:
                assert name in KINDS, name


async def test_while_the_writer_is_busy_what_is_numbered_is_told(shop: Gateway) -> None:
    known = await names(shop)
    await factories.store_rows(shop, [event("product.updated", version=3)])
    async with shop.database.write() as connection:  # on SQLite nobody else writes now
        if not shop.database.embedded:
            await connection.execute(select(func.pg_advisory_xact_lock(NUMBERING)))
        assert await names(shop) == known
    assert await names(shop) == [*known, "product.updated"]
