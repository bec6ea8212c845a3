"""Orders that the staff takes."""

from typing import Any, Final
from uuid import uuid4

from db.commerce.address import AddressType
from db.commerce.events import COUPON_UPDATED, ORDER_CREATED
from db.commerce.order import (
    OrderRow,
    OrderStatus,
    PaymentStatus,
)
from db.commerce.store import currency_and_settings
from engine.declared.mutation import mutation
from engine.declared.payload import Keys
from engine.unit.unit import Unit
from engine.values.errors import ErrorCode
from resolvers.commerce.coupon.applying import applied
from resolvers.commerce.coupon.using import use_coupons
from resolvers.commerce.customer.writing import CUSTOMERS
from resolvers.commerce.license.issuing import ISSUES
from resolvers.commerce.order.addresses import copied
from resolvers.commerce.order.input import OrderCreateInput
from resolvers.commerce.order.lines import MOST_LINES, Choice, check_quantity, choose
from resolvers.commerce.order.placing import Placed
from resolvers.commerce.order.reckoning import Lowered, by_hand, check_total, discounted, reckon
from resolvers.commerce.order.stock import STOCK, Shelf
from resolvers.commerce.order.taxing import taxing, write_taxes
from resolvers.commerce.order.writing import ORDER, PAYS

_BEGINS: Final = (OrderStatus.DRAFT, OrderStatus.ON_HOLD, OrderStatus.PROCESSING)


@mutation(
    permission="orders/create",
    rest="POST /orders",
    emits=(ORDER_CREATED, *PAYS, COUPON_UPDATED, *STOCK, *ISSUES),
)
async def order_create(unit: Unit, input: OrderCreateInput) -> Keys:
    """Take an order for a customer: its lines priced, coupons and a discount by hand taken off, its pieces taken out of
    what can be ordered, and taxed where the store taxes. A payment waits for its total; one that costs nothing is paid
    at once."""
    customer = await CUSTOMERS.load(unit, input.customer_id, path="customerId")
    currency, settings = await currency_and_settings(unit.connection)
    values = _values(unit, input, currency)
    choices, shelf = await _chosen(unit, input)
    asked = {AddressType.BILLING: input.billing_address_id, AddressType.SHIPPING: input.shipping_address_id}
    addresses = await copied(unit, customer["id"], asked)
    unit.settle()
    placed = Placed()
    key = await placed.number(unit, choices)
    among = await discounted(unit, placed.lines)
    coupons = await applied(unit, input.coupon_codes, among, customer=customer, path="couponCodes")
    unit.settle()
    taxed = await taxing(unit, settings, placed.lines, addresses)
    reckoned = reckon(values, placed.lines, among, Lowered(coupons, values["manual_discount"]), taxed)
    check_total(unit, reckoned)
    values |= {**reckoned.order, "id": key, "customer_id": customer["id"]}
    order = await placed.order(unit, values, reckoned, paid=input.payment_status is PaymentStatus.PAID)
    await placed.write(unit, order, shelf, addresses)
    await use_coupons(unit, key, coupons, reckoned.coupons, new=True)
    await write_taxes(unit, key, reckoned.taxes, new=True)
    await placed.tell(unit, order)
    return {"order": key}


def _values(unit: Unit, input: OrderCreateInput, currency: str) -> dict[str, Any]:
    if input.currency is not None and input.currency != currency:
        unit.refuse(ErrorCode.VALIDATION, f"Orders are made in the store's currency: {currency}", "currency")
    if input.status not in _BEGINS:
        unit.refuse(ErrorCode.VALIDATION, "An order begins as DRAFT, ON_HOLD or PROCESSING", "status")
    if input.payment_status not in (PaymentStatus.PENDING, PaymentStatus.PAID):
        unit.refuse(ErrorCode.VALIDATION, "An order begins as PENDING or PAID", "paymentStatus")
    if input.shipping_total < 0:
        unit.refuse(ErrorCode.VALIDATION, "Not below 0", "shippingTotal")
    asked = {
        "payment_method": input.payment_method,
        "payment_method_title": input.payment_method_title,
        "note": input.note,
    }
    made = OrderRow(
        **ORDER.checked(unit, asked),
        uuid=uuid4().hex,
        status=input.status,
        currency=currency,
        shipping_total=input.shipping_total,
        manual_discount=by_hand(unit, input.discount),
    )
    return made.model_dump()


async def _chosen(unit: Unit, input: OrderCreateInput) -> tuple[list[Choice], Shelf]:
    if not 1 <= len(input.items) <= MOST_LINES:
        unit.refuse(ErrorCode.VALIDATION, f"1 to {MOST_LINES} lines", "items")
        unit.settle()
    asked = [(("items", str(index)), item, item.quantity) for index, item in enumerate(input.items)]
    return await choose(unit, [one for one in asked if check_quantity(unit.at(*one[0]), one[2])])
