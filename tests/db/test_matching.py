"""Which feeds run on an event of an order, and in which order (the documented rules of matching)."""

from datetime import UTC, datetime
from typing import Any

import pytest

from db.integration.feed import FeedScope
from db.integration.matching import Bought, Candidate, Chosen, occasion, order_of, run_list, wanted
from db.integration.trigger import TRIGGERS

PAID, CANCELED = TRIGGERS["order_paid_done"], TRIGGERS["order_status_changed_to_canceled"]
ORDER = Bought(frozenset({1, 2}), frozenset({11, 21}))


def feed(id: int, product: int | None = None, **values: Any) -> Candidate:
    scope = FeedScope.GLOBAL if product is None else FeedScope.PRODUCT
    given = {"priority": 10, "triggers": ["order_paid_done"], **values}
    return Candidate(id, scope, product_id=product, **given)


def test_product_feeds_come_first_each_kind_by_the_priority_of_its_provider() -> None:
    feeds = [feed(1), feed(2, priority=5), feed(3, 1, priority=12), feed(4, 2), feed(5, 1)]
    assert [one.feed_id for one in run_list(feeds, PAID, ORDER)] == [4, 5, 3, 2, 1]


@pytest.mark.parametrize(
    ("candidate", "runs"),
    [
        (feed(1), True),
        (feed(1, 1), True),
        (feed(1, 3), False),  # a product that the order does not have
        (feed(1, 1, variants=frozenset({11})), True),
        (feed(1, 1, variants=frozenset({12})), False),  # another variant of it
        (feed(1, 1, variants=frozenset({12, 11})), True),  # any of them
        (feed(1, triggers=[]), False),
        (feed(1, triggers=["order_fully_refunded", "no_such_event"]), False),
    ],
)
def test_whom_an_order_concerns(candidate: Candidate, runs: bool) -> None:
    assert bool(run_list([candidate], PAID, ORDER)) is runs


@pytest.mark.parametrize(
    ("triggers", "watches", "expected"),
    [
        (["order_paid_done"], True, [Chosen(1, revoking=True)]),  # watched for: it undoes
        (["order_paid_done"], False, []),
        (["order_status_changed_to_canceled"], False, [Chosen(1, revoking=False)]),  # chosen: it runs as any
        (["order_status_changed_to_canceled"], True, [Chosen(1, revoking=True)]),
    ],
)
def test_revoking(triggers: list[str], watches: bool, expected: list[Chosen]) -> None:
    candidate = feed(1, triggers=triggers, watches_revocations=watches)
    assert run_list([candidate], CANCELED, ORDER) == expected


def test_the_events_that_a_feed_wants() -> None:
    assert wanted(["order_paid_done", "no_such_event"], watches_revocations=False) == ["order.paid"]
    assert wanted(["shipping_status_changed_to_shipped"], watches_revocations=True) == [
        "order.canceled",
        "order.fully_refunded",
        "subscription.expired",
        "order.shipped",
    ]


def test_a_renewal_is_about_the_new_order() -> None:
    assert order_of({"orderId": 5, "renewalOrderId": 9}) == (9, 5)
    assert order_of({"orderId": 5, "renewalOrderId": None}) == (5,)
    assert order_of({"orderId": True}) == ()


def test_an_occasion_is_a_request_at_its_moment() -> None:
    at = datetime(2026, 11, 1, 12, tzinfo=UTC)
    assert occasion("request:a", at) == occasion("request:a", at)
    assert len({occasion("request:a", at), occasion("request:a", at.replace(second=1)), occasion("request:b", at)}) == 3
