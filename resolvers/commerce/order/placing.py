"""Orders written for the first time, with their lines and what these keep of the stock."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from db.catalog.product import FulfillmentType
from db.commerce.events import ORDER_CREATED
from db.commerce.order import (
    ORDER_FOUND_BY,
    OrderItemRow,
    OrderRow,
    PaymentStatus,
    ShippingStatus,
    TransactionStatus,
    TransactionType,
)
from db.commerce.sums.stock import Move, kept
from db.store.primary_keys import new_keys
from db.store.writing import add, add_values
from engine.unit.unit import Unit
from resolvers.commerce.license.issuing import issue_licenses
from resolvers.commerce.order.addresses import write_addresses
from resolvers.commerce.order.paying import paid as values_once_paid
from resolvers.commerce.order.reckoning import Reckoned
from resolvers.commerce.order.stock import Shelf, move_stock
from resolvers.commerce.order.writing import ITEM, ORDER, count_bought, follow, hold_customers, receipt, write_payment


class Taken(Protocol):
    """Something that lines are made of: its own, those of its parts, those of its fees; its place in the input; and
    `meta` of its own line."""

    @property
    def place(self) -> tuple[str, ...]: ...
    @property
    def meta(self) -> Mapping[str, Any] | None: ...
    def line(self) -> dict[str, Any]: ...
    def part_lines(self) -> list[dict[str, Any]]: ...
    def fee_lines(self) -> list[dict[str, Any]]: ...


class Placed:
    """Lines that are about to be written, each with its key and its place in the input; `moves`: what they keep.
    `bound`: they have to be written, and keep what there is where there is not enough."""

    def __init__(self, *, bound: bool = False) -> None:
        self.bound = bound
        self.lines: list[dict[str, Any]] = []
        self.places: dict[int, tuple[str, ...]] = {}
        self.moves: list[Move] = []
        self.variants: Mapping[int, Mapping[str, Any]] = {}

    async def number(self, unit: Unit, choices: Sequence[Taken], order: int | None = None, after: int = 0) -> int:
        """The lines of what was chosen, behind the position `after`: of a bundle its own and those of its parts, of a
        subscription its own and that of its setup fee. The order's key, a new one if None is given."""
        count = sum(1 + len(choice.part_lines()) + len(choice.fee_lines()) for choice in choices)
        taken = await new_keys(unit.connection, {ITEM: count, ORDER.table: int(order is None)})
        keys, of = iter(taken[ITEM]), taken[ORDER.table][0] if order is None else order
        for choice in choices:
            own = next(keys)
            parts = [(next(keys), part, {"parent_item_id": own}) for part in choice.part_lines()]
            fees = [(next(keys), fee, None) for fee in choice.fee_lines()]
            meta = {"additional_item_ids": [key for key, *_ in fees]} if fees else choice.meta
            for key, line, line_meta in [(own, choice.line(), meta), *parts, *fees]:
                after += 1
                row = OrderItemRow(**line, id=key, order_id=of, position=after, line_meta=line_meta)
                self.lines.append(row.model_dump())
                self.places[key] = choice.place
        return of

    def keep(self, order: Mapping[str, Any], shelf: Shelf) -> None:
        """What each keeps of its variant's stock, by the state of the order."""
        left = {key: max(0, shelf.variants[key]["available"]) for key in shelf.managed}
        for line in self.lines:
            if line["variant_id"] in shelf.managed:
                pieces = min(line["quantity"], left[line["variant_id"]]) if self.bound else line["quantity"]
                left[line["variant_id"]] -= pieces
                move = Move({**line}, kept(order, line, pieces))
                self.moves.append(move)
                line |= {"on_hold": move.after.on_hold, "committed": move.after.committed}

    def reckoned(self, sums: Sequence[Mapping[str, int]]) -> None:
        for line, own in zip(self.lines, sums, strict=True):
            line.update(own)

    async def insert(self, unit: Unit) -> None:
        await add_values(unit.connection, ITEM, self.lines)

    async def order(
        self, unit: Unit, values: Mapping[str, Any], reckoned: Reckoned, *, paid: bool = False
    ) -> dict[str, Any]:
        """The columns of a new order of these lines, as they are written. One that costs nothing is paid at once."""
        self.reckoned(reckoned.lines)
        sends = any(line["fulfillment_type"] is FulfillmentType.PHYSICAL for line in self.lines)
        order = {
            **values,
            "fulfillment_type": FulfillmentType.PHYSICAL if sends else FulfillmentType.DIGITAL,
            "shipping_status": ShippingStatus.UNSHIPPED if sends else None,
        }
        if paid or order["total"] == 0:
            order |= values_once_paid(order, {line["id"]: line for line in self.lines}) | await receipt(unit, order)
        return order | {name: of(order) for name, of in ORDER_FOUND_BY.items()}

    async def write(
        self, unit: Unit, order: Mapping[str, Any], shelf: Shelf, addresses: Sequence[dict[str, Any]]
    ) -> None:
        """A new order with its lines and addresses. Raises Refused: CONFLICT at the place of each line that there is
        not enough of."""
        self.keep(order, shelf)
        self.variants = shelf.variants
        unit.settle()
        await add(unit.connection, OrderRow(**order))
        unit.emit(ORDER_CREATED(order))
        await move_stock(unit, self.moves, place=lambda line: (*self.places[line["id"]], "quantity"), shelf=shelf)
        await self.insert(unit)
        await write_addresses(unit, order["id"], list(addresses))

    async def tell(
        self, unit: Unit, order: Mapping[str, Any], *, subscription: int | None = None, **payment: Any
    ) -> int:
        """Its payment, which waits or was made, and what follows from that; the payment's key. `subscription`: which it
        begins or renews; `payment`: columns besides."""
        done = order["payment_status"] is PaymentStatus.PAID
        key = await write_payment(
            unit,
            order,
            {
                "type": TransactionType.CHARGE,
                "status": TransactionStatus.SUCCEEDED if done else TransactionStatus.PENDING,
                "total": order["total"],
                "payment_method": order["payment_method"],
                "subscription_id": subscription,
                **payment,
            },
        )
        await follow(unit, None, order, payment=key if done else None, subscription=subscription)
        if done:
            await count_bought(unit, await hold_customers(unit, [order["customer_id"]]))
            await issue_licenses(unit, order, self.lines, self.variants)
        return key
