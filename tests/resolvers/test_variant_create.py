"""What the documents of `tests/operations/049-…` leave open: defaults, rules of a new variant, writers at once."""

import asyncio
from typing import Any, Final

from graphql import GraphQLInputObjectType, GraphQLNonNull

from db.access.viewer import Viewer
from db.catalog.product import ProductStatus
from engine.values import identity
from schema.root import schema
from tests import factories
from tests.gateway import Gateway
from tests.resolvers.performing import done, perform, refused
from tests.resolvers.shelf import FIELDS, PRODUCT, derive, dump, events
from tests.resolvers.test_variant_update import CHANGES, IGNORED, plain

INPUT = schema.core.type_map["VariantCreateInput"]
assert isinstance(INPUT, GraphQLInputObjectType)
NUMBERS: Final = ("totalStock", "available", "committed", "onHold")
REQUIRED: Final = {
    "productId",
    "title",
    "fulfillmentType",
    "paymentType",
    "totalStock",
    "available",
    "committed",
    "onHold",
}
LEAST: Final[dict[str, Any]] = {
    "productId": identity.encode("Product", PRODUCT),
    "title": "Fourth",
    "fulfillmentType": "DIGITAL",
    "paymentType": "ONETIME",
    "totalStock": 1,
    "available": 1,
    "committed": 0,
    "onHold": 0,
}
SUBSCRIPTION: Final = {"paymentType": "SUBSCRIPTION", "interval": "MONTHLY", "hasSetupFee": False}
SHOWN: Final = (
    f"variant {{ databaseId version identifier {FIELDS} product {{ databaseId }} }} "
    "product { version minPrice { cents } maxPrice { cents } stockAvailability variants { databaseId position } }"
)

FIND: Final = """
query Find($text: String!) { products(search: $text) { totalCount } productVariants(search: $text) { totalCount } }
"""


def test_what_the_documents_require_is_required() -> None:
    assert isinstance(INPUT, GraphQLInputObjectType)
    assert {name for name, field in INPUT.fields.items() if isinstance(field.type, GraphQLNonNull)} == REQUIRED
    assert INPUT.fields.keys() == CHANGES.keys() | IGNORED | {"productId"}


async def test_the_least_that_can_be_said(shelf: Gateway) -> None:
    payload = await done(shelf, "variantCreate", LEAST, SHOWN)
    variant = payload["variant"]
    new = variant.pop("databaseId")
    assert {name: plain(value) for name, value in variant.items() if value not in (None, [], "", 0, False)} == {
        "version": 1,
        "title": "Fourth",
        "status": "ACTIVE",
        "position": 2,
        "fulfillmentType": "DIGITAL",
        "price": 0,
        "comparePrice": 0,
        "cost": 0,
        "stockStatus": "IN_STOCK",
        "totalStock": 1,
        "available": 1,
        "expectedAvailable": 1,
        "paymentType": "ONETIME",
        "product": PRODUCT,
    }
    # The shelf's three are all at position 1: a new one comes after the last.
    assert payload["product"] == {
        "version": 1,
        "minPrice": {"cents": 0},
        "maxPrice": {"cents": 3000},
        "stockAvailability": "IN_STOCK",
        "variants": [*({"databaseId": key, "position": 1} for key in (11, 12, 13)), {"databaseId": new, "position": 2}],
    }
    (event,) = await events(shelf)
    assert (event["name"], event["entity"], event["version"], event["changed"]) == (
        "variant.created",
        f"ProductVariant:{new}",
        1,
        [],
    )
    assert event["payload"] == {"variantId": new, "productId": PRODUCT, "sku": None}


async def test_every_field_is_stored(shelf: Gateway) -> None:
    await factories.store_rows(shelf, [factories.shipping_class(1)])
    given = {name: value[0] for name, value in CHANGES.items()} | {
        "productId": LEAST["productId"],
        "paymentType": "SUBSCRIPTION",
        "interval": "YEARLY",
        "hasSetupFee": True,
        "stockStatus": "OUT_OF_STOCK",
    }
    variant = (await done(shelf, "variantCreate", given, SHOWN))["variant"]
    expected = {name: value for name, value in given.items() if name not in ("productId", "stockStatus")}
    assert {name: plain(variant[name]) for name in expected} == expected
    assert variant["stockStatus"] == "IN_STOCK"


