"""Finds out which feeds an event of an order concerns, and writes a run for each: a delivery to the feed's own target.

It is decided here, by a worker, and not when the event is written (whoever pays does not wait for it) nor by the
dispatcher (which would write a delivery for every feed of every product). What concerns no feed leaves nothing behind
but the one delivery of this target, which nobody is shown.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from sqlalchemy import bindparam, exists, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.delivery import acting
from connectors.delivery.sender import Claimed, Outcome, Prepared
from connectors.feeds.targeting import MATCHING, wanted_as
from connectors.providers.registry import Registry
from db.commerce.order import OrderItemRow
from db.integration.feed import FeedRow, FeedScope, FeedVariantRow
from db.integration.matching import Bought, Candidate, occasion, order_of, run_list, trigger_of
from db.integration.provider import ProviderRow
from db.integration.setting import IntegrationDefaultRow
from db.store.database import Database
from db.store.row import now, table
from db.work.delivery import DeliveryRow, DeliveryState
from db.work.functions import among, milliseconds, new_delivery_key, numbers
from db.work.target import TargetEventRow

_SECONDS: Final = 30.0
_ITEM: Final = table(OrderItemRow)
_FEED: Final = table(FeedRow)
_LIMIT: Final = table(FeedVariantRow)
_PROVIDER: Final = table(ProviderRow)
_DEFAULT: Final = table(IntegrationDefaultRow)
_WANTED: Final = table(TargetEventRow)
_DELIVERY: Final = table(DeliveryRow)


class Matching:
    """The sender of deliveries to the one target of all feeds: it sends nothing."""

    kind: ClassVar[str] = MATCHING

    def __init__(self, database: Database, registry: Registry) -> None:
        self._database = database
        self._registry = registry

    async def prepare(self, claimed: Sequence[Claimed]) -> Mapping[int, Outcome]:
        """In one transaction, in at most five statements. Doing it twice writes nothing a second time."""

        async def match(connection: AsyncConnection) -> None:
            await matched(connection, sorted({one.event_id for one in claimed}), self._registry)

        await self._database.tell(match, seconds=_SECONDS)
        return {one.delivery_id: Outcome.delivered() for one in claimed}

    async def send(self, claimed: Claimed, prepared: Prepared) -> Outcome:
        raise AssertionError("all is done when it is prepared")


async def matched(connection: AsyncConnection, event_ids: Sequence[int], registry: Registry) -> int:
    """Write the runs of these events, in the order of their positions; how many there are, those included that were
    written before."""
    events = [one for one in (await acting.events(connection, event_ids)).values() if trigger_of(one.name) is not None]
    if not events:
        return 0
    events.sort(key=lambda one: (one.position or 0, one.id))
    bought = await _bought(connection, {key for one in events for key in order_of(one.payload)})
    products = {product for one in bought.values() for product in one.products}
    wanting = await _wanting(connection, sorted({one.name for one in events}), products, registry)
    rows = []
    for event in events:
        trigger = trigger_of(event.name)
        assert trigger is not None
        orders = order_of(event.payload)
        order = next((key for key in orders if key in bought), orders[0] if orders else None)
        there = {
            candidate.feed_id: (candidate, target)
            for candidate, target, since in wanting.get(event.name, ())
            if event.position is None or since < event.position
        }
        chosen = run_list([one for one, _ in there.values()], trigger, bought.get(order or 0, Bought()))
        rows += [
            {
                "event": event.id,
                "target": there[one.feed_id][1],
                "order": order,
                "on": occasion(event.cause, event.occurred_at),
                "undoes": one.revoking,
            }
            for one in chosen
        ]
    if rows:
        insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
        await connection.execute(_written(insert), rows)
    return len(rows)


async def _bought(connection: AsyncConnection, orders: set[int]) -> dict[int, Bought]:
    """By order; one without lines is left out."""
    if not orders:
        return {}
    mine = among(connection.dialect.name, _ITEM.c.order_id, "orders")
    lines = select(_ITEM.c.order_id, _ITEM.c.product_id, _ITEM.c.variant_id).where(mine)
    products: defaultdict[int, set[int]] = defaultdict(set)
    variants: defaultdict[int, set[int]] = defaultdict(set)
    given = {"orders": numbers(connection.dialect.name, sorted(orders))}
    for order, product, variant in await connection.execute(lines, given):
        products[order].update(() if product is None else (product,))
        variants[order].update(() if variant is None else (variant,))
    return {key: Bought(frozenset(products[key]), frozenset(variants[key])) for key in products}


async def _wanting(
    connection: AsyncConnection, events: Sequence[str], products: set[int], registry: Registry
) -> dict[str, list[tuple[Candidate, int, int]]]:
    """By the event's name: feeds that are on, with their targets, and the position behind which they want it."""
    dialect = connection.dialect.name
    names = {wanted_as(name): name for name in events}
    statement = (
        select(
            *(_FEED.c[name] for name in ("id", "scope", "provider_key", "product_id", "event_triggers")),
            _FEED.c.watch_on_access_revoke,
            _FEED.c.target_id,
            _PROVIDER.c.priority,
            _WANTED.c.name,
            _WANTED.c.since,
        )
        .join_from(_WANTED, _FEED, _FEED.c.target_id == _WANTED.c.target_id)
        .join(_PROVIDER, _PROVIDER.c.key == _FEED.c.provider_key)
        .where(
            _WANTED.c.name.in_(sorted(names)),
            _FEED.c.enabled,
            _PROVIDER.c.enabled,
            # Integrations as a whole are not switched off.
            ~exists().where(~_DEFAULT.c.enabled),
            (_FEED.c.scope == FeedScope.GLOBAL) | among(dialect, _FEED.c.product_id, "products"),
        )
    )
    rows = (await connection.execute(statement, {"products": numbers(dialect, sorted(products))})).all()
    rows = [row for row in rows if _runs(registry, row.provider_key)]
    limits: defaultdict[int, set[int]] = defaultdict(set)
    if limited := sorted({row.id for row in rows if row.scope is FeedScope.PRODUCT}):
        held = select(_LIMIT.c.feed_id, _LIMIT.c.variant_id).where(among(dialect, _LIMIT.c.feed_id, "feeds"))
        for feed, variant in await connection.execute(held, {"feeds": numbers(dialect, limited)}):
            limits[feed].add(variant)
    found: defaultdict[str, list[tuple[Candidate, int, int]]] = defaultdict(list)
    for row in rows:
        candidate = Candidate(
            row.id,
            row.scope,
            row.priority,
            row.product_id,
            frozenset(limits[row.id]),
            row.event_triggers,
            row.watch_on_access_revoke,
        )
        found[names[row.name]].append((candidate, row.target_id, row.since))
    return found


def _runs(registry: Registry, provider: str) -> bool:
    known = registry.get(provider)
    return known is not None and known.feed is not None


def _written(insert: Any) -> Any:
    return (
        insert(_DELIVERY)
        .values(
            event_id=bindparam("event", type_=_DELIVERY.c.event_id.type),
            target_id=bindparam("target", type_=_DELIVERY.c.target_id.type),
            order_id=bindparam("order", type_=_DELIVERY.c.order_id.type),
            occasion=bindparam("on", type_=_DELIVERY.c.occasion.type),
            revoking=bindparam("undoes", type_=_DELIVERY.c.revoking.type),
            replay=0,
            key=new_delivery_key(),
            state=DeliveryState.WAITING,
            attempts=0,
            due=milliseconds(),
            created_at=now(),
        )
        .on_conflict_do_nothing()
    )
