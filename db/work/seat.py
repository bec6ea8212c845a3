"""Who asks a vendor beside deliveries: somebody fills in a form, a key is verified. They share what the calls of a
credential are held to (db.work.target.share) with the deliveries that go out by it, over all processes."""

from math import ceil
from typing import Final

from sqlalchemy import delete, exists, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import Field

from db.store.row import KEY, SORTED_TEXT, Row, table
from db.work import target as targets
from db.work.delivery import DeliveryRow
from db.work.functions import milliseconds
from db.work.target import CredentialRow, TargetRow, later


class SeatRow(Row, table=True):
    """One of the calls at once of a credential, taken or waited for. Nobody claims a delivery into it meanwhile."""

    __tablename__ = "target_seat"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: int = Field(default=None, primary_key=True, sa_type=KEY)
    credential: str = Field(foreign_key="target_credential.name", ondelete="CASCADE", index=True, sa_type=SORTED_TEXT)
    until: int = Field(sa_type=KEY)  # whoever holds it longer has died; milliseconds of db.work.functions


SEAT: Final = table(SeatRow)
# A twentieth more than a second: of two calls the first may be late on its way and the second not.
_MILLISECONDS: Final = 1050
_CREDENTIAL: Final = table(CredentialRow)
_DELIVERY: Final = table(DeliveryRow)
_TARGET: Final = table(TargetRow)


async def take(connection: AsyncConnection, credential: str, *, cap: int, rate: float | None, lasts: float) -> int:
    """A seat for `lasts` seconds, which begins when `free` says so. Whoever claims deliveries by the credential waits
    until this is committed, and leaves room for it."""
    await targets.share(connection, credential, cap=cap, rate=rate)
    await connection.execute(delete(SEAT).where(SEAT.c.credential == credential, SEAT.c.until < milliseconds()))
    values = {"credential": credential, "until": milliseconds() + int(lasts * 1000)}
    seat: int = (await connection.execute(insert(SEAT).values(values).returning(SEAT.c.id))).scalar_one()
    return seat


async def free(connection: AsyncConnection, seat: int) -> bool:
    """Whether its turn has come: the deliveries under way and those who came before leave room for it."""
    under_way = (
        select(func.count())
        .join_from(_DELIVERY, _TARGET, _TARGET.c.id == _DELIVERY.c.target_id)
        .where(_DELIVERY.c.lease.is_not(None), _TARGET.c.credential == _CREDENTIAL.c.name)
        .correlate(_CREDENTIAL)
        .scalar_subquery()
    )
    before = SEAT.alias("before")
    sitting = (
        select(func.count())
        .where(before.c.credential == _CREDENTIAL.c.name, before.c.id <= seat, before.c.until >= milliseconds())
        .correlate(_CREDENTIAL)
        .scalar_subquery()
    )
    mine = select(_CREDENTIAL.c.name).join_from(SEAT, _CREDENTIAL).where(SEAT.c.id == seat)
    full = mine.where(_CREDENTIAL.c.cap.is_not(None), under_way + sitting > _CREDENTIAL.c.cap)
    return (await connection.execute(full)).first() is None


async def leave(connection: AsyncConnection, seat: int) -> None:
    """Give it back. A credential that nothing else goes out by is forgotten: many are tried, and few are saved."""
    gone = delete(SEAT).where(SEAT.c.id == seat).returning(SEAT.c.credential)
    name = (await connection.execute(gone)).scalar()
    # Whoever writes a target that names it holds its row until that is to be seen.
    here = select(_CREDENTIAL.c.name).where(_CREDENTIAL.c.name == name).with_for_update(skip_locked=True)
    if (await connection.execute(here)).first() is not None:
        named = exists(select(1).where(_TARGET.c.credential == _CREDENTIAL.c.name))
        sitting = exists(select(1).where(SEAT.c.credential == _CREDENTIAL.c.name))
        paced = _CREDENTIAL.c.free_at > milliseconds()
        await connection.execute(delete(_CREDENTIAL).where(_CREDENTIAL.c.name == name, ~named, ~sitting, ~paced))


async def turn(connection: AsyncConnection, credential: str, burst: int = 1) -> float:
    """In how many seconds the next call by a credential with a rate may begin; the one after it begins later by the
    rate's interval, unless fewer than `burst` of them have to run out yet. 0 where it has no rate."""
    interval = await _interval(connection, credential)
    if interval is None:
        return 0.0
    following = (
        update(_CREDENTIAL)
        .where(_CREDENTIAL.c.name == credential)
        .values(free_at=later(_CREDENTIAL.c.free_at, milliseconds()) + interval)
        .returning(_CREDENTIAL.c.free_at - interval * burst - milliseconds())
    )
    left: int = (await connection.execute(following)).scalar_one()
    return max(0, left) / 1000


async def filled(connection: AsyncConnection, credential: str, calls: int) -> None:
    """As if so many calls had just begun, where fewer of ours did: the other side counts those of others too."""
    interval = await _interval(connection, credential)
    if interval is not None:
        until = later(_CREDENTIAL.c.free_at, milliseconds() + interval * calls)
        await connection.execute(update(_CREDENTIAL).where(_CREDENTIAL.c.name == credential).values(free_at=until))


async def _interval(connection: AsyncConnection, credential: str) -> int | None:
    """Milliseconds from one call to the next."""
    rate = (await connection.execute(select(_CREDENTIAL.c.rate).where(_CREDENTIAL.c.name == credential))).scalar()
    return None if rate is None else ceil(_MILLISECONDS / rate)
