"""Renewals: what somebody's billing has collected for one more interval of a subscription is an order of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import select

from db.catalog.product import FulfillmentType
from db.commerce import visibility
from db.commerce.counted.lasting import EXTENDS, extend_licenses
from db.commerce.events import (
    ORDER_CREATED,
    SUBSCRIPTION_ACTIVATED,
    SUBSCRIPTION_COMPLETED,
    SUBSCRIPTION_RENEWED,
    SUBSCRIPTION_UPDATED,
)
from db.commerce.order import (
    ITEM_FOUND_BY,
    LineType,
    OrderMode,
    OrderRow,
    OrderStatus,
    OrderType,
    TaxBehavior,
    TransactionType,
    parent_of,
)
from db.commerce.store import store_currency
from db.commerce.subscription import SubscriptionRow, SubscriptionStatus
from db.commerce.sums.plan import day_meant, one_later
from db.commerce.sums.share import spread
from db.commerce.sums.tax import Charged, Rate, Taxes, parts
from db.store.locks import lock
from db.store.row import now, table
from engine.declared.mutation import mutation
from engine.declared.payload import Keys
from engine.unit.unit import Unit
from engine.values.errors import ErrorCode
from resolvers.commerce.order.addresses import addresses_of
from resolvers.commerce.order.lines import MOST_MONEY
from resolvers.commerce.order.placing import Placed
from resolvers.commerce.order.reckoning import Reckoned
from resolvers.commerce.order.stock import STOCK, hold_variants
from resolvers.commerce.order.taxing import kept_rates, write_taxes
from resolvers.commerce.order.writing import ORDER, PAYS, TRANSACTION, hold_customers, lines_of
from resolvers.commerce.subscription.input import SubscriptionRenewInput
from resolvers.commerce.subscription.writing import SUBSCRIPTIONS, change_subscription
from resolvers.editing.editable import Text, checked_texts
from resolvers.editing.locking import key_of

_SUBSCRIPTION: Final = table(SubscriptionRow)
_TEXTS: Final = {"vendor_charge_id": Text(192, required="A renewal is known by its charge")}
# The clocks of two systems differ.
_AHEAD: Final = timedelta(minutes=5)
_NOT_YET: Final = (SubscriptionStatus.PENDING, SubscriptionStatus.INTENDED)

Row = Mapping[str, Any]


@mutation(
    permission="subscriptions/manage",
    rest=None,
    emits=(
        ORDER_CREATED,
        *PAYS,
        *STOCK,
        SUBSCRIPTION_UPDATED,
        SUBSCRIPTION_ACTIVATED,
        SUBSCRIPTION_RENEWED,
        SUBSCRIPTION_COMPLETED,
        *EXTENDS,
    ),
    audited=True,
)
async def subscription_renew(unit: Unit, input: SubscriptionRenewInput) -> Keys:
    """Note down that a subscription was paid once more: an order of its own, RENEWAL, which is paid and has its
    receipt's number, and COMPLETED where nothing of it is sent; one more bill, and `nextBillingAt` an interval later. A
    subscription of which as many bills are paid as were agreed is COMPLETED; one that is CANCELED stays so, all others
    are ACTIVE. A charge is noted down once: a CONFLICT says that it was. What it gives out leaves the stock as far as
    it is there: the money has come. No payment provider is asked or told."""
    first = await _first_order(unit, input.id)
    row = await SUBSCRIPTIONS.load(unit, input.id, input.expected_version)
    if row["status"] in _NOT_YET:
        unit.refuse(ErrorCode.BUSINESS_RULE, "It begins when its first order is paid: orderMarkAsPaid", "id")
    elif row["status"] is SubscriptionStatus.COMPLETED:
        unit.refuse(ErrorCode.BUSINESS_RULE, "It is COMPLETED: all of it was paid", "id")
    charge = await _charge(unit, input.vendor_charge_id)
    amount = _amount(unit, row, input.amount)
    paid_at = _paid_at(unit, first, input.paid_at)
    terms = _terms(unit, row, paid_at, input.next_billing_at)
    asked = {} if input.payment_method is None else {"payment_method": input.payment_method}
    method = ORDER.checked(unit, asked).get("payment_method") or row["current_payment_method"] or ""
    unit.settle()
    await hold_customers(unit, [row["customer_id"]])
    held = await _lines(unit, first, row)
    again = _Again(row, held, amount, _inclusive(first), await _rates(unit, first, held))
    shelf = await hold_variants(unit, sorted(again.variants))
    placed = Placed(bound=True)
    values = await _values(unit, first, row, again)
    values |= {"id": await placed.number(unit, [again]), "payment_method": method}
    values |= {"created_at": paid_at, "completed_at": paid_at}
    order = await placed.order(unit, values, Reckoned([{}] * len(placed.lines), {}, {}), paid=True)
    if order["status"] is not OrderStatus.COMPLETED:
        order["completed_at"] = None
    await placed.write(unit, order, shelf, await addresses_of(unit, None if first is None else first["id"]))
    await write_taxes(unit, order["id"], again.taxes, new=True)
    payment = await placed.tell(
        unit, order, subscription=row["id"], vendor_charge_id=charge, created_at=paid_at, updated_at=paid_at
    )
    await change_subscription(unit, row, {**terms, "kept_here": True}, renewal=order["id"])
    await extend_licenses(unit, [{**row, **terms}])
    return {"subscription": row["id"], "order": order["id"], "transaction": payment}


async def _first_order(unit: Unit, id: str) -> dict[str, Any] | None:
    """The order that began it, locked: before the subscription, as whoever deletes both does."""
    began = select(_SUBSCRIPTION.c.order_id).where(
        _SUBSCRIPTION.c.id == key_of(id), visibility.subscriptions(unit.viewer)
    )
    statement = select(ORDER.table).where(ORDER.table.c.id == began.scalar_subquery()).with_for_update()
    found = (await unit.connection.execute(statement)).mappings().one_or_none()
    return None if found is None else dict(found)


async def _charge(unit: Unit, named: str) -> str:
    """Refuses one that was noted down before, whoever did."""
    charge: str = checked_texts(unit, _TEXTS, {"vendor_charge_id": named})["vendor_charge_id"]
    await lock(unit.connection, {f"charge {charge}"})
    columns = TRANSACTION.c
    same = select(columns.id).where(columns.vendor_charge_id == charge, columns.type == TransactionType.CHARGE)
    if charge and (await unit.connection.execute(same.limit(1))).first() is not None:
        unit.refuse(ErrorCode.CONFLICT, "This charge is noted down already", "vendorChargeId")
    return charge


def _amount(unit: Unit, row: Row, asked: int | None) -> int:
    amount: int = row["recurring_total"] if asked is None else asked
    if not 0 <= amount <= MOST_MONEY:
        message = "Not below 0" if amount < 0 else "So much money is no amount"
        unit.refuse(ErrorCode.VALIDATION, message, "amount")
    return amount


def _paid_at(unit: Unit, first: Row | None, asked: datetime | None) -> datetime:
    at = now() if asked is None else asked.replace(microsecond=0)
    if at > now() + _AHEAD:
        unit.refuse(ErrorCode.VALIDATION, "Nobody has paid in the future", "paidAt")
    elif asked is not None and first is not None and first["created_at"] is not None and at < first["created_at"]:
        unit.refuse(ErrorCode.VALIDATION, "It is not renewed before it was ordered", "paidAt")
    return at


def _terms(unit: Unit, row: Row, paid_at: datetime, asked: datetime | None) -> dict[str, Any]:
    """The columns of the subscription from now on."""
    count = row["bill_count"] + 1
    if 0 < row["bill_times"] <= count:
        done = {"status": SubscriptionStatus.COMPLETED, "next_billing_at": None, "billing_day": None}
        return {"bill_count": count, **done}
    due = row["next_billing_at"] or paid_at
    following = asked or one_later(row["interval"], due, row["billing_day"])
    day = day_meant(due, row["billing_day"])
    if asked is None and following is not None and following <= paid_at:  # it had ended
        following, day = one_later(row["interval"], paid_at), paid_at.day
    if following is None:
        message = f"Nobody here knows how long {row['interval'] or 'its interval'} is: say when it is paid next"
        unit.refuse(ErrorCode.VALIDATION, message, "nextBillingAt")
    elif following <= paid_at:
        unit.refuse(ErrorCode.VALIDATION, "It is paid again after it was paid", "nextBillingAt")
    canceled = row["status"] is SubscriptionStatus.CANCELED
    return {
        "bill_count": count,
        "status": SubscriptionStatus.CANCELED if canceled else SubscriptionStatus.ACTIVE,
        "next_billing_at": following,
        "billing_day": None if asked is not None or following is None or following.day == day else day,
    }


def _inclusive(first: Row | None) -> bool:
    return first is not None and first["tax_behavior"] is TaxBehavior.INCLUSIVE


async def _lines(unit: Unit, first: Row | None, row: Row) -> list[dict[str, Any]]:
    """What is given out once more, as its first order has it: the line of what was subscribed to, and of a bundle those
    of its parts."""
    held = {} if first is None else await lines_of(unit, first["id"])
    own = next(
        (
            line
            for line in held.values()
            if line["payment_type"] is LineType.SUBSCRIPTION and line["variant_id"] == row["variant_id"]
        ),
        None,
    )
    if own is None:
        return []
    return [own, *(line for line in held.values() if parent_of(line) == own["id"])]


async def _rates(unit: Unit, first: Row | None, lines: Sequence[Row]) -> list[Rate]:
    """By which its first order was taxed here; none where it was not."""
    keys = lines[0]["tax_rate_ids"] if lines else None
    if first is None or not keys:
        return []
    kept = await kept_rates(unit, first["id"])
    return [kept[key] for key in keys if key in kept]


_COPIED: Final = ("product_id", "variant_id", "product_title", "title", "fulfillment_type", "quantity", "cost")


@dataclass(frozen=True, slots=True)
class _Again:
    """What a renewal is of. `lines`: of the first order, that of the plan before those of its parts; none where nobody
    knows it any more, and then the subscription says what it was."""

    row: Row
    lines: list[dict[str, Any]]
    amount: int
    inclusive: bool
    rates: Sequence[Rate] = ()  # as its first order was taxed by
    place: tuple[str, ...] = ()
    meta: Mapping[str, Any] | None = None

    @property
    def variants(self) -> set[int]:
        found = {line["variant_id"] for line in self.lines} or {self.row["variant_id"]}
        return {key for key in found if key is not None}

    @property
    def tax(self) -> int:
        """Of the amount the share that the tax has of each bill, half a cent up."""
        whole, tax = self.row["recurring_total"], self.row["recurring_tax_total"]
        return min(self.amount, (2 * self.amount * tax + whole) // (2 * whole)) if whole else 0

    @property
    def subtotal(self) -> int:
        return self.amount if self.inclusive else self.amount - self.tax

    @property
    def behavior(self) -> TaxBehavior:
        return TaxBehavior.INCLUSIVE if self.inclusive else TaxBehavior.EXCLUSIVE

    @property
    def taxes(self) -> Taxes | None:
        """What each of its rates has of the tax; None where nobody here knows by what it is taxed."""
        shares = dict(enumerate(parts(self.subtotal, self.rates, self.behavior)))
        if not any(shares.values()):
            return None
        of = spread(self.tax, shares)
        return Taxes({}, [Charged(rate, of.get(place, 0), 0) for place, rate in enumerate(self.rates)])

    def line(self) -> dict[str, Any]:
        row = self.row
        said = {
            "product_id": row["product_id"],
            "variant_id": row["variant_id"],
            "title": row["item_name"],
            "fulfillment_type": FulfillmentType.DIGITAL,
            "quantity": row["quantity"],
        }
        made = {name: self.lines[0][name] for name in _COPIED} if self.lines else said
        sums = {"subtotal": self.subtotal, "line_total": self.subtotal, "tax_amount": self.tax}
        price = self.subtotal // max(1, made["quantity"])
        taxed_by = None if self.taxes is None else [rate["id"] for rate in self.rates]
        kind = {"payment_type": LineType.SUBSCRIPTION, "tax_rate_ids": taxed_by}
        return _found({**made, **sums, "unit_price": price, **kind})

    def part_lines(self) -> list[dict[str, Any]]:
        parts = [{name: line[name] for name in _COPIED} for line in self.lines[1:]]
        return [_found({**part, "payment_type": LineType.BUNDLE}) for part in parts]

    def fee_lines(self) -> list[dict[str, Any]]:
        return []


def _found(line: dict[str, Any]) -> dict[str, Any]:
    titled = {"product_title": "", "title": "", **line}
    return titled | {name: of(titled) for name, of in ITEM_FOUND_BY.items()}


async def _values(unit: Unit, first: Row | None, row: Row, again: _Again) -> dict[str, Any]:
    """The columns of the order, as far as they are known before its lines are."""
    return OrderRow(
        uuid=uuid4().hex,
        status=OrderStatus.ON_HOLD,
        type=OrderType.RENEWAL,
        mode=OrderMode.LIVE if first is None else first["mode"],
        parent_id=row["order_id"],
        customer_id=row["customer_id"],
        payment_method_title="" if first is None else first["payment_method_title"],
        currency=await store_currency(unit.connection) if first is None else first["currency"],
        rate=Decimal(1) if first is None else first["rate"],
        subtotal=again.subtotal,
        tax_total=again.tax,
        tax_behavior=again.behavior if again.tax else TaxBehavior.NONE,
        total=again.amount,
    ).model_dump()
