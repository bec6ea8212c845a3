"""A product and its variants have versions of their own: whoever edits both says both. Both say when they changed."""

from datetime import datetime, timedelta
from typing import Any, Final

import pytest
import time_machine
from sqlalchemy import select

from db.catalog.attribute import AttributeGroupRow, AttributeTermRow
from db.catalog.events import INVENTORY_CHANGED, VARIANT_CREATED, VARIANT_DELETED, VARIANT_UPDATED
from db.catalog.product import ProductRow
from db.store.row import table
from engine.declared.declaration import DEFINITION
from engine.declared.mutation import Performed
from engine.values import identity
from schema.root import schema
from tests import factories
from tests.gateway import Gateway
from tests.recorded import NOW
from tests.resolvers.catalogue import FRAME, LARGE, OAK, PRINT, SET, SMALL, stocked
from tests.resolvers.catalogue import product_id as product
from tests.resolvers.catalogue import variant_id as variant
from tests.resolvers.performing import done, perform

PRODUCT: Final = table(ProductRow)
PICTURE: Final = {"attachmentId": 0, "url": "https://store.example/a.jpg"}
NUMBERS: Final = {"totalStock": 1, "available": 1, "committed": 0, "onHold": 0}
NEW: Final = {"title": "New", "fulfillmentType": "PHYSICAL", "paymentType": "ONETIME", **NUMBERS}
LATER: Final = "2099-01-01T00:00:00Z"
CUSTOMER, ORDER, LINE, PAYMENT = (
    identity.encode(of, 1) for of in ("Customer", "Order", "OrderItem", "OrderTransaction")
)


@pytest.fixture
async def shop(gateway: Gateway) -> Gateway:
    return await stocked(gateway)


# Versions


def form(**of_variant: Any) -> dict[str, Any]:
    """What a form of a product sends that shows its variants."""
    return {"id": product(PRINT), "expectedVersion": 1, "variants": [{"id": variant(SMALL), **of_variant}]}


async def test_a_form_does_not_overwrite_a_price_that_it_did_not_show(shop: Gateway) -> None:
    await done(shop, "variantUpdate", {"id": variant(SMALL), "price": 1500})
    for edited in (form(price=1000, expectedVersion=1), form(title="S", expectedVersion=1)):
        (error,) = (await perform(shop, "productUpdate", edited))["userErrors"]
        assert (error["code"], error["field"]) == ("CONFLICT", ["variants", "0", "expectedVersion"])
        assert error["message"] == "You edited version 1, it is at 2 now; changed since: price"
        payload = await perform(
            shop,
            "productBulkUpdate",
            {"products": [edited, {"id": product(FRAME), "title": "Frame, oiled"}]},
            "results { product { title } userErrors { code field } }",
        )
        assert payload["results"] == [
            {
                "product": None,
                "userErrors": [{"code": "CONFLICT", "field": ["products", "0", "variants", "0", "expectedVersion"]}],
            },
            {"product": {"title": "Frame, oiled"}, "userErrors": []},
        ]


async def test_a_price_does_not_disturb_a_title(shop: Gateway) -> None:
    await done(shop, "variantUpdate", {"id": variant(SMALL), "price": 1500})
    edited = {"id": product(PRINT), "expectedVersion": 1, "title": "Poster"}
    assert await done(shop, "productUpdate", edited, "product { title version }") == {
        "product": {"title": "Poster", "version": 2},
        "events": None,
        "userErrors": [],
    }


async def test_with_a_version_of_the_product_each_variant_says_its_own(shop: Gateway) -> None:
    field = ["variants", "0", "expectedVersion"]
    (error,) = (await perform(shop, "productUpdate", form(price=1)))["userErrors"]
    assert (error["code"], error["field"]) == ("VALIDATION", field)
    payload = await perform(shop, "productBulkUpdate", {"products": [form(price=1)]}, "results { index }")
    assert [error["field"] for error in payload["userErrors"]] == [["products", "0", *field]]
    # One that is made has none; whoever says no version guards none.
    both = form(price=1, expectedVersion=1)
    both["variants"].append({"title": "New", "price": 2})
    await done(shop, "productBulkUpdate", {"products": [both]})
    await done(shop, "productUpdate", {**form(price=3), "expectedVersion": None})
    await done(
        shop, "productUpdate", {"id": product(PRINT), "variants": [{"id": variant(SMALL), "expectedVersion": 3}]}
    )


# When they changed

