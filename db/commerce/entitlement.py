"""Which files an order lets its customer download, how often, and until when (model §4.1, §5.4)."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Final

from sqlalchemy import ColumnElement, Executable, insert, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from db.catalog.download import DownloadRow, received_with
from db.commerce.order import STILL_PAID, DownloadPermissionRow, OrderItemRow, OrderRow, OrderType
from db.commerce.subscription import SubscriptionRow, has_access
from db.store.row import now, table

ORDER, ITEM, DOWNLOAD = table(OrderRow), table(OrderItemRow), table(DownloadRow)
PERMISSION, SUBSCRIPTION = table(DownloadPermissionRow), table(SubscriptionRow)

Rows = Callable[[Executable], Awaitable[Sequence[Any]]]

# Imported stores may say any number; the calendar ends.
_MOST_DAYS: Final = 36_500
# A download that broke off may be gone on with for so long without being counted again. Whoever asks for a later part
# without having begun is counted like whoever asks for the first.
RESUMED_WITHIN: Final = timedelta(hours=6)


class Verdict(Enum):
    """LAPSED: the order's subscription gives no access any more. EXPIRED: the days after the order are over.
    EXHAUSTED: it was downloaded as often as it may be."""

    GRANTED = "granted"
    UNPAID = "unpaid"
    LAPSED = "lapsed"
    EXPIRED = "expired"
    EXHAUSTED = "exhausted"


@dataclass(frozen=True, slots=True)
class Permission:
    """What is noted of one file of one order. `limit` None and 0 mean unlimited."""

    id: int
    count: int
    limit: int | None
    expires_at: datetime | None
    last_started_at: datetime | None

    @property
    def exhausted(self) -> bool:
        return bool(self.limit) and self.count >= (self.limit or 0)

    def expired(self, at: datetime) -> bool:
        return self.expires_at is not None and self.expires_at <= at


@dataclass(frozen=True, slots=True)
class Entitlement:
    """A file that an order contains. `permissions` is empty until it is downloaded first, unless the shop noted some
    when it took the order."""

    order_id: int
    customer_id: int | None
    variant_id: int | None
    download: Mapping[str, Any]
    ordered_at: datetime | None
    paid: bool
    recurring: bool
    has_access: bool
    permissions: tuple[Permission, ...]

    @property
    def expires_at(self) -> datetime | None:
        """When the last permission ends, or the first one will, counted from the order; None is never."""
        if self.permissions:
            ends = [p.expires_at for p in self.permissions]
            return None if None in ends else max(e for e in ends if e is not None)
        days = self.download["download_expiry_days"]
        if not days or days > _MOST_DAYS or self.ordered_at is None:
            return None
        return self.ordered_at + timedelta(days=days)

    @property
    def remaining(self) -> int | None:
        """How many downloads are left; None is any number."""
        if not self.permissions:
            return self.download["download_limit"] or None
        if any(not p.limit for p in self.permissions):
            return None
        return sum(max(0, (p.limit or 0) - p.count) for p in self.permissions)

    def usable(self, at: datetime) -> Permission | None:
        return next((p for p in self.permissions if not p.exhausted and not p.expired(at)), None)

    def resumable(self, at: datetime) -> bool:
        """Whether a download that was counted may still be under way."""
        return any(
            p.last_started_at is not None and p.last_started_at > at - RESUMED_WITHIN and not p.expired(at)
            for p in self.permissions
        )

    def verdict(self, at: datetime) -> Verdict:
        """Whether a new download may begin."""
        if not self.paid:
            return Verdict.UNPAID
        if self.recurring and not self.has_access:
            return Verdict.LAPSED
        if self.permissions:
            if self.usable(at) is not None:
                return Verdict.GRANTED
            return Verdict.EXPIRED if all(p.expired(at) for p in self.permissions) else Verdict.EXHAUSTED
        return Verdict.EXPIRED if self.expires_at is not None and self.expires_at <= at else Verdict.GRANTED


async def entitlements(
    rows: Rows, order_ids: Iterable[int], *, at: datetime, identifier: str | None = None
) -> list[Entitlement]:
    """The files of these orders, by order and the files' positions: of every line's product those that come with its
    variant. `identifier` narrows to one file."""
    orders = sorted(set(order_ids))
    wanted = true() if identifier is None else DOWNLOAD.c.identifier == identifier
    found = await _found(rows, orders, wanted)
    subscriptions = await _subscriptions(rows, {r for row in found for r in _roots(row)})
    noted = await _permissions(rows, orders) if found else {}
    made = []
    for row in found:
        states = [s for root in _roots(row) for s in subscriptions.get(root, ())]
        made.append(
            Entitlement(
                order_id=row.order_id,
                customer_id=row.customer_id,
                variant_id=row.variant_id,
                download={c.name: getattr(row, f"download_{c.name}") for c in DOWNLOAD.c},
                ordered_at=row.ordered_at,
                paid=row.payment_status in STILL_PAID,
                recurring=bool(states),
                has_access=any(has_access(s.status, s.next_billing_at, at) for s in states),
                permissions=tuple(noted.get((row.order_id, row.download_id), ())),
            )
        )
    return made


async def _found(rows: Rows, orders: Sequence[int], wanted: ColumnElement[bool]) -> list[Any]:
    statement = (
        select(
            ORDER.c.id.label("order_id"),
            ORDER.c.customer_id,
            ORDER.c.created_at.label("ordered_at"),
            ORDER.c.payment_status,
            ORDER.c.type.label("order_type"),
            ORDER.c.parent_id,
            ITEM.c.variant_id,
            *(c.label(f"download_{c.name}") for c in DOWNLOAD.c),
        )
        .select_from(ORDER)
        .join(ITEM, ITEM.c.order_id == ORDER.c.id)
        .join(DOWNLOAD, DOWNLOAD.c.product_id == ITEM.c.product_id)
        .where(ORDER.c.id.in_(orders), wanted, received_with(ITEM.c.variant_id))
        .order_by(ORDER.c.id, DOWNLOAD.c.position, DOWNLOAD.c.id, ITEM.c.position, ITEM.c.id)
    )
    once: dict[tuple[int, int], Any] = {}
    for row in await rows(statement):
        once.setdefault((row.order_id, row.download_id), row)  # several lines may bring the same file
    return list(once.values())


def _roots(row: Any) -> list[int]:
    """The orders whose subscriptions count: a renewal's are those of the order that it renews."""
    renewed = row.order_type == OrderType.RENEWAL and row.parent_id is not None
    return [row.order_id, row.parent_id] if renewed else [row.order_id]


