"""Events as they are declared: what their payloads hold, who reads them, what led to them."""

import ast
from datetime import UTC, datetime
from itertools import product as pairs
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import col

import resolvers
from db.access.permission import ALL
from db.access.viewer import Viewer
from db.catalog import events as catalog
from db.events import KINDS, declared
from db.store.events import Subject, json_schema, readers
from db.store.outbox import EventRow
from engine.unit.unit import Cause
from engine.values import identity
from schema.integration.event_type import check_emitted
from schema.root import schema
from server.work.dates import PUBLISHING
from tests import factories
from tests.gateway import ADMIN, Gateway
from tests.resolvers.performing import done

READ = """query Read($after: String) {
  events(first: 100, after: $after) {
    nodes { name cause depth payload changedFields } pageInfo { hasNextPage endCursor } } }"""
WORDS: dict[str, type | tuple[type, ...]] = {
    "integer": int,
    "number": (int, float),
    "string": str,
    "boolean": bool,
    "array": list,
    "null": type(None),
}


def broken(described: dict[str, Any], value: Any) -> list[str]:
    """Where a value is not as its schema says: of the few words that our schemas are made of."""
    names = described["type"] if isinstance(described["type"], list) else [described["type"]]
    if described["type"] == "object":
        wrong = sorted({*described["required"]} ^ value.keys())
        found = [f"{name}.{each}" for name in value for each in broken(described["properties"][name], value[name])]
        return [*wrong, *found]
    if not any(isinstance(value, WORDS[name]) for name in names):
        return [f"{value!r} is no {names}"]
    if isinstance(value, bool) and "boolean" not in names:
        return [f"{value!r} is no {names}"]
    if "enum" in described and value not in described["enum"]:
        return [f"{value!r} is none of {described['enum']}"]
    return [each for item in value for each in broken(described["items"], item)] if isinstance(value, list) else []


async def told(gateway: Gateway, viewer: Viewer = ADMIN) -> list[dict[str, Any]]:
    """All of them, a page at a time."""
    nodes: list[dict[str, Any]] = []
    info = {"hasNextPage": True, "endCursor": None}
    while info["hasNextPage"]:
        page = (await gateway(READ, {"after": info["endCursor"]}, viewer))["events"]
        nodes, info = [*nodes, *page["nodes"]], page["pageInfo"]
    return nodes


@pytest.mark.parametrize("name", sorted(KINDS))
def test_a_sample_is_as_its_schema_says(name: str) -> None:
    kind = KINDS[name]
    assert broken(kind.json_schema, kind.sample) == []
    assert kind.description.endswith(".")
    assert set(kind.read_by.permissions) <= ALL


def test_what_is_not_as_described_is_found() -> None:
    described = KINDS["inventory.changed"].json_schema
    sample = KINDS["inventory.changed"].sample
    assert broken(described, sample | {"stockStatus": "sold"}) != []
    assert broken(described, sample | {"available": "17"}) != []
    assert broken(described, sample | {"available": True}) != []
    assert broken(described, {name: value for name, value in sample.items() if name != "sku"}) == ["sku"]
    path = KINDS["upgrade_path.created"]
    assert broken(path.json_schema, path.sample | {"toVariantIds": ["1"]}) != []


def test_types_of_values() -> None:
    assert json_schema(str | None) == {"type": ["string", "null"]}
    assert json_schema(list[int]) == {"type": "array", "items": {"type": "integer"}}
    with pytest.raises(TypeError, match="no value of a payload"):
        json_schema(dict)


def test_two_of_one_name_stop_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    twin = Subject("product", "Product", readers("products/view"), {}).updated("Again.")
    monkeypatch.setattr(catalog, "TWIN", twin, raising=False)
    with pytest.raises(TypeError, match=r"product\.updated"):
        declared([catalog])


def test_an_event_that_no_area_declares_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    check_emitted(schema)
    monkeypatch.setattr("schema.integration.event_type.KINDS", {n: k for n, k in KINDS.items() if n != "store.updated"})
    with pytest.raises(TypeError, match=r"storeSettingsUpdate emits store\.updated"):
        check_emitted(schema)


def test_no_writer_makes_an_event_by_hand() -> None:
    """So that a payload cannot be another than the one that is declared."""
    made = [
        f"{path}:{node.lineno}"
        for path in Path(resolvers.__path__[0]).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Event"
    ]
    assert made == []


