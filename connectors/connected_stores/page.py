"""A part of a walk through what a shop has: so much as is written in one transaction."""

from dataclasses import dataclass
from typing import Any

from connectors.importers.fluentcart.single import Records


@dataclass(frozen=True, slots=True)
class Page:
    """`told` is how many records the shop listed; `total` how many it has in all, where it says. `after`: where the
    walk goes on behind this page, as JSON."""

    records: Records
    told: int
    total: int | None
    after: Any
