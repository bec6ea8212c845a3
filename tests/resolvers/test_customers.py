"""Customers and their addresses: the rules, what is told of a change, and who meets whom."""

import asyncio
from typing import Any

import pytest

from db.access.viewer import Viewer
from db.commerce.address import AddressType
from engine.values import identity
from tests import factories
from tests.gateway import ADMIN, CLERK, Gateway
from tests.patience import PATIENCE
from tests.resolvers.shelf import events

ERRORS = "userErrors { code field message }"
ADDRESS = "databaseId type isPrimary label country version"
PAYLOADS = {
    "customerCreate": "customer { id databaseId email firstName lastName version }",
    "customerUpdate": "customer { email firstName lastName country version }",
    "customerAddressCreate": f"customerAddress {{ {ADDRESS} }} customer {{ version }}",
    "customerAddressUpdate": f"customerAddress {{ {ADDRESS} }} customer {{ version }}",
    "customerAddressDelete": "deletedId customer { version }",
}
STREET = {"address1": "Lindenallee 3", "city": "Bremen", "postcode": "28195", "country": "DE"}
# Of orders and subscriptions, and not of those who made them.
PACKER = Viewer("token:packer", "packer", frozenset({"orders/view", "subscriptions/view"}))


def gid(entity: str, key: int) -> str:
    return identity.encode(entity, key)


async def go(gateway: Gateway, mutation: str, /, **input: Any) -> Any:
    kind = mutation[0].upper() + mutation[1:]
    document = f"mutation Go($input: {kind}Input!) {{ {mutation}(input: $input) {{ {PAYLOADS[mutation]} {ERRORS} }} }}"
    return (await gateway(document, {"input": input}))[mutation]


def wrong(payload: Any) -> list[tuple[str, str]]:
    return [(error["code"], ".".join(error["field"])) for error in payload["userErrors"]]


@pytest.fixture
async def shop(gateway: Gateway) -> Gateway:
    await factories.store_rows(
        gateway,
        [
            factories.customer(1, email="Ada@Example.org", first_name="Ada", last_name="Lovelace", country="Utopia"),
            factories.customer(2, email="otto@example.org", first_name="", last_name=""),
            factories.customer_address(1, 1, is_primary=True, **STREET),
            factories.customer_address(2, 1, **STREET),
            factories.customer_address(3, 1, type=AddressType.SHIPPING, city="Nowhere"),
            factories.order(1, customer_id=1, invoice_no="INV-77"),
            factories.order_item(1, 1, product_title="Engine", title="Analytical"),
            factories.order_item(2, 1, product_title="Cards", title="Punched"),
            factories.subscription(1, customer_id=1, item_name="Engine oil"),
        ],
    )
    return gateway


async def test_what_is_told_of_a_customer(shop: Gateway) -> None:
    made = (await go(shop, "customerCreate", email=" new@example.org ", firstName="  New  ", lastName="One"))[
        "customer"
    ]
    assert (made["email"], made["firstName"], made["version"]) == ("new@example.org", "New", 1)
    await go(shop, "customerUpdate", id=made["id"], lastName="Two", country="fr")
    await go(shop, "customerUpdate", id=made["id"], lastName="Two", country="FR", fullName="New Two")
    told = await events(shop)
    assert [(one["name"], one["version"], one["changed"]) for one in told] == [
        ("customer.created", 1, []),
        ("customer.updated", 2, ["country", "lastName"]),
    ]
    assert {tuple(one["payload"].items()) for one in told} == {(("customerId", made["databaseId"]),)}


async def test_no_change_is_told_of_nobody(shop: Gateway) -> None:
    found = await go(shop, "customerUpdate", id=gid("Customer", 1), email="Ada@Example.org", firstName="Ada")
    assert found["customer"]["version"] == 1
    assert await events(shop) == []


async def test_what_an_import_brought_is_judged_when_it_is_named(shop: Gateway) -> None:
    """One country is no country, and one customer has no name."""
    assert (await go(shop, "customerUpdate", id=gid("Customer", 1), city="London"))["userErrors"] == []
    assert (await go(shop, "customerUpdate", id=gid("Customer", 2), email="o@example.org"))["userErrors"] == []
    assert (await go(shop, "customerAddressUpdate", id=gid("CustomerAddress", 3), label="Here"))["userErrors"] == []
    assert (await go(shop, "customerUpdate", id=gid("Customer", 1), country="Utopia"))["userErrors"] == []
    assert wrong(await go(shop, "customerUpdate", id=gid("Customer", 1), country="Arcadia")) == [
        ("VALIDATION", "country")
    ]
    same = await go(shop, "customerAddressUpdate", id=gid("CustomerAddress", 3), city="Nowhere", country="")
    assert same["userErrors"] == []
    assert (await go(shop, "customerUpdate", id=gid("Customer", 2), firstName="", lastName="X"))["userErrors"] == []
    assert wrong(await go(shop, "customerUpdate", id=gid("Customer", 2), firstName=" ")) == [
        ("VALIDATION", "firstName")
    ]
    assert wrong(await go(shop, "customerAddressUpdate", id=gid("CustomerAddress", 3), city="Else")) == [
        ("VALIDATION", "country")
    ]


