"""Stored files: listed and uploaded. They live outside the database, so they have paths instead of ids."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import strawberry

from connectors.storage import FileStat, Missing, Storage, StorageUnavailable, UnknownDriver, UnsafePath, safe
from connectors.storage.driver import Driver
from connectors.storage.drivers import LOCAL
from connectors.storage.kind import HEAD, content_refusal, extension, name_refusal
from connectors.storage.path import shown
from connectors.storage.setting import as_set, by
from db.catalog.download import DownloadRow
from db.catalog.events import FILE_UPLOADED
from db.store.row import table
from db.text.folding import folded
from engine.declared.connection import FIRST, MOST
from engine.declared.mutation import mutation
from engine.declared.payload import Keys
from engine.standard.context import Context
from engine.unit.perform import Reach
from engine.unit.unit import Errors, Unit
from engine.values import identity
from engine.values.errors import BadUserInput, CodedError, ErrorCode
from engine.values.upload import Uploaded
from resolvers.editing import text

DOWNLOAD = table(DownloadRow)
LONGEST_NAME: Final = 160
LONGEST_SEARCH: Final = 200
DRIVER: Final = "local or s3; one that is configured."
BUCKET: Final = "Of the driver; its default when there is none."


class StoredFile:
    """Where a file is, and what its store tells of it."""

    def __init__(self, file: FileStat, driver: str, bucket: str | None) -> None:
        self.path = file.path
        self.name = shown(file.path)
        self.size = float(file.size)
        self.driver = driver
        self.bucket = bucket
        self.modified_at = file.modified_at


class FilePage:
    """What a listing of files is read from. A page may be shorter than it was asked to be, when a search had to look
    through much; then too `end` is the path that the next page goes on after."""

    def __init__(
        self,
        files: list[StoredFile],
        end: str | None,
        count: Callable[[int | None], Awaitable[int]],
    ) -> None:
        self.nodes = files
        self.count = count
        self._end = end

    @property
    def has_next_page(self) -> bool:
        return self._end is not None

    @property
    def end_cursor(self) -> str | None:
        end = self._end or (self.nodes[-1].path if self.nodes else None)
        return None if end is None else _cursor(end)


async def files(
    context: Context,
    driver: str = LOCAL,
    bucket: str | None = None,
    search: str | None = None,
    first: int | None = None,
    after: str | None = None,
) -> FilePage:
    """Files by their paths. Raises CodedError: BAD_USER_INPUT, PROVIDER_ERROR."""
    size = FIRST if first is None else first
    if not 1 <= size <= MOST:
        raise BadUserInput(f"`first` is from 1 to {MOST}")
    if search is not None and len(search) > LONGEST_SEARCH:
        raise BadUserInput(f"`search` has at most {LONGEST_SEARCH} characters")
    wanted = folded((search or "").strip())
    place = "" if after is None else _place(after)
    storage = await as_set(context.rows, context.database.port(Storage), driver)
    try:
        chosen = storage.bucket(driver, bucket)
        store = storage.of(driver, chosen)
    except UnknownDriver as error:
        raise BadUserInput(str(error)) from None

    def matches(path: str) -> bool:
        return wanted in folded(path)

    async def count(up_to: int | None) -> int:
        with _answering(driver):
            return await store.count(up_to, matches)

    with _answering(driver):
        listed = await store.list(place, size, matches)
    return FilePage([StoredFile(file, driver, chosen) for file in listed.files], listed.end, count)


@contextmanager
def _answering(driver: str) -> Iterator[None]:
    try:
        yield
    except StorageUnavailable as error:
        message = "The store of files does not answer"
        raise CodedError(ErrorCode.PROVIDER_ERROR, message, provider=driver, retryable=True) from error


def _cursor(path: str) -> str:
    return identity.text_of(path.encode())


def _place(cursor: str) -> str:
    try:
        path = identity.bytes_of(cursor).decode()
    except ValueError:
        raise BadUserInput("`after` is not a cursor of this list") from None
    if not path.isprintable() or _cursor(path) != cursor:
        raise BadUserInput("`after` is not a cursor of this list")
    return path


async def file_buckets(context: Context, driver: str = LOCAL) -> tuple[str, ...]:
    """The buckets of a driver, its default first. Raises BadUserInput."""
    try:
        return (await as_set(context.rows, context.database.port(Storage), driver)).buckets(driver)
    except UnknownDriver as error:
        raise BadUserInput(str(error)) from None


@strawberry.input(description="A file, and where it is to be kept.")
class FileUploadInput:
    file: Uploaded = strawberry.field(
        description="A variable that the multipart request sends as a file; its kind must be that of the "
        "extension of `name`."
    )
    name: str = strawberry.field(
        description=f"At most {LONGEST_NAME} characters, the extension of its kind at the end. Stored is a unique name."
    )
    driver: str = strawberry.field(default=LOCAL, description=DRIVER)
    bucket: str | None = strawberry.field(default=None, description=BUCKET)


@dataclass
class Outside:
    """What became of a file before the transaction: where it is, or what was wrong. `kept`: it was committed."""

    errors: Errors = field(default_factory=Errors)
    driver: str = ""
    bucket: str | None = None
    path: str = ""
    kept: bool = False

    @property
    def place(self) -> dict[str, Any]:
        return {"path": self.path, "driver": self.driver, "bucket": self.bucket}

    async def keep(self) -> None:
        self.kept = True

    def settle(self, unit: Unit) -> None:
        """Raises Refused with what was wrong."""
        for error in self.errors.found:
            unit.refuse(error.code, error.message, *(error.field or ()))
        unit.settle()


@asynccontextmanager
async def _stored(reach: Reach, input: FileUploadInput, dry: bool) -> AsyncIterator[Outside]:
    """The upload in its store; taken out again unless its transaction was committed."""
    found = Outside(driver=input.driver)
    storage = await stores(reach, input.driver)
    driver = chosen(found, storage, input.bucket)
    name = await _checked_name(found.errors, input)
    if not found.errors and not dry:
        assert driver is not None
        found.path = storage.unique(name)
        try:
            await driver.put(found.path, input.file.path)
        except StorageUnavailable:
            unavailable(found.errors)
    elif not found.errors:
        found.path = name
    stored = not found.errors and not dry
    try:
        yield found
    finally:
        if stored and not found.kept and driver is not None:
            await take_out(driver, found.path)


async def stores(reach: Reach, *drivers: str | None) -> Storage:
    """The stores as they are now, before a transaction; `drivers` are those that are meant."""
    async with reach.read() as connection:
        return await as_set(by(connection), reach.port(Storage), *drivers)


async def take_out(driver: Driver, path: str) -> None:
    try:
        await driver.delete(path)
    except (Missing, StorageUnavailable):  # the log has it
        return


@mutation(
    permission="store/sensitive",
    rest="POST /files/upload",
    emits=(FILE_UPLOADED,),
    ports=(Storage,),
    outside=_stored,
)
async def file_upload(unit: Unit, input: FileUploadInput) -> Keys:
    """Store a file, to be named by downloads. A multipart request carries it (docs/files.md)."""
    found: Outside = unit.outside
    found.settle(unit)
    unit.emit(FILE_UPLOADED(found.place | {"size": input.file.size}))
    unit.afterwards(committed=found.keep)
    return {
        "path": found.path,
        "file_name": shown(found.path),
        "driver": found.driver,
        "bucket": found.bucket,
        "size": input.file.size,
    }


def chosen(found: Outside, storage: Storage, bucket: str | None) -> Driver | None:
    try:
        storage.buckets(found.driver)
    except UnknownDriver as error:
        found.errors.refuse(ErrorCode.VALIDATION, str(error), "driver")
        return None
    try:
        found.bucket = storage.bucket(found.driver, bucket)
        return storage.of(found.driver, found.bucket)
    except UnknownDriver as error:
        found.errors.refuse(ErrorCode.VALIDATION, str(error), "bucket")
        return None


async def _checked_name(errors: Errors, input: FileUploadInput) -> str:
    """The name under which the file is to be stored, with the extension of the upload where it has none."""
    name = text.line(input.name)
    if len(input.name) > LONGEST_NAME:
        errors.refuse(ErrorCode.VALIDATION, f"At most {LONGEST_NAME} characters", "name")
        return name
    if not name:
        errors.refuse(ErrorCode.VALIDATION, "Required", "name")
        return name
    if not extension(name) and extension(input.file.filename):
        name = f"{name}.{extension(input.file.filename)}"
    try:
        if "/" in safe(name, cut=True):
            errors.refuse(ErrorCode.VALIDATION, "A name has no folders", "name")
    except UnsafePath as error:
        errors.refuse(ErrorCode.VALIDATION, str(error), "name")
    reason = name_refusal(name)
    if reason is not None:
        errors.refuse(ErrorCode.VALIDATION, reason, "name")
    if input.file.size == 0:
        errors.refuse(ErrorCode.VALIDATION, "The file is empty", "file")
        return name
    reason = content_refusal(name, await asyncio.to_thread(_head, input.file.path))
    if reason is not None:
        errors.refuse(ErrorCode.VALIDATION, reason, "file")
    return name


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD)


def unavailable(errors: Errors) -> None:
    errors.refuse(ErrorCode.PROVIDER_ERROR, "The store of files does not answer; try again later")
