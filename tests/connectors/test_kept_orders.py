"""A store that is imported again after people have worked on its orders here."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from connectors.importers.fluentcart import import_store
from connectors.importers.report import Kept, Report
from tests.connectors.fluentcart_store import Exchanges, in_process, source
from tests.connectors.test_import_customers import listed
from tests.connectors.test_import_orders import order
from tests.connectors.test_kept import HERE, by_id, change, gid
from tests.gateway import Gateway

Importing: TypeAlias = Callable[..., Awaitable[Report]]


@pytest.fixture
async def again(gateway: Gateway, sold: Exchanges, tmp_path: Path) -> Importing:
    """The store is imported once; imports it again, as it is by then."""

    async def importing(**options: Any) -> Report:
        return await import_store(gateway.database, source(in_process(sold, tmp_path)), **options)

    await importing()
    return importing


async def open_order(gateway: Gateway) -> dict[str, Any]:
    """One of the shop's that is not paid."""
    orders = await by_id(gateway, "orders")
    return next(row for row in orders.values() if row["payment_status"] == "pending")


async def for_sale(gateway: Gateway) -> int:
    """A variant that is paid once and not counted."""
    variants = await by_id(gateway, "product_variant")
    found: int = next(
        key for key, row in variants.items() if row["payment_type"] == "onetime" and not row["manage_stock"]
    )
    return found


async def test_what_was_paid_and_sent_here_stays_so(gateway: Gateway, again: Importing) -> None:
    found = await open_order(gateway)
    await change(gateway, "orderMarkAsPaid", id=gid("Order", found["id"]), note="By transfer")
    before = {name: await by_id(gateway, name) for name in ("orders", "order_transaction", "order_item", "customer")}
    report = await again()
    assert {name: await by_id(gateway, name) for name in before} == before
    assert [one for one in report.kept if one.entity == "orders"] == [
        Kept("orders", str(found["id"]), _names(found, before["orders"][found["id"]]), HERE)
    ]
    assert [one for one in report.kept if one.entity == "customers"] == []


def _names(before: dict[str, Any], after: dict[str, Any]) -> tuple[str, ...]:
    shown = {
        "status": "status",
        "payment_status": "paymentStatus",
        "total_paid": "totalPaid",
        "receipt_number": "receiptNumber",
        "invoice_no": "invoiceNo",
        "completed_at": "completedAt",
    }
    return tuple(sorted(name for column, name in shown.items() if before[column] != after[column]))


async def test_lines_that_were_added_and_taken_away_here_stay_so(gateway: Gateway, again: Importing) -> None:
    found = await open_order(gateway)
    lines = [line for line in (await by_id(gateway, "order_item")).values() if line["order_id"] == found["id"]]
    variant = await for_sale(gateway)
    await change(
        gateway,
        "orderUpdate",
        id=gid("Order", found["id"]),
        items=[{"variantId": gid("ProductVariant", variant), "quantity": 2}],
        deletedItemIds=[gid("OrderItem", line["id"]) for line in lines],
    )
    before = {name: await by_id(gateway, name) for name in ("orders", "order_item", "order_transaction")}
    await again()
    await again()
    assert {name: await by_id(gateway, name) for name in before} == before


async def test_an_order_that_was_made_here_stays(gateway: Gateway, sold: Exchanges, again: Importing) -> None:
    """The shop gives its number, and those of its line and its payment, to others meanwhile."""
    variant = await for_sale(gateway)
    theirs = next(iter((await by_id(gateway, "orders")).values()))
    customer = gid("Customer", theirs["customer_id"])
    made = await change(
        gateway,
        "orderCreate",
        customerId=customer,
        items=[{"variantId": gid("ProductVariant", variant)}],
        paymentStatus="PAID",
    )
    mine = {name: _of(await by_id(gateway, name), made["order"]) for name in ("order_item", "order_transaction")}
    bought = (await by_id(gateway, "customer"))[theirs["customer_id"]]
    record = order(sold, theirs["id"])
    record["order_items"].append(record["order_items"][0] | {"id": mine["order_item"][0]["id"]})
    record["transactions"].append(
        record["transactions"][0] | {"id": mine["order_transaction"][0]["id"], "uuid": "another"}
    )
    report = await again()
    for name, rows in mine.items():
        assert _of(await by_id(gateway, name), made["order"]) == rows
    assert (await by_id(gateway, "customer"))[theirs["customer_id"]]["purchase_count"] == bought["purchase_count"]
    assert {one.entity for one in report.kept} == {"order items", "transactions"}


def _of(rows: dict[Any, dict[str, Any]], order: int) -> list[dict[str, Any]]:
    return [row for row in rows.values() if row["order_id"] == order]


async def test_an_order_that_was_deleted_here_stays_deleted(gateway: Gateway, again: Importing) -> None:
    found = await open_order(gateway)
    await change(gateway, "orderStatusesUpdate", id=gid("Order", found["id"]), status="CANCELED")
    await change(gateway, "orderDelete", id=gid("Order", found["id"]))
    report = await again()
    assert found["id"] not in await by_id(gateway, "orders")
    assert [(one.entity, one.id, one.reason) for one in report.kept] == [("orders", str(found["id"]), "deleted here")]


async def test_what_a_shop_says_of_purchases_is_believed_where_nothing_was_sold_here(
    gateway: Gateway, sold: Exchanges, again: Importing
) -> None:
    """Its orders may not all be here."""
    record = listed(sold)[0]
    before = (await by_id(gateway, "customer"))[int(record["id"])]
    record |= {"purchase_count": before["purchase_count"] + 70, "ltv": "1234500"}
    await again()
    await again()
    after = (await by_id(gateway, "customer"))[before["id"]]
    assert (after["purchase_count"], after["lifetime_value"]) == (before["purchase_count"] + 70, 1_234_500)
