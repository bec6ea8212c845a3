"""Licences whose date has come are EXPIRED: they count as that anyway, and their word is put right here."""

from typing import Final

import strawberry
from sqlalchemy import ColumnElement, and_

from db.commerce.events import LICENSE_EXPIRED, LICENSE_UPDATED
from db.commerce.license import LASTING, LicenseRow, LicenseStatus
from db.store.row import among, now, table
from db.store.writing import edit_all
from engine.declared.mutation import mutation
from engine.declared.payload import Keys
from engine.unit.unit import Unit
from engine.values.viewer import INTERNAL
from resolvers.editing.due import AT_ONCE, Due

LICENSE: Final = table(LicenseRow)


def _over() -> ColumnElement[bool]:
    return and_(among(LICENSE.c.status, sorted(LASTING)), LICENSE.c.expires_at <= now())


OVER: Final = Due(LICENSE, _over)


@strawberry.input(description="How many licences expire at a time.")
class LicensesExpireInput:
    most: int = AT_ONCE


@mutation(permission=INTERNAL, rest=None, emits=(LICENSE_UPDATED, LICENSE_EXPIRED))
async def licenses_expire(unit: Unit, input: LicensesExpireInput) -> Keys:
    """Write down of licences whose date has come that they are EXPIRED, and say of how many. Those that somebody is
    writing to have their turn the next time."""
    rows = await OVER.taken(unit.connection, input.most)
    expired = {"status": LicenseStatus.EXPIRED}
    await edit_all(unit.connection, LICENSE, [(row, expired) for row in rows])
    for row in rows:
        unit.emit(LICENSE_UPDATED(row, expired))
        unit.emit(LICENSE_EXPIRED(row, expired))
    return {"count": len(rows)}
