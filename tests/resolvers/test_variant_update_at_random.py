"""Random updates: whatever comes, an answer; and afterwards everything that follows from the rows is right."""

from typing import Any, Final

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from db.catalog.product import ProductRow, StockStatus, product_search_text
from db.catalog.variant import BillingInterval, PaymentType, VariantRow, VariantStatus
from db.store.row import table
from db.text.search import search_text
from engine.values import identity
from engine.values.scalars import MOST_CENTS
from schema.root import schema
from tests.drawing import examples
from tests.gateway import Gateway
from tests.resolvers.shelf import DOCUMENT, MANAGED, ONE_TIME, PRODUCT, SUBSCRIPTION, clear_shelf, id_of, stock_shelf

VARIANTS: Final = (ONE_TIME, SUBSCRIPTION, MANAGED)
INPUT_FIELDS: Final = schema.core.type_map["VariantUpdateInput"].fields.keys()  # type: ignore[attr-defined]

# What a type allows, and more often what is near the rules.
texts = st.text(max_size=300) | st.sampled_from(
    ["", " ", "\0", "<b>", "a" * 31, "é" * 101, "a" * 201, "🎉" * 256, "A b"]
)
skus = st.sampled_from(["SKU-11", "SKU-12", "SKU-13", "NEW", " ", "x" * 31]) | texts
integers = st.integers(-(2**31), 2**31 - 1) | st.integers(-2, 3)
cents = st.integers(-MOST_CENTS, MOST_CENTS) | st.integers(-1, 3) | st.sampled_from([1000, 1500, 3000])
numbers = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([-0.0, 1.5, 5e-324, 1.7e308])
pictures = st.fixed_dictionaries(
    {
        "attachmentId": integers,
        "url": texts | st.sampled_from(["https://store.example/a.jpg", "http://x", "https://a\0b", "https://["]),
    },
    optional={"title": texts},
)


def words(values: Any) -> st.SearchStrategy[str]:
    return st.sampled_from([member.name for member in values])


FIELDS: Final[dict[str, st.SearchStrategy[Any]]] = {
    "expectedVersion": st.none() | st.integers(0, 5) | integers,
    "title": texts,
    "sku": st.none() | skus,
    "status": words(VariantStatus),
    "position": integers,
    "fulfillmentType": st.sampled_from(["PHYSICAL", "DIGITAL"]),
    "downloadable": st.booleans(),
    "description": st.none() | texts,
    "price": st.none() | cents,
    "comparePrice": st.none() | cents,
    "manageCost": st.booleans(),
    "cost": st.none() | cents,
    "manageStock": st.booleans(),
    "totalStock": integers,
    "available": integers,
    "committed": integers,
    "onHold": integers,
    "paymentType": words(PaymentType),
    "interval": st.none() | words(BillingInterval),
    "billingTimes": st.none() | integers,
    "trialDays": st.none() | st.integers(-1, 366) | integers,
    "billingSummary": st.none() | texts,
    "hasSetupFee": st.booleans(),
    "setupFee": st.none() | cents,
    "setupFeeLabel": st.none() | texts,
    "setupFeePerItem": st.booleans(),
    "installment": st.booleans(),
    "packageSlug": st.none() | texts,
    "weight": st.none() | numbers,
    "weightUnit": st.none() | texts,
    "length": st.none() | numbers,
    "width": st.none() | numbers,
    "height": st.none() | numbers,
    "media": st.none() | st.lists(pictures, max_size=3),
    "soldIndividually": st.booleans(),
    "shippingClassId": st.none() | st.integers(0, 3).map(lambda key: identity.encode("ShippingClass", key)),
    "stockStatus": words(StockStatus),
    "licensed": st.booleans(),
    "licenseLimit": st.none() | integers,
    "licenseMonths": st.none() | integers,
}


