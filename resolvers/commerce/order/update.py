"""Orders that the staff changes: what is not sent and not paid in full yet, or has to be put right."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from sqlalchemy import delete

from db.commerce.address import AddressType
from db.commerce.coupon import code_key
from db.commerce.events import COUPON_UPDATED, CUSTOMER_UPDATED, ORDER_PAID
from db.commerce.order import LineType, OrderStatus, OrderType, PaymentStatus, parent_of
from db.commerce.sums.discount import ELSEWHERE, alone
from db.commerce.sums.stock import Kept, Move, kept
from db.commerce.sums.totals import line_sums
from engine.declared.mutation import mutation
from engine.declared.payload import Keys
from engine.unit.unit import Unit
from engine.values.errors import ErrorCode
from resolvers.commerce.coupon.applying import applied
from resolvers.commerce.coupon.using import coupons_of, use_coupons
from resolvers.commerce.customer.writing import CUSTOMERS
from resolvers.commerce.license.following import FOLLOWS, follow_order
from resolvers.commerce.order.addresses import FIELDS, copied, remove_addresses, write_addresses
from resolvers.commerce.order.input import OrderItemChangeInput, OrderUpdateInput
from resolvers.commerce.order.lines import MOST_LINES, check_price, check_quantity, choose
from resolvers.commerce.order.paying import paid
from resolvers.commerce.order.placing import Placed
from resolvers.commerce.order.reckoning import Lowered, Reckoned, by_hand, check_total, discounted, reckon
from resolvers.commerce.order.stock import STOCK, Shelf, move_stock, record
from resolvers.commerce.order.taxing import Again, taxing_again, write_taxes
from resolvers.commerce.order.writing import (
    ITEM,
    MOVES,
    ORDER,
    change_order,
    count_bought,
    edit_payment,
    hold_customers,
    lines_of,
    pending_payment,
    receipt,
)
from resolvers.editing.locking import key_of
from resolvers.editing.updating import named

_DONE: Final = (OrderStatus.COMPLETED, OrderStatus.CANCELED)
_TEXTS: Final = ("payment_method", "payment_method_title", "note")


@dataclass(slots=True)
class _Change:
    """An order with its lines as they are, and as they are to be: those that stay with what changes of each, by key;
    those that go; and new ones."""

    row: dict[str, Any]
    held: dict[int, dict[str, Any]]
    edits: dict[int, dict[str, int]]
    gone: list[int]
    new: Placed
    shelf: Shelf
    places: dict[int, tuple[str, ...]]

    @property
    def stays(self) -> list[dict[str, Any]]:
        return [{**line, **self.edits.get(key, {})} for key, line in self.held.items() if key not in self.gone]

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [*self.stays, *self.new.lines]


class _For(NamedTuple):
    """Who buys, and how that is taxed."""

    customer: Mapping[str, Any] | None
    taxed: Again | None


@mutation(
    permission="orders/manage",
    rest="PUT /orders/{id}",
    emits=(*MOVES, ORDER_PAID, CUSTOMER_UPDATED, COUPON_UPDATED, *STOCK, *FOLLOWS),
    audited=True,
)
async def order_update(unit: Unit, input: OrderUpdateInput) -> Keys:
    """Change an order that is neither COMPLETED nor CANCELED and belongs to no subscription. What it adds up to, what
    its coupons take off, its tax and what it keeps of the stock follow; a payment that is waited for follows what is
    owed, and an order that was paid in part and costs no more than that now is paid, as `orderMarkAsPaid` has it. It
    keeps the rates that it was taxed by; where another address has others, it is taxed by those. What was worked out
    as tax elsewhere stays until lines, discounts or shipping change: then it is taxed anew, or, where the store has
    taxes off, refused."""
    row = await ORDER.load(unit, input.id, input.expected_version)
    _check(unit, row)
    unit.settle()
    asked = named(input, leave=("id", "expected_version", "items", "deleted_item_ids"))
    held = await lines_of(unit, row["id"])
    named_customer = [] if asked.get("customer_id") is None else [key_of(asked["customer_id"])]
    customers = await hold_customers(unit, [row["customer_id"], *named_customer])
    change = await _lines(unit, row, held, input)
    values: dict[str, Any] = ORDER.checked(unit, {name: asked[name] for name in _TEXTS if name in asked})
    if "discount" in asked:
        values["manual_discount"] = by_hand(unit, asked["discount"])
    if asked.get("shipping_total", 0) < 0:
        unit.refuse(ErrorCode.VALIDATION, "Not below 0", "shippingTotal")
    customer = customers.get(row["customer_id"])
    if named_customer:
        customer = await CUSTOMERS.load(unit, asked["customer_id"], path="customerId")
    addresses = await _addresses(unit, customer, asked)
    unit.settle()
    reckons = bool(change.edits or change.gone or change.new.lines) or not asked.keys().isdisjoint(
        ("discount", "coupon_codes", "shipping_total")
    )
    taxed = await taxing_again(unit, row, change.held.values(), addresses) if reckons or addresses else None
    also = {"items"} if change.edits or change.gone or change.new.lines else set()
    if reckons or (taxed is not None and taxed.moved):
        values |= await _reckon(unit, change, {**row, **values}, asked, _For(customer, taxed), also)
    if customer is not None and customer["id"] != row["customer_id"]:
        values["customer_id"] = customer["id"]
    also |= await _write_addresses(unit, row["id"], addresses)
    await change_order(unit, row, values, sorted(also))
    if "total" in values or "customer_id" in values:
        await count_bought(unit, customers)
    await follow_order(unit, row, values, held.values(), change.lines, change.shelf.variants)
    return {"order": row["id"]}


def _check(unit: Unit, row: Mapping[str, Any]) -> None:
    if row["type"] is not OrderType.PAYMENT:
        unit.refuse(ErrorCode.BUSINESS_RULE, "What a subscription began or renewed is not edited", "id")
    elif row["status"] in _DONE:
        unit.refuse(ErrorCode.BUSINESS_RULE, f"It is {row['status'].name}, and stays as it is", "id")


async def _lines(unit: Unit, row: dict[str, Any], held: dict[int, dict[str, Any]], input: OrderUpdateInput) -> _Change:
    """What is to become of the lines. Refuses, each in its place, what cannot be."""
    if len(input.items or ()) > MOST_LINES:
        unit.refuse(ErrorCode.VALIDATION, f"At most {MOST_LINES} lines", "items")
        unit.settle()
    gone = _gone(unit, held, input.deleted_item_ids or ())
    edits: dict[int, dict[str, int]] = {}
    places: dict[int, tuple[str, ...]] = {}
    new: list[tuple[tuple[str, ...], OrderItemChangeInput, int]] = []
    for index, item in enumerate(input.items or ()):
        place = ("items", str(index))
        if item.id is None:
            quantity = 1 if item.quantity is None else item.quantity
            if check_quantity(unit.at(*place), quantity):
                new.append((place, item, quantity))
        else:
            key = key_of(item.id)
            if key in places:
                unit.refuse(ErrorCode.VALIDATION, "This line is named already", *place, "id")
            places.setdefault(key, place)
            if changes := _edit(unit, held, gone, place, item):
                edits[key] = changes
    edits |= _parts(held, edits, gone)
    if len(held) - len(gone) + len(new) > MOST_LINES:
        unit.refuse(ErrorCode.VALIDATION, f"An order has at most {MOST_LINES} lines", "items")
        unit.settle()
    if not any(key not in gone for key in held) and not new:
        unit.refuse(ErrorCode.VALIDATION, "One line at least stays", "deletedItemIds")
    # One that is paid in part may be paid by this, and gives out what it keeps then.
    moves = held if row["payment_status"] is PaymentStatus.PARTIALLY_PAID else (*edits, *gone)
    moving = {held[key]["variant_id"] for key in moves} - {None}
    choices, shelf = await choose(unit, new, sorted(moving))
    placed = Placed()
    last = max((line["position"] for line in held.values()), default=0)
    await placed.number(unit, choices, row["id"], last)
    return _Change(row, held, edits, gone, placed, shelf, places)


def _gone(unit: Unit, held: Mapping[int, Mapping[str, Any]], ids: Sequence[str]) -> list[int]:
    keys = [key_of(each) for each in ids]
    for index, key in enumerate(keys):
        if key not in held:
            unit.refuse(ErrorCode.NOT_FOUND, "No such line of this order", "deletedItemIds", str(index))
        elif parent_of(held[key]) in held and parent_of(held[key]) not in keys:
            unit.refuse(ErrorCode.BUSINESS_RULE, "A part of a bundle goes with it", "deletedItemIds", str(index))
        elif held[key]["refund_total"] or held[key]["restocked_quantity"]:
            unit.refuse(ErrorCode.BUSINESS_RULE, "Something of it came back already", "deletedItemIds", str(index))
    parts = [key for key, line in held.items() if parent_of(line) in keys]
    return list(dict.fromkeys([*(key for key in keys if key in held), *parts]))


def _edit(
    unit: Unit,
    held: Mapping[int, Mapping[str, Any]],
    gone: Sequence[int],
    place: tuple[str, ...],
    item: OrderItemChangeInput,
) -> dict[str, int]:
    """What changes of a line that is there."""
    errors, line = unit.at(*place), held.get(key_of(item.id or ""))
    if line is None or line["id"] in gone:
        errors.refuse(ErrorCode.NOT_FOUND, "No such line of this order", "id")
        return {}
    if item.variant_id is not None or item.product_id is not None:
        errors.refuse(ErrorCode.VALIDATION, "A line keeps what it is of: delete it, and add another", "id")
        return {}
    quantity = line["quantity"] if item.quantity is None else item.quantity
    price = line["unit_price"] if item.unit_price is None else item.unit_price
    if not check_quantity(errors, quantity) or not check_price(errors, price, quantity):
        return {}
    changes = {"quantity": quantity, "unit_price": price}
    if changes == {name: line[name] for name in changes}:
        return {}
    if line["payment_type"] is not LineType.ONETIME:
        errors.refuse(ErrorCode.BUSINESS_RULE, "It follows from another line, or is a fee", "id")
    elif quantity < line["restocked_quantity"]:
        errors.refuse(ErrorCode.BUSINESS_RULE, f"{line['restocked_quantity']} of it came back already", "quantity")
    elif price * quantity < line["refund_total"]:
        errors.refuse(ErrorCode.BUSINESS_RULE, "More than that of it was given back already", "unitPrice")
    return changes


def _parts(
    held: Mapping[int, Mapping[str, Any]], edits: Mapping[int, Mapping[str, int]], gone: Sequence[int]
) -> dict[int, dict[str, int]]:
    """There are as many of a bundle's parts as of the bundle."""
    owners = {key: parent_of(line) for key, line in held.items() if key not in gone}
    return {
        key: {"quantity": edits[owner]["quantity"], "unit_price": held[key]["unit_price"]}
        for key, owner in owners.items()
        if owner is not None and owner in edits
    }


