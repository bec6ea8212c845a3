"""Coupons that orders have: noted with what they took off, and counted."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import delete, insert, or_, select, update

from db.commerce.counted.uses import count_uses, of_here
from db.commerce.coupon import AppliedCouponRow, CouponRow, code_key
from db.commerce.events import COUPON_UPDATED
from db.store.row import table
from engine.unit.unit import Unit

COUPON: Final = table(CouponRow)
APPLIED: Final = table(AppliedCouponRow)
LONGEST_CODE: Final = 50


def sought(codes: Iterable[str]) -> set[str]:
    """By which coupons with these codes are looked for; without what no code can be."""
    return {key for key in map(code_key, codes) if key and len(key) <= 4 * LONGEST_CODE and "\0" not in key}


async def coupons_of(unit: Unit, orders: Sequence[int], codes: Sequence[str] = ()) -> list[dict[str, Any]]:
    """The coupons that orders have and that are there still, locked, by key; each as often as it stands. `codes`: of
    others, which are locked with them: between two orders that have one each and want the other's."""
    statement = select(APPLIED.c.coupon_id).where(APPLIED.c.order_id.in_(orders))
    return await _held(unit, list((await unit.connection.execute(statement)).scalars()), codes)


async def forget_uses(unit: Unit, orders: Sequence[int]) -> None:
    """Count what orders that go used of coupons no more."""
    counted = select(APPLIED.c.coupon_id).where(APPLIED.c.order_id.in_(orders), of_here())
    await count(unit, await _held(unit, list((await unit.connection.execute(counted)).scalars())), -1)


async def _held(unit: Unit, keys: Sequence[int | None], codes: Sequence[str] = ()) -> list[dict[str, Any]]:
    theirs = COUPON.c.id.in_({key for key in keys if key is not None})
    statement = select(COUPON).where(or_(theirs, COUPON.c.code_key.in_(sought(codes))) if codes else theirs)
    held = (await unit.connection.execute(statement.order_by(COUPON.c.id).with_for_update())).mappings()
    rows = {row["id"]: dict(row) for row in held}
    return [rows[key] for key in sorted(key for key in keys if key is not None and key in rows)]


async def use_coupons(
    unit: Unit, order: int, coupons: Sequence[Mapping[str, Any]], amounts: Mapping[int, int], *, new: bool = False
) -> None:
    """Let an order have these coupons (locked), in place of those that it has unless it is `new`, with what each takes
    off in minor units. Those that it has for the first time are counted, and those that it has no more are not: of
    these the shop that an import brought them from counts its own."""
    before = {} if new else {one["id"]: one for one in await coupons_of(unit, [order])}
    of_it = select(APPLIED, of_here().label("of_here")).where(APPLIED.c.order_id == order).order_by(APPLIED.c.id)
    stored = [] if new else (await unit.connection.execute(of_it)).mappings().all()
    wanted = {one["id"]: one["code"] for one in coupons}
    rows = {row["coupon_id"]: row for row in reversed(stored) if row["coupon_id"] in wanted}  # of several the first
    stays = {row["id"] for row in rows.values()}
    gone = [row for row in stored if row["id"] not in stays]
    if gone:
        await unit.connection.execute(delete(APPLIED).where(APPLIED.c.id.in_([row["id"] for row in gone])))
    for key, code in wanted.items():
        amount = amounts.get(key, 0)
        if key not in rows:
            noted = {"order_id": order, "coupon_id": key, "code": code, "amount": amount}
            await unit.connection.execute(insert(APPLIED).values(**noted))
        elif rows[key]["amount"] != amount:
            mine = APPLIED.c.id == rows[key]["id"]
            await unit.connection.execute(update(APPLIED).where(mine).values(amount=amount))
    await count(unit, [one for one in coupons if one["id"] not in rows], 1)
    uncounted = [row["coupon_id"] for row in gone if row["of_here"] and row["coupon_id"] in before]
    await count(unit, [before[key] for key in uncounted], -1)


async def count(unit: Unit, coupons: Sequence[Mapping[str, Any]], by: int) -> None:
    """Coupons (locked) that are used once more, or once less, for each time that they stand in the list."""
    for row, changes in await count_uses(unit.connection, coupons, by):
        unit.emit(COUPON_UPDATED.followed(row, changes))
