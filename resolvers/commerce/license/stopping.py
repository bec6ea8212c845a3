"""Licences stop with what they were sold with: an order that is canceled or given back, a piece that came back."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any, Final

from sqlalchemy import select

from db.commerce.events import LICENSE_UPDATED
from db.commerce.license import LicenseRow, LicenseStatus
from db.commerce.sums.validity import first_to_stop, pieces, stopping, takes_back
from db.store.row import table
from db.store.writing import edit_all
from engine.unit.unit import Unit

_LICENSE: Final = table(LicenseRow)

Row = Mapping[str, Any]


async def stop_licenses(unit: Unit, order: Row, before: Collection[Row] = (), after: Collection[Row] = ()) -> None:
    """Disable licences of an order, which is as it stands from now on and is locked: all of them when it is canceled or
    given back, else as many of a variant as pieces of it came back (`before`, `after`: its lines), those with the
    fewest sites first. Locks the licences, last of all."""
    columns, over = _LICENSE.c, takes_back(order)
    had, stay = pieces(before), pieces(after)
    back = {variant: had[variant] - stay[variant] for variant in had if had[variant] > stay[variant]}
    if not over and not back:
        return
    theirs = [columns.order_id == order["id"], columns.status != LicenseStatus.DISABLED]
    if not over:
        theirs.append(columns.variant_id.in_(sorted(back)))
    statement = select(_LICENSE).where(*theirs).order_by(columns.id).with_for_update()
    rows = [dict(row) for row in (await unit.connection.execute(statement)).mappings()]
    if not over:
        of_variant: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
        for row in sorted(rows, key=first_to_stop):
            of_variant[row["variant_id"]].append(row)
        rows = [
            row
            for variant, found in of_variant.items()
            for row in found[: stopping(back[variant], stay[variant], len(found))]
        ]
    disabled = {"status": LicenseStatus.DISABLED}
    await edit_all(unit.connection, _LICENSE, [(row, disabled) for row in rows])
    for row in rows:
        unit.emit(LICENSE_UPDATED(row, disabled))
