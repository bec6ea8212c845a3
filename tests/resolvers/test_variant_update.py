"""What the documents of `tests/operations/050-…` leave open: one field at a time, versions, events, merged rules."""

from datetime import timedelta
from typing import Any, Final

import pytest
import time_machine
from graphql import GraphQLInputObjectType, GraphQLNonNull

from db.access.viewer import Viewer
from db.catalog.variant import BillingInterval
from engine.values import identity
from schema.root import schema
from tests import factories
from tests.gateway import ADMIN, Gateway
from tests.recorded import NOW
from tests.resolvers.shelf import (
    DOCUMENT,
    MANAGED,
    ONE_TIME,
    SUBSCRIPTION,
    TERMS,
    UPDATED,
    broken,
    derive,
    dump,
    events,
    id_of,
    shown,
    update,
    updated,
)

INPUT = schema.core.type_map["VariantUpdateInput"]
assert isinstance(INPUT, GraphQLInputObjectType)
EDITABLE: Final = INPUT.fields.keys() - {"id", "expectedVersion"}

PICTURE: Final = {"attachmentId": 5, "url": "https://store.example/a.jpg", "title": "Front"}
# Another value of every field, and what null makes of it (absent here: the field does not take null). On the
# subscription, which has a value in each.
CHANGES: Final[dict[str, tuple[Any, ...]]] = {
    "title": ("Other",),
    "sku": ("OTHER", None),
    "status": ("INACTIVE",),
    "position": (9,),
    "fulfillmentType": ("PHYSICAL",),
    "downloadable": (True,),
    "description": ("Other words", ""),
    "price": (2500, 0),
    "comparePrice": (4000, 0),
    "manageCost": (True,),
    "cost": (700, 0),
    "manageStock": (True,),
    "totalStock": (8,),
    "available": (3,),
    "committed": (2,),
    "onHold": (1,),
    "paymentType": ("ONETIME",),
    "interval": ("YEARLY",),
    "billingTimes": (24,),
    "trialDays": (30, 0),
    "billingSummary": ("Two years", ""),
    "hasSetupFee": (False,),
    "setupFee": (900,),
    "setupFeeLabel": ("Installation",),
    "setupFeePerItem": (False,),
    "installment": (False,),
    "licensed": (False,),
    "licenseLimit": (5, 0),
    "licenseMonths": (24, None),
    "packageSlug": ("box", None),
    "weight": (1.5, None),
    "weightUnit": ("kg", None),
    "length": (10.0, None),
    "width": (20.0, None),
    "height": (30.0, None),
    "media": ([PICTURE], []),
    "soldIndividually": (True,),
    "shippingClassId": (identity.encode("ShippingClass", 1), None),
}
# Taken, and never stored: it follows from the numbers.
IGNORED: Final = {"stockStatus"}
# Null breaks a rule of the subscription: refused on this field.
REQUIRED_HERE: Final = {"interval", "billingTimes", "setupFee", "setupFeeLabel"}
FOLLOWING: Final = {
    "committed": {"expectedAvailable"},
    "onHold": {"expectedAvailable"},
    "totalStock": {"expectedAvailable"},
    "hasSetupFee": {"setupFee", "setupFeeLabel", "setupFeePerItem"},
    "paymentType": {
        *("interval", "billingTimes", "trialDays", "billingSummary", "installment"),
        *("hasSetupFee", "setupFee", "setupFeeLabel", "setupFeePerItem"),
    },
}


def test_every_field_is_tried() -> None:
    assert CHANGES.keys() == EDITABLE - IGNORED


@pytest.fixture
async def subscriptions(gateway: Gateway) -> dict[str, int]:
    """A subscription for each field, so that one database will do for all of them."""
    numbers = {field: number for number, field in enumerate(CHANGES, start=1)}
    variants = [factories.variant(number, 1, **TERMS) for number in numbers.values()]
    await factories.store_rows(gateway, [factories.shipping_class(1), factories.product(1), *variants])
    await derive(gateway, 1)
    return numbers


async def test_a_named_field_changes_and_no_other(gateway: Gateway, subscriptions: dict[str, int]) -> None:
    for number, (field, variant) in enumerate(subscriptions.items(), start=1):
        before = await shown(gateway, variant)
        value = CHANGES[field][0]
        after = await updated(gateway, variant, {field: value})
        assert plain(after[field]) == value, field
        changed = {name for name in before if before[name] != after[name]}
        assert changed - {"version", "updatedAt"} == {field} | FOLLOWING.get(field, set())
        assert after["version"] == 2, field
        # Said again it changes nothing.
        assert (await updated(gateway, variant, {field: value}))["version"] == 2, field
        assert len(await events(gateway, UPDATED)) == number, field