async def _reckon(
    unit: Unit,
    change: _Change,
    order: dict[str, Any],
    asked: Mapping[str, Any],
    of: _For,
    also: set[str],
) -> dict[str, Any]:
    """Write the lines with their sums, stock, coupons and taxes; the order's columns that follow."""
    row = change.row
    taxed = None if of.taxed is None else await of.taxed.taxing(unit, row, change.lines)
    unit.settle()
    order |= {"shipping_total": asked.get("shipping_total", row["shipping_total"])}
    lines = [line | line_sums(line["unit_price"], line["quantity"], 0) for line in change.lines]
    among = await discounted(unit, lines)
    codes = list(asked.get("coupon_codes") or ())
    before = await coupons_of(unit, [row["id"]], codes)
    coupons: list[dict[str, Any]] = before
    if "coupon_codes" in asked:
        has = {one["code_key"]: one for one in before}
        new = [code for code in codes if code_key(code) not in has]
        stays = [has[code_key(code)] for code in codes if code_key(code) in has]
        unit.settle()
        found = await applied(unit, new, among, customer=of.customer, path="couponCodes", order=row["id"])
        coupons = [*stays, *found]
        if alone(coupons):
            unit.refuse(ErrorCode.BUSINESS_RULE, ELSEWHERE, "couponCodes")
        unit.settle()
    reckoned = reckon(order, lines, among, Lowered(coupons, order["manual_discount"]), taxed)
    check_total(unit, reckoned)
    values = {"shipping_total": order["shipping_total"], **reckoned.order}
    values |= _paid_by_now(row, values["total"], change)
    await _write_lines(unit, change, {**order, **values}, reckoned)
    if coupons or before:
        await use_coupons(unit, row["id"], coupons, reckoned.coupons)
        also.add("appliedCoupons")
    if reckoned.taxes is not None:
        await write_taxes(unit, row["id"], reckoned.taxes)
        also.add("taxes")
    await _await_owed(unit, row, values["total"], also)
    if values.get("payment_status") is PaymentStatus.PAID:
        values |= await receipt(unit, row)
    return values


