"""Parcels of orders."""

from datetime import datetime
from typing import Any

import strawberry

from db.commerce.order import OrderRow
from engine.declared.declaration import computed
from engine.values.scalars import URL


@strawberry.type(description="By what the parcel of an order is followed.")
class OrderTracking:
    carrier: str | None = strawberry.field(description="Who carries it: `DHL`; null when not said.")
    number: str = strawberry.field(description="By which the carrier knows it.")
    url: URL | None = strawberry.field(description="Where the customer follows it; null when not said.")
    told_at: datetime | None = strawberry.field(
        description="When the shop that the order came from took what was set here, in UTC. Null while it was not "
        "told, and where it need not be: the shop has told it itself, or its connection is not set to `pushTracking`."
    )
    problem: str | None = strawberry.field(
        description="Why the shop was not told at the last try, in a sentence; null where it was, or need not be."
    )


def _tracking(
    carrier: str | None, number: str | None, url: str | None, told_at: datetime | None, problem: str | None
) -> OrderTracking | None:
    if number is None:
        return None
    address = None if url is None else URL(url)
    return OrderTracking(carrier=carrier, number=number, url=address, told_at=told_at, problem=problem)


def order_tracking() -> Any:
    return computed(
        _tracking,
        OrderRow.tracking_carrier,
        OrderRow.tracking_number,
        OrderRow.tracking_url,
        OrderRow.tracking_told_at,
        OrderRow.tracking_problem,
        description="By what its parcel is followed, of several the last one; null while no number is known.",
    )