def _who_reads(permission: str, kind_name: str, payload: dict[str, Any]) -> bool:
    """Written by hand: the first words of a name, and what it takes."""
    noun = kind_name.partition(".")[0]
    if noun == "integration_feed":
        return permission == ("integrations/view" if payload["productId"] is None else "products/view")
    people = {noun: f"{noun}s/view" for noun in ("coupon", "customer", "license", "order", "subscription")}
    people["customer_address"] = "customers/view"
    others = people | {
        "payment": "orders/view",
        "delivery_target": "integrations/view",
        "provider_connection": "integrations/view",
        "webhook": "integrations/view",
        "integration_addon": "integrations/view",
        "integration_defaults": "integrations/view",
        "integration_settings": "integrations/view",
        "workflow": "integrations/view",
        "store": "store/settings",
        "shipping_method": "store/settings",
        "file": "store/sensitive",
        "order_bump": "store/sensitive",
        "user": "is_super_admin",
        "role": "is_super_admin",
        "push_subscription": "is_super_admin",
        "payment_method": "is_super_admin",
        "storage_driver": "is_super_admin",
    }
    return permission == others.get(noun, "products/view")


async def test_each_is_read_with_its_permission_and_no_other(gateway: Gateway) -> None:
    """One of each kind, feeds' both of a product and of the store."""
    written = [(name, kind.sample) for name, kind in KINDS.items()]
    written += [(n, s | {"productId": 3}) for n, s in written if n.startswith("integration_feed.")]
    rows = [EventRow(name=n, entity=f"{KINDS[n].entity}:1", changed=[], payload=s) for n, s in written]
    await factories.store_rows(gateway, [*rows, EventRow(name="secret.leaked", entity="A:1", changed=[], payload={})])
    assert len(await told(gateway)) == len(written)
    for permission in sorted(ALL):
        viewer = Viewer("token:one", "one", frozenset({permission}))
        nodes = await told(gateway, viewer)
        expected = [(n, s) for n, s in written if _who_reads(permission, n, s)]
        assert [(node["name"], node["payload"]) for node in nodes] == expected, permission


async def test_one_payload_whatever_mutation_writes_it(gateway: Gateway) -> None:
    """By hand, through its variants, by a status of many, by an editor's mode, by its date."""
    await factories.store_rows(
        gateway,
        [
            factories.product(1, slug="tea", status="draft"),
            factories.variant(11, 1),
            factories.product(2, slug="cup", status="future", published_at=datetime(2020, 1, 1, tzinfo=UTC)),
        ],
    )
    tea = identity.encode("Product", 1)
    await done(gateway, "productUpdate", {"id": tea, "title": "Tea", "slug": "green-tea"})
    await done(gateway, "productBulkAction", {"ids": [tea], "action": "PUBLISH"})
    await done(gateway, "productEditorModeUpdate", {"id": tea, "activeEditor": "code"})
    assert await PUBLISHING.strike(gateway.units) == 1
    updated = [node for node in await told(gateway) if node["name"] in ("product.updated", "product.published")]
    assert {(node["name"], node["payload"]["productId"], node["payload"]["slug"]) for node in updated} == {
        *pairs(("product.updated", "product.published"), (1,), ("green-tea",)),
        *pairs(("product.updated", "product.published"), (2,), ("cup",)),
    }
    assert {tuple(node["payload"]) for node in updated} <= {("productId", "slug"), ("slug", "productId")}
    causes = [(node["payload"]["productId"], node["cause"], node["depth"]) for node in updated]
    assert set(causes) == {(1, "request:test", 0), (2, "sweep:publishing", 0)}


async def test_an_event_says_what_led_to_it(gateway: Gateway) -> None:
    row = {"id": 7, "slug": "tea", "version": 1}
    cause = Cause.event(41, 0)
    for given in (None, Cause("import:fluentcart"), cause, Cause.event(42, cause.depth)):
        async with gateway.units.unit(ADMIN, cause=given) as unit:
            unit.emit(catalog.PRODUCT_UPDATED(row, {"slug": "cup"}))
            await unit.commit("noted", None, None)
    async with gateway.database.read() as connection:
        statement = select(col(EventRow.cause), col(EventRow.depth)).order_by(col(EventRow.id))
        found = [tuple(each) for each in await connection.execute(statement)]
    assert found == [(None, 0), ("import:fluentcart", 0), ("event:41", 1), ("event:42", 2)]


async def test_the_catalogue_names_mutations_that_write_it(gateway: Gateway) -> None:
    document = "{ eventTypes { name permissions sample mutations } }"
    found = {each["name"]: each for each in (await gateway(document))["eventTypes"]}
    assert found.keys() == KINDS.keys()
    assert "bundleSave" in found["variant.updated"]["mutations"]
    assert found["integration_feed.deleted"]["permissions"] == ["integrations/view", "products/view"]
    assert found["term.created"]["sample"].keys() == {"termId", "taxonomy", "parentId", "slug"}
