"""The documented events that feeds can be set to (`order_paid_done`), and which event of the store each of them is."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final


class TriggerGroup(StrEnum):
    """As feed editors group them."""

    ORDERS = "Orders"
    SUBSCRIPTIONS = "Subscriptions"
    SHIPPING = "Shipping"


@dataclass(frozen=True, slots=True)
class Trigger:
    """`event`: of what happens in the store. `revokes`: the customer lost what the order gave, so that a feed that
    watches for it undoes what it did."""

    name: str
    group: TriggerGroup
    title: str
    event: str
    revokes: bool = False


_ORDERS, _SUBSCRIPTIONS, _SHIPPING = TriggerGroup
TRIGGERS: Final[Mapping[str, Trigger]] = MappingProxyType(
    {
        one.name: one
        for one in (
            Trigger("order_paid_done", _ORDERS, "Order paid", "order.paid"),
            Trigger("order_status_changed_to_canceled", _ORDERS, "Order canceled", "order.canceled", revokes=True),
            Trigger("order_fully_refunded", _ORDERS, "Order fully refunded", "order.fully_refunded", revokes=True),
            Trigger("subscription_activated", _SUBSCRIPTIONS, "Subscription activated", "subscription.activated"),
            Trigger("subscription_canceled", _SUBSCRIPTIONS, "Subscription canceled", "subscription.cancelled"),
            Trigger("subscription_renewed", _SUBSCRIPTIONS, "Subscription renewed", "subscription.renewed"),
            Trigger("subscription_eot", _SUBSCRIPTIONS, "Subscription completed", "subscription.completed"),
            Trigger(
                "subscription_expired_validity",
                _SUBSCRIPTIONS,
                "Subscription's access ended",
                "subscription.expired",
                revokes=True,
            ),
            Trigger("shipping_status_changed_to_shipped", _SHIPPING, "Order shipped", "order.shipped"),
            Trigger("shipping_status_changed_to_delivered", _SHIPPING, "Order delivered", "order.delivered"),
        )
    }
)
# An event belongs to one trigger at most.
OF_EVENT: Final[Mapping[str, Trigger]] = MappingProxyType({one.event: one for one in TRIGGERS.values()})


@dataclass(frozen=True, slots=True)
class Match:
    """That a feed runs. `revoking`: it undoes instead of does."""

    revoking: bool


def matched(trigger: Trigger, chosen: list[Any], *, watches_revocations: bool) -> Match | None:
    """Whether a feed that chose these triggers runs on this one; None where it does not. A revoking one that was chosen
    runs as any other, unless the feed watches for revocations."""
    if trigger.revokes and watches_revocations:
        return Match(revoking=True)
    return Match(revoking=False) if trigger.name in chosen else None
