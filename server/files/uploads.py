"""Files in a request, as https://github.com/jaydenseric/graphql-multipart-request-spec has them: `operations`, `map`,
then the files. They wait on disk, in bounded memory, until the request is answered."""

import asyncio
import errno
import hashlib
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import IO, Any, Final

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import Receive

from engine.document.request import Request
from engine.standard.execution import Executor
from engine.values.errors import CodedError, ErrorCode, Unavailable
from engine.values.upload import Uploaded
from engine.values.viewer import PUBLIC, SIGNED_IN, Viewer, require
from server.graphql import parameters
from server.http.body import decoded
from server.http.multipart import Begun, Ended, events
from server.http.refusal import Refusal

# Raises Refusal for a request whose files are not to be taken.
Admit = Callable[[Request], Awaitable[None]]

# A form can be sent to another origin without asking it first; with one of these headers a browser has to ask.
PREFLIGHT_HEADERS: Final = ("GraphQL-Require-Preflight", "Apollo-Require-Preflight", "X-Requested-With")

_MAX_MAP_BYTES: Final = 64 * 1024
# Handed to a thread in pieces of this size; for smaller ones the way there costs more than the writing.
_PIECE: Final = 1024 * 1024
# A large file takes its time, but something of it comes all the time.
_IDLE_SECONDS: Final = 30.0
# Bytes a second, on average: the slowest line does better.
_LEAST_PACE: Final = 1024
# No upload takes a day: what is older was left by a process that was killed.
_LEFT_SECONDS: Final = 86_400
# Headers of parts and boundaries around what is counted.
_FRAMING_BYTES: Final = 64 * 1024
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
RETRY_SECONDS: Final = 5


class Uploads:
    """Takes such requests. Files wait in folders inside `folder`, one for each request."""

    def __init__(
        self, folder: Path, *, max_files: int, max_file_bytes: int, max_field_bytes: int, seconds: float
    ) -> None:
        """`seconds` is in which all that comes before the files has to arrive."""
        self._folder = folder
        self._max_files = max_files
        self._max_file_bytes = max_file_bytes
        self._max_field_bytes = max_field_bytes
        self._seconds = seconds
        self._cleared = False

    @asynccontextmanager
    async def request(self, receive: Receive, headers: Headers, admit: Admit) -> AsyncIterator[Request]:
        """The request with its files in its variables, for as long as the block lasts. `admit` is asked before the
        first byte of a file is taken, and raises Refusal. Raises Refusal: 400, 408, 413, 507; Unavailable where
        files cannot be kept for another reason; and ClientDisconnect."""
        check_preflight(headers)
        self._check_length(headers.get("content-length"))
        folder = _Folder(self._waiting)
        form = _Form(folder, admit, self._max_files, self._max_file_bytes, self._max_field_bytes)
        around = self._max_field_bytes + _MAX_MAP_BYTES + _FRAMING_BYTES
        try:
            async for event in events(_chunks(receive, form, around, self._seconds), headers["content-type"]):
                await form.take(event)
            yield form.request()
        finally:
            form.close()
            if folder.path is not None:
                await asyncio.to_thread(shutil.rmtree, folder.path, ignore_errors=True)

    def _waiting(self) -> str:
        """A folder of one request's own."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self._cleared:
            self._cleared = True
            for left in self._folder.iterdir():
                with suppress(FileNotFoundError):  # another request's, which has just ended
                    if left.stat().st_mtime < time.time() - _LEFT_SECONDS:
                        shutil.rmtree(left, ignore_errors=True)
        return tempfile.mkdtemp(dir=self._folder)

    def _check_length(self, content_length: str | None) -> None:
        most = self._max_files * self._max_file_bytes + self._max_field_bytes + _MAX_MAP_BYTES + _FRAMING_BYTES
        if content_length is not None and content_length.isdecimal() and int(content_length[:20]) > most:
            raise Refusal(413, f"The body is longer than {most} bytes, which is more than all files may have together")


def check_preflight(headers: Headers) -> None:
    """Raises Refusal(400) for a request that any page could make a visitor's browser send (CSRF)."""
    if not any(headers.get(name) for name in PREFLIGHT_HEADERS):
        raise Refusal(400, f"A multipart request needs a header that forms cannot send: {PREFLIGHT_HEADERS[0]}: 1")


