"""One predicate per entity decides what a viewer sees, and it decides on every path alike.

The paths are read off the schema: whatever relation or list is added to it is walked here too. A path shows a viewer
exactly those rows of it that the predicate lets through.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import pytest
from graphql import (
    GraphQLField,
    GraphQLObjectType,
    get_named_type,
    get_nullable_type,
    is_list_type,
    is_required_argument,
)
from sqlalchemy import select

from db.access.permission import PERMISSIONS
from db.access.viewer import ANONYMOUS, Viewer
from db.catalog.product import ProductRow, ProductStatus
from db.catalog.variant import VariantRow, VariantStatus
from db.integration.setting import IntegrationSettingRow
from db.store.row import Row, now
from db.work.delivery import AttemptRow, DeliveryRow
from db.work.target import TargetRow
from engine.declared.declaration import DEFINITION, DeclaredField, Relation
from engine.declared.entity import Entity
from engine.declared.listing import Connected
from engine.unit.text import Text
from engine.values import identity
from engine.values.viewer import permits
from schema.root import schema
from tests import factories
from tests.dialects import OURS
from tests.engine.shelves import catalogue, stored
from tests.gateway import ADMIN, Gateway

VIEWS: Final = (
    *("products/view", "integrations/view", "orders/view", "customers/view"),
    *("subscriptions/view", "licenses/view"),
)
VIEWERS: Final = [ANONYMOUS, *(Viewer(f"token:{view}", view, frozenset({view})) for view in VIEWS)]
ENTITIES: Final = list(schema.entities.values())


def rows() -> list[Row]:
    """Six products of six statuses with all that hangs on them; every third of their variants is inactive."""
    statuses = dict(enumerate(ProductStatus, start=1))
    made: list[Row] = []
    for row in catalogue(6):
        if isinstance(row, ProductRow):
            made.append(factories.product(row.id, status=statuses[row.id]))
        elif isinstance(row, VariantRow):
            status = VariantStatus.ACTIVE if row.id % 3 else VariantStatus.INACTIVE
            made.append(factories.variant(row.id, row.product_id, status=status))
        else:
            made.append(row)
    made += [factories.media(n, product_id=n) for n in range(1, 7)]
    made += [factories.media(10 + n, variant_id=n) for n in range(1, 19)]
    made += [factories.bundle_item(n, n % 18 + 1) for n in range(1, 19)]
    made += [factories.upgrade_path(n, n) for n in range(1, 7)]
    made += [factories.upgrade_target(n, n + 1) for n in range(1, 7)]
    made += [
        factories.provider("crm"),
        IntegrationSettingRow(key="crm"),
        factories.connected_store("0b9f6f1c-2a8e-4a53-a8b8-f7d3c9e01a77"),
        factories.feed(1, "crm"),
        factories.feed(2, "crm", product_id=2),
    ]
    made += [factories.customer(1), factories.order(1, customer_id=1), factories.subscription(1, customer_id=1)]
    # Of every product, so that some are of what is hidden; the first with all that one may belong to.
    made += [factories.licence(n, product_id=n, variant_id=n) for n in range(2, 7)]
    made += [factories.licence(1, order_id=1, customer_id=1, subscription_id=1, parent_id=2)]
    made += [factories.license_site(1)]
    made += [factories.license_activation(n, n, 1, product_id=n, variant_id=n) for n in range(1, 7)]
    made += [factories.order_item(n, 1, product_id=n, variant_id=n) for n in range(1, 7)]
    made += [factories.download_permission(1, 1, 2), factories.shipping_class(1), factories.tax_class(1)]
    made += [factories.tax_rate(1, 1), factories.order_tax(1, 1, 1)]
    made += [factories.order_bump(n, n) for n in (1, 2, 3)]
    made += [factories.shipping_method(1), factories.shipping_method(2, enabled=False)]
    made += [factories.attribute_group(1), factories.attribute_term(1, 1)]
    made += [factories.user(1), factories.application_password(1, 1), factories.token(1)]
    made += [factories.push_subscription(1, 1), factories.coupon(1), factories.applied_coupon(1, 1, 1)]
    made += [factories.event(1, "product.created", "Product:1"), factories.event(2, "store.updated", "StoreSettings:1")]
    made += [TargetRow(id=1, kind="webhook", key="3"), factories.feed(3, "webhook", target_id=1)]
    made += [DeliveryRow(id=1, event_id=1, target_id=1, key="0123456789abcdef")]
    made += [TargetRow(id=2, kind="feed", key="4"), factories.feed(4, "crm", target_id=2)]
    made += [DeliveryRow(id=2, event_id=1, target_id=2, key="0123456789abcdef", order_id=1, revoking=False)]
    made += [factories.workflow(1, target_id=1), factories.workflow_run(1, 1, 1), factories.workflow_step(1, 1)]
    made += [AttemptRow(delivery_id=1, number=1, started_at=now())]
    made += [factories.audit_entry(1, "productDelete", entity="Product:9"), factories.trusted_document(1)]
    return made


@pytest.fixture
async def shop(gateway: Gateway) -> Gateway:
    await stored(gateway, rows())
    return gateway


async def keys(gateway: Gateway, entity: Entity, viewer: Viewer | None) -> list[str]:
    """The ids of the entity's rows: all of them, or those that its predicate lets this viewer see."""
    statement = select(entity.key).order_by(entity.key)
    if viewer is not None:
        statement = statement.where(entity.visible(viewer))
    async with gateway.database.read() as connection:
        return [identity.encode(entity.name, key) for key in (await connection.execute(statement)).scalars()]


