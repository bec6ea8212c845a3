"""What the owner of an order may upgrade to, for how much (S5 GET /products/variation/{variantId}/upgrade-paths)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import or_, select

from db.catalog import visibility
from db.catalog.upgrade_offer import cost, subscription_credit
from db.catalog.upgrade_path import UpgradePathRow, UpgradePathTargetRow
from db.catalog.variant import VariantRow
from db.commerce.order import LineType, OrderItemRow, OrderRow, OrderType, PaymentStatus
from db.commerce.store import MONEY_FORMAT, StoreRow
from db.commerce.subscription import SubscriptionRow, has_access
from db.commerce.visibility import shows_order
from db.store.row import table
from engine.standard.context import Context
from engine.values.statement import among

ORDER, ITEM, SUBSCRIPTION = table(OrderRow), table(OrderItemRow), table(SubscriptionRow)
PATH, TARGET, VARIANT, STORE = table(UpgradePathRow), table(UpgradePathTargetRow), table(VariantRow), table(StoreRow)


@dataclass(frozen=True, slots=True)
class Offer:
    """One target of one path, for one order. Amounts are cents of `currency`."""

    path: int
    variant: int
    title: str
    currency: str
    money_format: str | None
    price: int
    original_price: int
    discount_amount: int
    prorate_credit: int
    setup_fee: int
    setup_fee_label: str | None
    cost: int
    interval: str | None
    upgrade_url: str | None


async def upgrade_offers(context: Context, keys: Sequence[int], order_hash: str) -> list[list[Offer] | None]:
    """For each variant its offers; an empty list when the order does not contain it, None when there is no such order.

    The hash is what entitles: whoever knows it may ask, as the documented customer flow does.
    """
    order = await _paid_order(context, order_hash)
    if order is None:
        return [None] * len(keys)
    lines = await _lines(context, order.id, keys)
    if not lines:
        return [[] for _ in keys]
    subscriptions = await _subscriptions(context, order, list(lines)) if _recurs(order) else {}
    found: dict[int, list[Offer]] = {}
    for row in await _targets(context, list(lines)):
        line = lines[row.from_variant_id]
        credit = _credit(order, line, subscriptions.get(row.from_variant_id)) if row.prorate else 0
        fee = (row.setup_fee or 0) if row.has_setup_fee else 0
        found.setdefault(row.from_variant_id, []).append(
            Offer(
                path=row.path_id,
                variant=row.variant_id,
                title=row.title,
                currency=order.currency,
                money_format=row.money_format,
                price=row.price,
                original_price=row.price + fee,
                discount_amount=row.discount_amount,
                prorate_credit=credit,
                setup_fee=fee,
                setup_fee_label=row.setup_fee_label,
                cost=cost(row.price, fee, credit, row.discount_amount),
                interval=row.interval.value if row.interval else None,
                upgrade_url=_url(row.url, order_hash, row.path_id, row.variant_id),
            )
        )
    return [found.get(key, []) for key in keys]


async def _paid_order(context: Context, order_hash: str) -> Any | None:
    """The order behind the hash; of a subscription its latest paid renewal, which is what is being given up."""
    if not shows_order(context.viewer, order_hash):
        return None
    rows = await context.rows(select(ORDER).where(ORDER.c.uuid == order_hash))
    if not rows or rows[0].type is not OrderType.SUBSCRIPTION:
        return rows[0] if rows else None
    renewals = await context.rows(
        select(ORDER)
        .where(
            ORDER.c.parent_id == rows[0].id,
            ORDER.c.type == OrderType.RENEWAL,
            ORDER.c.payment_status == PaymentStatus.PAID,
        )
        .order_by(ORDER.c.id.desc())
        .limit(1)
    )
    return renewals[0] if renewals else rows[0]


def _recurs(order: Any) -> bool:
    return order.type in (OrderType.SUBSCRIPTION, OrderType.RENEWAL)


async def _lines(context: Context, order_id: int, keys: Sequence[int]) -> dict[int, int]:
    """What was paid for each of the variants in the order, attached lines (setup fees) included."""
    items = await context.rows(select(ITEM).where(ITEM.c.order_id == order_id))
    paid = {item.id: item.line_total - item.refund_total for item in items}
    wanted = set(keys)
    return {
        item.variant_id: paid[item.id] + sum(paid.get(i, 0) for i in _attached(item.line_meta))
        for item in items
        if item.variant_id in wanted and item.payment_type in (LineType.ONETIME, LineType.SUBSCRIPTION)
    }


def _attached(line_meta: Any) -> list[int]:
    ids = line_meta.get("additional_item_ids") if isinstance(line_meta, Mapping) else None
    return [int(i) for i in ids if str(i).isdecimal()] if isinstance(ids, list) else []


async def _subscriptions(context: Context, order: Any, variants: Sequence[int]) -> dict[int, Any]:
    statement = select(SUBSCRIPTION).where(
        or_(SUBSCRIPTION.c.order_id == order.id, SUBSCRIPTION.c.order_id == order.parent_id),
        SUBSCRIPTION.c.variant_id.in_(variants),
    )
    return {row.variant_id: row for row in await context.rows(statement.order_by(SUBSCRIPTION.c.id))}


async def _targets(context: Context, from_variants: Sequence[int]) -> Sequence[Any]:
    joined = TARGET.join(PATH, PATH.c.id == TARGET.c.path_id).join(VARIANT, VARIANT.c.id == TARGET.c.variant_id)
    statement = (
        select(
            PATH.c.id.label("path_id"),
            PATH.c.from_variant_id,
            PATH.c.discount_amount,
            PATH.c.prorate,
            VARIANT.c.id.label("variant_id"),
            VARIANT.c.title,
            VARIANT.c.price,
            VARIANT.c.has_setup_fee,
            VARIANT.c.setup_fee,
            VARIANT.c.setup_fee_label,
            VARIANT.c.interval,
            MONEY_FORMAT.label("money_format"),
            select(STORE.c.url).where(STORE.c.id == 1).scalar_subquery().label("url"),
        )
        .select_from(joined)
        .where(among(PATH.c.from_variant_id, "keys", context.dialect), visibility.variants(context.viewer))
        .order_by(PATH.c.id, TARGET.c.position, VARIANT.c.id)
    )
    return await context.rows(statement, {"keys": list(from_variants)})


def _credit(order: Any, paid: int, subscription: Any | None) -> int:
    if not _recurs(order):
        return max(0, paid)
    now = datetime.now(UTC)
    if subscription is None or not has_access(subscription.status, subscription.next_billing_at, now):
        return 0
    in_trial = subscription.trial_ends_at is not None and subscription.trial_ends_at > now
    return 0 if in_trial else subscription_credit(paid, subscription.interval, subscription.next_billing_at, now)


def _url(store: str | None, order_hash: str, path: int, variant: int) -> str | None:
    if store is None:
        return None
    query = {"fluent-cart": "upgrade", "order_hash": order_hash, "path_id": path, "target_id": variant}
    return f"{store.rstrip('/')}/?{urlencode(query)}"
