"""What the documents say always exists is there from the first start, and every documented write works on a store that
has nothing but what it made itself."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, Final

import pytest

from db.catalog.taxonomy import BRANDS, CATEGORIES
from engine.standard.execution import Request
from engine.values.identity import encode
from engine.values.upload import Uploaded
from schema.root import schema
from tests.gateway import ADMIN, ANONYMOUS, Gateway
from tests.operations.case import Case, cases
from tests.operations.documented import operations
from tests.operations.test_documented import implemented
from tests.resolvers.dry_runs import mutations, places
from tests.resolvers.shelf import events

# Somebody installed a provider and gave it settings.
INSTALLED: Final = "letterbox_set"
# Goods that are asked about by name, which is an error where there are none (tests/resolvers/test_shipping.py).
NAMED: Final = "parcels"
READING: Final = [
    case
    for case in cases()
    if case.name == "query" and not case.writes and not case.follows and case.seed not in (INSTALLED, NAMED)
]
# What writes beside the documents and needs nothing of others: no provider, no one who is signed in.
UNDOCUMENTED: Final = [
    case
    for case in cases()
    if case.writes and case.folder.name == "undocumented" and case.seed not in (INSTALLED, "staff")
]
# The vendors, shops, browsers and workflows of these rows are no store's own: their tests begin on an empty store each
# (tests/resolvers/test_providers.py, tests/connectors/feeds, tests/connectors/workflows, tests/server/test_inbound.py).
INTEGRATIONS: Final = range(55, 84)
# It ends the session that asks, and nobody here has one; a provider's settings; a connected shop; a browser's; a
# subscription, of which nobody makes any here.
# A cart's token cannot be known before (tests/resolvers/test_carts.py begins with a new one).
LEFT_OUT: Final = {
    *("cartAddBump", "cartUpdate", "cartRemove", "cartApplyCoupon", "cartRemoveCoupon", "checkoutProcess"),
    "signOut",
    "integrationSettingsClear",
    "providerEnable",
    "providerSync",
    "pushSubscriptionDelete",
    "subscriptionCancel",
    "subscriptionReactivate",
    "subscriptionRenew",
    "subscriptionUpdate",
}


def _id(type_: str, number: int = 1) -> str:
    return encode(type_, number)


LAMP, TENT, SAMPLE = _id("Product"), _id("Product", 3), _id("Product", 4)
VARIANT, BLUE, SET = _id("ProductVariant"), _id("ProductVariant", 2), _id("ProductVariant", 3)
# As the first two uploads are stored.
GUIDE, MAPS = "guide__stored-0000000000000001.txt", "maps__stored-0000000000000002.txt"
_SOME: Final = "product.updated"
_PHYSICAL: Final = {"fulfillmentType": "PHYSICAL"}
_TENTS: Final = {"categories": [{"path": "Outdoor > Tents"}]}
_SOLD: Final = {"paymentType": "ONETIME", "totalStock": 4, "available": 4, "committed": 0, "onHold": 0}

# One after the other, each by the document that shows it at work. What a store makes first has the number 1.
WALK: Final[Sequence[tuple[str, Mapping[str, Any]]]] = [
    ("storeSettingsUpdate", {"input": {"name": "Atelier", "expectedVersion": 1}}),
    ("paymentMethodSettingsUpdate", {"input": {"method": "offline_payment", "settings": {"is_active": True}}}),
    ("storageDriverSettingsUpdate", {"input": {"driver": "s3", "settings": {"region": "eu-central-1"}}}),
    ("termCreate", {"new": {"taxonomy": BRANDS, "name": "Acme"}}),
    ("productTermsAdd", {"input": {"taxonomy": CATEGORIES, "name": "Lamps, Tents"}}),
    ("customerCreate", {"input": {"email": "ada@example.org", "firstName": "Ada"}}),
    ("customerUpdate", {"input": {"id": _id("Customer"), "lastName": "Lovelace"}}),
    (
        "customerAddressCreate",
        {
            "input": {
                "customerId": _id("Customer"),
                "type": "BILLING",
                "address1": "Lindenallee 3",
                "city": "Bremen",
                "postcode": "28195",
                "country": "DE",
            }
        },
    ),
    ("customerAddressUpdate", {"input": {"id": _id("CustomerAddress"), "label": "Home"}}),
    ("couponCreate", {"input": {"title": "Spring", "code": "SPRING5", "type": "FIXED", "amount": 500}}),
    ("couponUpdate", {"input": {"id": _id("Coupon"), "stackable": True}}),
    ("taxClassCreate", {"new": {"title": "Goods"}}),
    ("shippingClassCreate", {"new": {"name": "Parcels", "type": "FIXED", "cost": 500}}),
    ("shippingMethodCreate", {"new": {"title": "By post", "type": "PER_ORDER", "amount": 490}}),
    ("attributeGroupCreate", {"new": {"title": "Colour"}}),
    ("attributeTermCreate", {"group": {"title": "Size"}, "new": {"groupId": _id("AttributeGroup"), "title": "Blue"}}),
    (
        "productCreate",
        {
            "input": {
                "title": "Lamp",
                **_PHYSICAL,
                "variationType": "SIMPLE_VARIATIONS",
                "variants": [{"title": "White", "price": 900}, {"title": "Blue", "price": 950}],
            }
        },
    ),
    ("productCreate", {"input": {"title": "Set", **_PHYSICAL, "isBundle": True, "variants": [{"price": 1500}]}}),
    (
        "productBulkCreate",
        {
            "input": {
                "products": [{"title": "Tent", **_PHYSICAL, "price": 9000, "categories": [{"path": "Outdoor > Tents"}]}]
            }
        },
    ),
    ("dummyProductsCreate", {"input": {"category": "clothing", "index": 0}}),
    ("productUpdate", {"input": {"id": LAMP, "excerpt": "It shines"}}),
    (
        "productBulkUpdate",
        {"input": {"products": [{"id": TENT, "title": "Tent", "categories": []}]}},
    ),
    ("productBulkAction", {"input": {"ids": [LAMP, TENT], "action": "PUBLISH"}}),
    ("productEditorModeUpdate", {"input": {"id": LAMP, "activeEditor": "visual"}}),
    ("variantCreate", {"input": {"productId": TENT, "title": "Large", "price": 12000, **_PHYSICAL, **_SOLD}}),
    ("variantUpdate", {"input": {"id": VARIANT, "sku": "LAMP"}}),
    (
        "variantMediaSet",
        {"input": {"id": VARIANT, "media": [{"attachmentId": 7, "url": "https://images.example.com/lamp.jpg"}]}},
    ),
    ("variantPricingTableUpdate", {"input": {"id": VARIANT, "description": "A bulb"}}),
    ("orderBumpCreate", {"input": {"title": "A spare", "variantId": VARIANT, "conditions": []}}),
    ("orderBumpUpdate", {"input": {"id": _id("OrderBump"), "status": "ACTIVE", "conditions": []}}),
    ("orderBumpDelete", {"input": {"id": _id("OrderBump")}}),
    ("bundleSave", {"input": {"id": SET, "childIds": [BLUE, VARIANT]}}),
    ("manageStockUpdate", {"input": {"productId": LAMP, "manageStock": True}}),
    ("inventoryUpdate", {"input": {"productId": LAMP, "variantId": VARIANT, "totalStock": 9, "available": 9}}),
    ("productTermsSync", {"input": {"id": LAMP, "taxonomy": BRANDS, "termIds": [_id("Term")]}}),
    ("productTermRemove", {"id": _id("Term"), "input": {"id": LAMP, "taxonomy": BRANDS, "termId": _id("Term")}}),
    ("productTaxClassSet", {"input": {"id": LAMP, "taxClassId": _id("TaxClass")}}),
    ("productTaxClassRemove", {"id": LAMP, "class": _id("TaxClass")}),
    ("productShippingClassSet", {"input": {"id": LAMP, "shippingClassId": _id("ShippingClass")}}),
    ("productShippingClassRemove", {"id": LAMP, "class": _id("ShippingClass")}),
    ("upgradePathCreate", {"input": {"productId": LAMP, "fromVariantId": VARIANT, "toVariantIds": [BLUE]}}),
    ("upgradePathUpdate", {"input": {"id": _id("UpgradePath"), "title": "In blue"}}),
    ("upgradePathDelete", {"input": {"id": _id("UpgradePath")}}),
    ("fileUpload", {"input": {"file": None, "name": "guide.txt", "driver": "local"}}),
    ("fileUpload", {"input": {"file": None, "name": "maps.txt", "driver": "local"}}),
    (
        "downloadsSync",
        {
            "variants": [VARIANT],
            "input": {
                "productId": LAMP,
                "files": [
                    {"title": "Guide", "type": "txt", "driver": "local", "fileName": GUIDE},
                    {"title": "Maps", "type": "txt", "driver": "local", "fileName": MAPS},
                ],
            },
        },
    ),
    ("downloadUpdate", {"input": {"id": _id("ProductDownload", 2), "title": "All maps"}}),
    ("downloadDelete", {"id": _id("ProductDownload"), "order": _id("Order")}),
    ("fileDelete", {"path": GUIDE}),
    ("productDuplicate", {"original": LAMP, "input": {"id": LAMP, "importDownloadableFiles": True}}),
    (
        "productVariantOptionsSync",
        {
            "input": {
                "productId": TENT,
                "variationType": "ADVANCED_VARIATIONS",
                "options": [{"groupId": _id("AttributeGroup"), "termIds": [_id("AttributeTerm")]}],
            }
        },
    ),
    ("couponApply", {"input": {"code": "spring5", "items": [{"variantId": VARIANT}]}}),
    (
        "couponCancel",
        {"input": {"code": "spring5", "appliedCodes": ["SPRING5"], "items": [{"variantId": VARIANT}]}},
    ),
    (
        "orderCreate",
        {
            "input": {
                "customerId": _id("Customer"),
                "items": [{"variantId": VARIANT, "quantity": 2}],
                "couponCodes": ["spring5"],
            }
        },
    ),
    ("orderUpdate", {"input": {"id": _id("Order"), "shippingTotal": 490}}),
    ("orderMarkAsPaid", {"input": {"id": _id("Order")}}),
    ("variantUpdate", {"input": {"id": VARIANT, "licensed": True}}),
    ("licensesGenerate", {"input": {"orderId": _id("Order")}}),
    ("orderTrackingSet", {"input": {"id": _id("Order"), "number": "00340434161094021501"}}),
    ("orderStatusesUpdate", {"input": {"id": _id("Order"), "shippingStatus": "SHIPPED"}}),
    (
        "orderRefund",
        {"input": {"id": _id("Order"), "transactionId": _id("OrderTransaction"), "amount": 1790}},
    ),
    ("orderStatusesUpdate", {"input": {"id": _id("Order"), "status": "CANCELED"}}),
    ("orderDelete", {"input": {"id": _id("Order")}}),
    ("cartAdd", {"input": {"variantId": VARIANT}}),
    ("couponDelete", {"input": {"id": _id("Coupon")}}),
    ("webhookCreate", {"input": {"name": "Warehouse", "url": "https://shop.example/hook", "eventTriggers": [_SOME]}}),
    ("webhookUpdate", {"input": {"id": _id("Webhook"), "eventTriggers": [_SOME, "order_paid_done"]}}),
    ("webhookDelete", {"input": {"id": _id("Webhook")}}),
    ("permissionsUpdate", {"input": {"roles": [{"role": "worker", "permissions": ["products/view"]}]}}),
    ("userCreate", {"new": {"login": "ada", "email": "ada@example.com", "password": "a long enough sentence"}}),
    ("userCapabilitiesUpdate", {"input": {"id": _id("User"), "role": "manager"}}),
    ("licenseCreate", {"input": {"productId": LAMP, "customerId": _id("Customer"), "limit": 1}}),
    ("licenseUpdate", {"input": {"id": _id("License", 3), "limit": 2}}),
    ("licenseActivate", {"input": {"id": _id("License", 3), "url": "https://shop.example"}}),
    ("variantDelete", {"id": BLUE, "input": {"id": BLUE}}),
    ("productDetailUpdate", {"input": {"id": LAMP, "variationType": "SIMPLE"}}),
    ("productDelete", {"id": SAMPLE}),
]


async def test_what_always_exists(gateway: Gateway) -> None:
    """As every shop calls it, whoever asks."""
    asked = await gateway("{ taxonomies { name label pluralLabel singularLabel terms { name } } }", viewer=ANONYMOUS)
    assert asked["taxonomies"] == [
        {
            "name": "product-brands",
            "label": "Product Brands",
            "pluralLabel": "Brands",
            "singularLabel": "Brand",
            "terms": [],
        },
        {
            "name": "product-categories",
            "label": "Product Categories",
            "pluralLabel": "Categories",
            "singularLabel": "Category",
            "terms": [],
        },
    ]
    roles = "{ permissions { roles { key } } storeSettings { version currency name } }"
    found = await gateway(roles)
    assert {"super_admin", "manager", "worker", "accountant"} == {r["key"] for r in found["permissions"]["roles"]}
    assert found["storeSettings"] == {"version": 1, "currency": "USD", "name": ""}


@pytest.fixture
def upload(gateway: Gateway) -> Uploaded:
    path = gateway.folder / "upload"
    path.write_bytes(b"A guide")
    return Uploaded(path, "guide.txt", 7, sha256(b"A guide").hexdigest())


async def test_every_write_works_on_what_the_store_made_itself(gateway: Gateway, upload: Uploaded) -> None:
    shown, written = places(), 0
    for name, variables in WALK:
        place = shown[name]
        given = {"input": {**variables["input"], "file": upload}} if name == "fileUpload" else dict(variables)
        request = Request(place.document(), given, place.case.steps[place.step].operation)
        answer = (await gateway.executor.execute(request, ADMIN, gateway.units, "test")).body
        assert "errors" not in answer, (name, answer["errors"])
        payload = answer["data"][place.key]
        refused = [error for result in payload.get("results", ()) for error in result["userErrors"]]
        assert payload["toldErrors"] + refused == [], name
        before, written = written, len(await events(gateway))
        assert written > before or not schema.mutations[name].mutation.emits, name
    for case in UNDOCUMENTED:
        await walked(case, gateway)


def test_the_walk_leads_past_every_documented_write() -> None:
    writes = [o for o in operations().values() if o.kind == "mutation" and o.rest in implemented()]
    integrations = {o.name for o in writes if o.number in INTEGRATIONS}
    assert {o.name for o in writes} - integrations - LEFT_OUT <= {name for name, _ in WALK}
    told = "\n".join(case.document for case in UNDOCUMENTED)
    walked = {name for name in mutations() if name in dict(WALK) or f" {name}(" in told}
    assert mutations() - LEFT_OUT - integrations <= walked


async def test_every_question_is_answered_by_an_empty_store(gateway: Gateway) -> None:
    for case in READING:
        await walked(case, gateway)


async def walked(case: Case, gateway: Gateway) -> None:
    """No more goes wrong in it than in the recorded store."""
    recorded = case.recorded if isinstance(case.recorded, list) else [case.recorded]
    for answer, known in zip(await case.taken(gateway), recorded, strict=True):
        assert "errors" in known or "errors" not in answer, (str(case), answer["errors"])