def paths(type_: GraphQLObjectType, viewer: Viewer) -> Iterator[tuple[str, GraphQLField, DeclaredField]]:
    """The fields that lead from this type to entities, as far as the viewer may ask for them."""
    for name, field in type_.fields.items():
        declared = field.extensions.get(DEFINITION)
        if not isinstance(declared, DeclaredField) or any(map(is_required_argument, field.args.values())):
            continue
        permission = declared.declaration.permission
        if target(field) in schema.entities and permits(viewer, permission):
            yield name, field, declared


def target(field: GraphQLField) -> str:
    return get_named_type(field.type).name.removesuffix("Connection")


def selection(name: str, field: GraphQLField) -> str:
    listed = get_named_type(field.type).name.endswith("Connection")
    return f"{name}(first: 100) {{ nodes {{ id }} totalCount }}" if listed else f"{name} {{ id }}"


def walk(entity: Entity, fields: Sequence[tuple[str, GraphQLField, DeclaredField]]) -> str:
    selected = " ".join(selection(name, field) for name, field, _ in fields)
    return f"query ($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on {entity.name} {{ __typename {selected} }} }} }}"


def ids(found: Any) -> list[str]:
    """The ids that a field answered, whatever shape it has."""
    if found is None:
        return []
    if isinstance(found, list):
        return [one["id"] for one in found]
    if "nodes" in found:
        assert found["totalCount"] == len(found["nodes"])
        return [one["id"] for one in found["nodes"]]
    return [found["id"]]


async def asked(gateway: Gateway, document: str, nodes: Sequence[str], viewer: Viewer) -> dict[str, Any]:
    """Nodes by their ids; absent is who is not seen."""
    answered = (await gateway(document, {"ids": list(nodes)}, viewer))["nodes"]
    return {key: node for key, node in zip(nodes, answered, strict=True) if node is not None}


async def test_there_is_something_to_hide(shop: Gateway) -> None:
    """What follows is worth something: rows of nearly every entity, and visitors miss some of those they may see."""
    every = {entity.name: len(await keys(shop, entity, None)) for entity in ENTITIES}
    seen = {entity.name: len(await keys(shop, entity, ANONYMOUS)) for entity in ENTITIES}

    assert sum(count > 0 for count in every.values()) >= len(ENTITIES) - 3, every
    assert all(0 < seen[name] < every[name] for name in ("Product", "ProductVariant", "Media"))
    assert (seen["ProductDownload"], seen["Order"], seen["Customer"]) == (0, 0, 0)
    # The other feeds in its table are none, for whoever looks; and each delivery is of one of the two kinds.
    every |= {"Webhook": 1, "WebhookDelivery": 1, "IntegrationFeedRun": 1}
    assert {name: len(await keys(shop, e, ADMIN)) for name, e in schema.entities.items()} == every