async def test_rules_of_a_new_variant(shelf: Gateway) -> None:
    rows = await dump(shelf)
    cases: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
        ({"title": " <b></b> "}, [("VALIDATION", "title")]),
        ({"manageStock": True}, [("VALIDATION", "stockStatus")]),
        ({"manageCost": True}, [("VALIDATION", "cost")]),
        ({"manageCost": True, "cost": None}, [("VALIDATION", "cost")]),
        ({"paymentType": "SUBSCRIPTION"}, [("VALIDATION", "interval"), ("VALIDATION", "hasSetupFee")]),
        ({**SUBSCRIPTION, "hasSetupFee": True}, [("VALIDATION", "setupFee"), ("VALIDATION", "setupFeeLabel")]),
        ({"price": 2, "comparePrice": 1}, [("VALIDATION", "comparePrice")]),
        ({"sku": "SKU-11"}, [("CONFLICT", "sku")]),
        ({"shippingClassId": identity.encode("ShippingClass", 9)}, [("VALIDATION", "shippingClassId")]),
        (
            {"media": [{"attachmentId": -1, "url": "a.jpg"}]},
            [("VALIDATION", "media.0.attachmentId"), ("VALIDATION", "media.0.url")],
        ),
        (dict.fromkeys(NUMBERS, -1), [("VALIDATION", name) for name in NUMBERS]),
        ({"productId": identity.encode("Product", 9)}, [("NOT_FOUND", "productId")]),
    ]
    for given, errors in cases:
        assert await refused(shelf, "variantCreate", LEAST | given) == errors, given
    assert await dump(shelf) == rows


async def test_accepted_beside_the_rules(shelf: Gateway) -> None:
    for given in (
        SUBSCRIPTION,
        {"comparePrice": 0, "price": 5},
        {"manageCost": True, "cost": 0},
        {"sku": " "},
        {"media": None},
    ):
        await done(shelf, "variantCreate", LEAST | given)


async def test_a_dry_run_writes_nothing(shelf: Gateway) -> None:
    rows = await dump(shelf)
    payload = await perform(shelf, "variantCreate", LEAST, SHOWN, dry=True)
    assert payload["variant"] is None
    assert [event["name"] for event in payload["events"]] == ["variant.created"]
    assert await dump(shelf) == rows


async def test_it_is_found_at_once(shelf: Gateway) -> None:
    await done(shelf, "variantCreate", LEAST | {"title": "Straße", "sku": "FRESH"})
    for asked in ("STRASSE", "fresh"):
        data = await shelf(FIND, {"text": asked})
        assert data == {"products": {"totalCount": 1}, "productVariants": {"totalCount": 1}}


async def test_a_hidden_product_is_not_found(gateway: Gateway) -> None:
    await factories.store_rows(gateway, [factories.product(PRODUCT, status=ProductStatus.DRAFT)])
    maker = Viewer("token:maker", "maker", frozenset({"products/create"}))
    assert await refused(gateway, "variantCreate", LEAST, viewer=maker) == [("NOT_FOUND", "productId")]


async def test_twenty_at_once_stand_in_a_row(gateway: Gateway) -> None:
    await factories.store_rows(gateway, [factories.product(PRODUCT)])
    await derive(gateway, PRODUCT)
    await asyncio.gather(*(done(gateway, "variantCreate", LEAST | {"price": 100 + n}) for n in range(20)))
    product = (
        await gateway(
            "{ product(by: { databaseId: 1 }) { minPrice { cents } maxPrice { cents } variants { position } } }"
        )
    )["product"]
    assert [variant["position"] for variant in product["variants"]] == list(range(1, 21))
    assert (product["minPrice"]["cents"], product["maxPrice"]["cents"]) == (100, 119)


async def test_after_the_last_possible_position(shelf: Gateway) -> None:
    """The new one shares it: there is no Int behind it."""
    last = 2**31 - 1
    for given in ({"position": last}, {}):
        payload = await done(shelf, "variantCreate", LEAST | given, "variant { position }")
        assert payload["variant"] == {"position": last}


async def test_of_two_with_one_sku_one_wins(gateway: Gateway) -> None:
    await factories.store_rows(gateway, [factories.product(1), factories.product(2)])
    for round_ in range(5):
        payloads = await asyncio.gather(
            *(
                perform(gateway, "variantCreate", LEAST | {"productId": product, "sku": f"S{round_}"})
                for product in (identity.encode("Product", key) for key in (1, 2))
            )
        )
        assert sorted(error["code"] for payload in payloads for error in payload["userErrors"]) == ["CONFLICT"]


async def test_statements_do_not_grow(shelf: Gateway) -> None:
    with shelf.counting() as few:
        await done(shelf, "variantCreate", LEAST)
    picture = {"attachmentId": 1, "url": "https://store.example/a.jpg"}
    with shelf.counting() as many:
        await done(shelf, "variantCreate", LEAST | {"sku": "NEW", "media": [picture] * 50})
    assert len(few) == 7
    # Is the SKU taken, take away pictures, write them.
    assert len(many) == 10
