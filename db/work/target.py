"""Whom events are delivered to. A target belongs to whoever has the feed behind it (a webhook, an add-on, a workflow),
who writes it here in the transaction that writes the feed; what is sent, and how, is that owner's own business."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ColumnElement,
    Select,
    UniqueConstraint,
    case,
    delete,
    func,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import Field

from db.store.outbox import EventRow
from db.store.row import KEY, SORTED_TEXT, Row, now, table
from db.work.functions import milliseconds

# Calls at once to one target. Receivers are small machines as often as not.
CAP: Final = 10
# Why a target is disabled; its owner may give reasons of its own.
FAILING: Final = "failing"  # for five days
GONE: Final = "gone"  # it said so (410)


class CredentialRow(Row, table=True):
    """What several targets share at the other side: an account whose calls are counted together."""

    __tablename__ = "target_credential"
    __table_args__ = (CheckConstraint("cap > 0", name="cap"), CheckConstraint("rate > 0", name="rate"))

    name: str = Field(primary_key=True, sa_type=SORTED_TEXT)
    cap: int | None = None  # calls at once; null: as the targets say
    rate: float | None = None  # calls a second, each of which waits for its turn (db.work.seat)
    free_at: int = Field(default=0, sa_type=KEY)  # as TargetRow.free_at; before it nobody takes it for left behind


class TargetRow(Row, table=True):
    """`key` is the owner's: with `kind` it names the target. Locked by whoever claims deliveries for it, so that `cap`
    and `rate` hold over all workers. A removed one waits to be deleted with its deliveries."""

    __tablename__ = "target"
    __table_args__ = (
        UniqueConstraint("kind", "key"),
        CheckConstraint("cap > 0", name="cap"),
        CheckConstraint("rate > 0", name="rate"),
        {"sqlite_autoincrement": True},
    )

    id: int = Field(default=None, primary_key=True, sa_type=KEY)
    kind: str = Field(sa_type=SORTED_TEXT)  # which sender: `webhook`
    key: str = Field(sa_type=SORTED_TEXT)
    cap: int = CAP  # calls at once
    rate: float | None = None  # calls a second; null: as many as the cap lets through
    credential: str | None = Field(default=None, foreign_key="target_credential.name", index=True, sa_type=SORTED_TEXT)
    # When the next call may begin for the rate to be kept; milliseconds of db.work.functions.
    free_at: int = Field(default=0, sa_type=KEY)
    failing_since: datetime | None = None  # no call has succeeded from then on
    disabled: str | None = None  # the reason: its deliveries wait until it is enabled
    disabled_at: datetime | None = None
    removed_at: datetime | None = None


class TargetEventRow(Row, table=True):
    """A name of events that a target wants, of those behind position `since`."""

    __tablename__ = "target_event"
    __table_args__ = ({"sqlite_with_rowid": False},)

    target_id: int = Field(foreign_key="target.id", ondelete="CASCADE", primary_key=True, sa_type=KEY)
    name: str = Field(primary_key=True, index=True, sa_type=SORTED_TEXT)
    since: int = Field(default=0, sa_type=BigInteger)


_TARGET: Final = table(TargetRow)
_WANTED: Final = table(TargetEventRow)
_CREDENTIAL: Final = table(CredentialRow)
_POSITION: Final = table(EventRow).c.position


async def upsert(
    connection: AsyncConnection,
    kind: str,
    key: str,
    names: Collection[str],
    *,
    cap: int = CAP,
    rate: float | None = None,
    credential: str | None = None,
) -> int:
    """Make the target of this kind and key, or bring it in line; its id. To be called in the transaction that writes
    the owner's feed.

    `names` are all names of events that it wants from now on: what was numbered before is not sent, what is committed
    later is. A name that it wanted before goes on where it was; of one that is not among them nothing new is
    sent, while deliveries that are waiting go out still. Without any (a feed that somebody switched off) it receives
    nothing but replays. A disabled target stays disabled."""
    values = {"kind": kind, "key": key, "cap": cap, "rate": rate, "credential": credential}
    made = _inserting(connection, _TARGET).values(values)
    changes = {name: made.excluded[name] for name in ("cap", "rate", "credential")} | {"removed_at": None}
    made = made.on_conflict_do_update(index_elements=["kind", "key"], set_=changes).returning(_TARGET.c.id)
    target: int = (await connection.execute(made)).scalar_one()
    wanted = sorted(set(names))
    await connection.execute(delete(_WANTED).where(_WANTED.c.target_id == target, _WANTED.c.name.not_in(wanted)))
    if wanted:
        since = (await connection.execute(select(func.coalesce(func.max(_POSITION), 0)))).scalar_one()
        rows = [{"target_id": target, "name": name, "since": since} for name in wanted]
        await connection.execute(_inserting(connection, _WANTED).on_conflict_do_nothing(), rows)
    return target


async def remove(connection: AsyncConnection, kind: str, key: str) -> None:
    """Nothing more is sent to it: what waits is dropped, what is under way ends as it may. Its deliveries and their
    attempts go later, a few at a time. Nothing happens where there is no such target."""
    await remove_all(connection, _found(kind, key))


async def remove_all(connection: AsyncConnection, ids: Select[Any]) -> None:
    """The same of those whose ids this finds: of owners that go together."""
    await connection.execute(delete(_WANTED).where(_WANTED.c.target_id.in_(ids)))
    await connection.execute(update(_TARGET).where(_TARGET.c.id.in_(ids)).values(removed_at=now()))


async def disable(connection: AsyncConnection, kind: str, key: str, reason: str) -> bool:
    """Hold its deliveries from now on, also those of events to come. False where it was disabled, or is not there; the
    reason stays the first one."""
    held = update(_TARGET).where(_TARGET.c.id.in_(_found(kind, key)), _TARGET.c.disabled.is_(None))
    done = await connection.execute(held.values(disabled=reason, disabled_at=now()).returning(_TARGET.c.id))
    return done.first() is not None


async def enable(connection: AsyncConnection, kind: str, key: str) -> None:
    """Send what waited, and go on; five days of failures count anew."""
    free = {"disabled": None, "disabled_at": None, "failing_since": None}
    await connection.execute(update(_TARGET).where(_TARGET.c.id.in_(_found(kind, key))).values(free))


async def share(connection: AsyncConnection, name: str, *, cap: int | None = None, rate: float | None = None) -> None:
    """Make a credential that targets may name, or change what all of its calls together are held to. It is locked until
    the transaction ends."""
    made = _inserting(connection, _CREDENTIAL).values(name=name, cap=cap, rate=rate, free_at=milliseconds())
    changes = {"cap": made.excluded.cap, "rate": made.excluded.rate}
    changes["free_at"] = later(_CREDENTIAL.c.free_at, milliseconds())
    await connection.execute(made.on_conflict_do_update(index_elements=["name"], set_=changes))


def later(one: ColumnElement[int], other: ColumnElement[int]) -> ColumnElement[int]:
    return case((one > other, one), else_=other)


def _found(kind: str, key: str) -> Select[Any]:
    return select(_TARGET.c.id).where(_TARGET.c.kind == kind, _TARGET.c.key == key)


def _inserting(connection: AsyncConnection, into: Any) -> Any:
    return (postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert)(into)
