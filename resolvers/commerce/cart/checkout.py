"""The checkout: a cart becomes an order."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import select

from db.catalog.product import FulfillmentType
from db.commerce.cart import CartStage
from db.commerce.coupon import CouponType
from db.commerce.events import (
    COUPON_UPDATED,
    CUSTOMER_CREATED,
    ORDER_CREATED,
    SUBSCRIPTION_ACTIVATED,
    SUBSCRIPTION_CREATED,
)
from db.commerce.order import LineType, OrderRow, OrderStatus, OrderType
from db.commerce.payment_method import PaymentMethodRow
from db.commerce.shipping_method import ShippingMethodRow
from db.commerce.store import store_currency
from db.commerce.store_option import CHECKOUT
from db.commerce.sums.discount import DiscountedLine, discounts
from db.commerce.sums.plan import is_plan
from db.commerce.sums.shipping_charge import applies, charge
from db.store.row import now, table
from db.store.writing import edit
from engine.declared.mutation import mutation
from engine.declared.payload import Keys
from engine.unit.unit import Unit
from engine.values.errors import ErrorCode
from engine.values.viewer import PUBLIC
from resolvers.commerce.cart.bumps import lower
from resolvers.commerce.cart.buyer import Buyer, buyer_of
from resolvers.commerce.cart.finding import CART, cart_to_change, items_of
from resolvers.commerce.cart.input import CheckoutProcessInput
from resolvers.commerce.cart.plan import First, begin_subscription
from resolvers.commerce.cart.receipt import receipt_of
from resolvers.commerce.cart.writing import wanted
from resolvers.commerce.coupon.applying import applied
from resolvers.commerce.coupon.using import use_coupons
from resolvers.commerce.license.issuing import ISSUES
from resolvers.commerce.order.lines import Choice, choose
from resolvers.commerce.order.placing import Placed
from resolvers.commerce.order.reckoning import Lowered, Reckoned, check_total, discounted, reckon
from resolvers.commerce.order.stock import STOCK
from resolvers.commerce.order.taxing import Taxing, taxing, write_taxes
from resolvers.commerce.order.writing import ORDER, PAYS, STORE
from resolvers.commerce.rows import within
from resolvers.commerce.shipping.parcels import SentLine, classes_of, parcels_of
from resolvers.editing.locking import key_of

METHOD: Final = table(ShippingMethodRow)
PAYMENT: Final = table(PaymentMethodRow)
LONGEST_METHOD: Final = 50


@mutation(
    permission=PUBLIC,
    rest="POST /checkout/process",
    emits=(
        ORDER_CREATED,
        CUSTOMER_CREATED,
        COUPON_UPDATED,
        SUBSCRIPTION_CREATED,
        SUBSCRIPTION_ACTIVATED,
        *PAYS,
        *STOCK,
        *ISSUES,
    ),
    rate="checkout",
    held_by="token",
)
async def checkout_process(unit: Unit, input: CheckoutProcessInput) -> Keys:
    """Place the order of a cart, at the prices of this moment: whoever has its e-mail address is the customer, its
    coupons are used, its pieces taken out of what can be ordered, and the cart is closed. The order waits for its
    payment: no payment provider is asked here. One that costs nothing is paid at once. It is taxed where the store
    taxes, by whose address its settings say."""
    cart = await cart_to_change(unit, input.token)
    settings = await _settings(unit, input)
    items = await items_of(unit, cart)
    if not items:
        unit.refuse(ErrorCode.BUSINESS_RULE, "The cart is empty", "token")
    method = await _payment_method(unit, input.payment_method)
    buyer = buyer_of(unit, input)
    values = ORDER.checked(unit, {"note": input.note})
    unit.settle()
    customer = await buyer.customer(unit)
    asked = [(("items", str(place)), wanted(key), many) for place, (key, many) in enumerate(items.items())]
    choices, shelf = await choose(unit, asked, plans=True)
    await lower(unit, cart, choices)
    way = await _way(unit, input, buyer, choices)
    unit.settle()  # before a number is taken: PostgreSQL gives it to no other order
    plan = next((choice for choice in choices if is_plan(choice.variant)), None)
    placed = Placed()
    key = await placed.number(unit, choices)
    among = await discounted(unit, placed.lines)
    coupons = await applied(unit, cart["coupon_codes"], among, customer=customer, path="coupons")
    row = OrderRow(
        **values,
        id=key,
        uuid=uuid4().hex,
        status=OrderStatus.ON_HOLD,
        type=OrderType.PAYMENT if plan is None else OrderType.SUBSCRIPTION,
        customer_id=customer["id"],
        payment_method=method["key"],
        payment_method_title=method["settings"].get("checkout_label") or "",
        currency=await store_currency(unit.connection),
        ip_address=getattr(unit.viewer, "address", None) or "",
    ).model_dump()
    lowered = Lowered(coupons)
    reckoned = reckon(row, placed.lines, among, lowered)
    sent = await _shipping(unit, way, placed, reckoned, lowered)
    row["shipping_total"] = sum(sent.values())
    to = buyer.addresses(sends=any(line["fulfillment_type"] is FulfillmentType.PHYSICAL for line in placed.lines))
    taxed = await taxing(unit, settings, placed.lines, to)
    if taxed is not None:
        taxed = replace(taxed, sent=sent)
    reckoned = reckon(row, placed.lines, among, lowered, taxed)
    check_total(unit, reckoned)
    unit.settle()
    order = await placed.order(unit, {**row, **reckoned.order}, reckoned)
    await placed.write(unit, order, shelf, to)
    await use_coupons(unit, key, coupons, reckoned.coupons, new=True)
    await write_taxes(unit, key, reckoned.taxes, new=True)
    subscription = None if plan is None else await _subscribe(unit, order, plan, coupons, among, placed, taxed)
    await placed.tell(unit, order, subscription=subscription)
    done = {"stage": CartStage.COMPLETED, "order_id": key, "completed_at": now()}
    await edit(unit.connection, CART, cart["id"], cart["version"], done)
    return {"order": key, "subscription": subscription, "receipt": await receipt_of(within(unit), order)}


async def _settings(unit: Unit, input: CheckoutProcessInput) -> dict[str, Any]:
    """The store's, without a column. Refuses whoever does not do what they ask for."""
    settings: dict[str, Any] = (
        await unit.connection.execute(select(STORE.c.settings).where(STORE.c.id == 1))
    ).scalar() or {}
    if CHECKOUT["sign_in_required"].read(settings) and getattr(unit.viewer, "user_id", None) is None:
        unit.refuse(ErrorCode.BUSINESS_RULE, "Only who is signed in buys here")
    if CHECKOUT["terms_required"].read(settings) and not input.terms_accepted:
        unit.refuse(ErrorCode.VALIDATION, "The terms have to be accepted", "termsAccepted")
    return settings


