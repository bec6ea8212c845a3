"""What an upload may hold on to before anybody has said that its files are wanted, and after."""

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from starlette.datastructures import Headers

from engine.document.request import Request
from engine.values.errors import Unavailable
from server.files import uploads
from server.files.uploads import Uploads
from server.http.refusal import Refusal
from tests.patience import PATIENCE

HEADERS: Final = Headers({"content-type": "multipart/form-data; boundary=x", "x-requested-with": "x"})
OPERATIONS: Final = json.dumps({"query": "mutation { a }", "variables": {"file": None}})
MAP: Final = json.dumps({"0": ["variables.file"]})
FULL: Final = Path("/dev/full")


def part(name: str, content: str | bytes, *, filename: str | None = None) -> bytes:
    content = content.encode() if isinstance(content, str) else content
    file = f'; filename="{filename}"' if filename else ""
    return f'--x\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'.encode() + content + b"\r\n"


ADMITTED: Final = part("operations", OPERATIONS) + part("map", MAP)


class Body:
    """Chunks of a body as a server hands them over, one at each turn of the loop, or after a pause."""

    def __init__(self, chunks: Iterator[bytes], pause: float = 0) -> None:
        self._chunks = chunks
        self.pause = pause
        self.sent = 0

    async def __call__(self) -> dict[str, Any]:
        await asyncio.sleep(self.pause)
        chunk = next(self._chunks, None)
        self.sent += len(chunk or b"")
        return {"type": "http.request", "body": chunk or b"", "more_body": chunk is not None}


def endless(begin: bytes, chunk: bytes, pause: float = 0) -> Body:
    def chunks() -> Iterator[bytes]:
        yield begin
        while True:
            yield chunk

    return Body(chunks(), pause)


def whole(content: bytes) -> Body:
    return Body(content[at : at + 65_536] for at in range(0, len(content), 65_536))


def left(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def taken(folder: Path, body: Body, *, seconds: float = 600.0) -> Any:
    """The variable that the file of this body is."""

    async def admit(_request: Request) -> None:
        pass

    bounded = Uploads(folder, max_files=1, max_file_bytes=4_000_000, max_field_bytes=10_000, seconds=seconds)
    async with asyncio.timeout(PATIENCE), bounded.request(body, HEADERS, admit) as request:
        file = request.variables["file"]
        return file.path.read_bytes() if file.path != FULL else None


@pytest.mark.parametrize(
    ("begin", "byte"), [(b"", b"\n"), (b"--x\r\nA: ", b"a"), (part("operations", OPERATIONS) + b"--x\r\nA: ", b"a")]
)
async def test_a_byte_now_and_then_does_not_keep_it_waiting(tmp_path: Path, begin: bytes, byte: bytes) -> None:
    with pytest.raises(Refusal, match="did not arrive in") as refused:
        await taken(tmp_path, endless(begin, byte, pause=0.002), seconds=0.1)
    assert refused.value.status == 408


async def test_nor_does_it_once_files_are_admitted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "_IDLE_SECONDS", 0.1)
    begin = ADMITTED + part("0", b"", filename="a.txt").rstrip()
    with pytest.raises(Refusal, match="bytes a second") as refused:
        await taken(tmp_path, endless(begin, b""))
    assert refused.value.status == 408


@pytest.mark.parametrize(
    ("begin", "chunk"),
    [
        (b"", b"\n" * 50_000),
        (b"--x\r\nA: ", b"header" * 5000),
        (b"--x\r\n", b"A: b\r\n" * 5000),
        (ADMITTED, b"--x\r\n" + b"A: b\r\n" * 5000),
        (ADMITTED + part("0", b"text", filename="a.txt") + b"--x--\r\n", b"epilogue " * 5000),
    ],
)
async def test_what_is_no_file_is_bounded(tmp_path: Path, begin: bytes, chunk: bytes) -> None:
    body = endless(begin, chunk)
    with pytest.raises(Refusal) as refused:
        await taken(tmp_path, body)
    assert refused.value.status in {400, 413}
    assert body.sent < 10_000 + 128 * 1024 + len(begin) + 2 * len(chunk)
    assert left(tmp_path) == []


async def test_a_file_is_bounded_by_its_own_limit(tmp_path: Path) -> None:
    content = b"text" * 1_000_000
    sent = ADMITTED + part("0", content, filename="a.txt") + b"--x--"
    assert await taken(tmp_path, whole(sent)) == content


@pytest.mark.parametrize("size", [100, 3_000_000])
@pytest.mark.parametrize(
    ("opened", "message"),
    [
        (lambda *_, **__: FULL.open("wb", buffering=0), "no room left"),
        (lambda path, *_, **__: (path / "nowhere").open("rb"), "cannot keep files now"),
    ],
)
async def test_a_file_that_cannot_be_kept_is_refused_in_words_and_at_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, opened: Callable[..., Any], message: str
) -> None:
    """A client that is still sending would meet a closed connection instead of the answer."""
    opening = Path.open

    def other(path: Path, mode: str = "r", *more: Any, **named: Any) -> Any:
        return opened(path) if mode == "xb" else opening(path, mode, *more, **named)

    monkeypatch.setattr(Path, "open", other)
    sent = ADMITTED + part("0", b"a" * size, filename="a.txt") + b"--x--"
    body = whole(sent)
    with pytest.raises((Refusal, Unavailable), match=message) as refused:
        await taken(tmp_path, body)
    assert body.sent == len(sent)
    assert Refusal.of(refused.value).status in {503, 507}
    assert left(tmp_path) == []


async def test_nor_is_a_folder_that_cannot_be_made_an_accident(tmp_path: Path) -> None:
    (tmp_path / "taken").write_bytes(b"")
    with pytest.raises(Unavailable, match="cannot keep files now"):
        await taken(tmp_path / "taken", whole(ADMITTED + part("0", b"text", filename="a.txt") + b"--x--"))
