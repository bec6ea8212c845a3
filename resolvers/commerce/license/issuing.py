"""Orders that are paid bring licences: one for each piece of what is licensed. Whoever makes an order paid calls this
once, with the order's row locked: so two at once make none twice."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any, Final, NamedTuple

from sqlalchemy import func, select

from db.catalog.variant import NO_LICENSE
from db.commerce.events import LICENSE_CREATED
from db.commerce.license import FOUND_BY, LicenseRow, new_key
from db.commerce.order import LineType, OrderType, parent_of
from db.commerce.subscription import SubscriptionRow, SubscriptionStatus
from db.commerce.sums.validity import bought_once, brings, missing, pieces, subscribed
from db.store.events import EventKind
from db.store.primary_keys import new_keys
from db.store.row import now, table
from db.store.writing import add_all
from engine.unit.unit import Unit

_LICENSE: Final = table(LicenseRow)
_SUBSCRIPTION: Final = table(SubscriptionRow)
# Written with the payment, while no other order gets a receipt's number. What is more `licensesGenerate` makes.
MOST_LICENSES: Final = 1000
ISSUES: Final[tuple[EventKind, ...]] = (LICENSE_CREATED,)

Row = Mapping[str, Any]


class Issued(NamedTuple):
    """The keys of new licences, and how many were too many to make them at once."""

    keys: list[int]
    left: int


async def issue_licenses(unit: Unit, order: Row, lines: Collection[Row], variants: Mapping[int, Row]) -> Issued:
    """Make the licences that an order brings and has not: of each line of a licensed variant one for each piece that
    did not come back. The order is as it stands from now on; `variants` are those of its lines, by key, locked. Nothing
    is made for an order that is not paid, that is canceled, or that renews a subscription, whose licences go on."""
    if order["type"] is OrderType.RENEWAL or not brings(order):
        return Issued([], 0)
    licensed = [line for line in lines if variants.get(line["variant_id"], NO_LICENSE)["licensed"]]
    wanted = await _wanted(unit, order, licensed) if licensed else []
    if not wanted:
        return Issued([], 0)
    count = sum(of for _, of in wanted)
    subscriptions = await _subscriptions(unit, order)
    keys = (await new_keys(unit.connection, {_LICENSE: min(count, MOST_LICENSES)}))[_LICENSE]
    by_key = {line["id"]: line for line in lines}
    terms = _terms(wanted, by_key, variants, subscriptions)
    rows = [_license(key, order, each) for key, each in zip(keys, islice(terms, len(keys)), strict=True)]
    await add_all(unit.connection, rows)
    for row in rows:
        unit.emit(LICENSE_CREATED(row.model_dump()))
    return Issued(keys, count - len(keys))


async def _wanted(unit: Unit, order: Row, lines: Collection[Row]) -> list[tuple[Row, int]]:
    """How many are to be made of each line: what is there is of the first ones."""
    there, stay = await _there(unit, order), pieces(lines)
    covered = {variant: count - missing(count, there.get(variant, 0)) for variant, count in stay.items()}
    wanted = []
    for line in sorted(lines, key=lambda line: (line["position"], line["id"])):
        has = line["quantity"] - line["restocked_quantity"]
        takes = min(has, covered[line["variant_id"]])
        covered[line["variant_id"]] -= takes
        if has > takes:
            wanted.append((line, has - takes))
    return wanted


async def _there(unit: Unit, order: Row) -> dict[int, int]:
    """By variant how many the order has that stand for a piece."""
    columns = _LICENSE.c
    counted = select(columns.variant_id, func.count()).where(columns.order_id == order["id"], ~columns.returned)
    found = await unit.connection.execute(counted.group_by(columns.variant_id))
    return {variant: int(count) for variant, count in found}


async def _subscriptions(unit: Unit, order: Row) -> dict[int | None, Row]:
    """By variant those that the order began."""
    if order["type"] is not OrderType.SUBSCRIPTION:
        return {}
    statement = select(_SUBSCRIPTION).where(_SUBSCRIPTION.c.order_id == order["id"]).order_by(_SUBSCRIPTION.c.id.desc())
    return {row["variant_id"]: dict(row) for row in (await unit.connection.execute(statement)).mappings()}


class _Terms(NamedTuple):
    variant: Row
    until: datetime | None
    subscription: int | None


def _terms(
    wanted: Iterable[tuple[Row, int]],
    lines: Mapping[int, Row],
    variants: Mapping[int, Row],
    subscriptions: Mapping[int | None, Row],
) -> Iterator[_Terms]:
    """Those of each licence. What is part of a bundle is subscribed to with that."""
    at = now()
    for line, count in wanted:
        variant, owner = variants[line["variant_id"]], lines.get(parent_of(line) or line["id"], line)
        if owner["payment_type"] is not LineType.SUBSCRIPTION:
            terms = _Terms(variant, bought_once(variant["license_months"], at), None)
        elif (subscription := subscriptions.get(owner["variant_id"])) is not None:
            terms = _Terms(variant, subscribed(subscription, at), subscription["id"])
        else:  # an import has not told of it
            terms = _Terms(variant, subscribed(_plan(variants.get(owner["variant_id"], variant)), at), None)
        yield from (terms for _ in range(count))


def _plan(variant: Row) -> dict[str, Any]:
    """A subscription to it that begins now."""
    interval = "" if variant["interval"] is None else variant["interval"].value
    begins = {"status": SubscriptionStatus.PENDING, "next_billing_at": None}
    return {"interval": interval, "trial_days": variant["trial_days"], **begins}


def _license(key: int, order: Row, terms: _Terms) -> LicenseRow:
    values: dict[str, Any] = {
        "id": key,
        "license_key": new_key(),
        "activation_limit": terms.variant["license_limit"],
        "expires_at": terms.until,
        "product_id": terms.variant["product_id"],
        "variant_id": terms.variant["id"],
        "order_id": order["id"],
        "customer_id": order["customer_id"],
        "subscription_id": terms.subscription,
    }
    return LicenseRow(**(values | {name: made(values) for name, made in FOUND_BY.items()}))
