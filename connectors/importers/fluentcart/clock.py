"""WordPress writes each date twice, in the site's time and in GMT, but leaves the GMT date of drafts at zero."""

from bisect import bisect_left
from datetime import UTC, datetime, timedelta
from typing import Final

from connectors.importers.fluentcart.values import local_moment, shown
from connectors.importers.mapping import Record, Unreadable

PAIRS: Final = (("post_date", "post_date_gmt"), ("post_modified", "post_modified_gmt"))
# No place on Earth is further from GMT, nor between quarters of an hour: a pair that says so was edited by hand.
FURTHEST: Final = timedelta(hours=14)
STEP: Final = timedelta(minutes=15)


class Clock:
    """Learns the site's offset from GMT from records that have both dates, and gives a record that lacks the GMT date
    the offset of the nearest one that has it, so that a draft of July gets July's. Nothing learnt yet: no offset."""

    def __init__(self) -> None:
        self._times: list[datetime] = []
        self._offsets: list[timedelta] = []

    def learn(self, record: Record) -> None:
        """Takes note of a record's dates; those that cannot be read teach nothing."""
        for local_name, gmt_name in PAIRS:
            try:
                local, gmt = local_moment(record.get(local_name)), local_moment(record.get(gmt_name))
            except Unreadable:
                continue
            if local is None or gmt is None or local.tzinfo or gmt.tzinfo:
                continue
            offset = local - gmt
            if abs(offset) <= FURTHEST and not offset % STEP:
                at = bisect_left(self._times, local)
                self._times.insert(at, local)
                self._offsets.insert(at, offset)

    def moment(self, record: Record, local_name: str, gmt_name: str) -> datetime | None:
        """The moment in UTC that a record's two dates name; None when both are missing or zero."""
        try:
            gmt = local_moment(record.get(gmt_name))
            if gmt is not None:
                return gmt.astimezone(UTC) if gmt.tzinfo else gmt.replace(tzinfo=UTC)
            local = local_moment(record.get(local_name))
            if local is None or local.tzinfo:
                return local and local.astimezone(UTC)
            return (local - self._offset(local)).replace(tzinfo=UTC)
        except Unreadable as unreadable:
            raise Unreadable(unreadable.reason, gmt_name) from None
        except OverflowError:
            raise Unreadable(f"{shown(record.get(local_name))} is beyond the calendar", local_name) from None

    def _offset(self, local: datetime) -> timedelta:
        if not self._times:
            return timedelta()
        at = bisect_left(self._times, local)
        near = [index for index in (at - 1, at) if 0 <= index < len(self._times)]
        return self._offsets[min(near, key=lambda index: abs(self._times[index] - local))]