async def _payment_method(unit: Unit, key: str) -> dict[str, Any]:
    known = PAYMENT.c.key == key[: LONGEST_METHOD + 1], PAYMENT.c.active
    found = (await unit.connection.execute(select(PAYMENT).where(*known))).mappings().one_or_none()
    if found is None:
        unit.refuse(
            ErrorCode.NOT_FOUND,
            "Nobody can pay by it here: `Cart.paymentMethods` has the ways that there are",
            "paymentMethod",
        )
    return dict(found or {"key": "", "settings": {}})


async def _way(
    unit: Unit, input: CheckoutProcessInput, buyer: Buyer, choices: Sequence[Choice]
) -> Mapping[str, Any] | None:
    """The shipping method; None where nothing is sent. Refuses what is not offered where it goes."""
    lines = (line for choice in choices for line in (choice.line(), *choice.part_lines()))
    if not any(line["fulfillment_type"] is FulfillmentType.PHYSICAL for line in lines):
        return None
    if input.shipping_method_id is None:
        unit.refuse(ErrorCode.VALIDATION, "Say how it is sent: `shippingMethods` offers the ways", "shippingMethodId")
        return None
    asked = select(METHOD).where(METHOD.c.id == key_of(input.shipping_method_id), METHOD.c.enabled)
    found = (await unit.connection.execute(asked)).mappings().one_or_none()
    method, goes_to = dict(found or {}), buyer.goes_to
    if found is None or not applies(method, goes_to["country"], goes_to["state"]):
        message = "No such way of sending it there: `shippingMethods` offers the ways to that country and state"
        unit.refuse(ErrorCode.NOT_FOUND, message, "shippingMethodId")
    return method


async def _shipping(
    unit: Unit, way: Mapping[str, Any] | None, placed: Placed, reckoned: Reckoned, lowered: Lowered
) -> dict[int, int]:
    """What sending each line costs, by its place."""
    if way is None or any(coupon["type"] is CouponType.FREE_SHIPPING for coupon in lowered.coupons):
        return {}
    lines = [
        SentLine(place, line["variant_id"], line["quantity"], line["unit_price"], sums["discount_total"])
        for place, (line, sums) in enumerate(zip(placed.lines, reckoned.lines, strict=True))
        if line["variant_id"] is not None
    ]
    parcels = await parcels_of(unit.connection, lines)
    return charge(way, parcels, await classes_of(unit.connection, parcels)).by_line


async def _subscribe(
    unit: Unit,
    order: Mapping[str, Any],
    plan: Choice,
    coupons: list[dict[str, Any]],
    among: Sequence[DiscountedLine],
    placed: Placed,
    taxed: Taxing | None,
) -> int:
    """Coupons that recur take off each bill what they take off the first, and others nothing."""
    place = next(place for place, line in enumerate(placed.lines) if line["payment_type"] is LineType.SUBSCRIPTION)
    taken = discounts(coupons, among)
    fees = [line for line in placed.lines if line["payment_type"] is LineType.SIGNUP_FEE]
    first = First(
        fee=sum(fee["line_total"] for fee in fees),
        fee_tax=sum(fee["tax_amount"] for fee in fees),
        tax=placed.lines[place]["tax_amount"],
        off=sum(taken[coupon["id"]].get(place, 0) for coupon in coupons if coupon["is_recurring"]),
    )
    return await begin_subscription(unit, order, plan, first, () if taxed is None else taxed.rates[place])