@pytest.mark.parametrize(
    ("input", "fields"),
    [
        ({"email": "ADA@example.ORG", "firstName": "A"}, ["email"]),
        ({"email": "a b@example.org", "firstName": "A"}, ["email"]),
        ({"email": f"{'a' * 250}@example.org", "firstName": "A"}, ["email"]),
        ({"email": "a@example.org", "firstName": "a" * 256}, ["firstName"]),
        ({"email": "a@example.org", "fullName": "\u200b"}, ["fullName"]),
        ({"email": "a@example.org", "fullName": "a" * 512}, ["fullName"]),
        ({"email": "a@example.org", "fullName": f"{'a' * 300} b"}, ["firstName"]),
        ({"email": "a@example.org", "firstName": "A", "country": "XX"}, ["country"]),
        ({"email": "a@example.org", "firstName": "A", "country": "D\u0000EU"}, ["country"]),
        ({"email": "a@example.org", "firstName": "A", "country": "D" * 100_000}, ["country"]),
        ({"email": "\u0000@example.org", "firstName": "A"}, ["email"]),
        ({"email": "", "firstName": "<b></b>", "notes": "n" * 5001}, ["firstName", "notes", "email"]),
    ],
)
async def test_a_bad_customer_is_refused(shop: Gateway, input: dict[str, Any], fields: list[str]) -> None:
    found = await go(shop, "customerCreate", **input)
    assert [error["field"] for error in found["userErrors"]] == [[field] for field in fields]
    assert found["customer"] is None
    assert (await shop("{ customers { totalCount } }"))["customers"]["totalCount"] == 2


async def test_of_two_at_once_one_gets_an_address_of_mail(shop: Gateway) -> None:
    """The unique constraint knows nothing of case: they take turns."""
    spelled = ["x@example.org", "X@example.org", "x@EXAMPLE.org", "X@Example.Org"]
    async with asyncio.timeout(PATIENCE):
        found = await asyncio.gather(*(go(shop, "customerCreate", email=email, firstName="X") for email in spelled))
    assert sorted(len(one["userErrors"]) for one in found) == [0, 1, 1, 1]
    assert {pair for one in found for pair in wrong(one)} == {("CONFLICT", "email")}


async def test_what_is_told_of_addresses(shop: Gateway) -> None:
    made = await go(
        shop, "customerAddressCreate", customerId=gid("Customer", 1), type="BILLING", isPrimary=True, **STREET
    )
    assert (made["customerAddress"]["isPrimary"], made["customer"]["version"]) == (True, 2)
    key = made["customerAddress"]["databaseId"]
    gone = await go(shop, "customerAddressDelete", id=gid("CustomerAddress", key))
    assert (gone["deletedId"], gone["customer"]["version"]) == (gid("CustomerAddress", key), 3)
    assert [(one["name"], one["entity"], one["version"], one["changed"]) for one in await events(shop)] == [
        ("customer_address.updated", "CustomerAddress:1", 2, ["isPrimary"]),
        ("customer_address.created", f"CustomerAddress:{key}", 1, []),
        ("customer.updated", "Customer:1", 2, ["addresses"]),
        ("customer_address.deleted", f"CustomerAddress:{key}", None, []),
        ("customer.updated", "Customer:1", 3, ["addresses"]),
    ]


async def test_a_primary_address_changes_its_type(shop: Gateway) -> None:
    """It is the primary one of the other type then, and none of its own is left."""
    await go(shop, "customerAddressUpdate", id=gid("CustomerAddress", 3), isPrimary=True)
    await go(shop, "customerAddressUpdate", id=gid("CustomerAddress", 1), type="SHIPPING")
    found = await shop("{ customer(by: { databaseId: 1 }) { addresses { databaseId type isPrimary } } }")
    assert [tuple(one.values()) for one in found["customer"]["addresses"]] == [
        (2, "BILLING", False),
        (1, "SHIPPING", True),
        (3, "SHIPPING", False),
    ]


