"""Shipping methods: their rules, who may change and see them, what they are offered for, and what they charge."""

from fractions import Fraction
from typing import Any

import pytest
from sqlalchemy import update

from db.access.permission import PERMISSIONS
from db.access.viewer import Viewer
from db.catalog.product import FulfillmentType, ProductStatus
from db.catalog.shipping import ShippingClassType
from db.commerce.shipping_method import ShippingClassAggregation, ShippingMethodType
from db.commerce.store import StoreRow
from db.store.row import table
from engine.values import identity
from resolvers.commerce.shipping.parcels import SentLine, classes_of, parcels_of
from resolvers.commerce.shipping.zones import country_of
from tests import factories
from tests.gateway import ADMIN, ANONYMOUS, CLERK, Gateway
from tests.resolvers.shelf import events

ERRORS = "userErrors { code field message }"
METHOD = (
    "databaseId title type amount weightTiers { min max cost { cents } } countries states classAggregation "
    "freeFrom { cents } enabled position version"
)
WRITES = {
    "shippingMethodCreate": f"mutation Go($input: ShippingMethodCreateInput!) "
    f"{{ shippingMethodCreate(input: $input) {{ shippingMethod {{ {METHOD} }} {ERRORS} }} }}",
    "shippingMethodUpdate": f"mutation Go($input: ShippingMethodUpdateInput!) "
    f"{{ shippingMethodUpdate(input: $input) {{ shippingMethod {{ {METHOD} }} {ERRORS} }} }}",
    "shippingMethodDelete": f"mutation Go($input: ShippingMethodDeleteInput!) "
    f"{{ shippingMethodDelete(input: $input) {{ deletedId {ERRORS} }} }}",
}
OFFERS = """query Offers($country: String, $timezone: String, $state: String, $items: [ShippingItemInput!]) {
  shippingMethods(countryCode: $country, timezone: $timezone, state: $state, items: $items) {
    charge { cents } method { title }
  }
}"""
CALCULATION = """query Calculate($items: [ShippingItemInput!]!, $method: ID!) {
  shippingCalculation(items: $items, methodId: $method) {
    total { cents } items { index quantity charge { cents } variant { databaseId } } method { title }
  }
}"""


def method(key: int) -> str:
    return identity.encode("ShippingMethod", key)


def items(*quantities: tuple[int, int]) -> list[dict[str, Any]]:
    return [{"variantId": identity.encode("ProductVariant", key), "quantity": quantity} for key, quantity in quantities]


async def go(gateway: Gateway, mutation: str, /, **input: Any) -> Any:
    return (await gateway(WRITES[mutation], {"input": input}))[mutation]


def wrong(payload: Any) -> list[tuple[str, str]]:
    return [(error["code"], ".".join(error["field"])) for error in payload["userErrors"]]


@pytest.fixture
async def shop(gateway: Gateway) -> Gateway:
    sent: dict[str, Any] = {"fulfillment_type": FulfillmentType.PHYSICAL}
    await factories.store_rows(
        gateway,
        [
            factories.shipping_class(1, cost=500, per_item=True),
            factories.shipping_class(2, cost=1000, type=ShippingClassType.PERCENTAGE),
            factories.product(1, shipping_class_id=1, **sent),
            factories.variant(1, 1, price=2000, weight=400, weight_unit="g", **sent),
            factories.variant(2, 1, price=3333, weight=0.8, shipping_class_id=2, **sent),
            factories.product(2, **sent),
            factories.variant(3, 2, price=100, **sent),
            factories.product(3),
            factories.variant(4, 3, price=1500),
            factories.product(4, status=ProductStatus.DRAFT, **sent),
            factories.variant(5, 4, price=100, **sent),
            factories.shipping_method(1, countries=["DE", "AT"], position=3),
            factories.shipping_method(
                2,
                type=ShippingMethodType.PER_ITEM,
                amount=200,
                class_aggregation=ShippingClassAggregation.HIGHEST_CLASS,
                position=2,
            ),
            factories.shipping_method(3, type=ShippingMethodType.FREE, countries=["US"], states=["NY"], position=1),
            factories.shipping_method(4, amount=1, enabled=False),
        ],
    )
    return gateway


async def offered(gateway: Gateway, viewer: Viewer = ANONYMOUS, /, **variables: Any) -> list[tuple[str, int | None]]:
    found = (await gateway(OFFERS, variables, viewer))["shippingMethods"]
    return [(one["method"]["title"], one["charge"] and one["charge"]["cents"]) for one in found]


