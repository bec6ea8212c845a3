"""Licences: what they may be of, what is told of a change, which sites they take, and when they end."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from db.access.viewer import Viewer
from db.commerce.license import ActivationStatus, LicenseRow, LicenseSiteRow, LicenseStatus
from db.secrets.confidential import MASK
from db.store.row import table
from engine.values import identity
from server.work.dates import EXPIRING
from tests import factories
from tests.connectors.fluentcart_store import rows
from tests.gateway import Gateway
from tests.patience import PATIENCE
from tests.resolvers.performing import done, perform, refused
from tests.resolvers.shelf import events

READ = "license { databaseId key status limit activationCount expiresAt version }"
ON_SITE = "activation { databaseId status isLocal } license { activationCount version }"
SOON = datetime.now(UTC).replace(microsecond=0) + timedelta(days=9)
LATER = SOON + timedelta(days=30)
PAST = SOON - timedelta(days=40)
READER = Viewer("token:reader", "reader", frozenset({"licenses/view"}))
MAKER = Viewer("token:maker", "maker", frozenset({"licenses/view", "licenses/manage"}))


def gid(key: int, entity: str = "License") -> str:
    return identity.encode(entity, key)


def shown(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


@pytest.fixture
async def shop(gateway: Gateway) -> Gateway:
    """Licences 1 (two places, one taken) and 2 (any number) are in force; 3 is disabled, 4 expired, 5 inactive; the
    date of 6 has come, and nobody has written it down."""
    await factories.store_rows(
        gateway,
        [
            factories.product(1),
            factories.variant(11, 1),
            factories.variant(12, 1),
            factories.product(2, status="draft"),
            factories.variant(21, 2),
            factories.customer(1, email="ada@example.org", first_name="Ada"),
            factories.customer(2, email="otto@example.org"),
            factories.order(1, customer_id=1),
            factories.order_item(1, 1, product_id=1, variant_id=11),
            factories.licence(
                1, activation_limit=2, activation_count=1, expires_at=SOON, product_id=1, variant_id=11, customer_id=1
            ),
            factories.licence(2, product_id=1),
            factories.licence(3, status=LicenseStatus.DISABLED),
            factories.licence(4, status=LicenseStatus.EXPIRED, expires_at=PAST),
            factories.licence(5, status=LicenseStatus.INACTIVE),
            factories.licence(6, expires_at=PAST),
            factories.license_site(1),
            factories.license_activation(1, 1, 1),
        ],
    )
    return gateway


async def create(gateway: Gateway, **input: Any) -> Any:
    return (await done(gateway, "licenseCreate", input, READ))["license"]


async def update(gateway: Gateway, key: int, **input: Any) -> Any:
    return (await done(gateway, "licenseUpdate", {"id": gid(key), **input}, READ))["license"]


async def activate(gateway: Gateway, key: int, url: str) -> Any:
    return await perform(gateway, "licenseActivate", {"id": gid(key), "url": url}, ON_SITE)


async def wrong(gateway: Gateway, mutation: str, key: int, **input: Any) -> list[tuple[str, str]]:
    return await refused(gateway, mutation, {"id": gid(key), **input})


async def told(gateway: Gateway) -> list[tuple[str, int | None, list[str]]]:
    return [(one["name"], one["version"], one["changed"]) for one in await events(gateway)]


async def test_one_is_made(shop: Gateway) -> None:
    """What it belongs to follows from what is said of it."""
    one = await create(shop, variantId=gid(11, "ProductVariant"), orderId=gid(1, "Order"), expiresAt=SOON.isoformat())
    assert one | {"key": None, "databaseId": None} == {
        "databaseId": None,
        "key": None,
        "status": "ACTIVE",
        "limit": 0,
        "activationCount": 0,
        "expiresAt": shown(SOON),
        "version": 1,
    }
    assert len(one["key"]) == 32
    (made,) = await events(shop)
    assert (made["name"], made["version"]) == ("license.created", 1)
    assert made["payload"] == {
        "licenseId": one["databaseId"],
        "status": "active",
        "productId": 1,
        "variantId": 11,
        "orderId": 1,
        "customerId": 1,
    }
    found = await shop(f'{{ licenses(search: "{one["key"][4:20].upper()}") {{ nodes {{ databaseId }} }} }}')
    assert found["licenses"]["nodes"] == [{"databaseId": one["databaseId"]}]
    other = await create(shop, productId=gid(2, "Product"))
    assert other["key"] != one["key"]


@pytest.mark.parametrize(
    ("input", "expected"),
    [
        ({}, [("VALIDATION", "productId")]),
        (
            {"limit": -1, "expiresAt": PAST.isoformat()},
            [("VALIDATION", "limit"), ("VALIDATION", "expiresAt"), ("VALIDATION", "productId")],
        ),
        (
            {
                "productId": gid(404, "Product"),
                "variantId": gid(404, "ProductVariant"),
                "customerId": gid(404, "Customer"),
                "orderId": gid(404, "Order"),
            },
            [("NOT_FOUND", name) for name in ("orderId", "customerId", "productId", "variantId")],
        ),
        ({"productId": gid(2, "Product"), "variantId": gid(11, "ProductVariant")}, [("BUSINESS_RULE", "variantId")]),
        (
            {"variantId": gid(11, "ProductVariant"), "customerId": gid(2, "Customer"), "orderId": gid(1, "Order")},
            [("BUSINESS_RULE", "customerId")],
        ),
        ({"variantId": gid(12, "ProductVariant"), "orderId": gid(1, "Order")}, [("BUSINESS_RULE", "orderId")]),
        ({"productId": gid(2, "Product"), "orderId": gid(1, "Order")}, [("BUSINESS_RULE", "orderId")]),
        (
            {"productId": gid(1, "Product"), "customerId": gid(1, "Customer"), "orderId": gid(1, "Order")},
            [],
        ),
        ({"productId": gid(1, "Product"), "customerId": gid(2, "Customer"), "limit": 2**31 - 1}, []),
    ],
)
async def test_what_contradicts_itself_is_no_licence(
    shop: Gateway, input: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    if expected:
        assert await refused(shop, "licenseCreate", input) == expected
        assert await told(shop) == []
    else:
        await create(shop, **input)


async def test_what_is_hidden_is_not_there(shop: Gateway) -> None:
    """Who makes licences and sees neither drafts, customers nor orders."""
    named = {"productId": gid(2, "Product"), "customerId": gid(1, "Customer"), "orderId": gid(1, "Order")}
    found = await refused(shop, "licenseCreate", named, viewer=MAKER)
    assert found == [("NOT_FOUND", name) for name in ("orderId", "customerId", "productId")]
    await done(shop, "licenseCreate", {"productId": gid(1, "Product")}, viewer=MAKER)


async def test_terms_are_changed(shop: Gateway) -> None:
    found = await update(shop, 1, expectedVersion=1, limit=1, expiresAt=LATER.isoformat())
    assert (found["limit"], found["expiresAt"], found["status"], found["version"]) == (1, shown(LATER), "ACTIVE", 2)
    assert (await update(shop, 1, limit=1, expiresAt=LATER.isoformat(), status="ACTIVE"))["version"] == 2
    assert (await update(shop, 1, expiresAt=SOON.isoformat()))["version"] == 3
    assert (await update(shop, 1, expiresAt=None))["expiresAt"] is None
    assert await told(shop) == [
        ("license.updated", 2, ["expiresAt", "limit"]),
        ("license.renewed", 2, []),
        ("license.updated", 3, ["expiresAt"]),
        ("license.updated", 4, ["expiresAt"]),
        ("license.renewed", 4, []),
    ]
    answer = await perform(shop, "licenseUpdate", {"id": gid(1), "expectedVersion": 1, "limit": 9})
    assert [error["message"] for error in answer["userErrors"]] == [
        "You edited version 1, it is at 4 now; changed since: expiresAt, limit"
    ]


@pytest.mark.parametrize(
    ("key", "input", "expected"),
    [
        (1, {"limit": -1, "expiresAt": PAST.isoformat()}, [("VALIDATION", "limit"), ("VALIDATION", "expiresAt")]),
        (1, {"status": "INACTIVE"}, [("VALIDATION", "status")]),
        (4, {"status": "ACTIVE"}, [("BUSINESS_RULE", "status")]),
        (4, {"expiresAt": PAST.isoformat(), "limit": 3}, []),  # what a form shows
        (404, {"limit": 1}, [("NOT_FOUND", "id")]),
    ],
)
async def test_bad_terms_are_refused(
    shop: Gateway, key: int, input: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    if expected:
        assert await wrong(shop, "licenseUpdate", key, **input) == expected
        assert await told(shop) == []
    else:
        await update(shop, key, **input)


async def test_a_limit_is_not_below_what_is_taken(shop: Gateway) -> None:
    await activate(shop, 1, "second.example")
    assert await wrong(shop, "licenseUpdate", 1, limit=1) == [("BUSINESS_RULE", "limit")]
    assert (await update(shop, 1, limit=0))["limit"] == 0


@pytest.mark.parametrize(
    ("key", "input", "status", "beside"),
    [
        (4, {"expiresAt": LATER.isoformat()}, "ACTIVE", ["license.renewed"]),
        (4, {"expiresAt": None}, "ACTIVE", ["license.renewed"]),
        (4, {"expiresAt": LATER.isoformat(), "status": "ACTIVE"}, "ACTIVE", ["license.renewed"]),
        # What a form shows does not keep it from going on.
        (4, {"expiresAt": LATER.isoformat(), "status": "EXPIRED"}, "ACTIVE", ["license.renewed"]),
        (4, {"expiresAt": LATER.isoformat(), "status": "DISABLED"}, "DISABLED", ["license.renewed"]),
        # Its date has come, and its word says ACTIVE still.
        (6, {"expiresAt": LATER.isoformat()}, "ACTIVE", ["license.renewed"]),
        (6, {"status": "EXPIRED"}, "EXPIRED", ["license.expired"]),
        (3, {"expiresAt": LATER.isoformat()}, "DISABLED", []),
        (3, {"status": "ACTIVE"}, "ACTIVE", []),
        (1, {"status": "DISABLED"}, "DISABLED", []),
        (1, {"status": "EXPIRED"}, "EXPIRED", ["license.expired"]),
        (5, {"status": "ACTIVE"}, "ACTIVE", []),
    ],
)
async def test_which_status_follows(
    shop: Gateway, key: int, input: dict[str, Any], status: str, beside: list[str]
) -> None:
    assert (await update(shop, key, **input))["status"] == status
    assert [name for name, _, _ in await told(shop)] == ["license.updated", *beside]


async def test_a_key_is_told_to_nobody_else(shop: Gateway) -> None:
    """It is found by the new one alone; events and the audit log hold neither."""
    before = f"{1:032x}"
    after = (await update(shop, 1, regenerateKey=True))["key"]
    assert after != before
    read = "query Find($key: String!) { license(by: { key: $key }) { databaseId activations { totalCount } } }"
    assert (await shop(read, {"key": before}))["license"] is None
    assert (await shop(read, {"key": after}, READER))["license"] == {
        "databaseId": 1,
        "activations": {"totalCount": 1},
    }
    assert (await shop(f'{{ licenses(search: "{before}") {{ totalCount }} }}'))["licenses"]["totalCount"] == 0
    made = await create(shop, productId=gid(1, "Product"))
    kept = [*await rows(shop.database, "event"), *await rows(shop.database, "audit_entry")]
    assert [secret for secret in (before, after, made["key"]) if secret in str(kept)] == []
    assert await told(shop) == [("license.updated", 2, ["key"]), ("license.created", 1, [])]
    (changed, _) = await rows(shop.database, "audit_entry")
    assert (changed["before"], changed["after"]) == ({"licenseKey": MASK}, {"licenseKey": MASK})


async def test_a_site_takes_a_place_once(shop: Gateway) -> None:
    first = await activate(shop, 1, " https://www.Second.example/ ")
    assert first["license"] == {"activationCount": 2, "version": 2}
    again = await activate(shop, 1, "http://second.example")
    assert (again["userErrors"], again["activation"], again["license"]) == ([], first["activation"], first["license"])
    full = await activate(shop, 1, "https://third.example")
    assert [(error["code"], error["field"]) for error in full["userErrors"]] == [("BUSINESS_RULE", ["id"])]
    local = await activate(shop, 1, "http://localhost:8080")
    assert local["activation"]["isLocal"]
    assert local["license"] == {"activationCount": 2, "version": 3}
    assert await told(shop) == [
        ("license.updated", 2, ["activationCount", "activations"]),
        ("license.activated", 2, []),
        ("license.updated", 3, ["activations"]),
        ("license.activated", 3, []),
    ]
    (said, _) = await events(shop, "license.activated")
    assert said["payload"] == {
        "licenseId": 1,
        "status": "active",
        "productId": 1,
        "variantId": 11,
        "orderId": None,
        "customerId": 1,
        "activationId": first["activation"]["databaseId"],
        "siteUrl": "https://www.Second.example/",
        "isLocal": False,
    }


async def test_a_site_is_one_for_all_licences(shop: Gateway) -> None:
    for key in (1, 2):
        assert (await activate(shop, key, "second.example"))["userErrors"] == []
    asked = "{ license(by: { databaseId: 2 }) { activations { nodes { site { activations { totalCount } } } } } }"
    (found,) = (await shop(asked))["license"]["activations"]["nodes"]
    assert found == {"site": {"activations": {"totalCount": 2}}}


@pytest.mark.parametrize(
    ("key", "url", "expected"),
    [
        (3, "https://shop.example", [("BUSINESS_RULE", "id")]),
        (4, "http://localhost", [("BUSINESS_RULE", "id")]),
        (5, "https://shop.example", [("BUSINESS_RULE", "id")]),
        (6, "https://shop.example", [("BUSINESS_RULE", "id")]),
        (4, "ftp://shop.example", [("VALIDATION", "url"), ("BUSINESS_RULE", "id")]),
        (2, "", [("VALIDATION", "url")]),
        (2, "https://" + "s" * 248, [("VALIDATION", "url")]),
        (404, "https://shop.example", [("NOT_FOUND", "id")]),
    ],
)
async def test_what_is_not_in_force_takes_no_site(
    shop: Gateway, key: int, url: str, expected: list[tuple[str, str]]
) -> None:
    assert await wrong(shop, "licenseActivate", key, url=url) == expected
    assert await told(shop) == []


async def test_a_place_is_given_back(shop: Gateway) -> None:
    await update(shop, 1, limit=1)
    assert (await activate(shop, 1, "second.example"))["userErrors"] != []
    ended = await done(shop, "licenseDeactivate", {"id": gid(1, "LicenseActivation")}, ON_SITE)
    assert (ended["activation"]["status"], ended["license"]["activationCount"]) == ("INACTIVE", 0)
    again = await done(shop, "licenseDeactivate", {"id": gid(1, "LicenseActivation")}, ON_SITE)
    assert again["license"] == ended["license"]
    assert (await activate(shop, 1, "second.example"))["userErrors"] == []
    assert (await activate(shop, 1, "site-1.example"))["userErrors"] != []
    await update(shop, 1, limit=2)
    back = await activate(shop, 1, "https://site-1.example/")
    assert back["activation"] == {"databaseId": 1, "status": "ACTIVE", "isLocal": False}
    assert back["license"]["activationCount"] == 2
    (said,) = await events(shop, "license.deactivated")
    assert (said["payload"]["activationId"], said["payload"]["siteUrl"]) == (1, "https://site-1.example")


async def test_of_several_at_the_last_place_one_gets_it(shop: Gateway) -> None:
    async with asyncio.timeout(PATIENCE):
        found = await asyncio.gather(*(activate(shop, 1, f"https://new-{n}.example") for n in range(4)))
    assert sorted(len(one["userErrors"]) for one in found) == [0, 1, 1, 1]
    assert len(await events(shop, "license.activated")) == 1
    async with shop.database.read() as connection:
        columns = table(LicenseRow).c
        counted = select(columns.activation_count, columns.version).where(columns.id == 1)
        assert tuple((await connection.execute(counted)).one()) == (2, 2)


async def test_one_site_at_once_is_one_site(shop: Gateway) -> None:
    """By one licence, and by two."""
    async with asyncio.timeout(PATIENCE):
        found = await asyncio.gather(*(activate(shop, 1 + n % 2, "https://new.example") for n in range(6)))
    assert [one["userErrors"] for one in found] == [[]] * 6
    assert len({one["activation"]["databaseId"] for one in found}) == 2
    async with shop.database.read() as connection:
        sites = select(func.count()).select_from(table(LicenseSiteRow))
        assert (await connection.execute(sites)).scalar_one() == 2
    assert len(await events(shop, "license.activated")) == 2


async def test_a_date_ends_what_is_in_force(shop: Gateway) -> None:
    """Each once, whoever looks; what is disabled stays so."""
    await factories.store_rows(
        shop,
        [
            factories.licence(61, status=LicenseStatus.INACTIVE, expires_at=PAST),
            factories.licence(62, status=LicenseStatus.DISABLED, expires_at=PAST),
        ],
    )
    async with asyncio.timeout(PATIENCE):
        assert sum(await asyncio.gather(*(EXPIRING.strike(shop.units) for _ in range(3)))) == 2
    assert await EXPIRING.strike(shop.units) == 0
    found = await shop("{ licenses(filter: { status: { eq: EXPIRED } }) { nodes { databaseId version } } }")
    assert found["licenses"]["nodes"] == [
        {"databaseId": 61, "version": 2},
        {"databaseId": 6, "version": 2},
        {"databaseId": 4, "version": 1},
    ]
    assert sorted((one["name"], one["entity"], one["changed"], one["cause"]) for one in await events(shop)) == [
        ("license.expired", "License:6", [], "sweep:expiring"),
        ("license.expired", "License:61", [], "sweep:expiring"),
        ("license.updated", "License:6", ["status"], "sweep:expiring"),
        ("license.updated", "License:61", ["status"], "sweep:expiring"),
    ]


async def test_files_are_those_of_its_variant(shop: Gateway) -> None:
    await factories.store_rows(
        shop,
        [
            factories.download(1, 1, title="For all"),
            factories.download(2, 1, title="For one", for_all_variants=False),
            factories.download_variant(2, 11),
            factories.download(3, 1, title="For the other", for_all_variants=False),
            factories.download_variant(3, 12),
            factories.download(4, 2, title="Of another product"),
        ],
    )
    found = await shop("{ licenses(last: 2) { nodes { databaseId downloads { title } } } }")
    assert [
        (one["databaseId"], [file["title"] for file in one["downloads"]]) for one in found["licenses"]["nodes"]
    ] == [
        (2, ["For all"]),
        (1, ["For all", "For one"]),
    ]


async def test_licences_take_their_permission(shop: Gateway) -> None:
    """To be read, also beside what they belong to; to be written another."""
    asked = "{ products(filter: { databaseId: { eq: 1 } }) { nodes { licenses { totalCount } } } }"
    counts = [(await shop(asked, None, viewer))["products"]["nodes"][0]["licenses"] for viewer in (READER, MAKER)]
    assert counts == [{"totalCount": 2}] * 2
    nobody = Viewer("token:other", "other", frozenset({"products/view"}))
    assert (await shop(asked, None, nobody))["products"]["nodes"] == [{"licenses": {"totalCount": 0}}]
    document = f'{{ node(id: "{gid(1)}") {{ id }} site: node(id: "{gid(1, "LicenseSite")}") {{ id }} }}'
    assert await shop(document, None, nobody) == {"node": None, "site": None}
    for mutation, said in (
        ("licenseUpdate", f'id: "{gid(1)}"'),
        ("licenseCreate", "limit: 1"),
        ("licenseActivate", f'id: "{gid(1)}", url: "shop.example"'),
        ("licenseDeactivate", f'id: "{gid(1, "LicenseActivation")}"'),
    ):
        document = f"mutation {{ {mutation}(input: {{ {said} }}) {{ userErrors {{ code }} }} }}"
        answer = await shop.answer(document, viewer=READER)
        assert answer.body["errors"][0]["extensions"]["permission"] == "licenses/manage"


async def test_activations_are_listed(shop: Gateway) -> None:
    await factories.store_rows(
        shop,
        [
            factories.license_site(2),
            factories.license_site(3),
            factories.license_activation(2, 1, 2, is_local=True),
            factories.license_activation(3, 1, 3, status=ActivationStatus.INACTIVE),
        ],
    )
    asked = """{ license(by: { databaseId: 1 }) {
      all: activations(sort: [{ field: CREATED_AT }]) { totalCount }
      local: activations(filter: { isLocal: true }) { nodes { databaseId } }
      over: activations(filter: { status: { eq: INACTIVE } }) { nodes { databaseId } }
    } }"""
    assert (await shop(asked))["license"] == {
        "all": {"totalCount": 3},
        "local": {"nodes": [{"databaseId": 2}]},
        "over": {"nodes": [{"databaseId": 3}]},
    }