async def test_null_clears(gateway: Gateway, subscriptions: dict[str, int]) -> None:
    for field, variant in subscriptions.items():
        value, *cleared = CHANGES[field]
        variables = {"input": {"id": id_of(variant), field: None}}
        answer = await gateway.answer(DOCUMENT, variables)
        if field in REQUIRED_HERE:
            errors = answer.body["data"]["variantUpdate"]["userErrors"]
            assert [error["field"] for error in errors] == [[field]]
        elif not cleared:
            assert not answer.executed, field
            assert answer.body["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT"}
        else:
            await updated(gateway, variant, {field: value})
            assert plain((await updated(gateway, variant, {field: None}))[field]) == cleared[0], field
            assert plain((await updated(gateway, variant, {}))[field]) == cleared[0], field


def plain(value: Any) -> Any:
    return next(iter(value.values())) if isinstance(value, dict) else value


def test_what_takes_no_null_says_so_by_refusing_it() -> None:
    """GraphQL has no type for "absent or not null": the fields are nullable, and `null` is BAD_USER_INPUT."""
    assert isinstance(INPUT, GraphQLInputObjectType)
    assert {name for name, f in INPUT.fields.items() if isinstance(f.type, GraphQLNonNull)} == {"id"}


# Nothing changes


async def test_an_update_that_changes_nothing_writes_nothing(shelf: Gateway) -> None:
    rows = await dump(shelf)
    with time_machine.travel(NOW + timedelta(days=1), tick=False):
        for variant in (ONE_TIME, SUBSCRIPTION, MANAGED):
            before = await shown(shelf, variant)
            same = {name: value for name, value in before.items() if name in EDITABLE}
            same |= {
                name: plain(same[name]) for name in ("price", "comparePrice", "cost", "setupFee", "shippingClassId")
            }
            assert await updated(shelf, variant, {}) == before
            assert await updated(shelf, variant, same) == before
            assert await updated(shelf, variant, {"title": f"  {before['title']} ", "expectedVersion": 1}) == before
    assert await dump(shelf) == rows


async def test_one_time_terms_are_not_kept_in_wait(shelf: Gateway) -> None:
    """What a one-time variant cannot have changes nothing, rather than being stored unseen."""
    rows = await dump(shelf)
    await updated(shelf, ONE_TIME, {"interval": "YEARLY", "trialDays": 7, "hasSetupFee": True, "setupFee": 5})
    await updated(shelf, ONE_TIME, {"setupFeeLabel": "Setup", "installment": True, "billingSummary": "x"})
    assert await dump(shelf) == rows


# Events


async def test_the_event_tells_what_changed(shelf: Gateway) -> None:
    with time_machine.travel(NOW, tick=False):
        await updated(shelf, MANAGED, {"sku": "NEW", "available": 0, "price": 3000, "media": [PICTURE]})
    event, stock = await events(shelf)
    assert event.pop("id")
    numbers = {"manageStock": True, "totalStock": 1, "available": 0, "stockStatus": "out-of-stock"}
    assert (stock["name"], stock["version"], stock["changed"]) == (
        "inventory.changed",
        2,
        ["available", "stockStatus"],
    )
    assert stock["payload"] == {"variantId": MANAGED, "productId": 1, "sku": "NEW"} | numbers
    assert event == {
        "position": None,
        "name": "variant.updated",
        "entity": f"ProductVariant:{MANAGED}",
        "version": 2,
        "changed": ["available", "media", "sku", "stockStatus"],
        "payload": {"variantId": MANAGED, "productId": 1, "sku": "NEW"},
        "caller": ADMIN.id,
        "cause": "request:test",
        "depth": 0,
        "occurred_at": NOW,
    }


async def test_a_refusal_emits_nothing(shelf: Gateway) -> None:
    rows = await dump(shelf)
    assert await broken(shelf, ONE_TIME, {"title": "Other", "price": -1}) == [("VALIDATION", "price")]
    assert await dump(shelf) == rows


async def test_a_conflict_names_all_that_changed_since(shelf: Gateway) -> None:
    for change in ({"title": "A"}, {"price": 1100}, {"title": "B", "available": 9}):
        await updated(shelf, ONE_TIME, change)
    payload = await update(shelf, ONE_TIME, {"expectedVersion": 2, "sku": "NEW", "price": -1})
    (error,) = payload["userErrors"]
    assert (error["code"], error["field"]) == ("CONFLICT", ["expectedVersion"])
    assert error["message"] == "You edited version 2, it is at 4 now; changed since: available, price, title"


