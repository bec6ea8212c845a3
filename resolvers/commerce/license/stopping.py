"""Licences stop with what they were sold with: an order that is canceled or given back, a piece that came back."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from sqlalchemy import ColumnElement, select

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
    given back, else those of pieces that came back. Locks the licences, last of all."""
    if takes_back(order):
        await _disable(unit, await _in_force(unit, order))
    else:
        await stop_returned(unit, order, before, after)


async def stop_returned(unit: Unit, order: Row, before: Collection[Row], after: Collection[Row]) -> None:
    """Disable as many licences of a variant as pieces of it are no more among the lines, those on the fewest sites
    first."""
    had, stay = pieces(before), pieces(after)
    back = {variant: had[variant] - stay[variant] for variant in had if had[variant] > stay[variant]}
    if not back:
        return
    of_variant: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in sorted(await _in_force(unit, order, _LICENSE.c.variant_id.in_(sorted(back))), key=first_to_stop):
        of_variant[row["variant_id"]].append(row)
    stopped = {key: stopping(back[key], stay[key], len(found)) for key, found in of_variant.items()}
    await _disable(unit, [row for key, found in of_variant.items() for row in found[: stopped[key]]])


async def _in_force(unit: Unit, order: Row, *which: ColumnElement[bool]) -> list[dict[str, Any]]:
    columns = _LICENSE.c
    theirs = columns.order_id == order["id"], columns.status != LicenseStatus.DISABLED
    statement = select(_LICENSE).where(*theirs, *which).order_by(columns.id).with_for_update()
    return [dict(row) for row in (await unit.connection.execute(statement)).mappings()]


async def _disable(unit: Unit, rows: Iterable[Row]) -> None:
    disabled = {"status": LicenseStatus.DISABLED}
    changes = [(row, disabled) for row in rows]
    await edit_all(unit.connection, _LICENSE, changes)
    for row, changed in changes:
        unit.emit(LICENSE_UPDATED(row, changed))
