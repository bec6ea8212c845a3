"""Logs: one line an event, the request's id on each, no secret on any."""

import asyncio
import io
import json
import logging
import logging.config

import pytest
import structlog
import uvicorn

from engine.values.errors import Unavailable
from server import logs
from server.logs import ACCESS, FLUSH_LINES, Redaction
from server.settings.settings import LogFormat, LogLevel
from tests.patience import PATIENCE


@pytest.fixture
def stream(logging_restored: None) -> io.StringIO:
    """Where this process logs to during the test."""
    return io.StringIO()


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def request(status: int = 200, *, urgent: bool = False) -> None:
    ACCESS.write({"event": "request", "request_id": "r-1", "status": status}, urgent=urgent)


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("Authorization: Bearer abc.def-123", "Authorization: Bearer ***"),
        ('{"header":"bearer abc"}', '{"header":"bearer ***"}'),
        ("Basic dXNlcjpwYXNz", "Basic ***"),
        ("token sg_AbCdEfGh-_123 of a caller", "token sg_*** of a caller"),
        ("postgresql://user:p%40ss@host/db", "postgresql://user:***@host/db"),
        ("GET /x?token=abc&page=2", "GET /x?token=***&page=2"),
        ("GET /x?page=2&access_token=abc", "GET /x?page=2&access_token=***"),
        ("postgresql://host/db?sslPassword=abc&x=1", "postgresql://host/db?sslPassword=***&x=1"),
        ("GET /download/eyJkIjoiYWJjIn0.c2lnbmF0dXJl HTTP", "GET /download/*** HTTP"),
        ("the known one: hunter2", "the known one: ***"),
        ("http://127.0.0.1:8000/graphql and a@b.example?", "http://127.0.0.1:8000/graphql and a@b.example?"),
        ("nothing secret", "nothing secret"),
    ],
)
def test_secrets_are_blanked(line: str, shown: str) -> None:
    assert Redaction(("hunter2",))(line) == shown


async def test_in_production_each_line_is_a_json_object(stream: io.StringIO) -> None:
    logging.config.dictConfig(uvicorn.config.LOGGING_CONFIG)
    logs.configure(LogLevel.INFO, LogFormat.AUTO, secrets=("hunter2",), stream=stream)  # a StringIO is no terminal
    structlog.contextvars.bind_contextvars(request_id="r-1")
    structlog.get_logger("storegraph").info("started", url="postgresql://u:p@h/d", note="hunter2")
    logging.getLogger("uvicorn.error").warning("a library says %s", "hello", extra={"color_message": "again"})
    try:
        raise ValueError("Bearer abcdef\nand a second line")
    except ValueError:
        structlog.get_logger("storegraph").exception("failed")
    request()
    ACCESS.flush()

    started, library, failed, access = lines(stream)
    assert started["url"] == "postgresql://u:***@h/d"
    assert started["note"] == "***"
    assert library["event"] == "a library says hello"
    assert library["logger"] == "uvicorn.error"
    assert "color_message" not in library
    assert "Bearer ***" in str(failed["exception"])
    assert access["status"] == 200
    for line in (started, library, failed, access):
        assert line["request_id"] == "r-1"
        assert str(line["timestamp"]).endswith("Z")
        assert line["level"] in {"info", "warning", "error"}


async def test_in_a_terminal_it_is_for_people_and_shows_no_local_variables(stream: io.StringIO) -> None:
    logs.configure(LogLevel.INFO, LogFormat.CONSOLE, stream=stream)
    local_secret = "only in a local variable"
    try:
        raise ValueError(len(local_secret))
    except ValueError:
        structlog.get_logger("storegraph").exception("failed", path="/x")
    assert "failed" in stream.getvalue()
    assert "path=/x" in stream.getvalue()
    assert "ValueError: 24" in stream.getvalue()
    assert local_secret not in stream.getvalue()


@pytest.mark.parametrize("shown", [LogFormat.JSON, LogFormat.CONSOLE])
async def test_of_a_database_that_cannot_be_had_a_line_says_all(stream: io.StringIO, shown: LogFormat) -> None:
    logs.configure(LogLevel.INFO, shown, stream=stream)
    try:
        try:
            raise OSError("Connection refused\nIs it running?")
        except OSError as error:
            raise Unavailable("The database does not answer: try again", retry_after=5) from error
    except Unavailable as error:
        structlog.get_logger("storegraph").warning("workers were not told", exc_info=error)

    (line,) = stream.getvalue().splitlines()
    assert "Connection refused" in line
    assert "workers were not told" in line
    assert "Traceback" not in line


async def test_less_grave_lines_are_left_out(stream: io.StringIO) -> None:
    logs.configure(LogLevel.WARNING, LogFormat.JSON, stream=stream)
    structlog.get_logger("storegraph").info("quiet")
    logging.getLogger("uvicorn.error").info("quiet")
    request()
    request(500, urgent=True)
    structlog.get_logger("storegraph").warning("loud")
    assert [line["event"] for line in lines(stream)] == ["request", "loud"]


async def test_the_access_log_is_written_when_there_are_enough_lines(stream: io.StringIO) -> None:
    logs.configure(LogLevel.INFO, LogFormat.JSON, stream=stream)
    for _ in range(FLUSH_LINES - 1):
        request()
    assert not stream.getvalue()
    request()
    assert len(lines(stream)) == FLUSH_LINES


async def test_the_access_log_is_written_after_a_while(stream: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "FLUSH_SECONDS", 0.01)
    logs.configure(LogLevel.INFO, LogFormat.JSON, stream=stream)
    request()
    assert not stream.getvalue()
    async with asyncio.timeout(PATIENCE):
        while not stream.getvalue():  # noqa: ASYNC110  a stream tells nobody
            await asyncio.sleep(0.01)
    assert len(lines(stream)) == 1


async def test_an_error_is_written_at_once_with_what_came_before(stream: io.StringIO) -> None:
    logs.configure(LogLevel.INFO, LogFormat.JSON, stream=stream)
    request(200)
    request(503, urgent=True)
    assert [line["status"] for line in lines(stream)] == [200, 503]


class Full(io.StringIO):
    """A file on a disk that is full for a while."""

    full = True

    def write(self, text: str) -> int:
        if self.full:
            raise OSError(28, "No space left on device")
        return super().write(text)


async def test_nobody_is_refused_because_a_line_cannot_be_written(logging_restored: None) -> None:
    stream = Full()
    logs.configure(LogLevel.INFO, LogFormat.JSON, stream=stream)
    request(503, urgent=True)  # raises nothing
    stream.full = False
    request()
    ACCESS.flush()
    assert [line["status"] for line in lines(stream)] == [200]
    stream.close()
    request(503, urgent=True)
