"""When an attempt is repeated, and when no more; what an attempt keeps of what was said."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.delivery.beginning import beginning
from connectors.delivery.claiming import Pace
from connectors.delivery.excerpts import LONGEST, excerpt, url
from connectors.delivery.policy import LONGEST_AFTER, Policy, retried
from connectors.delivery.sender import Message
from db.secrets.confidential import MASK, confidential, names_secret
from tests.work.shop import exchange


def test_pauses_are_the_documented_ones() -> None:
    policy = Policy()
    pauses = [policy.pause(attempt, None, lambda: 0.0) for attempt in range(1, 9)]
    assert pauses == [5, 300, 1800, 7200, 18_000, 36_000, 36_000, None]
    assert policy.attempts == 8


def test_jitter_makes_a_pause_longer_and_never_shorter() -> None:
    assert Policy().pause(1, None, lambda: 1.0) == 6.0
    assert all(5.0 <= (Policy().pause(1, None) or 0.0) <= 6.0 for _ in range(100))


@pytest.mark.parametrize(("after", "pause"), [(1.0, 5.0), (60.0, 60.0), (-5.0, 5.0), (1e9, LONGEST_AFTER)])
def test_what_the_receiver_asks_for_is_kept_within_bounds(after: float, pause: float) -> None:
    assert Policy().pause(1, after, lambda: 0.0) == pause


def test_only_what_may_succeed_is_retried() -> None:
    assert [status for status in range(100, 600) if retried(status)] == [408, 425, 429, *range(500, 600)]


@pytest.mark.parametrize("rate", [0.5, 1, 3, 5, 10, 50, 250])
def test_no_second_sees_more_calls_than_the_rate(rate: float) -> None:
    """However eagerly a worker looks: each millisecond, for ten seconds."""
    free_at, calls = 0, []
    for at in range(1_000_000, 1_010_000):
        room = Pace(free_at, rate).room(at) or 0
        calls += [at] * room
        free_at = Pace(free_at, rate).begun(at, room) if room else free_at
    window = 1000 if rate >= 1 else int(1000 / rate)
    most = max(sum(begun <= at < begun + window for at in calls) for begun in calls)
    assert most <= max(1, rate)
    assert len(calls) >= 10 * rate * 0.75


def test_excerpts_hold_no_secrets() -> None:
    said = exchange("hunter2secret")
    request, response = excerpt(said.request), excerpt(said.response)
    assert request is not None
    assert response is not None
    assert "hunter2secret" not in request + response
    assert request.startswith(
        "POST https://***@shop.example/hook?token=***&page=2\nAuthorization: ***\nX-Api-Key: ***\n"
    )
    assert '"title":"Mug"' in request
    assert response.endswith("page=2")


def test_excerpts_are_short_and_can_be_stored() -> None:
    long = excerpt(Message("POST https://shop.example/", {}, b"\x00\xff" * 100_000))
    assert long is not None
    assert len(long) == LONGEST
    assert "\x00" not in long
    assert excerpt(Message("POST https://shop.example/", {}, b"x" * 300_000)) == (
        "POST https://shop.example/\n\n(300000 bytes)"
    )
    assert excerpt(None) is None
    assert url("https://[broken/") == "***"


def test_the_beginning_of_a_document_is_masked_however_deep_and_long_it_is() -> None:
    deep = excerpt(Message("HTTP 200", {}, b"[" * 900 + b'{"token": "abc"}' + b"]" * 900))
    assert deep == "HTTP 200\n\n" + "[" * 100 + '"…"' + "]" * 100
    long = excerpt(Message("HTTP 200", {}, b'{"api_key": "abc", "items": [' + b'{"secret": "abc"},' * 9_000 + b"0]}"))
    assert long is not None
    assert len(long) == LONGEST
    assert "abc" not in long


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda parts: (
        st.lists(parts) | st.dictionaries(st.sampled_from(["name", "value", "token", "a"]) | st.text(), parts)
    ),
)


@settings(max_examples=40)
@given(_JSON)
def test_the_beginning_of_a_short_document_is_the_document_without_secrets(document: Any) -> None:
    written = json.loads(beginning([document], 1_000_000))
    assert written == [_masked(document)]


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        hidden = names_secret(value)
        return {
            name: MASK if part is not None and (hidden or confidential(name)) else _masked(part)
            for name, part in value.items()
        }
    if isinstance(value, list):
        return [_masked(part) for part in value]
    return value
