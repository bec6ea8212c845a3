"""Parcels of Shopify's orders: the tracking of fulfillments (Admin REST API, `Fulfillment` and `FulfillmentOrder`)."""

from collections.abc import Mapping
from typing import Any, Final

from connectors.connected_stores.outgoing.parcel import Parcel
from connectors.connected_stores.shape import number
from connectors.connected_stores.shopify.store import API
from connectors.connected_stores.visiting import Visit
from connectors.importers.fluentcart.asking import NotTold
from connectors.importers.fluentcart.values import address, branch, entries, plain
from connectors.importers.mapping import Columns, Record, Unreadable
from db.commerce.order import TRACKING

_LINE: Final = plain("")
_ADDRESS: Final = address(None)
SUCCESS: Final = "success"
# A fulfillment order that may be fulfilled now.
_OPEN: Final = ("open", "in_progress")
NOTHING: Final = "Nothing of the order can be sent there: it is canceled, on hold, or not the app's to fulfill"


def read_parcel(record: Record) -> Columns:
    """The last one of an order that has a number. Raises Unreadable."""
    found: Columns = dict.fromkeys(sorted(TRACKING))
    for one in map(branch, entries(record.get("fulfillments"))):
        if one.get("status") == SUCCESS and (said := _LINE(one.get("tracking_number"))):
            carrier = _LINE(one.get("tracking_company")) or None
            link = _ADDRESS(one.get("tracking_url"))
            found = {"tracking_number": said, "tracking_carrier": carrier, "tracking_url": link}
    return found


async def put_parcel(visit: Visit, parcel: Parcel) -> None:
    """What has yet to be sent is sent by this parcel, and what was sent by the one that it stands in place of. Without
    either it is the last thing that was sent. The customer is not written to by Shopify."""
    sent = [one for one in await _listed(visit, parcel, "fulfillments") if one.get("status") == SUCCESS]
    waiting = [one for one in await _listed(visit, parcel, "fulfillment_orders") if one.get("status") in _OPEN]
    info = _told(parcel)
    concerned = [one for one in sent if one.get("tracking_number") in {parcel.number, *parcel.former}]
    if not concerned and not waiting:
        concerned = sent[-1:]
    if not concerned and not waiting:
        raise NotTold(NOTHING)
    for one in concerned:
        if not _says(one, info):
            body = {"fulfillment": {"notify_customer": False, "tracking_info": info}}
            await visit.ask("POST", f"{API}/fulfillments/{number(one.get('id'))}/update_tracking.json", body)
    # One fulfillment is of one location.
    places: dict[Any, list[Mapping[str, Any]]] = {}
    for one in waiting:
        places.setdefault(one.get("assigned_location_id"), []).append({"fulfillment_order_id": number(one.get("id"))})
    for orders in places.values():
        whole = {"line_items_by_fulfillment_order": orders, "notify_customer": False, "tracking_info": info}
        await visit.ask("POST", f"{API}/fulfillments.json", {"fulfillment": whole})


def _told(parcel: Parcel) -> dict[str, str]:
    said = {"number": parcel.number, "company": parcel.carrier, "url": parcel.url}
    return {name: value for name, value in said.items() if value is not None}


def _says(fulfillment: Record, info: Mapping[str, str]) -> bool:
    """Whether it is known there. What was not told, Shopify finds out for itself."""
    return all(fulfillment.get(f"tracking_{name}") == value for name, value in info.items())


async def _listed(visit: Visit, parcel: Parcel, name: str) -> list[Record]:
    path = f"{API}/orders/{parcel.order}/{name}.json"
    try:
        listed = [branch(one) for one in entries(branch((await visit.get(path)).json).get(name))]
        for one in listed:
            number(one.get("id"))
    except Unreadable as unreadable:
        raise NotTold(f"GET {path}: {unreadable}") from None
    return listed