async def refused(gateway: Gateway, document: str, viewer: Viewer = ANONYMOUS, /, **variables: Any) -> tuple[str, str]:
    answer = await gateway.answer(document, variables, viewer)
    (error,) = answer.body["errors"]
    assert list(answer.body["data"].values()) == [None]
    return error["extensions"]["code"], error["message"]


async def test_a_method_comes_changes_and_goes(gateway: Gateway) -> None:
    made = await go(
        gateway,
        "shippingMethodCreate",
        title=" By post ",
        type="PER_WEIGHT",
        weightTiers=[{"min": 0, "max": 2.5, "cost": 600}, {"min": 2.5, "cost": 1100}],
        countries=["us", "US"],
        states=["ny", " NY", "ca"],
        freeFrom=5000,
    )
    assert made["shippingMethod"] == {
        "databaseId": 1,
        "title": "By post",
        "type": "PER_WEIGHT",
        "amount": 0,
        "weightTiers": [
            {"min": 0.0, "max": 2.5, "cost": {"cents": 600}},
            {"min": 2.5, "max": None, "cost": {"cents": 1100}},
        ],
        "countries": ["US"],
        "states": ["NY", "CA"],
        "classAggregation": "SUM_ALL",
        "freeFrom": {"cents": 5000},
        "enabled": True,
        "position": 1,
        "version": 1,
    }
    same = await go(gateway, "shippingMethodUpdate", id=method(1), countries=["US"], freeFrom=5000)
    assert same["shippingMethod"]["version"] == 1
    changed = await go(
        gateway, "shippingMethodUpdate", id=method(1), type="PER_PRICE", amount=1000, states=None, weightTiers=[]
    )
    assert changed["shippingMethod"]["states"] == changed["shippingMethod"]["weightTiers"] == []
    closed = await go(gateway, "shippingMethodUpdate", id=method(1), freeFrom=None, enabled=False, expectedVersion=2)
    assert (closed["shippingMethod"]["freeFrom"], closed["shippingMethod"]["version"]) == (None, 3)
    assert (await go(gateway, "shippingMethodDelete", id=method(1)))["deletedId"] == method(1)
    assert [(event["name"], event["version"], event["changed"]) for event in await events(gateway)] == [
        ("shipping_method.created", 1, []),
        ("shipping_method.updated", 2, ["amount", "states", "type", "weightTiers"]),
        ("shipping_method.updated", 3, ["enabled", "freeFrom"]),
        ("shipping_method.deleted", None, []),
    ]


@pytest.mark.parametrize(
    ("mutation", "input", "expected"),
    [
        ("shippingMethodCreate", {"title": " ", "type": "FREE"}, ["title"]),
        (
            "shippingMethodCreate",
            {"title": "x" * 193, "type": "PER_ORDER", "amount": -1, "freeFrom": -1, "position": -1},
            ["title", "amount", "freeFrom", "position"],
        ),
        ("shippingMethodCreate", {"title": "x", "type": "PER_PRICE", "amount": 10_001}, ["amount"]),
        ("shippingMethodCreate", {"title": "x", "type": "PER_WEIGHT"}, ["weightTiers"]),
        ("shippingMethodUpdate", {"id": method(1), "type": "PER_WEIGHT"}, ["weightTiers"]),
        (
            "shippingMethodCreate",
            {"title": "x", "type": "FREE", "countries": ["DE", "XX", "Germany"]},
            ["countries.1", "countries.2"],
        ),
        ("shippingMethodCreate", {"title": "x", "type": "FREE", "states": ["NY"]}, ["states"]),
        ("shippingMethodUpdate", {"id": method(1), "states": ["NY"]}, ["states"]),
        ("shippingMethodUpdate", {"id": method(3), "countries": []}, ["states"]),
        ("shippingMethodUpdate", {"id": method(3), "states": ["", "x" * 101]}, ["states.0", "states.1"]),
        ("shippingMethodUpdate", {"id": method(3), "states": [f"{n}" for n in range(201)]}, ["states"]),
        ("shippingMethodUpdate", {"id": method(3), "countries": ["DE"] * 301}, ["countries", "states"]),
        ("shippingMethodUpdate", {"id": method(1), "weightTiers": [{"min": 0, "cost": 0}] * 51}, ["weightTiers"]),
        (
            "shippingMethodUpdate",
            {"id": method(1), "weightTiers": [{"min": -1, "max": -2, "cost": -3}, {"min": 0, "cost": 0}]},
            ["weightTiers.0.min", "weightTiers.0.max", "weightTiers.0.cost"],
        ),
        (
            "shippingMethodUpdate",
            {
                "id": method(1),
                "weightTiers": [{"min": 0, "max": 2, "cost": 1}, {"min": 1, "cost": 0}, {"min": 9, "cost": 0}],
            },
            ["weightTiers.1.min", "weightTiers.2.min"],
        ),
    ],
)
async def test_what_is_refused(shop: Gateway, mutation: str, input: dict[str, Any], expected: list[str]) -> None:
    assert wrong(await go(shop, mutation, **input)) == [("VALIDATION", field) for field in expected]
    assert await events(shop) == []


