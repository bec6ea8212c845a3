"""Tax and shipping classes: their rules, who may change them, and what their deletion leaves."""

import asyncio
from typing import Any

import pytest

from db.access.permission import PERMISSIONS
from db.access.viewer import Viewer
from db.catalog.shipping import ShippingClassRow, ShippingClassType
from db.catalog.tax import TaxClassRow
from engine.values import identity
from tests import factories
from tests.gateway import ADMIN, CLERK, Gateway
from tests.patience import PATIENCE
from tests.resolvers.shelf import events

ERRORS = "userErrors { code field message }"
TAX = "databaseId title slug description priority categoryDatabaseIds categories { name } version"
SHIPPING = "databaseId name description type cost perItem version"
DOCUMENTS = {
    "taxClassCreate": f"mutation Go($input: TaxClassCreateInput!) "
    f"{{ taxClassCreate(input: $input) {{ taxClass {{ {TAX} }} {ERRORS} }} }}",
    "taxClassUpdate": f"mutation Go($input: TaxClassUpdateInput!) "
    f"{{ taxClassUpdate(input: $input) {{ taxClass {{ {TAX} }} {ERRORS} }} }}",
    "taxClassDelete": f"mutation Go($input: TaxClassDeleteInput!) "
    f"{{ taxClassDelete(input: $input) {{ deletedId {ERRORS} }} }}",
    "shippingClassCreate": f"mutation Go($input: ShippingClassCreateInput!) "
    f"{{ shippingClassCreate(input: $input) {{ shippingClass {{ {SHIPPING} }} {ERRORS} }} }}",
    "shippingClassUpdate": f"mutation Go($input: ShippingClassUpdateInput!) "
    f"{{ shippingClassUpdate(input: $input) {{ shippingClass {{ {SHIPPING} }} {ERRORS} }} }}",
    "shippingClassDelete": f"mutation Go($input: ShippingClassDeleteInput!) "
    f"{{ shippingClassDelete(input: $input) {{ deletedId {ERRORS} }} }}",
}
FOOD, BOOKS = identity.encode("TaxClass", 1), identity.encode("TaxClass", 2)
SMALL, HALF = identity.encode("ShippingClass", 1), identity.encode("ShippingClass", 2)


async def go(gateway: Gateway, mutation: str, /, **input: Any) -> Any:
    return (await gateway(DOCUMENTS[mutation], {"input": input}))[mutation]


def wrong(payload: Any) -> list[tuple[str, str]]:
    return [(error["code"], ".".join(error["field"])) for error in payload["userErrors"]]


@pytest.fixture
async def shop(gateway: Gateway) -> Gateway:
    await factories.store_rows(
        gateway,
        [
            factories.categories(),
            factories.brands(),
            factories.term(1, name="Bread"),
            factories.term(2, "product-brands", name="Acme"),
            TaxClassRow(id=1, title="Food", slug="food", priority=2),
            TaxClassRow(id=2, title="Books", slug="books", priority=1, categories=[1]),
            ShippingClassRow(id=1, name="Small", cost=300, type=ShippingClassType.FIXED),
            ShippingClassRow(id=2, name="Half", cost=5000, type=ShippingClassType.PERCENTAGE, per_item=True),
            factories.product(1, tax_class_id=1, shipping_class_id=1),
            factories.variant(1, 1, shipping_class_id=2),
        ],
    )
    return gateway


async def test_lists_and_lookups(shop: Gateway) -> None:
    found = await shop(
        f"""{{
          taxClasses {{ title categories {{ name }} }}
          shippingClasses {{ name }}
          taxClass(by: {{ slug: "food" }}) {{ databaseId }}
          gone: taxClass(by: {{ databaseId: 9 }}) {{ title }}
          shippingClass(by: {{ id: "{HALF}" }}) {{ name }}
        }}""",
        viewer=CLERK,
    )
    assert found == {
        "taxClasses": [{"title": "Books", "categories": [{"name": "Bread"}]}, {"title": "Food", "categories": []}],
        "shippingClasses": [{"name": "Half"}, {"name": "Small"}],
        "taxClass": {"databaseId": 1},
        "gone": None,
        "shippingClass": {"name": "Half"},
    }


async def test_a_tax_class_comes_changes_and_goes(shop: Gateway) -> None:
    bread = identity.encode("Term", 1)
    made = await go(shop, "taxClassCreate", title=" Food ", description="a\nb", categoryIds=[bread, bread])
    assert made["taxClass"] == {
        "databaseId": 3,
        "title": "Food",
        "slug": "food-2",
        "description": "a\nb",
        "priority": 1,
        "categoryDatabaseIds": [1],
        "categories": [{"name": "Bread"}],
        "version": 1,
    }
    changed = await go(shop, "taxClassUpdate", id=FOOD, title="Groceries", slug="Groceries!", categoryIds=[bread])
    assert changed["taxClass"]["slug"] == "groceries"
    assert (await go(shop, "taxClassUpdate", id=FOOD, title="Groceries"))["taxClass"]["version"] == 2
    cleared = await go(shop, "taxClassUpdate", id=FOOD, categoryIds=None, description=None, expectedVersion=2)
    assert cleared["taxClass"]["categoryDatabaseIds"] == []
    assert (await go(shop, "taxClassDelete", id=FOOD))["deletedId"] == FOOD
    product = (await shop("{ product(by: { databaseId: 1 }) { version taxClass { title } } }"))["product"]
    assert product == {"version": 1, "taxClass": None}
    assert [(e["name"], e["version"], e["changed"]) for e in await events(shop)] == [
        ("tax_class.created", 1, []),
        ("tax_class.updated", 2, ["categories", "slug", "title"]),
        ("tax_class.updated", 3, ["categories"]),
        ("tax_class.deleted", None, []),
    ]