async def check_admission(executor: Executor, viewer: Viewer, request: Request) -> None:
    """Before files are taken in: only for a mutation, and from who may carry it out. Raises Refusal: 400, 401, 403."""
    intent = await executor.intent(request)
    if intent.kind is None:
        raise Refusal(400, "The document is not valid: sent as JSON, without the files, it is answered with the reason")
    if intent.kind != "mutation":
        raise Refusal(400, "Files go with a mutation")
    for permission in intent.permissions:
        try:
            # Of somebody unknown not even what is open to everyone: the disk is ours.
            require(viewer, SIGNED_IN if permission == PUBLIC else permission)
        except CodedError as error:
            status = 401 if error.code is ErrorCode.UNAUTHENTICATED else 403
            raise Refusal(status, error.message, code=error.code, **error.details) from None


async def _chunks(receive: Receive, form: "_Form", around: int, seconds: float) -> AsyncIterator[bytes]:
    """The body as it comes. Until its files are admitted all of it has to arrive in so many `seconds`, and be no longer
    than `around`, which is also what may come around the files then; their bytes come at some pace at least."""
    received, more = 0, True
    began = time.monotonic()
    admitted: float | None = None
    while more:
        now = time.monotonic()
        if admitted is None and form.admitted:
            admitted = now
        if admitted is None:
            left, late = began + seconds - now, f"`operations` and `map` did not arrive in {seconds:g} s"
        else:
            left = min(_IDLE_SECONDS, admitted + _IDLE_SECONDS + received / _LEAST_PACE - now)
            late = f"Nothing of the body came for {_IDLE_SECONDS:g} s, or less than {_LEAST_PACE} bytes a second"
        try:
            async with asyncio.timeout(left):
                message = await receive()
        except TimeoutError:
            raise Refusal(408, late, headers={"Connection": "close"}) from None
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk: bytes = message.get("body", b"")
        received += len(chunk)
        yield chunk
        if received - form.taken > around:
            raise Refusal(413, f"Around its files a body has at most {around} bytes")
        more = message.get("more_body", False)


class _Folder:
    """Where a request's files wait; made for the first of them."""

    def __init__(self, make: Callable[[], str]) -> None:
        self._make = make
        self.path: Path | None = None

    def file(self, name: str) -> Path:
        if self.path is None:
            self.path = Path(self._make())
        return self.path / name


class _Form:
    """The parts of one request, as far as they have come."""

    def __init__(
        self,
        folder: _Folder,
        admit: Admit,
        max_files: int,
        max_file_bytes: int,
        max_field_bytes: int,
    ) -> None:
        self._folder = folder
        self._admit = admit
        self._max_files = max_files
        self._max_file_bytes = max_file_bytes
        self._limits = {"operations": max_field_bytes, "map": _MAX_MAP_BYTES}
        self._fields: dict[str, bytearray] = {}
        self._request: Request | None = None
        self._places: dict[str, list[_Place]] = {}
        self._field: str | None = None
        self._file: _Arriving | None = None
        self.taken = 0  # bytes of files

    @property
    def admitted(self) -> bool:
        return self._request is not None

    async def take(self, event: Begun | bytes | Ended) -> None:
        if isinstance(event, Begun):
            self._begin(event)
        elif isinstance(event, Ended):
            await self._end()
        elif self._file is not None:
            if self._file.size + len(event) > self._max_file_bytes:
                raise Refusal(413, f"A file has at most {self._max_file_bytes} bytes")
            self.taken += len(event)
            await self._file.write(event)
        else:
            assert self._field is not None
            if len(self._fields[self._field]) + len(event) > self._limits[self._field]:
                raise Refusal(413, f"`{self._field}` has at most {self._limits[self._field]} bytes")
            self._fields[self._field] += event

    def request(self) -> Request:
        if self._request is None:
            raise Refusal(400, "Send the form fields `operations` and `map`, in this order, before the files")
        if self._places:
            raise Refusal(400, f"`map` names files that were not sent: {', '.join(sorted(self._places))[:200]}")
        return self._request

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _begin(self, part: Begun) -> None:
        if part.name in self._limits:
            expected = "map" if "operations" in self._fields else "operations"
            if part.name != expected or part.name in self._fields:
                raise Refusal(400, "Send `operations` and `map` once each, in this order, before the files")
            self._field = part.name
            self._fields[part.name] = bytearray()
            return
        if self._request is None:
            raise Refusal(400, "Send `operations` and `map` before the files, so that it is known what they are for")
        if part.name not in self._places:
            raise Refusal(400, f"`map` does not say where the part {part.name[:100]!r} belongs, or it came twice")
        if part.filename is None:
            raise Refusal(400, f"The part {part.name[:100]!r} is no file: it has no filename")
        self._file = _Arriving(partial(self._folder.file, str(len(self._places))), part)

    async def _end(self) -> None:
        if self._file is not None:
            file, self._file = self._file, None
            arrived = await file.arrived()
            for place in self._places.pop(file.name):
                place.fill(arrived)
        elif self._field == "map":
            request = parameters.posted(bytes(self._fields["operations"]))
            self._places = self._mapped(request)
            await self._admit(request)
            self._request = request
        self._field = None

    def _mapped(self, request: Request) -> dict[str, "list[_Place]"]:
        given = decoded(bytes(self._fields["map"]), "map")
        if not isinstance(given, dict) or not all(
            isinstance(paths, list) and paths and all(isinstance(path, str) for path in paths)
            for paths in given.values()
        ):
            raise Refusal(400, '`map` must be an object of lists like {"0": ["variables.input.file"]}')
        if len(given) > self._max_files:
            raise Refusal(413, f"A request carries at most {self._max_files} files")
        return {name: [_Place(request.variables, path) for path in paths] for name, paths in given.items()}


