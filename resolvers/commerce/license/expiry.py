"""Licences whose date has come are EXPIRED: they count as that anyway, and their word is put right here."""

from typing import Final

import strawberry
from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from db.commerce.events import LICENSE_EXPIRED, LICENSE_UPDATED
from db.commerce.license import LASTING, LicenseRow, LicenseStatus
from db.store.row import among, now, table
from db.store.writing import edit_all
from engine.declared.mutation import mutation
from engine.declared.payload import Keys
from engine.unit.unit import Unit
from engine.values.viewer import INTERNAL

AT_ONCE: Final = 100
LICENSE: Final = table(LicenseRow)


def _due() -> ColumnElement[bool]:
    return and_(among(LICENSE.c.status, sorted(LASTING)), LICENSE.c.expires_at <= now())


@strawberry.input(description="How many licences expire at a time.")
class LicensesExpireInput:
    most: int = AT_ONCE


async def any_due(connection: AsyncConnection) -> bool:
    """Whether `licensesExpire` has anything to do; takes no lock."""
    return (await connection.execute(select(LICENSE.c.id).where(_due()).limit(1))).first() is not None


@mutation(permission=INTERNAL, rest=None, emits=(LICENSE_UPDATED, LICENSE_EXPIRED))
async def licenses_expire(unit: Unit, input: LicensesExpireInput) -> Keys:
    """Write down of licences whose date has come that they are EXPIRED, and say of how many. Those that somebody is
    writing to have their turn the next time."""
    statement = select(LICENSE).where(_due()).order_by(LICENSE.c.id).limit(input.most)
    statement = statement.with_for_update(skip_locked=True)
    rows = [dict(row) for row in (await unit.connection.execute(statement)).mappings()]
    expired = {"status": LicenseStatus.EXPIRED}
    await edit_all(unit.connection, LICENSE, [(row, expired) for row in rows])
    for row in rows:
        unit.emit(LICENSE_UPDATED(row, expired))
        unit.emit(LICENSE_EXPIRED(row, expired))
    return {"count": len(rows)}
