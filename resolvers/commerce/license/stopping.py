"""Licences stop with what they were sold with: an order that is canceled or given back, a piece that came back."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any, Final

from sqlalchemy import and_, false, or_, select

from db.commerce.events import LICENSE_UPDATED
from db.commerce.license import LicenseRow, LicenseStatus
from db.commerce.sums.validity import first_to_go, pieces, returning
from db.store.row import table
from db.store.writing import edit_all
from engine.unit.unit import Unit
from resolvers.editing.updating import differences

_LICENSE: Final = table(LicenseRow)

Row = Mapping[str, Any]


async def stop_licenses(
    unit: Unit, order: int, before: Collection[Row] = (), after: Collection[Row] = (), *, over: bool
) -> None:
    """Disable licences of an order that is locked: as many of a variant as pieces of it are no more among its lines
    (`before`, `after`), those on the fewest sites first; all of them where the order is `over`. Locks the licences,
    last of all."""
    had, stay = pieces(before), pieces(after)
    back = {variant: had[variant] - stay[variant] for variant in had if had[variant] > stay[variant]}
    if not over and not back:
        return
    columns = _LICENSE.c
    in_force = columns.status != LicenseStatus.DISABLED if over else false()
    theirs = or_(in_force, and_(~columns.returned, columns.variant_id.in_(sorted(back))))
    statement = select(_LICENSE).where(columns.order_id == order, theirs).order_by(columns.id).with_for_update()
    rows = [dict(row) for row in (await unit.connection.execute(statement)).mappings()]
    gone = _gone(rows, back, stay)
    disabled = {"status": LicenseStatus.DISABLED}
    values = {
        row["id"]: disabled | {"returned": True} if row["id"] in gone else disabled if over else {} for row in rows
    }
    changes = [(row, differences(row, values[row["id"]])) for row in rows]
    await edit_all(unit.connection, _LICENSE, changes)
    for row, changed in changes:
        if changed:
            unit.emit(LICENSE_UPDATED(row, changed))


def _gone(rows: Collection[Row], back: Mapping[int, int], stay: Mapping[int, int]) -> set[int]:
    """The keys of those whose pieces came back."""
    there: defaultdict[int, list[Row]] = defaultdict(list)
    for row in sorted(rows, key=first_to_go):
        if row["variant_id"] in back and not row["returned"]:
            there[row["variant_id"]].append(row)
    return {
        row["id"] for variant, its in there.items() for row in its[: returning(back[variant], stay[variant], len(its))]
    }
