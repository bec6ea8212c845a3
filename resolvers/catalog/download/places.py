"""Where downloads have their files, and which of those their stores say are not there. That is asked before the
transaction (a store may be slow) and judged inside it."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from sqlalchemy import select

from connectors.storage import Missing, Storage, StorageUnavailable, UnknownDriver, UnsafePath, safe
from connectors.storage.drivers import LOCAL
from connectors.storage.setting import as_set, by
from db.catalog.download import DownloadRow
from db.catalog.stored_file import entity, locked_places
from db.store.row import table
from engine.unit.perform import Reach
from engine.unit.unit import Errors, Refuses, Unit
from engine.values.errors import ErrorCode
from resolvers.catalog.download.rules import LONGEST_CHANGED, LONGEST_NEW, check_download

DOWNLOAD = table(DownloadRow)
LOOKED_AT_ONCE: Final = 8


def place_of(storage: Storage, file: Mapping[str, Any]) -> dict[str, Any]:
    """Where the file of a download (its columns) is: `driver`, `bucket` (the one that is meant), `path`."""
    driver, bucket = file.get("driver") or LOCAL, file.get("bucket")
    with suppress(UnknownDriver):  # an import brought it
        bucket = storage.bucket(driver, bucket if storage.buckets(driver) else None)
    return {"driver": driver, "bucket": bucket, "path": file.get("file_path") or file.get("file_name")}


@asynccontextmanager
async def looked_for_new(reach: Reach, files: Sequence[Mapping[str, Any]]) -> AsyncIterator[set[str]]:
    """What is not there of new downloads, as asked for: the entities of those files."""
    async with reach.read() as connection:
        storage = await as_set(by(connection), reach.port(Storage), *(asked.get("driver") for asked in files))
    places = []
    for asked in files:
        errors = Errors()
        values = check_download(errors, storage, {}, asked, LONGEST_NEW)
        if not errors:
            places.append(place_of(storage, values))
    yield await _absent(storage, places)


@asynccontextmanager
async def looked_for_changed(reach: Reach, key: int, asked: Mapping[str, Any]) -> AsyncIterator[set[str]]:
    """The same of a download that is to change."""
    errors = Errors()
    async with reach.read() as connection:
        found = (await connection.execute(select(DOWNLOAD).where(DOWNLOAD.c.id == key))).mappings().one_or_none()
        drivers = (None if found is None else found["driver"], asked.get("driver"))
        storage = await as_set(by(connection), reach.port(Storage), *drivers)
    if found is None:
        yield set()
        return
    row = dict(found)
    wanted = place_of(storage, row | check_download(errors, storage, row, asked, LONGEST_CHANGED))
    changes = not errors and wanted != place_of(storage, row)
    yield await _absent(storage, [wanted] if changes else [])


async def _absent(storage: Storage, places: Iterable[Mapping[str, Any]]) -> set[str]:
    """Only what a store knows for sure: one that does not answer, or is not configured, says nothing."""
    asked = {entity(place): place for place in places}
    at_once = asyncio.Semaphore(LOOKED_AT_ONCE)
    silent: set[tuple[str, str | None]] = set()

    async def look(place: Mapping[str, Any]) -> bool:
        store = (place["driver"], place["bucket"])
        async with at_once:
            if store in silent:
                return False
            try:
                await storage.of(*store).find(safe(place["path"]))
            except Missing:
                return True
            except StorageUnavailable:
                silent.add(store)
            except (UnknownDriver, UnsafePath):
                pass
            return False

    found = await asyncio.gather(*map(look, asked.values()))
    return {name for name, absent in zip(asked, found, strict=True) if absent}


async def check_places(
    unit: Unit, storage: Storage, product: int, files: Iterable[tuple[Refuses, str, Mapping[str, Any]]]
) -> None:
    """Claim where these downloads of the product are to have their files, and refuse those that were deleted lately or
    that are not there, at the field that is named. What the product names already it may name again: an import brings
    the records of files that stay where the source has them."""
    absent: set[str] = unit.outside
    places = [(errors, field, place_of(storage, file)) for errors, field, file in files]
    deleted = await locked_places(unit.connection, [place for _, _, place in places])
    if absent:
        statement = select(DOWNLOAD).where(DOWNLOAD.c.product_id == product)
        rows = (await unit.connection.execute(statement)).mappings()
        absent = absent - {entity(place_of(storage, dict(row))) for row in rows}
    for errors, field, place in places:
        if entity(place) in deleted:
            errors.refuse(ErrorCode.NOT_FOUND, "This file was deleted lately: upload it anew", field)
        elif entity(place) in absent:
            errors.refuse(ErrorCode.VALIDATION, "No such file", field)