async def test_there_is_one_primary_address_whoever_is_first(shop: Gateway) -> None:
    async def one(key: int) -> Any:
        return await go(shop, "customerAddressUpdate", id=gid("CustomerAddress", key), isPrimary=True, type="BILLING")

    async with asyncio.timeout(PATIENCE):
        found = await asyncio.gather(*(one(key) for key in (1, 2, 1, 2, 1, 2)))
    assert all(not each["userErrors"] for each in found)
    listed = await shop("{ customer(by: { databaseId: 1 }) { version addresses { isPrimary type } } }")
    assert [one["isPrimary"] for one in listed["customer"]["addresses"]] == [True, False, False]


async def test_an_outdated_address_is_a_conflict(shop: Gateway) -> None:
    await go(shop, "customerAddressUpdate", id=gid("CustomerAddress", 1), label="Home")
    found = await go(shop, "customerAddressUpdate", id=gid("CustomerAddress", 1), expectedVersion=1, label="House")
    assert [error["message"] for error in found["userErrors"]] == [
        "You edited version 1, it is at 2 now; changed since: label"
    ]


async def test_no_address_is_nobodys(shop: Gateway) -> None:
    for mutation, given in (
        ("customerAddressUpdate", {"id": gid("CustomerAddress", 404), "label": "X"}),
        ("customerAddressDelete", {"id": gid("CustomerAddress", 404)}),
        ("customerAddressCreate", {"customerId": gid("Customer", 404), "type": "BILLING", **STREET}),
    ):
        (error,) = (await go(shop, mutation, **given))["userErrors"]
        assert error["code"] == "NOT_FOUND", mutation


async def test_an_address_has_what_its_country_asks_for(shop: Gateway) -> None:
    async def parts(**place: str) -> list[str]:
        made = await go(shop, "customerAddressCreate", customerId=gid("Customer", 2), type="BILLING", **place)
        return [field for _, field in wrong(made)]

    assert await parts(country="DE") == ["address1", "city", "postcode"]
    assert await parts(country="HK", address1="1 Queen's Road") == ["state"]
    assert await parts(country="HK", address1="1 Queen's Road", state="HK") == []
    assert await parts(country="US", address1="1 Main St", city="X", state="CA", postcode="94043-1351") == []
    assert await parts(country="GB", address1="1 Main St", city="X", postcode="sw1a 1aa") == []
    assert await parts(country="GB", address1="1 Main St", city="X", postcode="12345") == ["postcode"]
    assert await parts(country="") == ["country"]
    assert await parts(country="ZZ") == ["country"]


async def test_a_customer_has_no_end_of_addresses(shop: Gateway) -> None:
    await factories.store_rows(shop, [factories.customer_address(key, 2, **STREET) for key in range(100, 200)])
    found = await go(shop, "customerAddressCreate", customerId=gid("Customer", 2), type="BILLING", **STREET)
    assert wrong(found) == [("BUSINESS_RULE", "customerId")]


async def test_nobody_finds_by_what_they_do_not_see(shop: Gateway) -> None:
    document = """query Found($text: String) {
      orders(search: $text) { totalCount } subscriptions(search: $text) { totalCount } }"""

    async def found(text: str, viewer: Viewer) -> tuple[int, int]:
        lists = await shop(document, {"text": text}, viewer)
        return lists["orders"]["totalCount"], lists["subscriptions"]["totalCount"]

    assert await found("lovelace", ADMIN) == (1, 1)
    assert await found("lovelace", PACKER) == (0, 0)
    assert await found("engine", PACKER) == (1, 1)
    assert await found("engine punched", ADMIN) == (0, 0)  # no line says both
    assert await found("ada engine", ADMIN) == (0, 0)
    assert await found("inv-77", PACKER) == (1, 0)
    assert await found("77", PACKER) == (1, 0)  # two characters: no index helps
    filtered = '{ orders(filter: { customer: { name: { startsWith: "ada" } } }) { totalCount } }'
    assert (await shop(filtered, viewer=PACKER))["orders"]["totalCount"] == 0
    assert (await shop(filtered))["orders"]["totalCount"] == 1


async def test_lists_of_buyers_take_their_permissions(shop: Gateway) -> None:
    answer = await shop.answer(
        "{ orders { totalCount } customers { totalCount } subscriptions { totalCount } "
        "order(by: { databaseId: 1 }) { id } customer(by: { databaseId: 1 }) { id } "
        "subscription(by: { databaseId: 1 }) { id } }",
        viewer=CLERK,
    )
    assert set(answer.body["data"].values()) == {None}
    assert [error["extensions"]["permission"] for error in answer.body["errors"]] == [
        *("orders/view", "customers/view", "subscriptions/view"),
        *("orders/view", "customers/view", "subscriptions/view"),
    ]