def _paid_by_now(row: Mapping[str, Any], total: int, change: _Change) -> dict[str, Any]:
    """What follows from a new total for the columns of the payment: an order that was paid and costs more now is so in
    part."""
    if row["payment_status"] is PaymentStatus.PAID and 0 < row["total_paid"] < total:
        return {"payment_status": PaymentStatus.PARTIALLY_PAID}
    if row["payment_status"] is PaymentStatus.PARTIALLY_PAID and row["total_paid"] >= total:
        return paid({**row, "total": total}, {line["id"]: line for line in change.lines})
    return {}


async def _write_lines(unit: Unit, change: _Change, order: Mapping[str, Any], reckoned: Reckoned) -> None:
    stays = change.stays
    sums = {line["id"]: own for line, own in zip(stays, reckoned.lines, strict=False)}
    change.new.reckoned(reckoned.lines[len(stays) :])
    change.new.keep(order, change.shelf)
    moves = [_move(change, order, key) for key in change.edits]
    pays = order["payment_status"] is not change.row["payment_status"]
    still = [
        Move(line, kept(order, line, Kept.of(line).pieces) if pays else Kept.of(line))
        for key, line in change.held.items()
        if key in sums and key not in change.edits
    ]
    gone = [Move(change.held[key], Kept()) for key in change.gone]
    places = change.places | change.new.places
    await move_stock(
        unit,
        [*moves, *still, *gone, *change.new.moves],
        place=lambda line: (*places.get(line["id"], ("items",)), "quantity"),
        shelf=change.shelf,
    )
    also = {key: sums[key] | change.edits.get(key, {}) for key in sums}
    await record(unit, [*moves, *still], also)
    await unit.connection.execute(delete(ITEM).where(ITEM.c.id.in_(change.gone)))
    await change.new.insert(unit)


