"""Coupons, and the orders that have them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.importers.fluentcart import import_store
from connectors.importers.report import Tally
from db.store.database import Database
from tests.connectors.fluentcart_store import (
    Exchanges,
    imported_twice,
    in_process,
    lines,
    loopback,
    rows,
    settings,
    source,
)
from tests.connectors.test_import_orders import order

# As a shop listed it.
RECORDED = {
    "id": 27,
    "title": "Mu coupon",
    "code": "MU",
    "priority": "1",
    "type": "fixed",
    "conditions": {
        "min_purchase_amount": 0,
        "max_discount_amount": 0,
        "max_purchase_amount": 0,
        "apply_to_whole_cart": "no",
        "apply_to_quantity": "no",
        "max_uses": 1,
        "max_per_customer": 5,
        "excluded_categories": [],
        "included_categories": [],
        "excluded_products": [],
        "included_products": [],
        "email_restrictions": "",
        "is_recurring": "no",
        "buy_quantity": None,
        "get_quantity": None,
    },
    "amount": "100",
    "use_count": "0",
    "status": "active",
    "notes": "",
    "stackable": "no",
    "show_on_checkout": "no",
    "start_date": "0000-00-00 00:00:00",
    "end_date": "0000-00-00 00:00:00",
    "created_at": "2026-11-29T01:31:32+00:00",
    "updated_at": "2026-11-29T01:31:32+00:00",
}
SOON = datetime.now(UTC).replace(microsecond=0) + timedelta(days=30)
LATER, PAST = SOON + timedelta(days=30), SOON - timedelta(days=90)


def listed(exchanges: Exchanges) -> dict[str, Any]:
    found: dict[str, Any] = exchanges["/coupons", "1"]["response"]["coupons"]
    return found


def coupons(exchanges: Exchanges) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = listed(exchanges)["data"]
    return found


def coupon(number: int, conditions: dict[str, Any] | None = None, **values: Any) -> dict[str, Any]:
    """Five off unless said otherwise."""
    made = {"id": number, "code": f"C{number}", "title": f"Coupon {number}", "amount": "500"}
    unbound = RECORDED["conditions"] | {"max_uses": 0, "max_per_customer": 0}  # type: ignore[operator]
    return RECORDED | made | {"conditions": unbound | (conditions or {})} | values


def applied(number: int, order: int, coupon: int | None, **values: Any) -> dict[str, Any]:
    """As a shop tells it of an order."""
    stamp = "2026-11-29T01:40:47+00:00"
    made = {"id": number, "order_id": str(order), "coupon_id": str(coupon or 0), "code": f"C{coupon}", "amount": "1778"}
    return made | {"created_at": stamp, "updated_at": stamp} | values


def written(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S")


async def test_a_recorded_coupon(database: Database, few: Exchanges, tmp_path: Path) -> None:
    coupons(few).append(RECORDED)
    report = await imported_twice(database, few, tmp_path)
    assert report.of("coupons") == Tally(imported=1)
    moment = datetime(2026, 11, 29, 1, 31, 32, tzinfo=UTC)
    (row,) = await rows(database, "coupon")
    assert row == {
        "id": 27,
        "title": "Mu coupon",
        "title_key": "mu coupon",
        "code": "MU",
        "code_key": "mu",
        "search_text": row["search_text"],
        "type": "fixed",
        "status": "active",
        "amount": 100,
        "priority": 1,
        "use_count": 0,
        "stackable": False,
        "show_on_checkout": False,
        "notes": "",
        **dict.fromkeys(("start_at", "end_at", "min_purchase", "max_purchase", "max_discount")),
        "max_uses": 1,
        "max_per_customer": 5,
        **dict.fromkeys(("apply_to_whole_cart", "apply_to_quantity", "is_recurring"), False),
        **{f"{which}_{what}": [] for which in ("included", "excluded") for what in ("variants", "categories")},
        "buy_variants": [],
        "get_variants": [],
        "email_restrictions": [],
        "buy_quantity": 1,
        "get_quantity": 1,
        "version": 1,
        "created_at": moment,
        "updated_at": moment,
    }


@pytest.mark.parametrize(
    ("told", "stored"),
    [
        ({"type": "percentage", "amount": "10"}, 1000),
        ({"type": "percentage", "amount": 33.33}, 3333),
        ({"type": "percentage", "amount": "0.125"}, 13),
        ({"type": "percentage", "amount": "5000"}, 10_000),
        ({"type": "free_shipping", "amount": "700"}, 0),
        ({"type": "buy_x_get_y", "amount": "5000"}, 0),
        ({"type": "fixed", "amount": 101.0}, 101),
        ({"type": "fixed", "amount": "1998.9999999"}, 1999),
    ],
    ids=str,
)
async def test_what_a_coupon_takes_off(
    database: Database, few: Exchanges, tmp_path: Path, told: dict[str, Any], stored: int
) -> None:
    coupons(few).append(coupon(1, **told))
    assert not (await imported_twice(database, few, tmp_path)).skipped
    assert [row["amount"] for row in await rows(database, "coupon")] == [stored]


@pytest.mark.parametrize(("currency", "hundredths"), [("JPY", 1), ("KWD", 1000), ("USD", 100)])
async def test_amounts_of_coupons_are_minor_units(
    database: Database, sold: Exchanges, tmp_path: Path, currency: str, hundredths: int
) -> None:
    """Of the conditions one is in units of the currency; a percentage is no money."""
    settings(sold)["currency"] = currency
    bounds = {"min_purchase_amount": 5000, "max_discount_amount": "300", "max_purchase_amount": 20}
    coupons(sold).extend([coupon(1, bounds), coupon(2, type="percentage", amount="12.5")])
    order(sold, 1)["currency"] = currency
    order(sold, 1)["applied_coupons"] = [applied(16, 1, 1, amount="1700")]
    assert not (await imported_twice(database, sold, tmp_path)).skipped
    fixed, share = await rows(database, "coupon")
    names = ("amount", "min_purchase", "max_discount", "max_purchase")
    assert [fixed[name] for name in names] == [many * hundredths for many in (5, 50, 3, 20)]
    assert share["amount"] == 1250
    assert [row["amount"] for row in await rows(database, "applied_coupon")] == [17 * hundredths]


async def test_conditions_of_coupons(database: Database, few: Exchanges, tmp_path: Path) -> None:
    conditions = {
        "included_products": ["1", 2, "1"],
        "excluded_products": {"0": "3", "2": "4"},
        "included_categories": ["2"],
        "excluded_categories": [3],
        "email_restrictions": "*@example.test, vip@shop.test,,*@example.test",
        "is_recurring": "yes",
        "apply_to_quantity": "yes",
        "buy_quantity": "3",
        "get_quantity": 0,
    }
    coupons(few).extend(
        [
            coupon(1, conditions, stackable="yes", show_on_checkout="yes", notes="Two\nlines", title="A &amp; B"),
            coupon(2, stackable="banana", code=" Space  Code "),
        ]
    )
    assert not (await imported_twice(database, few, tmp_path)).skipped
    one, other = await rows(database, "coupon")
    assert (one["included_variants"], one["excluded_variants"]) == ([1, 2], [3, 4])
    assert (one["included_categories"], one["excluded_categories"]) == ([2], [3])
    assert one["email_restrictions"] == ["*@example.test", "vip@shop.test"]
    assert (one["is_recurring"], one["apply_to_quantity"], one["apply_to_whole_cart"]) == (True, True, False)
    assert (one["buy_quantity"], one["get_quantity"]) == (3, 1)
    assert (one["stackable"], one["show_on_checkout"]) == (True, True)
    assert (one["title"], one["notes"]) == ("A & B", "Two\nlines")
    assert (other["stackable"], other["code"], other["code_key"]) == (False, "Space Code", "space code")


async def test_the_status_follows_the_dates(database: Database, few: Exchanges, tmp_path: Path) -> None:
    def dated(number: int, status: str, start: datetime, end: datetime) -> dict[str, Any]:
        return coupon(number, status=status, start_date=written(start), end_date=written(end))

    coupons(few).extend(
        [
            dated(1, "active", PAST, SOON),
            dated(2, "active", PAST, PAST + timedelta(days=1)),
            dated(3, "active", SOON, LATER),
            dated(4, "scheduled", PAST, SOON),
            dated(5, "disabled", PAST, SOON),
            dated(6, "expired", PAST, SOON),
        ]
    )
    await imported_twice(database, few, tmp_path)
    found = await rows(database, "coupon")
    assert [row["status"] for row in found] == ["active", "expired", "scheduled", "active", "disabled", "expired"]
    assert (found[0]["start_at"], found[0]["end_at"]) == (PAST, SOON)


async def test_coupons_that_cannot_be_read_are_skipped(database: Database, few: Exchanges, tmp_path: Path) -> None:
    coupons(few).extend(
        [
            coupon(1, type="banana"),
            coupon(2, status="banana"),
            coupon(3, amount="much"),
            coupon(4, amount=-1),
            coupon(5, amount="100.5"),
            coupon(6, {"included_products": ["mug"]}),
            coupon(7, {"max_purchase_amount": -1}),
            coupon(8, code=" "),
            coupon(9, conditions=None) | {"conditions": "none"},
            coupon(10) | {"conditions": None},
            coupon(11, use_count="-1"),
            coupon(12, code="c10"),
        ]
    )
    report = await imported_twice(database, few, tmp_path)
    assert lines(report) == [
        "coupons 12: code: 'c10' is that of 10 already",
        "coupons 1: type: 'banana' is none of fixed, percentage, free_shipping, buy_x_get_y",
        "coupons 2: status: 'banana' is none of active, expired, disabled, scheduled",
        "coupons 3: amount: 'much' is not a number",
        "coupons 4: amount: -1.0000 is below 0",
        "coupons 5: amount: '100.5000' is not a whole number of cents",
        "coupons 6: conditions.included_products: 'mug' is not a number",
        "coupons 7: conditions.max_purchase_amount: -1.00 is below 0",
        "coupons 8: code: is missing",
        "coupons 9: conditions.min_purchase_amount: 'none' is not a map",
        "coupons 11: use_count: '-1' is not between 0 and 2147483647",
    ]
    assert [row["id"] for row in await rows(database, "coupon")] == [10]


async def test_coupons_that_change_places(database: Database, few: Exchanges, tmp_path: Path) -> None:
    """A code is given to another coupon while its own gets a new one."""
    coupons(few).extend([coupon(1, code="A"), coupon(2, code="B"), coupon(3, code="C")])
    await import_store(database, source(in_process(few, tmp_path)))
    coupons(few)[0]["code"], coupons(few)[1]["code"], coupons(few)[2]["code"] = "b", "c", "a"
    report = await imported_twice(database, few, tmp_path)
    assert not report.skipped
    assert not report.kept
    assert [(row["code"], row["code_key"]) for row in await rows(database, "coupon")] == [
        (letter, letter) for letter in "bca"
    ]
    # The code of one that is listed no more.
    coupons(few)[:] = [coupon(4, code="C")]
    assert not (await imported_twice(database, few, tmp_path)).skipped
    assert [row["code"] for row in await rows(database, "coupon")] == ["b", "c~2", "a", "C"]


async def test_the_coupons_of_orders(database: Database, sold: Exchanges, tmp_path: Path) -> None:
    coupons(sold).extend([coupon(4, code="P33"), coupon(5)])
    order(sold, 1)["applied_coupons"] = [applied(16, 1, 4, code="P33"), applied(17, 1, 9), applied(18, 1, None)]
    order(sold, 2)["applied_coupons"] = [applied(19, 3, 4), applied(20, 2, 5, amount="some"), {"id": "none"}]
    report = await imported_twice(database, sold, tmp_path)
    assert report.of("applied coupons") == Tally(imported=3, skipped=3)
    assert sorted(lines(report)) == [
        "applied coupons 'none' of order 2: id: 'none' is not a number",
        "applied coupons 19 of order 2: order_id: belongs to order 3, not to 2",
        "applied coupons 20 of order 2: amount: 'some' is not a number",
    ]
    assert await rows(database, "applied_coupon") == [
        {"id": 16, "order_id": 1, "coupon_id": 4, "code": "P33", "amount": 1778},
        {"id": 17, "order_id": 1, "coupon_id": None, "code": "C9", "amount": 1778},
        {"id": 18, "order_id": 1, "coupon_id": None, "code": "CNone", "amount": 1778},
    ]
    # The shop takes one away, and lists a coupon that it did not.
    order(sold, 1)["applied_coupons"].pop()
    coupons(sold).append(coupon(9))
    report = await imported_twice(database, sold, tmp_path)
    assert report.of("applied coupons") == Tally(updated=1, unchanged=1, removed=1, skipped=3)
    assert [(row["id"], row["coupon_id"]) for row in await rows(database, "applied_coupon")] == [(16, 4), (17, 9)]


async def test_coupons_on_many_pages(database: Database, few: Exchanges, tmp_path: Path) -> None:
    many = [coupon(n) for n in range(1, 121)]
    line = few["/coupons", "1"]
    for page in (1, 2, 3):
        told = {"data": many[page * 50 - 50 : page * 50], "total": 120, "last_page": 3}
        few["/coupons", str(page)] = line | {"query": {"page": page}, "response": {"coupons": told}}
    assert (await imported_twice(database, few, tmp_path)).of("coupons") == Tally(imported=120)


@pytest.mark.parametrize("status", [403, 404, 500])
async def test_a_shop_that_does_not_tell_its_coupons(database: Database, sold: Exchanges, status: int) -> None:
    """Everything else comes; the coupons do when they are told, without an event for each."""
    order(sold, 1)["applied_coupons"] = [applied(16, 1, 4)]
    coupons(sold).append(coupon(4))
    with loopback(sold, status={"/coupons": status}) as store:
        report = await import_store(database, source(url=store.url))
    assert report.not_offered.keys() == {"coupons"}
    assert report.of("orders") == Tally(imported=40)
    assert [row["coupon_id"] for row in await rows(database, "applied_coupon")] == [None]
    assert not await rows(database, "coupon")
    with loopback(sold) as store:
        report = await import_store(database, source(url=store.url))
    assert not report.not_offered
    assert [row["coupon_id"] for row in await rows(database, "applied_coupon")] == [4]
