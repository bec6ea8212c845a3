"""Which deliveries a worker takes: what is due, the oldest of each target first, as many as caps and rates let through.

Targets are locked while that is decided, and what is held is counted behind the lock: a worker that claimed before has
committed by then, and one that claims now is passed over with its targets, not waited for.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import ceil
from typing import Any, Final

import orjson
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Executable,
    Row,
    Select,
    String,
    bindparam,
    func,
    insert,
    select,
    true,
    union_all,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.delivery.sender import Claimed
from db.store.row import table
from db.work.delivery import AttemptRow, DeliveryRow, DeliveryState
from db.work.functions import among, milliseconds, moment, numbers
from db.work.seat import SEAT
from db.work.target import CredentialRow, TargetRow

_TARGET: Final = table(TargetRow)
_CREDENTIAL: Final = table(CredentialRow)
_DELIVERY: Final = table(DeliveryRow)
_ATTEMPT: Final = table(AttemptRow)
_ATTEMPTS: Final = insert(_ATTEMPT)
_DUE: Final = bindparam("at", type_=BigInteger)


@dataclass(frozen=True, slots=True)
class Taken:
    kind: str
    claimed: Claimed


@dataclass(slots=True)
class Pace:
    """A rate, kept over all workers by the moment when the next call may begin. Where there are five a second and more,
    a fifth of them may come at once and the rest is spread over the second: no second sees more than the rate."""

    free_at: int
    rate: float | None

    @property
    def _burst(self) -> int:
        return 1 if self.rate is None else max(1, int(self.rate / 5))

    @property
    def _interval(self) -> float:
        """Milliseconds from one call to the next."""
        assert self.rate is not None
        return 1000.0 / (self.rate - self._burst if self._burst > 1 else self.rate)

    def room(self, at: int) -> int | None:
        """How many calls may begin now; None: any number."""
        if self.rate is None:
            return 0 if self.free_at > at else None
        if self.free_at > at:
            return 0
        return min(self._burst, int((at - self.free_at) / self._interval) + 1)

    def begun(self, at: int, calls: int) -> int:
        """The same moment after so many calls have begun now."""
        if self.rate is None:
            return self.free_at
        earliest = at - (self._burst - 1) * self._interval
        return ceil(max(self.free_at, earliest) + calls * self._interval)


async def claim(
    connection: AsyncConnection, lease: int, at: int, kinds: Collection[str], capacity: int
) -> Sequence[Taken]:
    """Take at most `capacity` deliveries for the worker `lease`, and write down the attempt of each: when this is
    committed they may be sent. `at` is the database's time, read in this transaction."""
    targets = await _locked(connection, at, kinds, capacity)
    if not targets:
        return []
    credentials = await _credentials(connection, {t.credential for t in targets if t.credential is not None})
    room = await _room(connection, at, targets, credentials)
    if not room:
        return []
    dialect = connection.dialect.name
    claims = _CLAIMS[dialect]
    # More of one target than are taken at all need not be looked at, however high its cap.
    room = {target: min(free, capacity) for target, free in room.items()}
    given = _rooms(dialect, room) | {"at": at, "capacity": capacity, "lease": lease, "most": max(room.values())}
    rows = (await connection.execute(claims, given)).all()
    if not rows:
        return []
    rows = sorted(rows, key=lambda row: row.id)
    started = moment(at)
    attempts = [{"delivery_id": r.id, "number": r.attempts, "started_at": started} for r in rows]
    await connection.execute(_ATTEMPTS, attempts)
    known = {t.id: t for t in targets}
    await _paced(connection, at, rows, known)
    return [Taken(known[row.target_id].kind, _claimed(row, known[row.target_id], started)) for row in rows]


def _claimed(row: Row[Any], target: Row[Any], started: Any) -> Claimed:
    return Claimed(row.id, row.event_id, row.target_id, target.key, row.key, row.attempts, row.replay, started)


