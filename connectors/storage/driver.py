"""One kind of store: files by their paths, written whole, read in parts."""

import asyncio
import heapq
import os
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, Final, Protocol

import obstore
import structlog
from obstore.exceptions import BaseError, NotFoundError, PreconditionError
from obstore.store import LocalStore, S3Store

from connectors.storage.path import STAGED

log = structlog.get_logger("storegraph.connectors")

# A part of a multipart upload; S3 takes no smaller ones.
PART_BYTES: Final = 8 * 1024 * 1024
PARTS_AT_ONCE: Final = 2
# What a listing looks through for one page when a search matches little; its cursor goes on from there.
MOST_LOOKED_AT: Final = 10_000
# In which a store says whether it can be used: somebody waits for it.
ANSWER_SECONDS: Final = 10.0
# Of a listing no class of errors says it.
_STATUS: Final = re.compile(r"non-2xx status code: ([0-9]{3})")
_NOT_PERMITTED: Final = "the keys are not accepted, or do not permit to {} its files"
_REFUSALS: Final = {"401": _NOT_PERMITTED, "403": _NOT_PERMITTED, "404": "there is no such bucket"}
_NO_S3: Final = "the endpoint does not answer as S3 does, or is in another region"


class Missing(Exception):
    """There is no such file, or no longer the one that was asked for."""


class StorageUnavailable(Exception):
    """The store does not answer, or refuses; the log has the reason."""


@dataclass(frozen=True, slots=True)
class FileStat:
    """A file as its store tells of it. `size` in bytes, `etag` quoted as in HTTP."""

    path: str
    size: int
    etag: str | None
    modified_at: datetime


@dataclass(frozen=True, slots=True)
class ListResult:
    """Part of a listing, in the order of paths. `end` is where the next part goes on; None at the end of the list."""

    files: list[FileStat]
    end: str | None


class Driver(Protocol):
    """Paths are safe ones (`connectors.storage.path.safe`). Every method raises StorageUnavailable."""

    async def put(self, path: str, source: Path) -> None:
        """Keep a copy of a file. Nobody sees half of it."""

    async def find(self, path: str) -> FileStat:
        """Raises Missing."""

    async def read(self, file: FileStat, start: int, end: int) -> bytes:
        """Bytes from `start` up to `end`, exclusive. Raises Missing when the file is no longer the same."""

    async def delete(self, path: str) -> None:
        """Raises Missing."""

    async def list(self, after: str, size: int, matches: Callable[[str], bool]) -> ListResult:
        """At most `size` files whose paths come after `after` and match."""

    async def count(self, most: int | None, matches: Callable[[str], bool]) -> int:
        """How many files match; with `most`, counting stops there."""

    async def problem(self, *, trial: str | None = None) -> str | None:
        """Why it cannot be used, a sentence; None where it answers. `trial` is the path of a file that is written and
        taken out again. Raises nothing."""


@contextmanager
def _explained(action: str, path: str) -> Iterator[None]:
    try:
        yield
    except (
        NotFoundError,
        PreconditionError,
        FileNotFoundError,
        IsADirectoryError,
        NotADirectoryError,
    ) as error:
        raise Missing(path) from error
    except (BaseError, OSError, ValueError) as error:
        log.error("storage", action=action, path=path, exc_info=error)
        raise StorageUnavailable(action) from error


class _Objects:
    """What both drivers leave to the object store."""

    @property
    def _store(self) -> LocalStore | S3Store:
        raise NotImplementedError

    async def put(self, path: str, source: Path) -> None:
        with _explained("put", path):
            await obstore.put_async(self._store, path, source, chunk_size=PART_BYTES, max_concurrency=PARTS_AT_ONCE)

    async def find(self, path: str) -> FileStat:
        with _explained("find", path):
            return _stored(await obstore.head_async(self._store, path))

    async def read(self, file: FileStat, start: int, end: int) -> bytes:
        if start >= end:
            return b""
        options: dict[str, Any] = {"range": (start, end)}
        if file.etag is not None:
            options["if_match"] = file.etag
        with _explained("read", file.path):
            result = await obstore.get_async(self._store, file.path, options=options)  # type: ignore[arg-type]
            return bytes(await result.bytes_async())

    async def delete(self, path: str) -> None:
        with _explained("delete", path):
            await obstore.delete_async(self._store, path)