async def test_versions_and_what_is_not_there(shop: Gateway) -> None:
    stale = await go(shop, "shippingMethodUpdate", id=method(1), title="New", expectedVersion=4)
    assert wrong(stale) == [("CONFLICT", "expectedVersion")]
    for mutation in ("shippingMethodUpdate", "shippingMethodDelete"):
        assert wrong(await go(shop, mutation, id=method(99))) == [("NOT_FOUND", "id")]


async def test_who_writes_and_who_sees(shop: Gateway) -> None:
    others = Viewer("token:one", "one", frozenset(PERMISSIONS) - {"store/settings"})
    writer = Viewer("token:two", "two", frozenset({"store/settings"}))
    answer = await shop.answer(WRITES["shippingMethodDelete"], {"input": {"id": method(1)}}, others)
    assert answer.body["errors"][0]["extensions"] == {"code": "FORBIDDEN", "permission": "store/settings"}
    read = "{ allShippingMethods { databaseId } }"
    assert (await shop.answer(read, {}, others)).body["data"] == {"allShippingMethods": None}
    assert [one["databaseId"] for one in (await shop(read, None, writer))["allShippingMethods"]] == [3, 2, 1, 4]
    document = f'{{ shippingMethod(by: {{ databaseId: 4 }}) {{ title }} node(id: "{method(4)}") {{ id }} }}'
    assert await shop(document, None, others) == {"shippingMethod": None, "node": None}
    assert (await shop(document, None, writer))["shippingMethod"] == {"title": "Method 4"}


async def test_what_an_address_is_offered(shop: Gateway) -> None:
    # Nobody said for what: by their positions.
    assert await offered(shop, country="DE") == [("Method 2", None), ("Method 1", None)]
    assert await offered(shop, country="de ", state="x") == [("Method 2", None), ("Method 1", None)]
    assert await offered(shop, country="US") == [("Method 2", None)]
    assert await offered(shop, country="US", state="ny") == [("Method 3", None), ("Method 2", None)]
    # A time zone counts more than a code.
    assert await offered(shop, country="US", timezone="Europe/Vienna") == [("Method 2", None), ("Method 1", None)]
    # What is switched off is offered to nobody, those who see it included.
    assert await offered(shop, ADMIN, country="FR") == [("Method 2", None)]


async def test_a_store_without_methods_offers_none(gateway: Gateway) -> None:
    assert await offered(gateway, country="DE") == await offered(gateway, timezone="Asia/Calcutta") == []
    assert await gateway("{ allShippingMethods { id } }") == {"allShippingMethods": []}
    assert (await refused(gateway, CALCULATION, items=items((1, 1)), method=method(1)))[0] == "NOT_FOUND"


async def test_the_cheapest_comes_first(shop: Gateway) -> None:
    goods = items((1, 2), (2, 3), (3, 1), (4, 1))
    assert await offered(shop, country="DE", items=goods) == [("Method 1", 1833), ("Method 2", 2200)]
    assert await offered(shop, country="DE", items=items((3, 1))) == [("Method 2", 200), ("Method 1", 500)]
    assert await offered(shop, country="DE", items=items((4, 9))) == [("Method 2", 0), ("Method 1", 0)]