def first_due(of: Any) -> Any:
    """When the delivery that waits longest for this target is due; part of a statement about targets."""
    return (
        select(_DELIVERY.c.due)
        .where(_DELIVERY.c.target_id == of, _DELIVERY.c.due.is_not(None))
        .order_by(_DELIVERY.c.due)
        .limit(1)
        .scalar_subquery()
        .correlate(_TARGET)
    )


def held_by(of: Any) -> Any:
    """How many deliveries to this target are under way."""
    return (
        select(func.count())
        .where(_DELIVERY.c.target_id == of, _DELIVERY.c.lease.is_not(None))
        .scalar_subquery()
        .correlate(_TARGET)
    )


# Of targets that something could be sent to, those for which something is due longest.
_OPEN: Final = (_TARGET.c.disabled.is_(None), _TARGET.c.removed_at.is_(None))
_LOCKED: Final = (
    select(*(_TARGET.c[name] for name in ("id", "kind", "key", "cap", "rate", "credential", "free_at")))
    .where(
        *_OPEN,
        _TARGET.c.kind.in_(bindparam("kinds", expanding=True)),
        _TARGET.c.free_at <= _DUE,
        first_due(_TARGET.c.id) <= _DUE,
        held_by(_TARGET.c.id) < _TARGET.c.cap,
    )
    .order_by(first_due(_TARGET.c.id))
    .limit(bindparam("most"))
    .with_for_update(key_share=True, skip_locked=True, of=_TARGET)
)


async def _locked(connection: AsyncConnection, at: int, kinds: Collection[str], most: int) -> Sequence[Row[Any]]:
    return (await connection.execute(_LOCKED, {"at": at, "kinds": sorted(kinds), "most": most})).all()


async def _credentials(connection: AsyncConnection, names: Collection[str]) -> dict[str, Row[Any]]:
    """Those that nobody else claims by at this moment."""
    if not names:
        return {}
    held = (
        select(_CREDENTIAL)
        .where(_CREDENTIAL.c.name.in_(sorted(names)))
        .order_by(_CREDENTIAL.c.name)
        .with_for_update(key_share=True, skip_locked=True)
    )
    return {row.name: row for row in await connection.execute(held)}


async def _room(
    connection: AsyncConnection, at: int, targets: Sequence[Row[Any]], credentials: Mapping[str, Row[Any]]
) -> dict[int, int]:
    """How many more may be under way to each of these targets."""
    dialect = connection.dialect.name
    asked = {"targets": numbers(dialect, (t.id for t in targets))}
    held: dict[Any, int] = {row[0]: row[1] for row in await connection.execute(_held(dialect), asked)}
    left = await _left(connection, credentials)
    room = {}
    for target in targets:
        free: int = target.cap - held.get(target.id, 0)
        paced = Pace(target.free_at, target.rate).room(at)
        free = free if paced is None else min(free, paced)
        if target.credential is not None:
            if target.credential not in credentials:
                continue
            free = min(free, left.get(target.credential, free))
            if target.credential in left:
                left[target.credential] -= max(free, 0)
        if free > 0:
            room[target.id] = free
    return room


@cache
def _held(dialect: str) -> Select[Any]:
    return (
        select(_DELIVERY.c.target_id, func.count())
        .where(among(dialect, _DELIVERY.c.target_id, "targets"), _DELIVERY.c.lease.is_not(None))
        .group_by(_DELIVERY.c.target_id)
    )


async def _left(connection: AsyncConnection, credentials: Mapping[str, Row[Any]]) -> dict[str, int]:
    """How many more deliveries may be under way by these credentials; those without a bound are left out. Their rates
    are kept by each call itself: a delivery may be several."""
    if not credentials:
        return {}
    under_way = (
        select(_TARGET.c.credential, func.count())
        .join_from(_DELIVERY, _TARGET, _TARGET.c.id == _DELIVERY.c.target_id)
        .where(_DELIVERY.c.lease.is_not(None), _TARGET.c.credential.in_(sorted(credentials)))
        .group_by(_TARGET.c.credential)
    )
    sitting = (
        select(SEAT.c.credential, func.count())
        .where(SEAT.c.credential.in_(sorted(credentials)), SEAT.c.until >= milliseconds())
        .group_by(SEAT.c.credential)
    )
    held: Counter[str] = Counter()
    for name, count in await connection.execute(union_all(under_way, sitting)):
        held[name] += count
    return {name: max(one.cap - held[name], 0) for name, one in credentials.items() if one.cap is not None}


