"""What every recorded address says, a customer's and an order's alike."""

from collections.abc import Mapping
from typing import Final

from connectors.importers.fluentcart.values import plain
from connectors.importers.mapping import Field

PLACE: Final[Mapping[str, Field]] = {
    "name": Field("name", plain("")),
    "address1": Field("address_1", plain("")),
    "address2": Field("address_2", plain("")),
    "city": Field("city", plain("")),
    "state": Field("state", plain("")),
    "postcode": Field("postcode", plain("")),
    "country": Field("country", plain("")),
}