async def test_a_shipping_class_comes_changes_and_goes(shop: Gateway) -> None:
    made = await go(shop, "shippingClassCreate", name=" Bulky ", type="FIXED", cost=1999)
    assert made["shippingClass"] == {
        "databaseId": 3,
        "name": "Bulky",
        "description": "",
        "type": "FIXED",
        "cost": 1999,
        "perItem": False,
        "version": 1,
    }
    changed = await go(shop, "shippingClassUpdate", id=SMALL, type="PERCENTAGE", cost=10000, perItem=True)
    assert changed["shippingClass"]["version"] == 2
    assert (await go(shop, "shippingClassUpdate", id=SMALL, perItem=True))["shippingClass"]["version"] == 2
    assert (await go(shop, "shippingClassDelete", id=HALF))["deletedId"] == HALF
    variant = await shop("{ productVariant(by: { databaseId: 1 }) { version shippingClass { name } } }")
    assert variant["productVariant"] == {"version": 1, "shippingClass": None}
    assert [(e["name"], e["version"], e["changed"]) for e in await events(shop)] == [
        ("shipping_class.created", 1, []),
        ("shipping_class.updated", 2, ["cost", "perItem", "type"]),
        ("shipping_class.deleted", None, []),
    ]


@pytest.mark.parametrize(
    ("mutation", "input", "expected"),
    [
        ("taxClassCreate", {"title": " "}, [("VALIDATION", "title")]),
        ("taxClassCreate", {"title": "x" * 193, "description": "y" * 501, "priority": -1},
         [("VALIDATION", "title"), ("VALIDATION", "description"), ("VALIDATION", "priority")]),
        ("taxClassCreate", {"title": "New", "slug": "-"}, [("VALIDATION", "slug")]),
        ("taxClassCreate", {"title": "New", "categoryIds": [identity.encode("Term", 2), identity.encode("Term", 9)]},
         [("NOT_FOUND", "categoryIds.0"), ("NOT_FOUND", "categoryIds.1")]),
        ("taxClassCreate", {"title": "New", "slug": "food"}, [("CONFLICT", "slug")]),
        ("taxClassUpdate", {"id": FOOD, "slug": "books"}, [("CONFLICT", "slug")]),
        ("taxClassUpdate", {"id": FOOD, "title": "New", "expectedVersion": 4}, [("CONFLICT", "expectedVersion")]),
        ("taxClassUpdate", {"id": identity.encode("TaxClass", 9)}, [("NOT_FOUND", "id")]),
        ("taxClassDelete", {"id": identity.encode("TaxClass", 9)}, [("NOT_FOUND", "id")]),
        ("shippingClassCreate", {"name": "", "type": "FIXED", "cost": -1, "description": "y" * 501},
         [("VALIDATION", "name"), ("VALIDATION", "description"), ("VALIDATION", "cost")]),
        ("shippingClassCreate", {"name": "x" * 193, "type": "PERCENTAGE", "cost": 10001},
         [("VALIDATION", "name"), ("VALIDATION", "cost")]),
        ("shippingClassUpdate", {"id": HALF, "cost": 10001}, [("VALIDATION", "cost")]),
        ("shippingClassUpdate", {"id": identity.encode("ShippingClass", 9)}, [("NOT_FOUND", "id")]),
        ("shippingClassDelete", {"id": SMALL, "expectedVersion": 2}, [("CONFLICT", "expectedVersion")]),
    ],
)  # fmt: skip
async def test_refused(shop: Gateway, mutation: str, input: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert wrong(await go(shop, mutation, **input)) == expected
    assert await events(shop) == []


async def test_who_may(shop: Gateway) -> None:
    """Taxes are sensitive, as they are in the released store; shipping classes are settings."""
    manager = Viewer("token:manager", "manager", PERMISSIONS - {"store/sensitive"})
    answer = await shop.answer(DOCUMENTS["taxClassDelete"], {"input": {"id": FOOD}}, manager)
    assert answer.body["errors"][0]["extensions"] == {"code": "FORBIDDEN", "permission": "store/sensitive"}
    answer = await shop.answer(DOCUMENTS["shippingClassDelete"], {"input": {"id": SMALL}}, CLERK)
    assert answer.body["errors"][0]["extensions"] == {"code": "FORBIDDEN", "permission": "store/settings"}


async def test_one_slug_is_given_once(shop: Gateway) -> None:
    """Nothing is locked: the unique constraint decides, and the other is told."""
    documents = (shop.answer(DOCUMENTS["taxClassCreate"], {"input": {"title": "Tea"}}, ADMIN) for _ in range(5))
    async with asyncio.timeout(PATIENCE):
        answers = await asyncio.gather(*documents)
    payloads = [answer.body["data"]["taxClassCreate"] for answer in answers]
    assert {code for payload in payloads for code in wrong(payload)} <= {("CONFLICT", "slug")}
    slugs = [payload["taxClass"]["slug"] for payload in payloads if payload["taxClass"]]
    assert "tea" in slugs
    assert len(set(slugs)) == len(slugs)