async def _paced(
    connection: AsyncConnection, at: int, rows: Sequence[Row[Any]], targets: Mapping[int, Row[Any]]
) -> None:
    """Note of those that have a rate when the next call may begin."""
    for number, count in Counter(row.target_id for row in rows).items():
        target = targets[number]
        if target.rate is not None:
            free_at = Pace(target.free_at, target.rate).begun(at, count)
            await connection.execute(update(_TARGET).where(_TARGET.c.id == number).values(free_at=free_at))


def _rooms(dialect: str, room: Mapping[int, int]) -> dict[str, Any]:
    if dialect == "postgresql":
        return {"targets": list(room), "rooms": list(room.values())}
    return {"rooms": orjson.dumps(list(room.items())).decode()}


def _taking(picked: Any) -> Executable:
    """One of each target before the second of any."""
    chosen = (
        select(picked.c.id).where(picked.c.turn <= picked.c.room).order_by(picked.c.turn, picked.c.due, picked.c.id)
    )
    return (
        update(_DELIVERY)
        .where(_DELIVERY.c.id.in_(chosen.limit(bindparam("capacity"))), _DELIVERY.c.due.is_not(None))
        .values(
            state=DeliveryState.SENDING,
            lease=bindparam("lease", type_=BigInteger),
            due=None,
            attempts=_DELIVERY.c.attempts + 1,
        )
        .returning(*(_DELIVERY.c[name] for name in ("id", "event_id", "target_id", "key", "attempts", "replay")))
    )


def _claims_postgresql() -> Executable:
    numbers_ = ARRAY(BigInteger)
    listed: Any = (
        func.unnest(bindparam("targets", type_=numbers_), bindparam("rooms", type_=numbers_))
        .table_valued("target", "room")
        .render_derived(name="free")
    )
    next_ = (
        select(_DELIVERY.c.id, _DELIVERY.c.due)
        .where(_DELIVERY.c.target_id == listed.c.target, _DELIVERY.c.due <= _DUE)
        .order_by(_DELIVERY.c.due, _DELIVERY.c.id)
        .limit(listed.c.room)
        .lateral("following")
    )
    turn = func.row_number().over(partition_by=listed.c.target, order_by=(next_.c.due, next_.c.id)).label("turn")
    picked = select(next_.c.id, next_.c.due, listed.c.room, turn).join_from(listed, next_, true())
    return _taking(picked.cte("picked"))


def _claims_sqlite() -> Executable:
    """Without LATERAL: of each target as many as of the one with the most room, and behind that by its own."""
    listed: Any = func.json_each(bindparam("rooms", type_=String)).table_valued("value", name="free")
    target = func.json_extract(listed.c.value, "$[0]")
    room = func.json_extract(listed.c.value, "$[1]").label("room")
    other = _DELIVERY.alias("other")
    following = (
        select(other.c.id)
        .where(other.c.target_id == target, other.c.due <= _DUE)
        .order_by(other.c.due, other.c.id)
        .limit(bindparam("most"))
        .correlate(listed)
    )
    turn = func.row_number().over(partition_by=target, order_by=(_DELIVERY.c.due, _DELIVERY.c.id)).label("turn")
    one = select(_DELIVERY.c.id, _DELIVERY.c.due, room, turn).join_from(
        listed, _DELIVERY, _DELIVERY.c.id.in_(following)
    )
    return _taking(one.cte("picked"))


_CLAIMS: Final[Mapping[str, Executable]] = {"postgresql": _claims_postgresql(), "sqlite": _claims_sqlite()}
