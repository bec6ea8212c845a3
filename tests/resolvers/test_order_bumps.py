"""Order bumps: their rules, what is told of a change, who may, and what goes with a variant."""

from typing import Any

import pytest

from db.access.permission import PERMISSIONS
from db.access.viewer import Viewer
from db.catalog.product import ProductStatus
from db.catalog.variant import PaymentType
from db.commerce.order_bump import OrderBumpDiscountType
from engine.values import identity
from tests import factories
from tests.gateway import CLERK, Gateway
from tests.resolvers.shelf import events

ERRORS = "userErrors { code field message }"
SHOWN = "orderBump { id databaseId title status priority version discountedPrice { cents } conditions { field } }"
PAYLOADS = {"orderBumpCreate": SHOWN, "orderBumpUpdate": SHOWN, "orderBumpDelete": "deletedId"}
# Sensitive things alone: no draft of the catalog.
KEEPER = Viewer("token:keeper", "keeper", frozenset({"store/sensitive"}))


def gid(entity: str, key: int) -> str:
    return identity.encode(entity, key)


MUG, PLAN = gid("ProductVariant", 11), gid("ProductVariant", 21)
ONE, TWO = gid("OrderBump", 1), gid("OrderBump", 2)


async def go(gateway: Gateway, mutation: str, /, **input: Any) -> Any:
    kind = mutation[0].upper() + mutation[1:]
    document = f"mutation Go($input: {kind}Input!) {{ {mutation}(input: $input) {{ {PAYLOADS[mutation]} {ERRORS} }} }}"
    return (await gateway(document, {"input": input}))[mutation]


def wrong(payload: Any) -> list[tuple[str, str]]:
    return [(error["code"], ".".join(error["field"])) for error in payload["userErrors"]]


@pytest.fixture
async def shop(gateway: Gateway) -> Gateway:
    half = {"discount_type": OrderBumpDiscountType.PERCENTAGE, "discount_amount": 5000}
    await factories.store_rows(
        gateway,
        [
            factories.categories(),
            factories.brands(),
            factories.term(1, name="Cups"),
            factories.term(2, "product-brands", name="Acme"),
            factories.product(1, title="Mug", slug="mug"),
            factories.variant(11, 1, price=999),
            factories.variant(12, 1, price=1500),
            factories.product(2, title="Plan", slug="plan"),
            factories.variant(21, 2, price=900, payment_type=PaymentType.SUBSCRIPTION),
            factories.product(3, title="Secret", slug="secret", status=ProductStatus.DRAFT),
            factories.variant(31, 3, price=700),
            factories.order_bump(1, 11, title="Süßes dazu", priority=3, **half),
            factories.order_bump(2, 31, title="aber gern", priority=2_147_483_647),
            factories.order_bump(3, 12, title="Zuletzt"),
        ],
    )
    return gateway


async def test_a_bump_comes_changes_and_goes(shop: Gateway) -> None:
    made = (await go(shop, "orderBumpCreate", title="  A   lid ", variantId=MUG))["orderBump"]
    # The last one is as far behind as a number goes.
    assert made == {
        "id": gid("OrderBump", 4),
        "databaseId": 4,
        "title": "A lid",
        "status": "DRAFT",
        "priority": 2_147_483_647,
        "version": 1,
        "discountedPrice": {"cents": 999},
        "conditions": [],
    }
    discount = {"type": "FIXED", "amount": 99}
    total = {"field": "TOTAL", "operator": "AT_LEAST", "amount": 0}
    changes: dict[str, Any] = {"status": "ACTIVE", "discount": discount, "conditions": [total], "title": "A lid"}
    changed = (await go(shop, "orderBumpUpdate", id=made["id"], **changes))["orderBump"]
    assert (changed["discountedPrice"], changed["conditions"]) == ({"cents": 900}, [{"field": "TOTAL"}])
    assert (await go(shop, "orderBumpUpdate", id=made["id"], **changes))["orderBump"]["version"] == 2
    cleared = await go(shop, "orderBumpUpdate", id=made["id"], discount=None, conditions=None, expectedVersion=2)
    assert (cleared["orderBump"]["discountedPrice"], cleared["orderBump"]["conditions"]) == ({"cents": 999}, [])
    moved = await go(shop, "orderBumpUpdate", id=made["id"], variantId=gid("ProductVariant", 12))
    assert moved["orderBump"]["discountedPrice"] == {"cents": 1500}
    assert (await go(shop, "orderBumpDelete", id=made["id"], expectedVersion=4))["deletedId"] == made["id"]
    told = await events(shop)
    assert [(one["name"], one["version"], one["changed"]) for one in told] == [
        ("order_bump.created", 1, []),
        ("order_bump.updated", 2, ["conditions", "discount", "status"]),
        ("order_bump.updated", 3, ["conditions", "discount"]),
        ("order_bump.updated", 4, ["variant"]),
        ("order_bump.deleted", None, []),
    ]
    assert told[0]["payload"] == {"orderBumpId": 4, "variantId": 11, "status": "draft"}
    assert told[-1]["payload"] == {"orderBumpId": 4, "variantId": 12, "status": "active"}


