"""How often coupons are used: counted by the orders that have them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from db.commerce.coupon import CouponRow
from db.store.row import table

_COUPON: Final = table(CouponRow)


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