# A mutation, its input, and the products whose variants it makes, changes or takes away.
CHANGES: Final[list[tuple[str, dict[str, Any], set[int]]]] = [
    ("variantUpdate", {"id": variant(SMALL), "price": 1700}, {PRINT}),
    ("variantUpdate", {"id": variant(SMALL), "comparePrice": 1900}, {PRINT}),
    ("variantUpdate", {"id": variant(SMALL), "price": 1700}, set()),
    ("variantUpdate", {"id": variant(SMALL), "title": "S"}, {PRINT}),
    ("variantUpdate", {"id": variant(SMALL), "media": [PICTURE, PICTURE]}, {PRINT}),
    ("variantMediaSet", {"id": variant(SMALL), "media": [PICTURE]}, {PRINT}),
    ("variantMediaSet", {"id": variant(SMALL), "media": [PICTURE]}, set()),
    ("variantPricingTableUpdate", {"id": variant(SMALL), "description": "Said"}, {PRINT}),
    ("variantPricingTableUpdate", {"id": variant(SMALL), "description": "Said"}, set()),
    ("variantCreate", {"productId": product(FRAME), **NEW}, {FRAME}),
    (
        "inventoryUpdate",
        {"productId": product(PRINT), "variantId": variant(SMALL), "totalStock": 5, "available": 5},
        {1},
    ),
    # What is sold is not edited.
    ("orderCreate", {"customerId": CUSTOMER, "items": [{"variantId": variant(SMALL), "quantity": 3}]}, set()),
    ("orderUpdate", {"id": ORDER, "items": [{"id": LINE, "quantity": 2}]}, set()),
    ("orderMarkAsPaid", {"id": ORDER}, set()),
    (
        "orderRefund",
        {"id": ORDER, "transactionId": PAYMENT, "amount": 3400, "restock": [{"itemId": LINE, "quantity": 1}]},
        set(),
    ),
    ("orderStatusesUpdate", {"id": ORDER, "status": "CANCELED", "manageStock": True}, set()),
    ("orderDelete", {"id": ORDER}, set()),
    (
        "checkoutProcess",
        {
            "token": "sg_cart_one",
            "email": "ada@example.org",
            "billing": {"name": "Ada", "address1": "1 Road", "city": "Bremen", "postcode": "28195", "country": "DE"},
            "paymentMethod": "offline_payment",
            "shippingMethodId": identity.encode("ShippingMethod", 1),
        },
        set(),
    ),
    (
        "subscriptionRenew",
        {"id": identity.encode("CustomerSubscription", 1), "vendorChargeId": "ch_1", "nextBillingAt": LATER},
        set(),
    ),
    # What is sold and not sent is not deleted.
    ("orderStatusesUpdate", {"id": identity.encode("Order", 2), "status": "CANCELED", "manageStock": True}, set()),
    ("manageStockUpdate", {"productId": product(PRINT), "manageStock": False}, {PRINT}),
    ("manageStockUpdate", {"productId": product(PRINT), "manageStock": False}, set()),
    ("productUpdate", {"id": product(PRINT), "variants": [{"id": variant(LARGE), "price": 1}]}, {PRINT}),
    (
        "productBulkUpdate",
        {"products": [{"id": product(PRINT), "variants": [{"id": variant(LARGE), "price": 2}]}]},
        {PRINT},
    ),
    ("bundleSave", {"id": variant(21), "childIds": [variant(SMALL), variant(LARGE), variant(OAK)]}, set()),
    ("bundleSave", {"id": variant(21), "childIds": [variant(OAK), variant(LARGE), variant(SMALL)]}, {SET}),
    ("variantDelete", {"id": variant(SMALL)}, {PRINT, SET}),
    ("productDetailUpdate", {"id": product(PRINT), "action": "VARIANT_MODIFIED"}, set()),
    (
        "productDetailUpdate",
        {"id": product(FRAME), "variationType": "SIMPLE", "variantIds": [variant(OAK)]},
        {FRAME},
    ),
    *(
        (
            "productVariantOptionsSync",
            {
                "productId": product(PRINT),
                "variationType": "ADVANCED_VARIATIONS",
                "options": [
                    {
                        "groupId": identity.encode("AttributeGroup", 1),
                        "termIds": [identity.encode("AttributeTerm", term) for term in terms],
                    }
                ],
            },
            moved,
        )
        for terms, moved in (((1, 2), {PRINT, SET}), ((2, 1), {PRINT}), ((2, 1), set()), ((2,), {PRINT}))
    ),
    ("productDelete", {"id": product(FRAME)}, {SET}),
    ("productBulkAction", {"action": "DELETE", "ids": [product(PRINT)]}, set()),
]
# These make products with all that belongs to them.
MAKING: Final = {"productCreate", "productBulkCreate", "productDuplicate", "dummyProductsCreate"}


async def modified(gateway: Gateway) -> dict[int, datetime]:
    async with gateway.database.read() as connection:
        return {
            row.id: row.modified_at for row in await connection.execute(select(PRODUCT.c.id, PRODUCT.c.modified_at))
        }


async def test_whatever_changes_a_variant_its_product_says_when(shop: Gateway) -> None:
    rows = [AttributeGroupRow(id=1, title="Size", slug="size")]
    terms = [AttributeTermRow(id=key, group_id=1, title=f"T{key}", slug=f"t{key}") for key in (1, 2)]
    cart = [factories.cart(1, "sg_cart_one"), factories.cart_item(1, SMALL)]
    till = [factories.shipping_method(1), factories.payment_method("offline_payment", active=True)]
    renewed = factories.subscription(1, variant_id=SMALL, product_id=PRINT)
    await factories.store_rows(shop, [*rows, *terms, factories.customer(1), *cart, *till, renewed])
    with time_machine.travel(NOW, tick=False) as clock:
        for name, given, products in CHANGES:
            clock.shift(timedelta(hours=1))
            before = await modified(shop)
            await done(shop, name, given)
            after = await modified(shop)
            assert {key for key, moment in after.items() if moment != before[key]} == products, (name, given)


def test_no_mutation_is_left_out() -> None:
    mutations = schema.core.mutation_type
    assert mutations is not None
    concerned = {kind.name for kind in (VARIANT_CREATED, VARIANT_UPDATED, VARIANT_DELETED, INVENTORY_CHANGED)}
    emits = {
        name: field.extensions[DEFINITION].declaration.mutation.emits
        for name, field in mutations.fields.items()
        if isinstance(field.extensions[DEFINITION].declaration, Performed)
    }
    assert {n for n, events in emits.items() if concerned & {*events}} == {n for n, _, _ in CHANGES} | MAKING
