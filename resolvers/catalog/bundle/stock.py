"""Bundles follow what they consist of: whether a variant can be had decides the stock status of its bundles."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from db.catalog.bundle import to_be_had
from db.catalog.derivations import refresh_bundles
from db.catalog.events import INVENTORY_CHANGED
from engine.unit.unit import Unit

Row = Mapping[str, Any]


async def restock_bundles(unit: Unit, changes: Iterable[tuple[Row, Row]]) -> None:
    """After changes of variants were written: of each the row as it was, and the columns that changed. The bundles get
    no new version, because nobody edited them; `inventory.changed` tells of those whose stock status is another one
    now. No statement where every variant can be had as before."""
    turned = [row["id"] for row, values in changes if to_be_had(row) != to_be_had({**row, **values})]
    if turned:
        tell_restocked(unit, await refresh_bundles(unit.connection, turned))


def tell_restocked(unit: Unit, restocked: Collection[tuple[Row, Row]]) -> None:
    for row, changes in restocked:
        if changes["stock_status"] is not row["stock_status"]:
            unit.emit(INVENTORY_CHANGED.followed(row, changes))
