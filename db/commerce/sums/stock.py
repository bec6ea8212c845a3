"""What a line of an order keeps of its variant's stock, by the state of its order. Pure.

Available, on hold and committed add up to the same, whatever becomes of an order: a line's record of what it keeps
moves between them, and nothing else does. So whoever changes an order says what its lines are to keep, and what is to
be moved follows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

from db.catalog.product import FulfillmentType
from db.commerce.order import ONCE_PAID, OrderStatus, ShippingStatus

Row = Mapping[str, Any]


class Kept(NamedTuple):
    """Pieces that are not given out yet, and those that are."""

    on_hold: int = 0
    committed: int = 0

    @classmethod
    def of(cls, line: Row) -> Self:
        return cls(line["on_hold"], line["committed"])

    @property
    def pieces(self) -> int:
        return self.on_hold + self.committed


def given_out(order: Row, line: Row) -> bool:
    """What is sent is given out when it arrives, all else when it is paid."""
    if line["fulfillment_type"] is FulfillmentType.PHYSICAL:
        return order["shipping_status"] is ShippingStatus.DELIVERED
    return order["payment_status"] in ONCE_PAID  # it is given out still when its money is given back


def kept(order: Row, line: Row, pieces: int) -> Kept:
    """What a line keeps of so many pieces that are its own. A canceled order keeps nothing."""
    if order["status"] is OrderStatus.CANCELED:
        return Kept()
    return Kept(committed=pieces) if given_out(order, line) else Kept(on_hold=pieces)


@dataclass(frozen=True, slots=True)
class Move:
    """What a line is to keep from here on. `gone`: pieces that it gives up and that do not come back."""

    line: Row
    after: Kept
    gone: int = 0

    @property
    def moves(self) -> bool:
        return self.after != Kept.of(self.line)


def moved(variant: Row, moves: Iterable[Move]) -> dict[str, int]:
    """A variant's numbers after these moves of its own lines; `available` is below 0 where there is not enough. Numbers
    that somebody set meanwhile are not made negative."""
    available, on_hold, committed = variant["available"], variant["on_hold"], variant["committed"]
    for move in moves:
        before, after = Kept.of(move.line), move.after
        available += before.pieces - after.pieces - move.gone
        on_hold += after.on_hold - before.on_hold
        committed += after.committed - before.committed + move.gone
    return {"available": available, "on_hold": max(0, on_hold), "committed": max(0, committed)}
