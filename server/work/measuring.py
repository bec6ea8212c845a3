"""What Prometheus may ask about deliveries. Kinds of targets are few, and none comes from a caller."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.delivery.claiming import first_due
from db.store.row import table
from db.work.delivery import DeliveryRow
from db.work.functions import milliseconds
from db.work.target import TargetRow

# Counting more says nothing new.
MOST_WAITING: Final = 10_000
_SECONDS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_DELIVERY: Final = table(DeliveryRow)
_TARGET: Final = table(TargetRow)


class Deliveries:
    """Hears what a worker does."""

    def __init__(self, registry: CollectorRegistry, job: Callable[[str, bool], None]) -> None:
        self._job = job
        self._attempts = Counter(
            "storegraph_delivery_attempts",
            "Attempts by kind of target and outcome: delivered, retry, failed (for good), gone, held (none made).",
            ["kind", "outcome"],
            registry=registry,
        )
        self._durations = Histogram(
            "storegraph_delivery_duration_seconds",
            "From the call to its answer.",
            ["kind"],
            buckets=_SECONDS,
            registry=registry,
        )

    def attempted(self, kind: str, outcome: str, seconds: float) -> None:
        self._attempts.labels(kind, outcome).inc()
        self._durations.labels(kind).observe(seconds)

    def job(self, name: str, failed: bool) -> None:
        self._job(name, failed)


async def waiting(connection: AsyncConnection) -> tuple[int, int, float]:
    """How many deliveries wait for targets that are enabled, how many of them for a next attempt, and for how many
    seconds the first of them has been due."""
    open_ = (_TARGET.c.disabled.is_(None), _TARGET.c.removed_at.is_(None))
    rows = (
        select(_DELIVERY.c.attempts)
        .where(_DELIVERY.c.due.is_not(None), _DELIVERY.c.target_id.in_(select(_TARGET.c.id).where(*open_)))
        .limit(MOST_WAITING)
        .subquery("waiting")
    )
    counted = select(func.count(), func.count().filter(rows.c.attempts > 0))
    count, again = (await connection.execute(counted)).one()
    first = select(first_due(_TARGET.c.id).label("due")).where(*open_).subquery("first")
    oldest, now = (await connection.execute(select(func.min(first.c.due), milliseconds()))).one()
    return count, again, 0.0 if oldest is None else max(0.0, (now - oldest) / 1000)


def shown(found: tuple[int, int, float]) -> Sequence[Metric]:
    count, again, seconds = found
    return (
        _gauge("storegraph_deliveries_waiting", f"Deliveries to enabled targets, counted to {MOST_WAITING}.", count),
        _gauge("storegraph_deliveries_retried", "Those of them that an attempt was made of already.", again),
        _gauge("storegraph_deliveries_lag_seconds", "For how long the first of them has been due.", seconds),
    )


def _gauge(name: str, text: str, value: Any) -> Metric:
    return GaugeMetricFamily(name, text, value=value)
