"""How often coupons are used: counted by the orders that have them, and by the shop for those that it placed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, String, cast, exists, update
from sqlalchemy.ext.asyncio import AsyncConnection

from db.commerce.coupon import AppliedCouponRow, CouponRow
from db.store.importing import SeenRow
from db.store.row import table

_APPLIED: Final = table(AppliedCouponRow)
_COUPON: Final = table(CouponRow)
_SEEN: Final = table(SeenRow)


def of_here() -> ColumnElement[bool]:
    """Whether an order's coupon was counted here: one that an import has brought is in the number that its shop tells,
    whatever becomes of it here."""
    name = cast(_APPLIED.c.id, String)
    return ~exists().where(_SEEN.c.entity == _APPLIED.name, _SEEN.c.key == name)


async def count_uses(
    connection: AsyncConnection, coupons: Sequence[Mapping[str, Any]], by: int
) -> list[tuple[Mapping[str, Any], dict[str, Any]]]:
    """Coupons (locked) that are used once more, or once less, for each time that they stand in the list; of each the
    row as it was, and what changed. Their version stays: nobody edited them."""
    times = Counter(one["id"] for one in coupons)
    changed: list[tuple[Mapping[str, Any], dict[str, Any]]] = []
    for row in {one["id"]: one for one in coupons}.values():
        changes = {"use_count": max(0, row["use_count"] + by * times[row["id"]])}
        await connection.execute(update(_COUPON).where(_COUPON.c.id == row["id"]).values(**changes))
        changed.append((row, changes))
    return changed
