"""Customers and their addresses."""

import asyncio
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.importers.fluentcart import RecordedStore, import_store
from connectors.importers.report import Tally
from connectors.outbound.message import Outcome, Request
from db.store.database import Database
from tests.connectors.fluentcart_store import (
    RECORDING,
    Exchanges,
    Recorder,
    imported_twice,
    in_process,
    lines,
    recorded,
    rows,
    source,
)
from tests.connectors.whole import Whole


def listed(exchanges: Exchanges) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = exchanges["/customers", "1"]["response"]["customers"]["data"]
    return found


def addresses(exchanges: Exchanges, customer: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = exchanges[f"/customers/{customer}/address", "1"]["response"]["addresses"]
    return found


def address(number: int, **values: Any) -> dict[str, Any]:
    return {
        "id": number,
        "type": "billing",
        "is_primary": "0",
        "name": "Home",
        "country": "DE",
        "meta": [],
    } | values


def moment(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value).replace(tzinfo=UTC)


async def test_the_recorded_customers(whole: Whole) -> None:
    database = whole.database
    stored = {row["id"]: row for row in await rows(database, "customer")}
    expected = listed(recorded())
    assert len(stored) == len(expected) == 12
    for record in expected:
        same = ("uuid", "email", "first_name", "last_name", "notes", "country", "city", "state", "postcode")
        assert stored[record["id"]] == {name: record[name] for name in same} | {
            "id": record["id"],
            "version": 1,
            "email_key": record["email"].lower(),
            "name_key": f"{record['first_name']} {record['last_name']}".strip().lower(),
            "search_text": "\n".join(
                [str(record["id"]), *(record[name].lower() for name in ("first_name", "last_name", "email"))]
            ),
            "user_id": int(record["user_id"]) or None,
            "contact_id": None,
            "status": "active",
            "purchase_value": {},
            "purchase_count": int(record["purchase_count"]),
            "lifetime_value": int(record["ltv"]),
            "average_order_value": Decimal(record["aov"]),
            "first_purchase_at": moment(record["first_purchase_date"]),
            "last_purchase_at": moment(record["last_purchase_date"]),
            "created_at": moment(record["created_at"]),
            "updated_at": moment(record["updated_at"]),
        }


async def test_customers_of_another_store(database: Database, sold: Exchanges, tmp_path: Path) -> None:
    customers = listed(sold)
    by_id = {record["id"]: record for record in customers}
    by_id[3] |= {"email": by_id[2]["email"]}
    by_id[4] |= {"uuid": "", "status": "inactive", "purchase_value": {"EUR": 12}, "aov": "1.5", "ltv": -5}
    by_id[5] |= {"email": " "}
    by_id[6] |= {"purchase_count": "several"}
    unreadable: list[Any] = ["nobody", {"id": "x"}]
    customers += unreadable
    addresses(sold, 1).extend(
        [
            address(50, is_primary="1", city="K&ouml;ln", meta={"a": 1}),
            address(51, is_primary=True),
            address(52, is_primary="1", type="shipping", address_1="1 Road", phone=49),
            address(53, customer_id="2"),
            address(54, type="cellar"),
        ]
    )
    report = await imported_twice(database, sold, tmp_path)
    stored = {row["id"]: row for row in await rows(database, "customer")}
    assert stored.keys() == set(range(1, 13)) - {3, 5, 6}
    assert (stored[4]["status"], stored[4]["purchase_value"], stored[4]["lifetime_value"]) == (
        "inactive",
        {"EUR": 12},
        -5,
    )
    assert stored[4]["uuid"]
    assert stored[4]["average_order_value"] == Decimal("1.5")
    homes = {row["id"]: row for row in await rows(database, "customer_address")}
    assert [(key, homes[key]["is_primary"], homes[key]["type"]) for key in sorted(homes)] == [
        (50, True, "billing"),
        (51, False, "billing"),
        (52, True, "shipping"),
    ]
    assert (homes[50]["city"], homes[50]["extra"], homes[52]["phone"]) == ("Köln", {"a": 1}, "49")
    said = [line for line in lines(report) if line.startswith(("customer", "links of customer"))]
    assert said == [
        f"customers 3: email: {by_id[2]['email']!r} is that of 2 already",
        "customers 'nobody': id: 'nobody' is not a number",
        "customers 'x': id: 'x' is not a number",
        "customer addresses 53 of customer 1: customer_id: belongs to customer 2, not to 1",
        "customer addresses 54 of customer 1: type: 'cellar' is none of billing, shipping",
        "links of customer 1, address 51: is_primary: 50 is the primary one already",
        "customers 5: email: is missing",
        "customers 6: purchase_count: 'several' is not a number",
    ]


async def test_the_primary_address_moves(database: Database, sold: Exchanges, tmp_path: Path) -> None:
    addresses(sold, 1).extend([address(50, is_primary=1), address(51), address(52)])
    await import_store(database, source(in_process(sold, tmp_path)))
    addresses(sold, 1).clear()
    addresses(sold, 1).extend([address(49, is_primary=1), address(50), address(51)])
    report = await import_store(database, source(in_process(sold, tmp_path)))
    assert report.of("customer addresses").removed == 1
    assert report.of("customer addresses").imported == 1
    stored = {row["id"]: row["is_primary"] for row in await rows(database, "customer_address")}
    assert stored == {49: True, 50: False, 51: False}


@pytest.mark.parametrize("descending", [False, True])
async def test_a_list_of_several_pages(
    database: Database, sold: Exchanges, tmp_path: Path, *, descending: bool
) -> None:
    """A store that sorts as it likes is read whole first."""
    model = listed(sold)[0]
    many = [model | {"id": n, "uuid": f"u{n}", "email": f"{n}@example.com"} for n in range(1, 121)]
    if descending:
        many.reverse()
    line = sold["/customers", "1"]
    for page in (1, 2, 3):
        told = {"data": many[page * 50 - 50 : page * 50], "total": 120, "last_page": 3}
        sold["/customers", str(page)] = line | {"query": {"page": page}, "response": {"customers": told}}
    for n in range(13, 121):
        path = f"/customers/{n}/address"
        sold[path, "1"] = line | {"path": path, "query": {}, "response": {"addresses": []}}
    report = await imported_twice(database, sold, tmp_path)
    assert report.of("customers") == Tally(imported=120)


async def test_an_import_stopped_between_two_lists_goes_on_there(database: Database) -> None:
    class Leaving(Recorder):
        async def send(self, request: Request) -> Outcome:
            if request.url.endswith("/orders/20"):
                task.cancel()
            return await super().send(request)

    task = asyncio.create_task(import_store(database, source(Leaving(RecordedStore(RECORDING)))))
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (len(await rows(database, "customer")), len(await rows(database, "orders"))) == (12, 0)
    states = {row["entity"]: row["reached"] for row in await rows(database, "import_source")}
    last = (await rows(database, "product"))[-1]["id"]
    assert states == {"products": last, "customers": 12, "coupons": None, "orders": None, "subscriptions": None}

    store = Recorder(RecordedStore(RECORDING))
    report = await import_store(database, source(store))
    assert report.of("products") == Tally()
    assert report.of("customers") == Tally()
    assert report.of("orders") == Tally(imported=40)
    assert not [path for path in store.paths if path.endswith(("/pricing", "/address"))]
    assert {row["reached"] for row in await rows(database, "import_source")} == {None}
