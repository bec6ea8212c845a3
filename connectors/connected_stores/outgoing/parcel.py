"""A parcel of an order, as a shop is told of it."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Parcel:
    """Of an order by the shop's number. `former`: numbers that stood in place of this one."""

    order: int
    number: str
    carrier: str | None
    url: str | None
    former: frozenset[str]


@runtime_checkable
class TakesParcels(Protocol):
    """A shop that can be told of parcels. To be told twice of the same one comes to the same. Raises ImportRefused and
    NotTold."""

    async def put_parcel(self, parcel: Parcel) -> None: ...
