"""Licences last with the subscriptions that they were bought with, whoever says until when those are paid."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from sqlalchemy import select

from db.commerce.events import LICENSE_RENEWED, LICENSE_UPDATED
from db.commerce.license import LicenseRow
from db.commerce.sums.validity import extended, said, subscribed
from db.store.events import EventKind
from db.store.row import now, table
from db.store.writing import edit_all
from engine.unit.unit import Unit

_LICENSE: Final = table(LicenseRow)
EXTENDS: Final[tuple[EventKind, ...]] = (LICENSE_UPDATED, LICENSE_RENEWED)


async def extend_licenses(unit: Unit, subscriptions: Iterable[Mapping[str, Any]]) -> None:
    """Let licences last as long as their subscriptions, which are as they stand from now on, and are locked. A date
    never comes nearer: what was paid was paid. Locks the licences, last of all."""
    telling = {row["id"]: row for row in subscriptions if said(row)}
    if not telling:
        return
    at, columns = now(), _LICENSE.c
    theirs = columns.subscription_id.in_(sorted(telling)), columns.expires_at.is_not(None)
    statement = select(_LICENSE).where(*theirs).order_by(columns.id).with_for_update()
    rows = [dict(row) for row in (await unit.connection.execute(statement)).mappings()]
    until = {key: subscribed(row, at) for key, row in telling.items()}
    changes = [(row, extended(row, until[row["subscription_id"]], at)) for row in rows]
    await edit_all(unit.connection, _LICENSE, changes)
    for row, changed in changes:
        if changed:
            unit.emit(LICENSE_UPDATED(row, changed))
            unit.emit(LICENSE_RENEWED(row, changed))