async def test_the_largest_numbers_are_answered(shelf: Gateway) -> None:
    """What follows from them may be more than GraphQL's Int can say."""
    most = 2**31 - 1
    after = await updated(shelf, MANAGED, {"totalStock": 0, "available": most, "committed": most, "onHold": 1})
    assert after["expectedAvailable"] == -(2**31)
    assert (await updated(shelf, MANAGED, {"onHold": most}))["expectedAvailable"] is None


# Rules between fields hold for the result


async def test_rules_are_broken_by_what_is_stored(shelf: Gateway) -> None:
    cases: list[tuple[int, dict[str, Any], str]] = [
        (ONE_TIME, {"comparePrice": 999}, "comparePrice"),
        (ONE_TIME, {"price": 1501}, "comparePrice"),
        (ONE_TIME, {"paymentType": "SUBSCRIPTION"}, "interval"),
        (SUBSCRIPTION, {"interval": None}, "interval"),
        (SUBSCRIPTION, {"billingTimes": 1}, "billingTimes"),
        (SUBSCRIPTION, {"billingTimes": None}, "billingTimes"),
        (SUBSCRIPTION, {"setupFee": None}, "setupFee"),
        (SUBSCRIPTION, {"setupFeeLabel": " <br> "}, "setupFeeLabel"),
        (SUBSCRIPTION, {"manageCost": True, "cost": None}, "cost"),
        (ONE_TIME, {"licenseLimit": -1}, "licenseLimit"),
        (ONE_TIME, {"licenseMonths": 0}, "licenseMonths"),
        (ONE_TIME, {"licenseMonths": 1201}, "licenseMonths"),
    ]
    for variant, given, field in cases:
        assert await broken(shelf, variant, given) == [("VALIDATION", field)], given


async def test_rules_are_kept_by_the_result(gateway: Gateway) -> None:
    one_time: dict[str, Any] = {"price": 1000, "compare_price": 1500}
    cases: list[tuple[dict[str, Any], dict[str, Any]]] = [
        (one_time, {"price": 1500}),
        (one_time, {"price": 1501, "comparePrice": 1501}),
        (one_time, {"price": 99_999, "comparePrice": 0}),
        (one_time, {"price": 2**53 - 1, "comparePrice": None}),
        (one_time, {"paymentType": "SUBSCRIPTION", "interval": "DAILY"}),
        (TERMS, {"billingTimes": None, "installment": False}),
        (TERMS, {"setupFee": None, "setupFeeLabel": None, "hasSetupFee": False}),
        (TERMS, {"paymentType": "ONETIME", "interval": None, "setupFee": None}),
        (TERMS, {"trialDays": 365, "setupFee": 0}),
        (TERMS, {"manageCost": True, "cost": 0}),
        (one_time, {"licensed": True, "licenseLimit": 0, "licenseMonths": 1200}),
    ]
    variants = [factories.variant(number, 1, **stored) for number, (stored, _) in enumerate(cases, start=1)]
    await factories.store_rows(gateway, [factories.product(1), *variants])
    for number, (_, given) in enumerate(cases, start=1):
        assert (await updated(gateway, number, given))["version"] == 2, given


async def test_becoming_one_time_discards_the_subscription(shelf: Gateway) -> None:
    """Also for good: becoming a subscription again starts from nothing."""
    await updated(shelf, SUBSCRIPTION, {"paymentType": "ONETIME", "trialDays": 3})
    after = await updated(shelf, SUBSCRIPTION, {"paymentType": "SUBSCRIPTION", "interval": "WEEKLY"})
    kept = ("billingTimes", "trialDays", "billingSummary", "hasSetupFee", "setupFee", "setupFeeLabel", "installment")
    assert [after[name] for name in kept] == [0, 0, "", False, None, None, False]


async def test_a_stored_value_is_not_judged_again(gateway: Gateway) -> None:
    """The pricing table's description may have 2000 characters, this mutation's 255: only a new one is refused."""
    long = "x" * 300
    rows = [factories.product(1), factories.variant(1, 1, description=long, title="", interval=BillingInterval.DAILY)]
    await factories.store_rows(gateway, rows)
    await derive(gateway, 1)
    assert (await updated(gateway, 1, {"price": 5, "description": long}))["description"] == long
    assert await broken(gateway, 1, {"description": "y" * 256}) == [("VALIDATION", "description")]


# Texts and SKUs


async def test_texts_are_cleaned_and_then_measured(shelf: Gateway) -> None:
    after = await updated(
        shelf,
        SUBSCRIPTION,
        {
            "title": f" <b>{'é' * 200}</b>\0 ",
            "sku": " a\tb ",
            "description": f"<p>{'🎉' * 253}\r\nx</p>",
            "setupFeeLabel": "\x1bOnce",
            "packageSlug": " ",
        },
    )
    names = ("title", "sku", "description", "setupFeeLabel", "packageSlug")
    assert [after[name] for name in names] == ["é" * 200, "a b", f"{'🎉' * 253}\nx", "Once", None]


