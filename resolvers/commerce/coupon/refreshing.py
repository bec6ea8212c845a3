"""Coupons become active when their start comes, and expire when their end does."""

from typing import Final

import strawberry
from sqlalchemy import ColumnElement, and_, or_

from db.commerce.coupon import CouponStatus, status_at
from db.commerce.events import COUPON_UPDATED
from db.store.row import among, now
from db.store.writing import edit_all
from engine.declared.mutation import mutation
from engine.declared.payload import Keys
from engine.unit.unit import Unit
from engine.values.viewer import INTERNAL
from resolvers.commerce.coupon.listing import COUPON
from resolvers.editing.due import AT_ONCE, Due


def _turning() -> ColumnElement[bool]:
    """Where `status_at` would say another word."""
    status, start, end, moment = COUPON.c.status, COUPON.c.start_at, COUPON.c.end_at, now()
    return and_(
        among(status, (CouponStatus.ACTIVE, CouponStatus.SCHEDULED)),
        or_(
            end <= moment,
            and_(status == CouponStatus.SCHEDULED, or_(start.is_(None), start <= moment)),
            and_(status == CouponStatus.ACTIVE, start > moment),
        ),
    )


TURNING: Final = Due(COUPON, _turning)


@strawberry.input(description="How many coupons are looked at at a time.")
class CouponRefreshInput:
    most: int = AT_ONCE


@mutation(permission=INTERNAL, rest=None, emits=(COUPON_UPDATED,))
async def coupon_refresh(unit: Unit, input: CouponRefreshInput) -> Keys:
    """Give coupons the status that their dates say, and say how many had another. Those that somebody is writing to
    have their turn the next time."""
    rows = await TURNING.taken(unit.connection, input.most)
    moment = now()
    changes = [(row, {"status": status_at(row["status"], row["start_at"], row["end_at"], moment)}) for row in rows]
    await edit_all(unit.connection, COUPON, changes)
    for row, change in changes:
        unit.emit(COUPON_UPDATED(row, change))
    return {"count": len(rows)}