async def test_every_id_is_seen_by_who_may(shop: Gateway) -> None:
    document = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    for entity in ENTITIES:
        every = await keys(shop, entity, None)
        for viewer in VIEWERS:
            found = await asked(shop, document, every, viewer)
            assert (entity.name, viewer.name, list(found)) == (
                entity.name,
                viewer.name,
                await keys(shop, entity, viewer),
            )


async def test_every_path_shows_what_its_target_lets_through(shop: Gateway) -> None:
    seen = {(v.name, e.name): set(await keys(shop, e, v)) for v in VIEWERS for e in ENTITIES}
    walked = 0
    for entity in ENTITIES:
        every = await keys(shop, entity, None)
        type_ = schema.core.type_map[entity.name]
        assert isinstance(type_, GraphQLObjectType)
        whole: dict[str, Any] = await asked(shop, walk(entity, list(paths(type_, ADMIN))), every, ADMIN)
        for viewer in VIEWERS:
            fields = list(paths(type_, viewer))
            for key, node in (await asked(shop, walk(entity, fields), every, viewer)).items():
                for name, field, declared in fields:
                    place = (viewer.name, f"{entity.name}.{name}", key)
                    let_through = seen[viewer.name, target(field)]
                    through = [one for one in ids(whole[key][name]) if one in let_through]
                    if isinstance(declared.declaration, Relation | Connected):
                        assert (place, ids(node[name])) == (place, through)
                    else:  # chosen by rules of its own, among what is seen
                        assert (place, set(ids(node[name])) - let_through) == (place, set())
                    walked += bool(through)
    assert walked > 200


async def test_every_root_shows_what_its_target_lets_through(shop: Gateway) -> None:
    assert schema.core.query_type is not None
    roots = 0
    for viewer in (*VIEWERS, ADMIN):
        for name, field, _ in paths(schema.core.query_type, viewer):
            found = (await shop(f"{{ {selection(name, field)} }}", viewer=viewer))[name]
            if get_named_type(field.type).name.endswith("Connection") or is_list_type(get_nullable_type(field.type)):
                seen = await keys(shop, schema.entities[target(field)], viewer)
                assert (viewer.name, name, sorted(ids(found))) == (viewer.name, name, sorted(seen))
                roots += 1
    assert roots > 7 * len(VIEWERS)


async def test_what_one_viewer_may_see_is_not_shown_to_the_next(shop: Gateway) -> None:
    """Statements are kept and shared by who sees the same rows. Each permission by itself, then nobody's, and back:
    the second answer is not the first one's."""
    every = [key for entity in ENTITIES for key in await keys(shop, entity, None)]
    document = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    nobodys = [key for entity in ENTITIES for key in await keys(shop, entity, ANONYMOUS)]

    for permission in sorted(PERMISSIONS):
        someone = Viewer(f"token:{permission}", permission, frozenset({permission}))
        theirs = [key for entity in ENTITIES for key in await keys(shop, entity, someone)]
        for viewer, seen in ((someone, theirs), (ANONYMOUS, nobodys)):
            found = [one for part in (every[:100], every[100:]) for one in await asked(shop, document, part, viewer)]
            assert (viewer.name, found) == (viewer.name, seen)


@pytest.mark.parametrize("dialect", OURS.values(), ids=OURS)
@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.name)
def test_what_is_visible_is_said_by_one_text(entity: Entity, dialect: Any) -> None:
    """A list whose length SQLAlchemy does not know would have it run every statement of the entity: see `among`."""
    for viewer in (*VIEWERS, ADMIN):
        visible = select(entity.key).where(entity.visible(viewer))
        assert Text.of(visible, dialect) is not None, viewer