async def test_its_hash_finds_it_and_no_two_have_one(shop: Gateway) -> None:
    for _ in range(2):
        await go(shop, "orderBumpCreate", title="Twin", variantId=MUG)
    nodes = (await shop("{ orderBumps(first: 2) { nodes { databaseId hash } } }"))["orderBumps"]["nodes"]
    assert len({node["hash"] for node in nodes}) == 2
    for node in nodes:
        found = await shop(f'{{ orderBump(by: {{ hash: "{node["hash"]}" }}) {{ databaseId }} }}')
        assert found["orderBump"] == {"databaseId": node["databaseId"]}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("", [3, 2, 1]),
        ("sort: [{ field: TITLE }]", [2, 1, 3]),
        ("sort: [{ field: PRIORITY, direction: DESC }]", [2, 1, 3]),
        ('search: "SUSS"', [1]),
        ('search: "süß dazu"', [1]),
        ('search: "ge"', [2]),
        ("filter: { status: { eq: ACTIVE } }", []),
        ("filter: { variantDatabaseId: { eq: 31 } }", [2]),
    ],
)
async def test_lists(shop: Gateway, arguments: str, expected: list[int]) -> None:
    given = f"({arguments})" if arguments else ""
    found = await shop(f"{{ orderBumps{given} {{ nodes {{ databaseId }} totalCount }} }}")
    assert [node["databaseId"] for node in found["orderBumps"]["nodes"]] == expected
    assert found["orderBumps"]["totalCount"] == len(expected)


def conditioned(**condition: Any) -> dict[str, Any]:
    return {"id": ONE, "conditions": [condition]}


VALIDATION, NOT_FOUND = "VALIDATION", "NOT_FOUND"
PATH = "conditions.0"