async def test_offers_that_are_refused(shop: Gateway) -> None:
    for variables in ({}, {"country": ""}, {"country": "XX"}, {"timezone": "UTC"}, {"timezone": "\0"}):
        assert (await refused(shop, OFFERS, **variables))[0] == "VALIDATION"
    assert (await refused(shop, OFFERS, country="DE", state="x" * 101))[0] == "VALIDATION"
    for bad in ([], items((1, 0)), items((1, 1_000_001)), items((1, 1)) * 101):
        assert (await refused(shop, OFFERS, country="DE", items=bad))[0] == "VALIDATION"
    hidden = await refused(shop, OFFERS, country="DE", items=items((1, 1), (5, 1)))
    assert hidden == ("NOT_FOUND", "`items.1.variantId`: no such variant")
    assert await offered(shop, CLERK, country="FR", items=items((5, 1))) == [("Method 2", 200)]


async def test_what_each_item_costs(shop: Gateway) -> None:
    goods = items((1, 1), (4, 1), (2, 3), (1, 1))
    found = (await shop(CALCULATION, {"items": goods, "method": method(1)}, ANONYMOUS))["shippingCalculation"]
    assert found["method"] == {"title": "Method 1"}
    assert [one["charge"]["cents"] for one in found["items"]] == [572, 0, 690, 571]
    assert found["total"] == {"cents": 572 + 690 + 571}
    assert [(one["index"], one["quantity"], one["variant"]["databaseId"]) for one in found["items"]] == [
        (0, 1, 1),
        (1, 1, 4),
        (2, 3, 2),
        (3, 1, 1),
    ]


async def test_calculations_that_are_refused(shop: Gateway) -> None:
    async def said(key: int, goods: Any, viewer: Viewer = ANONYMOUS) -> str:
        return (await refused(shop, CALCULATION, viewer, items=goods, method=method(key)))[0]

    assert await said(99, items((1, 1))) == "NOT_FOUND"
    assert await said(4, items((1, 1))) == "NOT_FOUND"
    assert await said(1, items((5, 1))) == "NOT_FOUND"
    assert await said(1, []) == "VALIDATION"
    dear = identity.encode("ShippingMethod", 2)
    await go(shop, "shippingMethodUpdate", id=dear, amount=2**53 - 1)
    assert await said(2, items((1, 2))) == "VALIDATION"
    assert (await shop(CALCULATION, {"items": items((3, 1)), "method": dear}))["shippingCalculation"]["total"] == {
        "cents": 2**53 - 1
    }


async def test_lines_as_a_cart_has_them(shop: Gateway) -> None:
    async with shop.database.write() as connection:
        await connection.execute(update(table(StoreRow)).values(settings={"weight_unit": "g"}))
        await connection.commit()
    lines = [SentLine("b", 2, 3, 3000, 100), SentLine("a", 1, 2), SentLine("gone", 99, 1)]
    async with shop.database.read() as connection:
        found = await parcels_of(connection, lines)
        classes = await classes_of(connection, found)
        assert (await parcels_of(connection, []), await classes_of(connection, [])) == ([], {})
    assert [(one.key, one.unit_price, one.total, one.weight, one.shipping_class_id) for one in found] == [
        ("b", 3000, 8900, Fraction("0.8"), 2),
        ("a", 2000, 4000, Fraction(400), 1),
    ]
    assert {key: row["cost"] for key, row in classes.items()} == {1: 500, 2: 1000}


@pytest.mark.parametrize(
    ("zone", "country"),
    [
        ("Europe/Paris", "FR"),
        ("Europe/Oslo", "NO"),
        ("Asia/Calcutta", "IN"),
        ("US/Pacific", "US"),
        ("UTC", None),
        ("Etc/GMT+3", None),
        ("Europe/Atlantis", None),
        ("../zone.tab", None),
        ("", None),
    ],
)
def test_countries_of_time_zones(zone: str, country: str | None) -> None:
    assert country_of(zone) == country


async def test_the_heaviest_parcel(gateway: Gateway) -> None:
    tiers = [{"min": 0, "max": 1e300, "cost": 600}]
    made = await go(gateway, "shippingMethodCreate", title="Crane", type="PER_WEIGHT", weightTiers=tiers)
    assert made["userErrors"] == []
    assert made["shippingMethod"]["weightTiers"] == [{"min": 0, "max": 1e300, "cost": {"cents": 600}}]
    crane = method(made["shippingMethod"]["databaseId"])
    again = await go(gateway, "shippingMethodUpdate", id=crane, weightTiers=tiers)
    assert again["shippingMethod"]["version"] == 1
