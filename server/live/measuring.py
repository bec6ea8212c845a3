"""What Prometheus may ask about who follows. Protocols, fields and reasons are few, and none comes from a caller."""

from enum import StrEnum
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Protocol(StrEnum):
    WEBSOCKET = "websocket"
    SSE = "sse"


class Reason(StrEnum):
    """Why the server let nobody in, or sent somebody away."""

    BEHIND = "behind"  # things happened faster than they were looked up
    BUDGET = "budget"
    CALLER = "caller"  # one more than a caller may have
    CREDENTIAL = "credential"
    FAULT = "fault"
    FULL = "full"  # one more than a process may have
    IDLE = "idle"
    INITIALISATION = "initialisation"
    MESSAGES = "messages"
    ORIGIN = "origin"
    PROTOCOL = "protocol"
    RESTART = "restart"
    SLOW = "slow"  # too much waited to be sent
    UNAVAILABLE = "unavailable"


class Measured:
    """Hears what becomes of those who follow."""

    def __init__(self, registry: CollectorRegistry) -> None:
        connections = Gauge(
            "storegraph_live_connections",
            "Open connections of those who follow, by protocol.",
            ["protocol"],
            registry=registry,
            multiprocess_mode="livesum",
        )
        self.connections = {protocol: connections.labels(protocol.value) for protocol in Protocol}
        self._subscriptions = Gauge(
            "storegraph_live_subscriptions",
            "Subscriptions by what they follow.",
            ["field"],
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._told = Counter(
            "storegraph_live_told",
            "Answers that were handed to subscribers, by what they follow.",
            ["field"],
            registry=registry,
        )
        ended = Counter(
            "storegraph_live_ended",
            "Connections that the server refused or ended, by reason; `behind` and `fault` end subscriptions too.",
            ["reason"],
            registry=registry,
        )
        self._ended = {reason: ended.labels(reason.value) for reason in Reason}
        self.waiting = Gauge(
            "storegraph_live_waiting",
            "Events that were read for subscribers and not told to all of them yet, by group of subscribers.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._lag = Histogram(
            "storegraph_live_lag_seconds",
            "From when a process learnt that something happened until its subscribers were told.",
            buckets=_SECONDS,
            registry=registry,
        )

    def follows(self, field: str, more: int) -> None:
        """`more` is 1 where a subscription begins, -1 where it ends."""
        self._subscriptions.labels(field).inc(more)

    def told(self, field: str, answers: int) -> None:
        self._told.labels(field).inc(answers)

    def ended(self, reason: Reason) -> None:
        self._ended[reason].inc()

    def lagged(self, seconds: float) -> None:
        self._lag.observe(seconds)