@pytest.mark.parametrize(
    ("mutation", "input", "expected"),
    [
        ("orderBumpCreate", {"title": " ", "variantId": MUG}, [(VALIDATION, "title")]),
        ("orderBumpCreate", {"title": "x" * 195, "variantId": MUG, "description": "y" * 2001, "sourceType": " ",
                             "callToAction": "z" * 201, "priority": 0},
         [(VALIDATION, "title"), (VALIDATION, "sourceType"), (VALIDATION, "description"),
          (VALIDATION, "callToAction"), (VALIDATION, "priority")]),
        ("orderBumpCreate", {"title": "New", "variantId": PLAN}, [("BUSINESS_RULE", "variantId")]),
        ("orderBumpCreate", {"title": "New", "variantId": gid("ProductVariant", 99)}, [(NOT_FOUND, "variantId")]),
        ("orderBumpUpdate", {"id": ONE, "variantId": PLAN}, [("BUSINESS_RULE", "variantId")]),
        ("orderBumpUpdate", {"id": ONE, "priority": -1}, [(VALIDATION, "priority")]),
        ("orderBumpUpdate", {"id": ONE, "sourceType": "x" * 51}, [(VALIDATION, "sourceType")]),
        ("orderBumpUpdate", {"id": ONE, "discount": {"type": "FIXED", "amount": -1}},
         [(VALIDATION, "discount.amount")]),
        ("orderBumpUpdate", {"id": ONE, "discount": {"type": "PERCENTAGE", "amount": 10001}},
         [(VALIDATION, "discount.amount")]),
        ("orderBumpUpdate", {"id": ONE, "title": "New", "expectedVersion": 4}, [("CONFLICT", "expectedVersion")]),
        ("orderBumpUpdate", {"id": gid("OrderBump", 9)}, [(NOT_FOUND, "id")]),
        ("orderBumpDelete", {"id": gid("OrderBump", 9)}, [(NOT_FOUND, "id")]),
        ("orderBumpDelete", {"id": ONE, "expectedVersion": 2}, [("CONFLICT", "expectedVersion")]),
        ("orderBumpUpdate", conditioned(field="TOTAL", operator="AT_LEAST"), [(VALIDATION, f"{PATH}.amount")]),
        ("orderBumpUpdate", conditioned(field="TOTAL", operator="AT_LEAST", amount=-1),
         [(VALIDATION, f"{PATH}.amount")]),
        ("orderBumpUpdate", conditioned(field="TOTAL", operator="CONTAINS", amount=1, quantity=0),
         [(VALIDATION, f"{PATH}.operator"), (VALIDATION, f"{PATH}.quantity")]),
        ("orderBumpUpdate", conditioned(field="QUANTITY", operator="AT_MOST", amount=3),
         [(VALIDATION, f"{PATH}.amount"), (VALIDATION, f"{PATH}.quantity")]),
        ("orderBumpUpdate", conditioned(field="VARIANT", operator="ANY_OF", variantIds=[]),
         [(VALIDATION, f"{PATH}.variantIds")]),
        ("orderBumpUpdate", conditioned(field="VARIANT", operator="ANY_OF", variantIds=[MUG] * 101),
         [(VALIDATION, f"{PATH}.variantIds")]),
        ("orderBumpUpdate", conditioned(field="VARIANT", operator="ANY_OF", variantIds=[MUG, gid("ProductVariant", 9)]),
         [(NOT_FOUND, f"{PATH}.variantIds.1")]),
        ("orderBumpUpdate", conditioned(field="PRODUCT", operator="ANY_OF", productIds=[gid("Product", 9)]),
         [(NOT_FOUND, f"{PATH}.productIds.0")]),
        ("orderBumpUpdate",
         conditioned(field="CATEGORY", operator="ALL_OF", categoryIds=[gid("Term", 1), gid("Term", 2)]),
         [(NOT_FOUND, f"{PATH}.categoryIds.1")]),
        ("orderBumpUpdate", conditioned(field="EMAIL", operator="EQUALS", email=" "), [(VALIDATION, f"{PATH}.email")]),
        ("orderBumpUpdate", conditioned(field="EMAIL", operator="EQUALS", email="x" * 255),
         [(VALIDATION, f"{PATH}.email")]),
        ("orderBumpUpdate",
         {"id": ONE, "conditions": [{"field": "QUANTITY", "operator": "AT_LEAST", "quantity": 1}] * 21},
         [(VALIDATION, "conditions")]),
    ],
)  # fmt: skip
async def test_refused(shop: Gateway, mutation: str, input: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert sorted(wrong(await go(shop, mutation, **input))) == sorted(expected)
    assert await events(shop) == []


async def test_what_is_said_again_is_not_judged_anew(shop: Gateway) -> None:
    """A form sends the variant with all else; that it is a subscription by now is nobody's doing."""
    document = f"mutation Go($input: VariantUpdateInput!) {{ variantUpdate(input: $input) {{ {ERRORS} }} }}"
    terms = {"paymentType": "SUBSCRIPTION", "interval": "MONTHLY", "hasSetupFee": False}
    assert wrong((await shop(document, {"input": {"id": MUG, **terms}}))["variantUpdate"]) == []
    changed = await go(shop, "orderBumpUpdate", id=ONE, variantId=MUG, title="Süßes zum Tee")
    assert (changed["userErrors"], changed["orderBump"]["version"]) == ([], 2)


async def test_an_id_of_another_type_is_bad_input(shop: Gateway) -> None:
    document = f"mutation Go($input: OrderBumpUpdateInput!) {{ orderBumpUpdate(input: $input) {{ {ERRORS} }} }}"
    condition = {"field": "PRODUCT", "operator": "ANY_OF", "productIds": [MUG]}
    answer = await shop.answer(document, {"input": {"id": ONE, "conditions": [condition]}})
    assert answer.body["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_what_is_hidden_stays_hidden(shop: Gateway) -> None:
    """A keeper of sensitive things does not see a draft's price by its bump, nor offer a draft."""
    document = "{ orderBumps { nodes { databaseId variant { title } discountedPrice { cents } } } }"
    nodes = (await shop(document, viewer=KEEPER))["orderBumps"]["nodes"]
    assert {node["databaseId"]: node["discountedPrice"] for node in nodes} == {
        3: {"cents": 1500},
        2: None,
        1: {"cents": 500},
    }
    create = f"mutation Go($input: OrderBumpCreateInput!) {{ orderBumpCreate(input: $input) {{ {ERRORS} }} }}"
    asked = {"title": "New", "variantId": gid("ProductVariant", 31)}
    assert wrong((await shop(create, {"input": asked}, KEEPER))["orderBumpCreate"]) == [(NOT_FOUND, "variantId")]


async def test_who_may(shop: Gateway) -> None:
    manager = Viewer("token:manager", "manager", PERMISSIONS - {"store/sensitive"})
    delete = f"mutation Go($input: OrderBumpDeleteInput!) {{ orderBumpDelete(input: $input) {{ {ERRORS} }} }}"
    for document, variables in (
        ("{ orderBumps { totalCount } }", None),
        ("{ orderBump(by: { databaseId: 1 }) { title } }", None),
        (delete, {"input": {"id": ONE}}),
    ):
        answer = await shop.answer(document, variables, manager)
        assert answer.body["errors"][0]["extensions"] == {"code": "FORBIDDEN", "permission": "store/sensitive"}
    found = await shop("{ productVariant(by: { databaseId: 11 }) { orderBumps { title } } }", viewer=CLERK)
    assert found["productVariant"]["orderBumps"] == []


@pytest.mark.parametrize(
    ("mutation", "type_", "doomed"),
    [("variantDelete", "ProductVariant", 11), ("productDelete", "Product", 1)],
)
async def test_a_bump_goes_with_what_it_offers(shop: Gateway, mutation: str, type_: str, doomed: int) -> None:
    kind = mutation[0].upper() + mutation[1:]
    document = f"mutation Go($input: {kind}Input!) {{ {mutation}(input: $input) {{ deletedOrderBumpIds {ERRORS} }} }}"
    payload = (await shop(document, {"input": {"id": gid(type_, doomed)}}))[mutation]
    gone = [ONE] if mutation == "variantDelete" else [ONE, gid("OrderBump", 3)]
    assert payload == {"deletedOrderBumpIds": gone, "userErrors": []}
    told = [one["entity"] for one in await events(shop) if one["name"] == "order_bump.deleted"]
    assert told == [f"OrderBump:{number}" for number in ([1] if len(gone) == 1 else [1, 3])]


async def test_a_condition_outlives_what_it_names(shop: Gateway) -> None:
    condition = {"field": "VARIANT", "operator": "ANY_OF", "variantIds": [MUG, MUG, gid("ProductVariant", 12)]}
    await go(shop, "orderBumpUpdate", id=TWO, conditions=[condition])
    document = "{ orderBump(by: { databaseId: 2 }) { conditions { variants { databaseId } products { title } } } }"
    for expected in ([11, 12], [12]):
        (found,) = (await shop(document))["orderBump"]["conditions"]
        assert found == {"variants": [{"databaseId": key} for key in expected], "products": []}
        delete = f"mutation Go($input: VariantDeleteInput!) {{ variantDelete(input: $input) {{ {ERRORS} }} }}"
        await shop(delete, {"input": {"id": MUG}})