class _Place:
    """Where a file goes among the variables: `variables.input.file`, `variables.files.0`."""

    def __init__(self, variables: dict[str, Any], path: str) -> None:
        root, *names = path.split(".")
        if root != "variables" or not names:
            raise Refusal(400, f"`map`: {path[:100]!r} does not begin with `variables.`")
        inside: Any = variables
        for name in names[:-1]:
            inside = _inside(inside, name, path)
        self._container: Any = inside
        self._key: Any = int(names[-1]) if isinstance(inside, list) and names[-1].isdecimal() else names[-1]
        if _inside(inside, names[-1], path) is not None:
            raise Refusal(400, f"`map`: in `operations` there must be null at {path[:100]!r}")

    def fill(self, file: Uploaded) -> None:
        self._container[self._key] = file


def _inside(value: Any, name: str, path: str) -> Any:
    if isinstance(value, dict) and name in value:
        return value[name]
    if isinstance(value, list) and name.isdecimal() and len(name) < 6 and int(name) < len(value):
        return value[int(name)]
    raise Refusal(400, f"`map`: `operations` has nothing at {path[:100]!r}; put null there")


class _Arriving:
    """A file on its way to disk. What does not fit there is read to its end all the same: a client that is still
    sending when it is refused reads no answer."""

    def __init__(self, path: Callable[[], Path], part: Begun) -> None:
        self.name = part.name
        self.size = 0
        self._filename = part.filename or ""
        self._path = path
        self._file: IO[bytes] | None = None
        self._digest = hashlib.sha256()
        self._pending = bytearray()
        self._failure: OSError | None = None

    async def write(self, data: bytes) -> None:
        self._pending += data
        self.size += len(data)
        if len(self._pending) >= _PIECE:
            await asyncio.to_thread(self._flush)

    async def arrived(self) -> Uploaded:
        """Raises Refusal(507), or Unavailable."""
        await asyncio.to_thread(self._flush)
        self.close()
        if self._failure is not None:
            raise _unkept(self._failure) from self._failure
        assert self._file is not None
        return Uploaded(Path(self._file.name), self._filename, self.size, self._digest.hexdigest())

    def _flush(self) -> None:
        try:
            if self._failure is None:
                if self._file is None:
                    self._file = self._path().open("xb", buffering=0)
                self._digest.update(self._pending)
                _written(self._file, self._pending)
        except OSError as error:
            self._failure = error
        self._pending.clear()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


def _written(file: IO[bytes], data: bytearray) -> None:
    with memoryview(data) as rest:
        done = 0
        while done < len(rest):
            done += file.write(rest[done:])


def _unkept(error: OSError) -> CodedError:
    if error.errno in _FULL:
        return Refusal(507, "The server has no room left for files; nothing was kept", code=ErrorCode.INTERNAL)
    return Unavailable("The server cannot keep files now: try again", retry_after=RETRY_SECONDS)
