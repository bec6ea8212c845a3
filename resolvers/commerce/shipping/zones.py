"""Countries by time zones, of the IANA time zone database."""

from collections.abc import Mapping
from functools import cache
from importlib import resources
from itertools import islice


def country_of(timezone: str) -> str | None:
    """The country that a time zone is of, by two letters: `FR` for `Europe/Paris`. Former names lead to the present
    ones (`Asia/Calcutta`). None of a zone that there is not, or that is no country's (`UTC`)."""
    countries, links = _countries(), _links()
    # A name leads to another in a step or two.
    for _ in range(5):
        if timezone in countries or timezone not in links:
            break
        timezone = links[timezone]
    return countries.get(timezone)


def _text(name: str) -> str:
    return resources.files("tzdata").joinpath("zoneinfo", name).read_text(encoding="utf-8")


@cache
def _countries() -> Mapping[str, str]:
    """By zone: in `zone.tab` each has one country, where `zone1970.tab` has Berlin's for half of Europe."""
    rows = (line.split("\t") for line in _text("zone.tab").splitlines() if line and not line.startswith("#"))
    return {row[2]: row[0] for row in rows}


@cache
def _links() -> Mapping[str, str]:
    """By another name of a zone the name that it leads to."""
    words = (line.split() for line in _text("tzdata.zi").splitlines() if line.startswith("L "))
    return {name: zone for _, zone, name in (islice(row, 3) for row in words)}
