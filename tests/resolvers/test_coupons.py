"""Coupons: their rules, what is told of a change, what becomes of them by their dates, and who may use one when."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
import time_machine
from sqlalchemy import select

from db.access.viewer import Viewer
from db.commerce.coupon import AppliedCouponRow, CouponRow, CouponStatus, CouponType
from db.commerce.order import OrderStatus
from db.commerce.sums.discount import DiscountedLine
from db.store.row import table
from engine.values import identity
from engine.values.errors import Refused
from resolvers.commerce.coupon.applying import applied
from server.work.dates import COUPONS
from tests import factories
from tests.gateway import ADMIN, Gateway
from tests.resolvers.shelf import events

NOW: Final = datetime(2026, 12, 1, 12, tzinfo=UTC)
DAY: Final = timedelta(days=1)
COUPON: Final = (
    "databaseId code status percentage amount { cents } startAt endAt version includedVariants { databaseId }"
)
SUMS: Final = "totalDiscount { cents } freeShipping coupons { code discount { cents } coupon { databaseId } }"
PAYLOADS: Final = {
    "couponCreate": f"coupon {{ {COUPON} }}",
    "couponUpdate": f"coupon {{ {COUPON} }}",
    "couponDelete": "deletedId",
    "couponApply": SUMS,
    "couponCancel": SUMS,
}
# Takes orders, and sees neither coupons nor customers.
SELLER = Viewer("token:seller", "seller", frozenset({"orders/create"}))


def gid(entity: str, key: int) -> str:
    return identity.encode(entity, key)


async def go(gateway: Gateway, mutation: str, /, viewer: Viewer = ADMIN, **input: Any) -> Any:
    kind = mutation[0].upper() + mutation[1:]
    told = f"{PAYLOADS[mutation]} userErrors {{ code field message }}"
    document = f"mutation Go($input: {kind}Input!) {{ {mutation}(input: $input) {{ {told} }} }}"
    return (await gateway(document, {"input": input}, viewer))[mutation]


def wrong(payload: Any) -> list[tuple[str, str]]:
    return [(error["code"], ".".join(error["field"])) for error in payload["userErrors"]]


async def apply(gateway: Gateway, code: str, *applied: str, viewer: Viewer = ADMIN, **more: Any) -> Any:
    asked = {"code": code, "appliedCodes": [*applied], "items": [{"variantId": gid("ProductVariant", 11)}], **more}
    return await go(gateway, "couponApply", viewer, **asked)


@pytest.fixture
async def shop(gateway: Gateway) -> Gateway:
    """A tea of 10.00 in a category, a cup of 5.00 in a brand alone."""
    await factories.store_rows(
        gateway,
        [
            factories.term(1, name="Tea", slug="tea"),
            factories.term(2, "product-brands", name="Acme", slug="acme"),
            factories.product(1),
            factories.variant(11, 1, price=1000),
            factories.product_term(1, 1),
            factories.product(2),
            factories.variant(21, 2, price=500),
            factories.product_term(2, 2),
            factories.customer(1, email="Ada@example.org"),
            factories.order(1, customer_id=1),
            factories.order(2, customer_id=1, status=OrderStatus.CANCELED),
        ],
    )
    return gateway


async def stored(gateway: Gateway, *rows: CouponRow | AppliedCouponRow) -> None:
    await factories.store_rows(gateway, rows)


async def test_what_is_told_of_a_coupon(shop: Gateway) -> None:
    tea = gid("ProductVariant", 11)
    made = await go(
        shop, "couponCreate", title="Tea", code=" TEA ", type="FIXED", amount=300, includedVariantIds=[tea, tea]
    )
    coupon = made["coupon"]
    assert (coupon["code"], coupon["version"], coupon["includedVariants"]) == ("TEA", 1, [{"databaseId": 11}])
    key = gid("Coupon", coupon["databaseId"])
    changed = await go(
        shop, "couponUpdate", id=key, code="Tea", includedVariantIds=[], type="PERCENTAGE", percentage="5"
    )
    assert (changed["coupon"]["percentage"], changed["coupon"]["amount"]) == ("5.00", None)
    # A form that sends all that it shows.
    same = await go(shop, "couponUpdate", id=key, type="PERCENTAGE", amount=None, percentage="5.00", code="Tea")
    assert same["coupon"]["version"] == 2
    await go(shop, "couponDelete", id=key, expectedVersion=2)
    assert [(one["name"], one["version"], one["changed"]) for one in await events(shop)] == [
        ("coupon.created", 1, []),
        ("coupon.updated", 2, ["amount", "code", "includedVariants", "type"]),
        ("coupon.deleted", None, []),
    ]


@pytest.mark.parametrize(
    ("input", "errors"),
    [
        ({"type": "FIXED"}, ["amount"]),
        ({"type": "FIXED", "amount": -1}, ["amount"]),
        ({"type": "FIXED", "amount": 5, "percentage": "5"}, ["percentage"]),
        ({"type": "PERCENTAGE", "percentage": "0.005"}, ["percentage"]),
        ({"type": "PERCENTAGE", "percentage": "-1"}, ["percentage"]),
        # More digits than a context keeps.
        ({"type": "PERCENTAGE", "percentage": f"10.{'0' * 29}1"}, ["percentage"]),
        ({"type": "PERCENTAGE", "percentage": f"99.{'9' * 30}"}, ["percentage"]),
        ({"type": "PERCENTAGE", "percentage": "100.00"}, []),
        ({"type": "FREE_SHIPPING", "percentage": "5"}, ["percentage"]),
        ({"type": "FREE_SHIPPING", "startAt": "2026-01-02T00:00:00Z", "endAt": "2026-01-02T00:00:00Z"}, ["endAt"]),
        ({"type": "FREE_SHIPPING", "maxUses": 0, "maxPerCustomer": 0}, ["maxUses", "maxPerCustomer"]),
        ({"type": "FREE_SHIPPING", "maxDiscount": -1, "priority": -1}, ["priority", "maxDiscount"]),
        ({"type": "FREE_SHIPPING", "code": "x" * 51, "title": " "}, ["title", "code"]),
        ({"type": "FREE_SHIPPING", "emailRestrictions": ["a b@*", "*"]}, ["emailRestrictions.0"]),
        ({"type": "FREE_SHIPPING", "includedCategoryIds": [gid("Term", 2)]}, ["includedCategoryIds.0"]),
        ({"type": "BUY_X_GET_Y", "getQuantity": 0}, ["getQuantity"]),
    ],
)
async def test_what_no_coupon_is(shop: Gateway, input: dict[str, Any], errors: list[str]) -> None:
    found = await go(shop, "couponCreate", **{"title": "T", "code": "T", **input})
    assert [field for _, field in wrong(found)] == errors


async def test_rules_hold_for_the_result_of_an_update(shop: Gateway) -> None:
    begun = {"start_at": NOW - DAY, "end_at": NOW + DAY}
    await stored(shop, factories.coupon(1, max_uses=5, **begun), factories.coupon(2, code="Other"))
    key = gid("Coupon", 1)
    assert wrong(await go(shop, "couponUpdate", id=key, maxPerCustomer=6)) == [("VALIDATION", "maxUses")]
    assert wrong(await go(shop, "couponUpdate", id=key, startAt=None)) == [("VALIDATION", "startAt")]
    assert wrong(await go(shop, "couponUpdate", id=key, amount=None)) == [("VALIDATION", "amount")]
    assert wrong(await go(shop, "couponUpdate", id=key, type="PERCENTAGE")) == [("VALIDATION", "percentage")]
    assert wrong(await go(shop, "couponUpdate", id=key, code="OTHER")) == [("CONFLICT", "code")]
    assert wrong(await go(shop, "couponUpdate", id=key, expectedVersion=7)) == [("CONFLICT", "expectedVersion")]
    free = await go(shop, "couponUpdate", id=key, type="FREE_SHIPPING")
    assert free["coupon"]["amount"] is None


@time_machine.travel(NOW, tick=False)
async def test_dates_decide_what_is_stored(shop: Gateway) -> None:
    async def made(code: str, **input: Any) -> str:
        found = await go(shop, "couponCreate", title="T", code=code, type="FREE_SHIPPING", **input)
        status: str = found["coupon"]["status"]
        return status

    assert await made("A", startAt="2026-12-02T00:00:00Z") == "SCHEDULED"
    assert await made("B", startAt="2026-11-01T00:00:00Z", endAt="2026-12-01T12:00:00Z") == "EXPIRED"
    assert await made("C", status="SCHEDULED") == "ACTIVE"
    assert await made("D", status="DISABLED", startAt="2026-12-02T00:00:00Z") == "DISABLED"
    assert await made("E", status="EXPIRED") == "EXPIRED"
    again = await go(shop, "couponUpdate", id=gid("Coupon", 2), endAt="2026-12-24T00:00:00Z")
    assert again["coupon"]["status"] == "ACTIVE"


@time_machine.travel(NOW, tick=False)
async def test_coupons_begin_and_expire_by_themselves(shop: Gateway) -> None:
    scheduled, expired, disabled = CouponStatus.SCHEDULED, CouponStatus.EXPIRED, CouponStatus.DISABLED
    await stored(
        shop,
        factories.coupon(1, status=scheduled, start_at=NOW),
        factories.coupon(2, start_at=NOW - DAY, end_at=NOW),
        factories.coupon(3, status=scheduled, start_at=NOW + DAY),
        factories.coupon(4, status=disabled, start_at=NOW - DAY, end_at=NOW - DAY / 2),
        factories.coupon(5, status=scheduled, start_at=NOW - DAY, end_at=NOW - DAY / 2),
        factories.coupon(6),
        factories.coupon(7, status=expired),
        factories.coupon(8, start_at=NOW + DAY),
    )
    assert await COUPONS.strike(shop.units) == 4
    assert await COUPONS.strike(shop.units) == 0
    coupons = table(CouponRow)
    async with shop.database.read() as connection:
        rows = await connection.execute(select(coupons.c.status, coupons.c.version).order_by(coupons.c.id))
        found = [(status.name, version) for status, version in rows]
    assert found == [
        ("ACTIVE", 2),
        ("EXPIRED", 2),
        ("SCHEDULED", 1),
        ("DISABLED", 1),
        ("EXPIRED", 2),
        ("ACTIVE", 1),
        ("EXPIRED", 1),
        ("SCHEDULED", 2),
    ]
    assert {(one["name"], *one["changed"]) for one in await events(shop)} == {("coupon.updated", "status")}


async def test_the_dates_are_judged_and_not_the_stored_word(shop: Gateway) -> None:
    now = datetime.now(UTC)
    await stored(
        shop,
        factories.coupon(1, status=CouponStatus.SCHEDULED, start_at=now - DAY),
        factories.coupon(2, start_at=now - 2 * DAY, end_at=now - DAY),
    )
    assert (await apply(shop, "c1"))["totalDiscount"]["cents"] == 500
    assert wrong(await apply(shop, "c2")) == [("BUSINESS_RULE", "code")]


async def test_a_seller_uses_a_code_and_sees_no_coupon(shop: Gateway) -> None:
    await stored(shop, factories.coupon(1))
    found = await apply(shop, "C1", viewer=SELLER)
    assert found["coupons"] == [{"code": "C1", "discount": {"cents": 500}, "coupon": None}]
    assert wrong(await apply(shop, "C1", viewer=SELLER, customerId=gid("Customer", 1))) == [("NOT_FOUND", "customerId")]


async def test_categories_are_those_of_products(shop: Gateway) -> None:
    tea, cup = ({"variantId": gid("ProductVariant", key)} for key in (11, 21))
    percent: dict[str, Any] = {"type": CouponType.PERCENTAGE, "amount": 1000}
    await stored(shop, factories.coupon(1, included_categories=[1], **percent))
    await stored(shop, factories.coupon(2, excluded_categories=[1], **percent))
    assert (await apply(shop, "C1", items=[tea, cup]))["totalDiscount"]["cents"] == 100
    assert (await apply(shop, "C2", items=[tea, cup]))["totalDiscount"]["cents"] == 50
    assert wrong(await apply(shop, "C1", items=[cup])) == [("BUSINESS_RULE", "code")]


async def test_how_often_one_customer_may(shop: Gateway) -> None:
    await stored(shop, factories.coupon(1, max_per_customer=1))
    await stored(shop, factories.applied_coupon(1, 2, 1))
    ada: dict[str, Any] = {"customerId": gid("Customer", 1)}
    assert wrong(await apply(shop, "C1", **ada)) == []  # the order that has it was canceled
    await stored(shop, factories.applied_coupon(2, 1, 1))
    assert wrong(await apply(shop, "C1", **ada)) == [("BUSINESS_RULE", "code")]
    assert wrong(await apply(shop, "C1", customerEmail="ADA@example.org")) == [("BUSINESS_RULE", "code")]
    assert wrong(await apply(shop, "C1", customerEmail="otto@example.org")) == []
    assert wrong(await apply(shop, "C1")) == [("BUSINESS_RULE", "code")]


async def test_an_order_that_is_changed_is_not_in_its_own_way(shop: Gateway) -> None:
    await stored(shop, factories.coupon(1, max_per_customer=1, max_uses=1, use_count=1))
    await stored(shop, factories.applied_coupon(1, 1, 1))
    lines = [DiscountedLine(0, 1, 11, frozenset({1}), 1, 1000, 1000)]
    for order, said in ((1, []), (None, ["codes"])):
        async with shop.units.unit(ADMIN) as unit:
            customer = {"id": 1, "email": "ada@example.org"}
            found = await applied(unit, ["c1", "nope"], lines, customer=customer, path="codes", order=order)
            assert [coupon["id"] for coupon in found] == ([1] if order else [])
            with pytest.raises(Refused) as raised:
                unit.settle()
            refused = [(error.code.value, error.field) for error in raised.value.errors]
            assert ("NOT_FOUND", ["codes", "1"]) in refused
            assert len(refused) == 1 + len(said)


async def test_several_codes(shop: Gateway) -> None:
    await stored(shop, factories.coupon(1, stackable=True), factories.coupon(2, stackable=True), factories.coupon(3))
    assert (await apply(shop, "C2", "c1"))["totalDiscount"]["cents"] == 1000
    assert wrong(await apply(shop, "c1", "C1")) == [("BUSINESS_RULE", "code")]
    assert wrong(await apply(shop, "c1", "C3")) == [("BUSINESS_RULE", "appliedCodes.0")]
    assert wrong(await apply(shop, "c1", *["C2"] * 21))[0] == ("VALIDATION", "appliedCodes")
    assert wrong(await apply(shop, "\0")) == [("NOT_FOUND", "code")]
    assert wrong(await apply(shop, "c1", items=[])) == [("VALIDATION", "items")]
    huge = [{"variantId": gid("ProductVariant", 11), "quantity": 2**31 - 1, "unitPrice": 2**40}]
    assert wrong(await apply(shop, "c1", items=huge)) == [("VALIDATION", "items")]


async def test_applying_writes_nothing(shop: Gateway) -> None:
    await stored(shop, factories.coupon(1))
    await apply(shop, "C1")
    assert await events(shop) == []
    found = await shop("{ coupon(by: { databaseId: 1 }) { useCount version } }")
    assert found["coupon"] == {"useCount": 0, "version": 1}


async def test_what_an_order_was_placed_with_outlives_the_coupon(shop: Gateway) -> None:
    await stored(shop, factories.coupon(1))
    await stored(shop, factories.applied_coupon(1, 1, 1))
    assert wrong(await go(shop, "couponDelete", id=gid("Coupon", 1))) == []
    kept = table(AppliedCouponRow)
    async with shop.database.read() as connection:
        rows = (await connection.execute(select(kept.c.coupon_id, kept.c.code, kept.c.amount))).all()
    assert [tuple(row) for row in rows] == [(None, "C1", 500)]