class Bucket(_Objects):
    """A bucket that speaks S3. Its listing comes in the order of paths, so a page is read and no more."""

    def __init__(self, store: S3Store) -> None:
        self._bucket = store

    @property
    def _store(self) -> S3Store:
        return self._bucket

    async def delete(self, path: str) -> None:
        await self.find(path)  # S3 deletes what is not there without a word
        await super().delete(path)

    async def list(self, after: str, size: int, matches: Callable[[str], bool]) -> ListResult:
        found: list[FileStat] = []
        seen = 0
        with _explained("list", after):
            async for file in self._walk(after):
                if matches(file.path):
                    found.append(file)
                seen += 1
                if len(found) > size:
                    return ListResult(found[:size], found[size - 1].path)
                if seen == MOST_LOOKED_AT:
                    return ListResult(found, file.path)
        return ListResult(found, None)

    async def count(self, most: int | None, matches: Callable[[str], bool]) -> int:
        found = 0
        with _explained("count", ""):
            async for file in self._walk(""):
                found += matches(file.path)
                if found == most:
                    break
        return found

    async def problem(self, *, trial: str | None = None) -> str | None:
        action = "read"
        why: Exception
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                async for _ in obstore.list(self._store):
                    break
                if trial is not None:
                    action = "write"
                    await obstore.put_async(self._store, trial, b"storegraph")
                    action = "delete"
                    await obstore.delete_async(self._store, trial)
        except TimeoutError as error:
            reason, why = f"no answer within {ANSWER_SECONDS:g} seconds", error
        except (BaseError, OSError, ValueError) as error:
            said = _STATUS.search(str(error))
            reason, why = _REFUSALS.get(said[1] if said else "", _NO_S3).format(action), error
        else:
            return None
        log.warning("a bucket cannot be used", action=action, exc_info=why)
        return reason

    async def _walk(self, after: str) -> AsyncIterator[FileStat]:
        async for chunk in obstore.list(self._store, offset=after or None, chunk_size=1000):
            for meta in chunk:
                yield _stored(meta)


class Folder(_Objects):
    """A folder of this machine, made when it is first needed. Links in it are not followed: they may lead anywhere."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    @cached_property
    def _store(self) -> LocalStore:
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        return LocalStore(self._root)

    async def put(self, path: str, source: Path) -> None:
        await self._check(path)
        await super().put(path, source)

    async def find(self, path: str) -> FileStat:
        await self._check(path)
        return await super().find(path)

    async def delete(self, path: str) -> None:
        await self._check(path)
        await super().delete(path)

    async def _check(self, path: str) -> None:
        if not await asyncio.to_thread(self._has_no_links, path):
            raise Missing(path)

    def _has_no_links(self, path: str) -> bool:
        place = self._root / path
        return place.resolve() == place and not place.is_dir()

    async def list(self, after: str, size: int, matches: Callable[[str], bool]) -> ListResult:
        with _explained("list", after):
            return await asyncio.to_thread(self._list, after, size, matches)

    def _list(self, after: str, size: int, matches: Callable[[str], bool]) -> ListResult:
        store = self._store
        # A folder has no order of its own, so all names are looked at, but only a page of them is kept.
        paths = (path for path in self._paths(self._root) if path > after and matches(path))
        found = heapq.nsmallest(size + 1, paths)
        files = [file for path in found[:size] if (file := _described(store, path)) is not None]
        return ListResult(files, found[size - 1] if len(found) > size else None)

    async def count(self, most: int | None, matches: Callable[[str], bool]) -> int:
        with _explained("count", ""):
            return await asyncio.to_thread(self._count, most, matches)

    def _count(self, most: int | None, matches: Callable[[str], bool]) -> int:
        assert self._store is not None  # which makes the folder
        return sum(1 for _ in islice(filter(matches, self._paths(self._root)), most))

    async def problem(self, *, trial: str | None = None) -> str | None:
        try:
            permitted = await asyncio.to_thread(self._permits)
        except OSError as error:
            log.warning("the folder of files cannot be used", exc_info=error)
            permitted = False
        return None if permitted else "the server may not write into its folder"

    def _permits(self) -> bool:
        assert self._store is not None  # which makes the folder
        return os.access(self._root, os.R_OK | os.W_OK | os.X_OK)

    def _paths(self, folder: Path) -> Iterator[str]:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith(".") or entry.is_symlink():
                    continue
                if entry.is_dir():
                    yield from self._paths(Path(entry.path))
                elif not STAGED.search(entry.name):
                    yield str(Path(entry.path).relative_to(self._root))


def _described(store: LocalStore, path: str) -> FileStat | None:
    try:
        return _stored(obstore.head(store, path))
    except FileNotFoundError:  # deleted this very moment
        return None


def _stored(meta: Any) -> FileStat:
    return FileStat(meta["path"], meta["size"], meta["e_tag"], meta["last_modified"])