async def test_the_empty_sku_is_none(shelf: Gateway) -> None:
    for variant in (ONE_TIME, SUBSCRIPTION):
        assert (await updated(shelf, variant, {"sku": " "}))["sku"] is None


async def test_a_taken_sku_is_told_with_the_other_rules(shelf: Gateway) -> None:
    given = {"sku": f" SKU-{MANAGED} ", "available": -1, "media": [PICTURE | {"url": "a.jpg"}]}
    assert await broken(shelf, ONE_TIME, given) == [
        ("VALIDATION", "available"),
        ("CONFLICT", "sku"),
        ("VALIDATION", "media.0.url"),
    ]


async def test_search_follows(shelf: Gateway) -> None:
    await updated(shelf, ONE_TIME, {"title": "Straße <i>№ 5</i>", "sku": "FRESH"})
    lists = "products(search: $text) { totalCount } productVariants(search: $text) { totalCount }"
    for asked, count in (("STRASSE", 1), ("no 5", 1), ("fresh", 1), (f"SKU-{ONE_TIME}", 0), ("Variant 11", 0)):
        data = await shelf(f"query Find($text: String!) {{ {lists} }}", {"text": asked})
        assert [data["products"]["totalCount"], data["productVariants"]["totalCount"]] == [count, count], asked


# Dry runs and repeats


async def test_a_dry_run_leaves_every_table_as_it_was(shelf: Gateway) -> None:
    rows = await dump(shelf)
    tried: list[dict[str, Any]] = [
        {},
        {"title": "Other", "price": 1, "available": 0, "media": [PICTURE]},
        {"price": -1, "title": ""},
        {"sku": f"SKU-{MANAGED}"},
        {"expectedVersion": 8, "price": 1},
    ]
    for given in tried:
        payload = await update(shelf, ONE_TIME, given, dry=True, key="a key")
        assert (payload["variant"], payload["product"]) == (None, None)
        assert payload["events"] is not None
        assert await dump(shelf) == rows, given


async def test_a_dry_run_previews_the_event_that_is_written(shelf: Gateway) -> None:
    given = {"title": "Other", "price": 1200, "media": [PICTURE]}
    (preview,) = (await update(shelf, ONE_TIME, given, dry=True))["events"]
    assert (await update(shelf, ONE_TIME, given))["events"] is None
    (event,) = await events(shelf)
    assert preview == {
        "name": event["name"],
        "entityId": id_of(ONE_TIME),
        "version": event["version"],
        "changedFields": event["changed"],
    }


async def test_a_key_belongs_to_its_caller_for_a_day(shelf: Gateway) -> None:
    other = Viewer("token:other", "other", ADMIN.permissions)
    with time_machine.travel(NOW, tick=False):
        await updated(shelf, ONE_TIME, {"available": 5}, key="k")
        await updated(shelf, ONE_TIME, {"available": 6}, key="k", viewer=other)
        # The first caller's is a repeat: it shows the variant as it is by now.
        assert (await updated(shelf, ONE_TIME, {"available": 5}, key="k"))["available"] == 6
        assert await broken(shelf, ONE_TIME, {"available": 7}, key="k") == [("CONFLICT", "idempotencyKey")]
    with time_machine.travel(NOW + timedelta(hours=24, seconds=1), tick=False):
        assert (await updated(shelf, ONE_TIME, {"available": 7}, key="k"))["available"] == 7
    assert [event["caller"] for event in await events(shelf, UPDATED)] == [ADMIN.id, other.id, ADMIN.id]


async def test_a_refused_change_does_not_use_up_its_key(shelf: Gateway) -> None:
    assert await broken(shelf, ONE_TIME, {"available": -1}, key="k") == [("VALIDATION", "available")]
    assert (await updated(shelf, ONE_TIME, {"available": 1}, key="k"))["available"] == 1


async def test_mutations_of_a_document_follow_each_other(shelf: Gateway) -> None:
    """The second builds on the first; a failure between them takes nothing back."""
    answer = await shelf.answer(
        """
        mutation Three($id: ID!) {
          first: variantUpdate(input: { id: $id, price: 1400 }) { variant { version } }
          second: variantUpdate(input: { id: $id, price: 1501 }) { userErrors { field } }
          third: variantUpdate(input: { id: $id, comparePrice: 1400, expectedVersion: 2 }) { variant { version } }
        }
        """,
        {"id": id_of(ONE_TIME)},
    )
    assert answer.body == {
        "data": {
            "first": {"variant": {"version": 2}},
            "second": {"userErrors": [{"field": ["comparePrice"]}]},
            "third": {"variant": {"version": 3}},
        }
    }