def _move(change: _Change, order: Mapping[str, Any], key: int) -> Move:
    """As many more or fewer pieces as there are of the line now: more only of what is counted."""
    line = change.held[key]
    more = change.edits[key]["quantity"] - line["quantity"]
    pieces = Kept.of(line).pieces
    if more > 0:
        pieces += more if line["variant_id"] in change.shelf.managed else 0
    else:
        pieces = max(0, pieces + more)
    return Move(line, kept(order, line, pieces))


async def _await_owed(unit: Unit, row: Mapping[str, Any], total: int, also: set[str]) -> None:
    """The payment that is waited for is of what is owed."""
    owed = max(0, total - row["total_paid"])
    pending = await pending_payment(unit, row["id"])
    if pending is not None and pending["total"] != owed:
        await edit_payment(unit, pending, {"total": owed})
        also.add("transactions")


async def _addresses(
    unit: Unit, customer: Mapping[str, Any] | None, asked: Mapping[str, Any]
) -> dict[AddressType, Any]:
    """By type what is to be there, None for none; types that are not named are not in it."""
    wanted = {kind: asked[name] for kind, name in FIELDS.items() if name in asked}
    given = {kind: one for kind, one in wanted.items() if one is not None}
    found = await copied(unit, customer["id"] if customer else -1, given) if given else []
    by_kind = {address["type"]: address for address in found}
    return {kind: by_kind.get(kind) for kind in wanted}


async def _write_addresses(unit: Unit, order: int, addresses: Mapping[AddressType, dict[str, Any] | None]) -> set[str]:
    if not addresses:
        return set()
    await remove_addresses(unit, order, list(addresses))
    await write_addresses(unit, order, [one for one in addresses.values() if one is not None])
    return {f"{kind.value}Address" for kind in addresses}
