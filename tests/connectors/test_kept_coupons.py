"""A store that is imported again after people have worked with its coupons here."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import time_machine

from connectors.importers.fluentcart import import_store
from connectors.importers.report import Kept, Report
from db.commerce.coupon import CouponStatus
from server.work.dates import COUPONS
from tests.connectors.fluentcart_store import Exchanges, in_process, lines, rows, source
from tests.connectors.test_import_coupons import applied, coupon, coupons, written
from tests.connectors.test_import_orders import order
from tests.connectors.test_kept import HERE, by_id, change, gid
from tests.connectors.test_kept_orders import for_sale, open_order
from tests.gateway import Gateway

Importing: TypeAlias = Callable[..., Awaitable[Report]]
BEFORE = datetime(2026, 12, 1, tzinfo=UTC)
END = BEFORE + timedelta(days=10)


@pytest.fixture
async def again(gateway: Gateway, sold: Exchanges, tmp_path: Path) -> Importing:
    """The store is imported once, with two coupons, the second of which one of its orders has; imports it again, as it
    is by then."""
    coupons(sold).extend([coupon(1), coupon(2, use_count="7")])
    order(sold, 1)["applied_coupons"] = [applied(16, 1, 2)]

    async def importing(**options: Any) -> Report:
        return await import_store(gateway.database, source(in_process(sold, tmp_path)), **options)

    await importing()
    return importing


async def place(gateway: Gateway, *codes: str) -> int:
    """An order of here with these coupons."""
    item = {"variantId": gid("ProductVariant", await for_sale(gateway))}
    customer = gid("Customer", 1)
    made = await change(gateway, "orderCreate", customerId=customer, items=[item], couponCodes=list(codes))
    found: int = made["order"]
    return found


async def uses(gateway: Gateway) -> dict[int, int]:
    return {key: row["use_count"] for key, row in (await by_id(gateway, "coupon")).items()}


async def told(gateway: Gateway, name: str) -> list[tuple[str, int | None, list[str], str]]:
    return [
        (row["entity"], row["version"], row["changed"], (row["cause"] or "").partition(":")[0])
        for row in await rows(gateway.database, "event")
        if row["name"] == name
    ]


async def test_what_was_changed_here_stays(gateway: Gateway, sold: Exchanges, again: Importing) -> None:
    await change(gateway, "couponUpdate", id=gid("Coupon", 1), title="Mine", type="PERCENTAGE", percentage="12.5")
    coupons(sold)[0] |= {"title": "Theirs", "amount": "700", "notes": "Theirs"}
    report = await again()
    assert report.kept == [Kept("coupons", "1", ("amount", "title", "type"), HERE)]
    kept = (await by_id(gateway, "coupon"))[1]
    assert [kept[name] for name in ("title", "type", "amount", "notes")] == ["Mine", "percentage", 1250, "Theirs"]
    assert kept["search_text"].startswith("mine")
    report = await again(overwrite=True)
    theirs = (await by_id(gateway, "coupon"))[1]
    assert [theirs[name] for name in ("title", "type", "amount", "title_key")] == ["Theirs", "fixed", 700, "theirs"]
    assert [one.id for one in report.overwritten] == ["1"]


async def test_a_later_import_tells_what_it_changes(gateway: Gateway, sold: Exchanges, again: Importing) -> None:
    assert await told(gateway, "coupon.created") == []
    coupons(sold)[0] |= {"title": "Theirs", "use_count": "3"}
    coupons(sold)[1]["use_count"] = "8"
    coupons(sold).append(coupon(3))
    order(sold, 2)["applied_coupons"] = [applied(17, 2, 2)]
    await again()
    assert await told(gateway, "coupon.created") == [("Coupon:3", 1, [], "import")]
    assert sorted(await told(gateway, "coupon.updated")) == [
        ("Coupon:1", 1, ["useCount"], "import"),
        ("Coupon:1", 2, ["title"], "import"),
        ("Coupon:2", 1, ["useCount"], "import"),
    ]
    assert ("Order:2", 2, ["appliedCoupons"], "import") in await told(gateway, "order.updated")
    assert await uses(gateway) == {1: 3, 2: 8, 3: 0}


async def test_uses_here_are_added_to_those_there(gateway: Gateway, sold: Exchanges, again: Importing) -> None:
    await place(gateway, "C1")
    made = await place(gateway, "c2")
    assert await uses(gateway) == {1: 1, 2: 8}
    before = await by_id(gateway, "coupon")
    report = await again()
    assert await by_id(gateway, "coupon") == before
    assert not report.kept
    # As many there as here meanwhile.
    coupons(sold)[0]["use_count"], coupons(sold)[1]["use_count"] = "1", "9"
    await again()
    assert await uses(gateway) == {1: 2, 2: 10}
    await change(gateway, "orderUpdate", id=gid("Order", made), couponCodes=[])
    assert await uses(gateway) == {1: 2, 2: 9}
    for options in ({}, {"overwrite": True}):
        await again(**options)
        assert await uses(gateway) == {1: 2, 2: 9}


async def test_a_use_that_the_shop_counts_is_the_shops_whatever_becomes_of_its_order(
    gateway: Gateway, sold: Exchanges, again: Importing
) -> None:
    """A coupon is taken off an order of the shop, put on it again, and orders are deleted."""
    found = await open_order(gateway)
    order(sold, found["id"])["applied_coupons"] = [applied(17, found["id"], 2), applied(18, found["id"], 1)]
    coupons(sold)[0]["use_count"], coupons(sold)[1]["use_count"] = "1", "8"
    await again()
    assert await uses(gateway) == {1: 1, 2: 8}
    theirs = gid("Order", found["id"])
    for codes, counted in (([], {1: 1, 2: 8}), (["C2"], {1: 1, 2: 9})):
        await change(gateway, "orderUpdate", id=theirs, couponCodes=codes)
        await _counted(gateway, again, counted)
    mine = gid("Order", await place(gateway, "C1"))
    await _counted(gateway, again, {1: 2, 2: 9})
    for gone, counted in ((theirs, {1: 2, 2: 8}), (mine, {1: 1, 2: 8})):
        await change(gateway, "orderStatusesUpdate", id=gone, status="CANCELED")
        await change(gateway, "orderDelete", id=gone)
        await _counted(gateway, again, counted)


async def _counted(gateway: Gateway, again: Importing, wanted: dict[int, int]) -> None:
    """Now, and after one more import, which changes neither this nor what customers bought."""
    assert await uses(gateway) == wanted
    customers = await by_id(gateway, "customer")
    await again()
    assert await uses(gateway) == wanted
    assert await by_id(gateway, "customer") == customers


async def test_a_coupon_that_an_order_has_twice_is_taken_off_it_once_for_all(
    gateway: Gateway, sold: Exchanges, again: Importing
) -> None:
    """A shop may tell it twice, and of coupons that are gone from it."""
    found = await open_order(gateway)
    has = [applied(17, found["id"], 2), applied(18, found["id"], 2)]
    gone = [applied(19, found["id"], 70), applied(20, found["id"], 71)]
    order(sold, found["id"])["applied_coupons"] = [*has, *gone]
    await again()
    for codes, left in ((["C2"], [17]), ([], [])):
        await change(gateway, "orderUpdate", id=gid("Order", found["id"]), couponCodes=codes)
        of_it = [row for row in await rows(gateway.database, "applied_coupon") if row["order_id"] == found["id"]]
        assert [row["id"] for row in of_it] == left
        assert await uses(gateway) == {1: 0, 2: 7}


async def test_the_coupons_of_an_order_that_were_changed_here_stay(
    gateway: Gateway, sold: Exchanges, again: Importing
) -> None:
    """The shop gives the number of what was made here to another one meanwhile."""
    made = await place(gateway, "C1")
    (mine,) = [row for row in (await by_id(gateway, "applied_coupon")).values() if row["order_id"] == made]
    order(sold, 2)["applied_coupons"] = [applied(mine["id"], 2, 2)]
    report = await again()
    assert [(one.entity, one.id) for one in report.kept] == [("applied coupons", str(mine["id"]))]
    assert (await by_id(gateway, "applied_coupon")).keys() == {16, mine["id"]}
    assert (await by_id(gateway, "applied_coupon"))[mine["id"]] == mine
    assert await uses(gateway) == {1: 1, 2: 7}


async def test_a_coupon_that_was_deleted_here_stays_deleted(
    gateway: Gateway, sold: Exchanges, again: Importing
) -> None:
    await change(gateway, "couponDelete", id=gid("Coupon", 2))
    report = await again()
    assert [(one.entity, one.id, one.reason) for one in report.kept] == [("coupons", "2", "deleted here")]
    assert (await by_id(gateway, "coupon")).keys() == {1}
    assert [row["coupon_id"] for row in await rows(gateway.database, "applied_coupon")] == [None]
    await again(overwrite=True)
    assert [row["coupon_id"] for row in await rows(gateway.database, "applied_coupon")] == [2]


async def test_coupons_that_were_made_here_stay(gateway: Gateway, sold: Exchanges, again: Importing) -> None:
    """The shop gives the number of one to another, which an order of its has, and makes one with the code of the
    other."""
    one, other = [
        (await change(gateway, "couponCreate", title="Mine", code=code, type="FIXED", amount=100))["coupon"]
        for code in ("MINE", "OURS")
    ]
    before = await by_id(gateway, "coupon")
    coupons(sold).extend([coupon(one, code="THEIRS"), coupon(90, code="ours")])
    order(sold, 2)["applied_coupons"] = [applied(17, 2, one, code="THEIRS"), applied(18, 2, 90, code="ours")]
    report = await again()
    assert [(kept.entity, kept.id) for kept in report.kept] == [("coupons", str(one))]
    assert lines(report) == [f"coupons 90: code: 'ours' is that of {other} already"]
    assert await by_id(gateway, "coupon") == before
    found = await by_id(gateway, "applied_coupon")
    assert [(found[key]["coupon_id"], found[key]["code"]) for key in (17, 18)] == [(None, "THEIRS"), (None, "ours")]


async def test_what_the_dates_do_is_nobodys_change(gateway: Gateway, sold: Exchanges, tmp_path: Path) -> None:
    """A coupon begins, ends, and is disabled in the shop; another one is given a later end."""
    dates = {"start_date": written(BEFORE + timedelta(days=1)), "end_date": written(END)}
    coupons(sold).extend([coupon(number, status="scheduled") | dates for number in (1, 2)])

    async def importing() -> Report:
        return await import_store(gateway.database, source(in_process(sold, tmp_path)))

    async def stored() -> list[CouponStatus]:
        return [row["status"] for row in await rows(gateway.database, "coupon")]

    with time_machine.travel(BEFORE, tick=False):
        await importing()
    assert await stored() == ["scheduled", "scheduled"]
    with time_machine.travel(BEFORE + timedelta(days=2), tick=False):
        await COUPONS.strike(gateway.units)
        assert await stored() == ["active", "active"]
        coupons(sold)[0]["status"] = "disabled"
        coupons(sold)[1]["status"] = "active"
        assert not (await importing()).kept
        assert await stored() == ["disabled", "active"]
    with time_machine.travel(END + timedelta(days=1), tick=False):
        await COUPONS.strike(gateway.units)
        assert await stored() == ["disabled", "expired"]
        coupons(sold)[1]["end_date"] = written(END + timedelta(days=9))
        assert not (await importing()).kept
        assert await stored() == ["disabled", "active"]


async def test_a_coupon_that_was_given_more_time_here_does_not_end_there(
    gateway: Gateway, sold: Exchanges, again: Importing
) -> None:
    dates = {"start_date": written(BEFORE - timedelta(days=1)), "end_date": written(END)}
    with time_machine.travel(BEFORE, tick=False):
        coupons(sold)[0] |= dates
        await again()
        await change(gateway, "couponUpdate", id=gid("Coupon", 1), endAt=(END + timedelta(days=9)).isoformat())
    with time_machine.travel(END + timedelta(days=1), tick=False):
        coupons(sold)[0]["status"] = "expired"
        report = await again()
    kept = (await by_id(gateway, "coupon"))[1]
    assert (kept["status"], kept["end_at"]) == ("active", END + timedelta(days=9))
    assert report.kept == [Kept("coupons", "1", ("endAt", "status"), HERE)]
