"""Parcels of WooCommerce's orders. The REST API itself has none; the extension Shipment Tracking adds them
(https://woocommerce.com/document/shipment-tracking/), and Advanced Shipment Tracking answers at the same place. What an
order tells of them is the extension's own field of `meta_data`."""

from collections.abc import Iterator
from typing import Any, Final

from connectors.connected_stores.outgoing.parcel import Parcel
from connectors.connected_stores.visiting import Visit
from connectors.importers.fluentcart.asking import NotTold
from connectors.importers.fluentcart.values import address, branch, entries, plain
from connectors.importers.mapping import Columns, Record, Unreadable
from db.commerce.order import TRACKING

API: Final = "/wp-json/wc-shipment-tracking/v3"
META: Final = "_wc_shipment_tracking_items"
_LINE: Final = plain("")
_ADDRESS: Final = address(None)
# What stands for the number in the link of a carrier.
_PLACEHOLDER: Final = "%1$s"
MISSING: Final = (
    "The shop takes no parcels: it has neither the extension Shipment Tracking nor Advanced Shipment Tracking"
)
UNKNOWN: Final = "The shop takes a parcel of a carrier that it does not know only with the carrier's name and a link"


def read_parcel(record: Record) -> Columns:
    """The last one of an order that has a number. Raises Unreadable."""
    found: Columns = dict.fromkeys(sorted(TRACKING))
    for entry in entries(record.get("meta_data")):
        one = branch(entry)
        if one.get("key") == META:
            for item in map(branch, entries(one.get("value"))):
                if number := _LINE(_text(item.get("tracking_number"))):
                    carrier = _LINE(item.get("custom_tracking_provider")) or _LINE(item.get("tracking_provider"))
                    link = (_ADDRESS(item.get("custom_tracking_link")) or "").replace(_PLACEHOLDER, number)
                    found = {
                        "tracking_number": number,
                        "tracking_carrier": carrier or None,
                        "tracking_url": link or None,
                    }
    return found


def _text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


async def put_parcel(visit: Visit, parcel: Parcel) -> None:
    """An item cannot be changed there: a new one comes first, and those that it stands in place of go then."""
    collection = f"{API}/orders/{parcel.order}/shipment-trackings"
    there = list(await _items(visit, collection))
    carrier = await _known_carrier(visit, parcel)
    same = [one for one in there if _says(one, parcel, carrier)]
    if not same:
        body: dict[str, Any] = {"tracking_number": parcel.number}
        if carrier is not None:
            body["tracking_provider"] = carrier
        else:
            if parcel.carrier is None or parcel.url is None:
                raise NotTold(UNKNOWN)
            body |= {"custom_tracking_provider": parcel.carrier, "custom_tracking_link": parcel.url}
        await visit.ask("POST", collection, body)
    for one in there:
        if one not in same and one.get("tracking_number") in {parcel.number, *parcel.former}:
            await visit.ask("DELETE", f"{collection}/{one['tracking_id']}")


def _says(item: Record, parcel: Parcel, carrier: str | None) -> bool:
    """Whether it is this parcel. Of a carrier that the shop knows it makes the link itself."""
    said = item.get("tracking_number"), item.get("tracking_provider") or ""
    link = carrier is not None or (item.get("tracking_link") or "") == (parcel.url or "")
    return said == (parcel.number, carrier or parcel.carrier or "") and link


async def _items(visit: Visit, collection: str) -> Iterator[Record]:
    try:
        listed = entries((await visit.get(collection)).json)
        return iter([one for one in map(branch, listed) if isinstance(one.get("tracking_id"), str)])
    except NotTold as reason:
        raise (NotTold(MISSING) if reason.absent else reason) from None
    except Unreadable as unreadable:
        raise NotTold(f"GET {collection}: {unreadable}") from None


async def _known_carrier(visit: Visit, parcel: Parcel) -> str | None:
    """As the shop calls it: carriers are listed by regions. None of one that it does not know."""
    if parcel.carrier is None:
        return None
    try:
        regions = branch((await visit.get(f"{API}/shipment-trackings/providers")).json)
        names = [name for region in regions.values() for name in branch(region)]
    except (NotTold, Unreadable):
        return None  # an older one, or the other extension: the carrier is told as it is called here
    wanted = parcel.carrier.casefold()
    return next((name for name in names if name.casefold() == wanted), None)
