"""The audit log: written with the deed or not at all, telling what changed and no secret."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from db.access import audit
from db.access.audit import AuditRow
from db.access.viewer import ANONYMOUS, SYSTEM, Viewer, ViewerKind
from db.catalog.product import ProductStatus
from db.secrets.confidential import MASK, masked
from db.store.database import Database
from db.store.row import table
from db.store.unit import Units
from engine.unit.unit import Event

CLERK = Viewer("user:7", "Ann", frozenset(), ViewerKind.USER, 7, address="203.0.113.9")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database.open(database_url)
    yield database
    await database.close()


async def entries(database: Database) -> list[dict[str, Any]]:
    async with database.read() as connection:
        rows = await connection.execute(select(table(AuditRow)).order_by(table(AuditRow).c.id))
        return [dict(row) for row in rows.mappings()]


async def test_an_entry_says_who_did_what_when_and_from_where(database: Database) -> None:
    began = datetime.now(UTC).replace(microsecond=0)
    async with database.write() as connection:
        await audit.record(
            connection, CLERK, "productDelete", entity="Product:17", before={"min_price": 1, "title": "Tea"}
        )
        await connection.commit()

    (entry,) = await entries(database)

    assert began <= entry.pop("occurred_at") <= datetime.now(UTC)
    assert entry == {
        "id": 1,
        "action": "productDelete",
        "entity": "Product:17",
        "entity_type": "Product",
        "before": {"minPrice": 1, "title": "Tea"},
        "after": None,
        "actor": "user:7",
        "actor_name": "Ann",
        "actor_kind": ViewerKind.USER,
        "address": "203.0.113.9",
    }


async def test_whoever_is_not_known_is_told_by_address(database: Database) -> None:
    stranger = Viewer(None, address="2001:db8::1")
    async with database.write() as connection:
        await audit.record(connection, stranger, "signIn", after={"login": "ann\0", "password": "guess"})
        await audit.record(connection, SYSTEM, "documentsRegister")
        await connection.commit()

    refused, registered = await entries(database)

    assert (refused["actor"], refused["actor_kind"], refused["address"]) == (
        None,
        ViewerKind.ANONYMOUS,
        "2001:db8::1",
    )
    assert refused["after"] == {"login": "ann\N{REPLACEMENT CHARACTER}", "password": MASK}
    assert (registered["actor"], registered["actor_kind"]) == ("system", ViewerKind.SYSTEM)


async def test_a_deed_undone_leaves_no_entry(database: Database) -> None:
    async with database.write() as connection:
        await audit.record(connection, ANONYMOUS, "signIn")

    assert await entries(database) == []


async def test_each_event_of_an_audited_unit_is_an_entry(database: Database) -> None:
    row = {"id": 3, "title": "Tea", "status": ProductStatus.DRAFT, "search_text": "tea", "api_key": "k1"}
    async with Units(database).unit(CLERK) as unit:
        unit.emit(
            Event(
                "product.updated",
                "Product:3",
                changed=("status",),
                before=row,
                after={"title": "Tea", "status": ProductStatus.PUBLISH, "api_key": "k2"},
            )
        )
        unit.emit(Event("product.deleted", "Product:4", before=row))
        unit.emit(Event("feed.deleted", "IntegrationFeed:5", payload={"feedId": 5}))
        await unit.commit("productDelete", None, None, audited=True)

    changed, deleted, bare = await entries(database)

    # What stays is left out, what is secret is told to have changed.
    assert changed["before"] == {"status": "draft", "apiKey": MASK}
    assert changed["after"] == {"status": "publish", "apiKey": MASK}
    assert deleted["before"] == {"id": 3, "title": "Tea", "status": "draft", "apiKey": MASK}
    assert deleted["after"] is None
    assert (bare["entity"], bare["before"], bare["action"]) == ("IntegrationFeed:5", {"feedId": 5}, "productDelete")


async def test_a_unit_that_is_not_audited_or_not_committed_leaves_none(database: Database) -> None:
    async with Units(database).unit(CLERK) as unit:
        unit.emit(Event("product.updated", "Product:3"))
        await unit.commit("productUpdate", None, None, audited=False)
    async with Units(database).unit(CLERK) as unit:
        unit.emit(Event("product.deleted", "Product:3"))

    assert await entries(database) == []


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"settings": {"apiKey": "k", "list": "a"}}, {"settings": {"apiKey": MASK, "list": "a"}}),
        ({"headers": [{"name": "Authorization", "value": "Bearer x"}]}, {"headers": [{"name": MASK, "value": MASK}]}),
        ({"secret_hash": None, "price": Decimal("1.50")}, {"secret_hash": None, "price": "1.50"}),
        ({"at": datetime(2026, 1, 2, tzinfo=UTC)}, {"at": "2026-01-02T00:00:00Z"}),
        ({"permissions": frozenset({"b", "a"})}, {"permissions": ["a", "b"]}),
        ({"blob": b"bytes", "thing": object()}, {"blob": MASK, "thing": MASK}),
    ],
)
def test_secrets_are_masked_however_deep(value: Any, shown: Any) -> None:
    assert masked(value) == shown
