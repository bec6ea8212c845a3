"""What changed since a position: each entity once, complete for whoever follows, and nothing of what is hidden."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from random import Random
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, update

from db.access.permission import ALL, PERMISSIONS
from db.access.viewer import Viewer
from db.catalog.tax import TaxClassRow
from db.store.outbox import EVENT, EVENT_LOG, EventRow
from db.store.row import now, table
from engine.document.bounds import Allowance
from engine.document.request import Request
from engine.values.identity import decode, encode
from resolvers.integration import changes
from tests import factories
from tests.drawing import examples
from tests.gateway import ANONYMOUS, CLERK, Gateway, opened
from tests.patience import PATIENCE
from tests.resolvers.catalog_actions import ACTIONS, Shop, opened_shop

READ: Final = """
query Changes($since: Int, $types: [String!], $first: Int) {
  changes(since: $since, types: $types, first: $first) {
    position hasNextPage
    nodes { position kind type entityId entity { id ... on Product { title } ... on TaxClass { title } } }
  }
}
"""
TAX: Final = table(TaxClassRow)
MANAGER: Final = Viewer("token:manager", "manager", PERMISSIONS)
SUPER: Final = Viewer("token:super", "super", ALL)


def event(name: str, entity: str = "Product:1", **values: Any) -> EventRow:
    return EventRow(**{"name": name, "entity": entity, "changed": [], "payload": {}, **values})


async def page(gateway: Gateway, since: int | None = 0, viewer: Viewer = SUPER, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = (await gateway(READ, {"since": since, **more}, viewer))["changes"]
    return found


def told(found: Mapping[str, Any]) -> list[tuple[int, str, str]]:
    return [(n["position"], n["kind"], ":".join(decode(n["entityId"]))) for n in found["nodes"]]


async def refusal(gateway: Gateway, viewer: Viewer = SUPER, **variables: Any) -> dict[str, Any]:
    """The extensions of the one error."""
    answer = await gateway.answer(READ, variables, viewer)
    assert answer.body["data"] == {"changes": None}
    (error,) = answer.body["errors"]
    assert error["path"] == ["changes"]
    return {"message": error["message"], **error["extensions"]}


@pytest.fixture
async def shop(gateway: Gateway) -> Gateway:
    await factories.store_rows(
        gateway,
        [
            factories.product(1, title="Mug"),
            factories.product(3, title="Cup"),
            event("product.created"),  # 1
            event("product.created", "Product:2"),
            event("product.created", "Product:3"),
            event("store.updated", "StoreSettings:1"),
            event("product.deleted", "Product:2"),  # 5
            event("user.created", "User:5"),
            event("secret.leaked", "Product:3"),  # no declaration names it any more
            event("product.updated"),
            event("file.uploaded", "StoredFile:a.pdf"),
            event("file.deleted", "StoredFile:b.pdf"),  # 10
        ],
    )
    return gateway


async def test_each_entity_once_where_it_changed_last(shop: Gateway) -> None:
    found = await page(shop)
    assert told(found) == [
        (3, "CREATED", "Product:3"),
        (4, "UPDATED", "StoreSettings:1"),
        (5, "DELETED", "Product:2"),
        (6, "DELETED", "User:5"),  # there is no such row
        (8, "CREATED", "Product:1"),
        (9, "CREATED", "StoredFile:a.pdf"),
        (10, "DELETED", "StoredFile:b.pdf"),
    ]
    assert (found["position"], found["hasNextPage"]) == (10, False)
    assert found["nodes"][0]["entity"] == {"id": encode("Product", 3), "title": "Cup"}
    assert found["nodes"][2]["entity"] is None
    assert [n["type"] for n in found["nodes"]][:2] == ["Product", "StoreSettings"]
    # Of who knew it before, it was changed and not made.
    assert told(await page(shop, since=2, types=["Product"]))[-1] == (8, "UPDATED", "Product:1")


async def test_the_next_page_begins_where_this_one_ends(shop: Gateway) -> None:
    first = await page(shop, first=2, viewer=MANAGER)
    assert ([p for p, *_ in told(first)], first["position"], first["hasNextPage"]) == ([3, 4], 4, True)
    second = await page(shop, first=9, since=4, viewer=MANAGER)
    # Behind the last that the viewer sees: they need not look through the others again.
    assert ([p for p, *_ in told(second)], second["position"], second["hasNextPage"]) == ([5, 8, 9, 10], 10, False)
    assert await page(shop, since=10) == {"position": 10, "hasNextPage": False, "nodes": []}


async def test_without_a_position_it_says_where_to_begin(shop: Gateway, gateway: Gateway) -> None:
    assert await page(shop, since=None) == {"position": 10, "hasNextPage": False, "nodes": []}


async def test_each_needs_the_permission_of_what_it_tells_of(shop: Gateway) -> None:
    assert {t.split(":")[0] for _, _, t in told(await page(shop, viewer=CLERK))} == {"Product"}
    assert (await page(shop, viewer=ANONYMOUS))["nodes"] == []
    with shop.counting() as statements:
        assert (await page(shop, viewer=ANONYMOUS, since=7)) == {"position": 7, "hasNextPage": False, "nodes": []}
    assert statements == []
    assert (await refusal(shop, CLERK, since=0, types=["Product", "User"]))["permission"] == "is_super_admin"
    assert (await refusal(shop, ANONYMOUS, since=0, types=["Product"]))["code"] == "UNAUTHENTICATED"


async def test_what_became_hidden_is_told_as_gone(gateway: Gateway) -> None:
    """A feed's events are for whom its product's are, whatever became of the feed meanwhile."""
    of_product = {"feedId": 1, "productId": 1, "provider": "crm"}
    await factories.store_rows(
        gateway,
        [
            factories.product(1),
            factories.provider("crm"),
            factories.feed(1, "crm"),  # of the whole store by now
            event("integration_feed.created", "IntegrationFeed:1", payload=of_product),
            event("integration_feed.created", "IntegrationFeed:2", payload=of_product | {"productId": None}),
        ],
    )
    document = "{ changes(since: 0) { nodes { kind entityId entity { id ... on IntegrationFeed { name } } } } }"
    (node,) = (await gateway(document, viewer=CLERK))["changes"]["nodes"]
    assert node == {"kind": "DELETED", "entityId": encode("IntegrationFeed", 1), "entity": None}
    (node,) = (await gateway(document, viewer=Viewer("token:i", "i", frozenset({"integrations/view"}))))["changes"][
        "nodes"
    ]
    assert (node["kind"], node["entityId"]) == ("DELETED", encode("IntegrationFeed", 2))


@pytest.mark.parametrize(
    "arguments",
    [{"first": 0}, {"first": 1001}, {"since": -1}, {"types": ["product"]}, {"types": ["x" * 500]}, {"types": [""]}],
)
async def test_arguments_that_make_no_sense(gateway: Gateway, arguments: dict[str, Any]) -> None:
    assert (await refusal(gateway, **{"since": 0} | arguments))["code"] == "BAD_USER_INPUT"


async def test_no_types_are_none(shop: Gateway) -> None:
    assert (await page(shop, types=[]))["nodes"] == []


async def test_a_position_behind_which_not_all_is_known(shop: Gateway) -> None:
    await page(shop, None)
    async with shop.database.write() as connection:
        await connection.execute(insert(EVENT_LOG).values(id=1, forgotten=4, announced_at=now()))
        await connection.commit()
    first = await refusal(shop, since=3)
    assert (first["code"], first["position"]) == ("GONE", 10)
    assert "since 10" in first["message"]
    assert told(await page(shop, since=4, types=["Product"])) == [
        (5, "DELETED", "Product:2"),
        (8, "UPDATED", "Product:1"),
    ]

    events = "query($after: String, $first: Int) { events(after: $after, first: $first) { edges { cursor } } }"
    edges = (await shop(events, {"first": 4}, SUPER))["events"]["edges"]
    answer = await shop.answer(events, {"after": edges[2]["cursor"]}, SUPER)
    (error,) = answer.body["errors"]
    assert (error["extensions"]["code"], error["extensions"]["position"]) == ("GONE", 4)
    assert await shop(events, {"after": edges[3]["cursor"]}, SUPER)
    # Towards what is older nothing is missed.
    backwards = "query($before: String) { events(last: 2, before: $before) { edges { cursor } } }"
    assert await shop(backwards, {"before": edges[2]["cursor"]}, SUPER)


async def test_a_position_that_was_never_given(shop: Gateway) -> None:
    """A store that was restored gives positions again that its readers have been told."""
    found = await refusal(shop, since=11)
    assert (found["code"], found["position"]) == ("GONE", 10)


async def test_a_first_import_is_read_anew(shop: Gateway) -> None:
    told_first = {"importId": "x", "source": "https://shop.example", "first": True, "changes": 9}
    rows = [
        event("store.imported", "StoreSettings:1", payload=told_first | {"first": first}) for first in (True, False)
    ]
    await factories.store_rows(shop, rows)
    found = await refusal(shop, CLERK, since=10)  # also of whom the event is hidden from
    assert (found["code"], found["position"]) == ("GONE", 12)
    assert told(await page(shop, since=11)) == [(12, "UPDATED", "StoreSettings:1")]


async def test_statements(shop: Gateway) -> None:
    """Of each type that is met one to see what is there, and one for what is asked of it; and two for all."""
    await page(shop)
    with shop.counting() as statements:
        await page(shop)
    assert len(statements) == 2 + 2 * len({"Product", "StoreSettings", "User"})


async def test_ten_thousand_changes_in_under_twenty_requests(gateway: Gateway) -> None:
    """With a tenth of them: as many statements as pages, whatever they hold."""
    await factories.store_rows(
        gateway,
        [
            *(factories.product(n) for n in range(1, 401)),
            *(event("product.created", f"Product:{n}") for n in range(1, 401)),
            *(event("product.deleted", f"Product:{n}") for n in range(401, 1001)),
            *(event("product.updated", f"Product:{n}") for n in range(1, 401)),
        ],
    )
    await page(gateway, None)
    requests, since, kept = 0, 0, dict[str, str]()
    with gateway.counting() as statements:
        more = True
        while more:
            found = await page(gateway, since, viewer=CLERK, first=1000)
            requests, since, more = requests + 1, found["position"], found["hasNextPage"]
            kept |= {node["entityId"]: node["kind"] for node in found["nodes"]}
    assert (requests, len(kept), since) == (1, 1000, 1400)
    assert len(statements) == 4 * requests
    assert list(kept.values()).count("CREATED") == 400


async def test_a_page_costs_what_it_says(gateway: Gateway) -> None:
    """A thousand with their titles are within what tokens may spend, and what is said of each counts as often."""
    few, many = [
        await _cost(gateway, f"{{ changes(since: 0, first: {n}) {{ nodes {{ kind entity {{ id }} }} }} }}")
        for n in (1, 1000)
    ]
    assert (few, many) == (10 + 1 + 1 + 10 + 1, 10 + 1 + 1000 * (1 + 10 + 1))
    assert many < await _cost(gateway, READ, first=1000) < Allowance().cost


async def test_a_page_of_files_costs_as_many_as_it_asks_for(gateway: Gateway) -> None:
    few, many = [await _cost(gateway, f"{{ files(first: {n}) {{ nodes {{ path name }} }} }}") for n in (1, 100)]
    assert (few, many) == (10 + 1 + 2, 10 + 1 + 200)


async def _cost(gateway: Gateway, document: str, **variables: Any) -> int:
    request = Request(document, variables)
    answer = await gateway.executor.execute(request, SUPER, gateway.units, "test", Allowance(1))
    cost: int = answer.body["errors"][0]["extensions"]["cost"]
    return cost


# Whoever follows


class Follower:
    """Keeps a copy by what it is told, and of nothing else."""

    def __init__(self, gateway: Gateway, *types: str, alone: bool = True) -> None:
        """`alone`: nothing is written while it reads a page."""
        self.gateway = gateway
        self.alone = alone
        self.types = types
        self.since = 0
        self.copy: dict[str, Any] = {}

    async def turn(self, first: int) -> bool:
        """One page; whether there is more."""
        found = await page(self.gateway, self.since, types=list(self.types), first=first)
        assert found["position"] >= self.since
        assert [n["position"] for n in found["nodes"]] == sorted({n["position"] for n in found["nodes"]})
        for node in found["nodes"]:
            assert self.since < node["position"] <= found["position"]
            self.copy.pop(node["entityId"], None)
            if node["entity"] is not None:
                assert node["kind"] != "DELETED" or not self.alone
                self.copy[node["entityId"]] = node["entity"]
        assert len(found["nodes"]) <= first
        self.since = found["position"]
        return bool(found["hasNextPage"])

    async def catch_up(self, first: int = 100) -> dict[str, Any]:
        while await self.turn(first):
            pass
        return self.copy


async def act(gateway: Gateway, verb: str, key: int, title: str) -> None:
    """One row made, changed or deleted, with its event, in a transaction of its own."""
    row = {"id": key, "slug": f"s{key}", "title": title, "priority": 1, "categories": [], "version": 1}
    row |= {"description": "", "created_at": now(), "updated_at": now()}
    async with gateway.database.write() as connection:
        there = (await connection.execute(select(TAX.c.id).where(TAX.c.id == key))).first() is not None
        if verb == "created" and not there:
            await connection.execute(insert(TAX).values({n: v for n, v in row.items() if n in TAX.c}))
        elif verb == "deleted" and there:
            await connection.execute(delete(TAX).where(TAX.c.id == key))
        elif there:
            verb = "updated"
            await connection.execute(update(TAX).where(TAX.c.id == key).values(title=title))
        else:
            return
        said = event(f"tax_class.{verb}", f"TaxClass:{key}").model_dump(exclude={"id"})
        await connection.execute(insert(EVENT), [said])
        await connection.commit()


async def there(gateway: Gateway) -> dict[str, Any]:
    async with gateway.database.read() as connection:
        rows = (await connection.execute(select(TAX.c.id, TAX.c.title))).all()
    return {encode("TaxClass", key): {"id": encode("TaxClass", key), "title": title} for key, title in rows}


STEP: Final = st.one_of(
    st.tuples(st.sampled_from(["created", "updated", "deleted"]), st.integers(1, 4)),
    st.tuples(st.just("page"), st.integers(1, 3)),
)


@pytest.fixture
async def emptied(module_database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Gateway]:
    monkeypatch.setattr(changes, "LOOKED_THROUGH", 5)  # so that pages end within it too
    async with opened(module_database_url) as gateway:
        yield gateway


@settings(max_examples=examples(20), suppress_health_check=list(HealthCheck))
@given(steps=st.lists(STEP, max_size=30))
async def test_a_copy_that_follows_is_the_store(emptied: Gateway, steps: list[tuple[str, int]]) -> None:
    """Whatever is done between its pages, and whatever their size; and what it is told on the way is never wrong about
    what was before it began."""
    async with emptied.database.write() as connection:
        await connection.execute(delete(EVENT))
        await connection.execute(delete(TAX))
        await connection.commit()
    follower = Follower(emptied, "TaxClass")
    for number, (what, size) in enumerate(steps):
        if what == "page":
            await follower.turn(size)
        else:
            await act(emptied, what, size, f"{number}")
    assert await follower.catch_up(2) == await there(emptied)


async def test_a_copy_that_follows_many_writers_is_the_store(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "LOOKED_THROUGH", 20)
    over = asyncio.Event()

    async def write(seed: int) -> None:
        random = Random(seed)
        for number in range(25):
            key = seed * 3 + random.randint(1, 3)  # rows of its own: two that make one would be refused
            await act(gateway, random.choice(["created", "updated", "deleted"]), key, f"{seed}.{number}")

    async def follow() -> dict[str, Any]:
        follower = Follower(gateway, "TaxClass", alone=False)
        while not over.is_set():
            await follower.turn(2)
        return await follower.catch_up(3)

    async with asyncio.timeout(PATIENCE):
        followers = [asyncio.create_task(follow()) for _ in range(2)]
        await asyncio.gather(*(write(seed) for seed in range(4)))
        over.set()
        copies = await asyncio.gather(*followers)
    assert copies == [await there(gateway)] * 2


WHOLE: Final = {
    "Product": "{ all: products(first: 100) { nodes { id title } } }",
    "ProductVariant": "{ all: productVariants(first: 100) { nodes { id } } }",
}


async def test_every_mutation_of_the_catalogue_is_followed(gateway: Gateway) -> None:
    """What is done by mutations, and not by rows and events of a test."""
    await opened_shop(gateway)
    follower = Follower(gateway, *WHOLE)
    follower.since = (await page(gateway, None))["position"]
    for document in WHOLE.values():
        follower.copy |= {node["id"]: node for node in (await gateway(document))["all"]["nodes"]}
    random = Random(11)
    for _ in range(40):
        await ACTIONS[random.choice(sorted(ACTIONS))](Shop(gateway, random))
        await follower.turn(random.randint(1, 20))
    kept = await follower.catch_up()
    whole = {node["id"]: node for document in WHOLE.values() for node in (await gateway(document))["all"]["nodes"]}
    assert kept == whole
