"""When a report is about: its window, the one that it is compared with, and the periods of both. Pure; all in UTC."""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Final

import strawberry

from engine.values.errors import CodedError, ErrorCode

MOST_PERIODS: Final = 1000
# Years in which every comparison is a date, too.
_YEARS: Final = range(1970, 9998)
_LAST: Final = timedelta(microseconds=1)
_MOST_DAYS, _MOST_MONTHS_OF_DAYS = 91, 365


@strawberry.enum(description="What a report's points are.")
class ReportGroup(Enum):
    DAILY = strawberry.enum_value("DAILY", description="The days of the window, each with a key like `2026-11-30`.")
    MONTHLY = strawberry.enum_value("MONTHLY", description="Its months: `2026-11`.")
    YEARLY = strawberry.enum_value("YEARLY", description="Its years: `2026`.")
    BILLING_COUNTRY = strawberry.enum_value(
        "BILLING_COUNTRY",
        description="Countries that bills went to, by two letters; of none the key is empty.",
    )
    SHIPPING_COUNTRY = strawberry.enum_value(
        "SHIPPING_COUNTRY", description="Countries that things were sent to; of none the key is empty."
    )
    PAYMENT_METHOD = strawberry.enum_value("PAYMENT_METHOD", description="The gateways' keys.")
    PAYMENT_STATUS = strawberry.enum_value(
        "PAYMENT_STATUS", description="How far orders are paid, in the documented words: `partially_refunded`."
    )


FORMATS: Final = {
    ReportGroup.DAILY: "%Y-%m-%d",
    ReportGroup.MONTHLY: "%Y-%m",
    ReportGroup.YEARLY: "%Y",
}
TIMES: Final = tuple(FORMATS)


@strawberry.enum(description="What a report is compared with: a window of the same length.")
class ReportComparison(Enum):
    PREVIOUS_PERIOD = strawberry.enum_value("PREVIOUS_PERIOD", description="The one that ends where it begins.")
    PREVIOUS_MONTH = strawberry.enum_value("PREVIOUS_MONTH", description="The one that begins a month earlier.")
    PREVIOUS_QUARTER = strawberry.enum_value(
        "PREVIOUS_QUARTER", description="The one that begins with the month three months earlier."
    )
    PREVIOUS_YEAR = strawberry.enum_value("PREVIOUS_YEAR", description="The one that begins a year earlier.")
    CUSTOM = strawberry.enum_value("CUSTOM", description="The one that begins at `compareDate`.")


@dataclass(frozen=True, slots=True)
class Window:
    """Both ends are in it."""

    start: datetime
    end: datetime

    def group(self, asked: ReportGroup | None) -> ReportGroup:
        """What was asked for, or days of three months, months of a year, else years."""
        if asked is not None:
            return asked
        days = (self.end - self.start).days + 1
        if days <= _MOST_DAYS:
            return ReportGroup.DAILY
        return ReportGroup.MONTHLY if days <= _MOST_MONTHS_OF_DAYS else ReportGroup.YEARLY

    def periods(self, group: ReportGroup) -> list[str]:
        """The keys of all of them. Raises CodedError for more than anybody looks at."""
        keys: list[str] = []
        for begin in _begins(self, group):
            if len(keys) == MOST_PERIODS:
                raise _refused(f"At most {MOST_PERIODS} points: ask for longer ones, or for less time")
            keys.append(begin.strftime(FORMATS[group]))
        return keys

    def compared(self, comparison: ReportComparison | None, date: datetime | None) -> "Window | None":
        """The window that this one is compared with. Raises CodedError for a date that is missing, or of no use."""
        if (comparison is ReportComparison.CUSTOM) is not (date is not None):
            raise _refused("`compareDate` goes with the comparison CUSTOM, and with no other")
        match comparison:
            case None:
                return None
            case ReportComparison.PREVIOUS_PERIOD:
                start = self.start - (self.end - self.start) - _LAST
            case ReportComparison.PREVIOUS_MONTH:
                start = months_later(self.start, -1)
            case ReportComparison.PREVIOUS_QUARTER:
                start = month_of(months_later(self.start, -3))
            case ReportComparison.PREVIOUS_YEAR:
                start = months_later(self.start, -12)
            case _:
                start = _checked(date or self.start, "compareDate")
        return Window(start, start + (self.end - self.start))


def window(start: datetime | None, end: datetime | None, now: datetime) -> Window:
    """What was asked for; where nothing is said, the month up to the end of today. Raises CodedError for a start behind
    the end, and for years that no shop has."""
    last = day_of(now) + timedelta(days=1) - _LAST if end is None else _checked(end, "endDate")
    first = day_of(months_later(last, -1)) if start is None else _checked(start, "startDate")
    if first > last:
        raise _refused("`startDate` is behind `endDate`")
    return Window(first, last)


def day_of(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def month_of(moment: datetime) -> datetime:
    return day_of(moment).replace(day=1)


def months_later(moment: datetime, months: int) -> datetime:
    """The same day so many months later; of a month that has it not, its last."""
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    return moment.replace(year=year, month=month + 1, day=min(moment.day, monthrange(year, month + 1)[1]))


def every(months: int, first: datetime, last: datetime) -> Iterator[datetime]:
    """The moments from the first one on that are so many months apart, up to the last one."""
    while first <= last:
        yield first
        first = months_later(first, months)


def _begins(window: Window, group: ReportGroup) -> Iterator[datetime]:
    match group:
        case ReportGroup.MONTHLY:
            return every(1, month_of(window.start), window.end)
        case ReportGroup.YEARLY:
            return every(12, month_of(window.start).replace(month=1), window.end)
    first = day_of(window.start)
    return (first + timedelta(days=n) for n in range((window.end - first).days + 1))


def _checked(moment: datetime, name: str) -> datetime:
    if moment.year not in _YEARS:
        raise _refused(f"`{name}` lies between {_YEARS.start} and {_YEARS.stop - 1}")
    return moment.astimezone(UTC)


def _refused(message: str) -> CodedError:
    return CodedError(ErrorCode.VALIDATION, message)