async def _subscriptions(rows: Rows, orders: Iterable[int]) -> dict[int, list[Any]]:
    columns = (SUBSCRIPTION.c.order_id, SUBSCRIPTION.c.status, SUBSCRIPTION.c.next_billing_at)
    wanted = sorted(set(orders))
    found: dict[int, list[Any]] = {}
    for row in await rows(select(*columns).where(SUBSCRIPTION.c.order_id.in_(wanted))) if wanted else ():
        found.setdefault(row.order_id, []).append(row)
    return found


async def _permissions(rows: Rows, orders: Sequence[int]) -> dict[tuple[int, int], list[Permission]]:
    statement = select(PERMISSION).where(PERMISSION.c.order_id.in_(orders)).order_by(PERMISSION.c.id)
    found: dict[tuple[int, int], list[Permission]] = {}
    for row in await rows(statement):
        permission = Permission(
            row.id, row.download_count, row.download_limit, row.access_expires_at, row.last_started_at
        )
        found.setdefault((row.order_id, row.download_id), []).append(permission)
    return found


async def start(connection: AsyncConnection, order_id: int, identifier: str, *, at: datetime) -> Verdict | None:
    """Count one more download, in the caller's transaction; None when the order does not contain the file. Of two at
    the last permitted one, one is EXHAUSTED."""

    async def rows(statement: Executable) -> Sequence[Any]:
        return (await connection.execute(statement)).all()

    # Whoever makes a permission makes it alone; the count itself is decided by its UPDATE.
    await connection.execute(select(ORDER.c.id).where(ORDER.c.id == order_id).with_for_update())
    entitlement = next(iter(await entitlements(rows, [order_id], at=at, identifier=identifier)), None)
    if entitlement is None:
        return None
    verdict = entitlement.verdict(at)
    if verdict is not Verdict.GRANTED:
        return verdict
    usable = entitlement.usable(at)
    if usable is None:
        await connection.execute(insert(PERMISSION).values(_first(entitlement, at)))
        return Verdict.GRANTED
    counted = await connection.execute(
        update(PERMISSION)
        .where(
            PERMISSION.c.id == usable.id,
            or_(
                PERMISSION.c.download_limit.is_(None),
                PERMISSION.c.download_limit == 0,
                PERMISSION.c.download_count < PERMISSION.c.download_limit,
            ),
        )
        .values(download_count=PERMISSION.c.download_count + 1, last_started_at=at)
    )
    return Verdict.GRANTED if counted.rowcount == 1 else Verdict.EXHAUSTED


def _first(entitlement: Entitlement, at: datetime) -> dict[str, Any]:
    return DownloadPermissionRow(
        order_id=entitlement.order_id,
        variant_id=entitlement.variant_id,
        download_id=entitlement.download["id"],
        customer_id=entitlement.customer_id,
        download_count=1,
        download_limit=entitlement.download["download_limit"] or None,
        access_expires_at=entitlement.expires_at,
        last_started_at=at,
        created_at=now(),
        updated_at=now(),
    ).model_dump(exclude={"id"})
