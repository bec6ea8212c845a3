"""Which feeds run on an event of an order, and in which order: pure rules, whoever reads the rows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from db.integration.feed import FeedScope
from db.integration.trigger import OF_EVENT, TRIGGERS, Trigger, matched


@dataclass(frozen=True, slots=True)
class Bought:
    """What the lines of an order name; what was deleted since is not among it."""

    products: frozenset[int] = frozenset()
    variants: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A feed that is on, of a provider that is. `variants` are those that it is limited to; none: all of its
    product's."""

    feed_id: int
    scope: FeedScope
    priority: int
    product_id: int | None = None
    variants: frozenset[int] = frozenset()
    triggers: Sequence[Any] = ()
    watches_revocations: bool = False

    def concerned(self, bought: Bought) -> bool:
        if self.scope is FeedScope.GLOBAL:
            return True
        return self.product_id in bought.products and (not self.variants or bool(self.variants & bought.variants))


@dataclass(frozen=True, slots=True)
class Chosen:
    """That a feed runs. `revoking`: it undoes instead of does."""

    feed_id: int
    revoking: bool


def run_list(candidates: Iterable[Candidate], trigger: Trigger, bought: Bought) -> list[Chosen]:
    """The feeds that run: those of the products first, then those of the store, each by their providers' priorities."""
    ordered = sorted(candidates, key=lambda one: (one.scope is FeedScope.GLOBAL, one.priority, one.feed_id))
    found = []
    for one in ordered:
        match = matched(trigger, list(one.triggers), watches_revocations=one.watches_revocations)
        if match is not None and one.concerned(bought):
            found.append(Chosen(one.feed_id, match.revoking))
    return found


def wanted(triggers: Iterable[Any], *, watches_revocations: bool) -> list[str]:
    """The names of the events that a feed with these triggers may run on."""
    return [
        trigger.event
        for trigger in TRIGGERS.values()
        if matched(trigger, list(triggers), watches_revocations=watches_revocations) is not None
    ]


def trigger_of(event: str) -> Trigger | None:
    """The documented trigger that an event of the store is."""
    return OF_EVENT.get(event)


def order_of(payload: Mapping[str, Any]) -> tuple[int, ...]:
    """The orders that an event tells of, the one that counts first: of a renewal the new one."""
    found = (payload.get(name) for name in ("renewalOrderId", "orderId"))
    return tuple(dict.fromkeys(one for one in found if isinstance(one, int) and not isinstance(one, bool)))


def occasion(cause: str | None, occurred_at: datetime) -> str:
    """What an event happened with: a feed that listens to two of them runs once. The moment is part of it, for callers
    name their requests as they like."""
    return f"{cause or ''}@{occurred_at.isoformat()}"