@st.composite
def inputs(draw: st.DrawFn) -> dict[str, Any]:
    """A few fields: with all of them at once some rule is always broken."""
    names = draw(st.lists(st.sampled_from(sorted(FIELDS)), max_size=6, unique=True))
    return {name: draw(FIELDS[name]) for name in names}


updates = st.tuples(st.sampled_from(VARIANTS), inputs(), st.booleans())


def test_every_field_is_drawn() -> None:
    assert {"id"} | FIELDS.keys() == INPUT_FIELDS


@settings(max_examples=examples(12), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(updates, min_size=1, max_size=6))
async def test_random_updates(gateway: Gateway, sequence: list[tuple[int, dict[str, Any], bool]]) -> None:
    await clear_shelf(gateway)
    await stock_shelf(gateway)
    for variant, named, dry in sequence:
        before = await variants_of(gateway)
        answer = await gateway.answer(DOCUMENT, {"input": {"id": id_of(variant), **named}, "dry": dry})
        # The types are kept, so an error would be INTERNAL.
        assert "errors" not in answer.body, answer.body["errors"]
        payload = answer.body["data"]["variantUpdate"]
        assert all(error["field"][0] in INPUT_FIELDS for error in payload["userErrors"])
        assert {error["code"] for error in payload["userErrors"]} <= {"VALIDATION", "CONFLICT"}
        after = await variants_of(gateway)
        changed = [number for number in VARIANTS if after[number] != before[number]]
        versions = after[variant]["version"] - before[variant]["version"]
        assert changed == [variant] * versions
        assert not changed or not (dry or payload["userErrors"])
        for row in after.values():
            check_rules(row)
        await check_product(gateway, list(after.values()))


async def variants_of(gateway: Gateway) -> dict[int, dict[str, Any]]:
    columns = table(VariantRow)
    async with gateway.database.read() as connection:
        rows = await connection.execute(
            select(columns).where(columns.c.product_id == PRODUCT).order_by(columns.c.position, columns.c.id)
        )
        return {row["id"]: dict(row) for row in rows.mappings()}


def check_rules(row: dict[str, Any]) -> None:
    assert 1 <= len(row["title"]) <= 200
    assert row["sku"] is None or 1 <= len(row["sku"]) <= 30
    assert row["compare_price"] == 0 or row["compare_price"] >= row["price"] >= 0
    assert 0 <= row["trial_days"] <= 365
    assert min(row[name] for name in ("total_stock", "available", "committed", "on_hold", "cost")) >= 0
    assert row["stock_status"] == ("out-of-stock" if row["manage_stock"] and row["available"] == 0 else "in-stock")
    assert row["search_text"] == search_text(row["title"], row["sku"])
    if row["payment_type"] == "onetime":
        assert (row["interval"], row["billing_times"], row["trial_days"], row["has_setup_fee"]) == (None, 0, 0, False)
    else:
        assert row["interval"] is not None
    if row["has_setup_fee"]:
        assert row["setup_fee"] >= 0
        assert 1 <= len(row["setup_fee_label"]) <= 100
    else:
        assert (row["setup_fee"], row["setup_fee_label"], row["setup_fee_per_item"]) == (None, None, False)
    assert not row["installment"] or row["billing_times"] >= 2


async def check_product(gateway: Gateway, variants: list[dict[str, Any]]) -> None:
    columns = table(ProductRow)
    async with gateway.database.read() as connection:
        found = (await connection.execute(select(columns).where(columns.c.id == PRODUCT))).mappings().one()
    assert found["version"] == 1
    assert found["min_price"] == min(v["price"] for v in variants)
    assert found["max_price"] == max(v["price"] for v in variants)
    in_stock = not found["manage_stock"] or any(v["stock_status"] == "in-stock" for v in variants)
    assert found["stock_availability"] == ("in-stock" if in_stock else "out-of-stock")
    text = product_search_text(PRODUCT, found["title"], ((v["title"], v["sku"]) for v in variants))
    # The order of its lines means nothing.
    assert sorted(found["search_text"].split("\n")) == sorted(text.split("\n"))
