"""Deleting stored files. First it is committed, then the file goes: a store that is slow keeps no writer waiting, and a
commit that fails loses nothing. What a crash leaves in between, the sweep removes."""

from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import strawberry
import structlog
from sqlalchemy import false, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.storage import Missing, Storage, StorageUnavailable, UnknownDriver, UnsafePath, safe
from connectors.storage.driver import Driver
from connectors.storage.drivers import LOCAL
from connectors.storage.setting import as_set, by
from db.catalog.events import FILE_DELETED
from db.catalog.stored_file import locked_places
from db.store.outbox import EVENT
from db.store.row import now
from db.store.unit import Units
from engine.declared.mutation import mutation
from engine.declared.payload import Keys
from engine.unit.perform import Reach
from engine.unit.unit import Errors, Unit
from engine.values.errors import ErrorCode
from resolvers.files.file import BUCKET, DOWNLOAD, DRIVER, Outside, chosen, stores, take_out, unavailable

log = structlog.get_logger("storegraph.server")

# How far back the sweep looks: a server that crashed is up again within it, and a store that did not answer too.
SWEPT: Final = timedelta(days=1)
# Of a day; more were deleted by a program that can look after them.
MOST_SWEPT: Final = 1000
# Of moments, those of events and of stores that tell whole seconds.
PRECISION: Final = timedelta(seconds=2)


@strawberry.input(description="A stored file to delete.")
class FileDeleteInput:
    path: str = strawberry.field(
        description="Where its driver has it: `StoredFile.path`. Refused while a download names it."
    )
    driver: str = strawberry.field(default=LOCAL, description=DRIVER)
    bucket: str | None = strawberry.field(default=None, description=BUCKET)


@dataclass
class _Leaving(Outside):
    """`absent` is what its store says against it, for whom no download names it."""

    default: bool = False  # the bucket is the one that is meant where none is named
    absent: Errors = field(default_factory=Errors)


@asynccontextmanager
async def _removed(reach: Reach, input: FileDeleteInput, dry: bool) -> AsyncIterator[_Leaving]:
    """Whether there is such a file and its store answers; taken out once the transaction is committed."""
    found = _Leaving(driver=input.driver, path=input.path)
    storage = await stores(reach, input.driver)
    driver = chosen(found, storage, input.bucket)
    try:
        safe(input.path)
    except UnsafePath as error:
        found.errors.refuse(ErrorCode.VALIDATION, str(error), "path")
    if not found.errors:
        assert driver is not None
        found.default = found.bucket in storage.buckets(found.driver)[:1]
        await _look(found.absent, driver.find(found.path))
    yield found
    if found.kept and driver is not None:  # the deletion is
        await take_out(driver, found.path)


async def _look(errors: Errors, doing: Awaitable[Any]) -> None:
    try:
        await doing
    except Missing:
        errors.refuse(ErrorCode.NOT_FOUND, "No such file", "path")
    except StorageUnavailable:
        unavailable(errors)


@mutation(
    permission="store/sensitive",
    rest="DELETE /files/delete",
    emits=(FILE_DELETED,),
    ports=(Storage,),
    outside=_removed,
)
async def file_delete(unit: Unit, input: FileDeleteInput) -> Keys:
    """Delete a stored file that no download names any more."""
    found: _Leaving = unit.outside
    found.settle(unit)
    await locked_places(unit.connection, [found.place])
    users = await _users(unit.connection, found.place, default=found.default)
    if users:
        told = "1 download still names" if users == 1 else f"{users} downloads still name"
        unit.refuse(ErrorCode.CONFLICT, f"{told} this file; delete or change them first", "path")
        unit.settle()
    for error in found.absent.found:
        unit.refuse(error.code, error.message, *(error.field or ()))
    unit.settle()
    unit.emit(FILE_DELETED(found.place))
    unit.afterwards(committed=found.keep)
    return {"deleted_path": found.path, "driver": found.driver, "bucket": found.bucket}


async def _users(connection: AsyncConnection, place: Mapping[str, Any], *, default: bool) -> int:
    """How many downloads name the file. One without a bucket means the driver's default."""
    same = func.coalesce(DOWNLOAD.c.driver, LOCAL) == place["driver"]
    bucket = or_(DOWNLOAD.c.bucket == place["bucket"], DOWNLOAD.c.bucket.is_(None) if default else false())
    path = func.coalesce(DOWNLOAD.c.file_path, DOWNLOAD.c.file_name) == place["path"]
    statement = select(func.count()).select_from(DOWNLOAD).where(same, path)
    if place["bucket"] is not None:
        statement = statement.where(bucket)
    return int((await connection.execute(statement)).scalar_one())


async def sweep(units: Units, settled: set[int]) -> int:
    """Remove what deletions of the last day left in their stores, and say how many files that were. `settled` keeps the
    events that are done with, for the next time."""
    statement = (
        select(EVENT.c.id, EVENT.c.payload, EVENT.c.occurred_at)
        .where(EVENT.c.name == FILE_DELETED.name, EVENT.c.occurred_at > now() - SWEPT)
        .order_by(EVENT.c.id.desc())
        .limit(MOST_SWEPT)
    )
    async with units.read() as connection:
        deletions = (await connection.execute(statement)).all()
    settled.intersection_update({event.id for event in deletions})
    removed = 0
    for event in deletions:
        if event.id not in settled:
            went = await _swept(units, event.payload, event.occurred_at)
            removed += went is True
            if went is not None:
                settled.add(event.id)
    return removed


async def _swept(units: Units, place: Mapping[str, Any], at: datetime) -> bool | None:
    """True when the file was still there and went, False when there is nothing to do, None when it is not known yet."""
    async with units.read() as connection:
        storage = await as_set(by(connection), units.port(Storage), place["driver"])
    try:
        driver: Driver = storage.of(place["driver"], place["bucket"])
        file = await driver.find(safe(place["path"]))
        default = place["bucket"] in storage.buckets(place["driver"])[:1]
        async with units.read() as connection:
            named = await _users(connection, place, default=default)
        if named or file.modified_at > at + PRECISION:  # an import brought it back, or somebody put another there
            return False
        await driver.delete(place["path"])
    except (UnknownDriver, UnsafePath, Missing):
        return False
    except StorageUnavailable:
        return None
    log.info("a deleted file was still there", driver=place["driver"], path=place["path"])
    return True
