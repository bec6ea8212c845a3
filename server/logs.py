"""Logs: one line an event, JSON or for people, the request's id on every line of a request, no secret on any.

Everything goes to standard error, uvicorn's and the libraries' loggers included. The access log is written in batches;
a process that is killed with SIGKILL loses at most `FLUSH_SECONDS` of it.
"""

import asyncio
import atexit
import logging
import re
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final, TextIO

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from engine.values.errors import Unavailable
from server.settings.settings import LogFormat, LogLevel

# A write costs as much as making the line; whoever follows the log does not notice a second.
FLUSH_SECONDS: Final = 1.0
FLUSH_LINES: Final = 200

# What reaches a line by accident (a traceback, a URL in an error): credentials, tokens of ours, passwords in URLs,
# signed tokens (JWT, links to downloads).
_SECRETS: Final = (
    r"(?i:(?P<scheme>\b(?:Bearer|Basic)\s+)[^\s\"',\\]+)"
    r"|(?P<ours>\bsg_)[A-Za-z0-9_-]{8,}"
    r"|(?P<user>://[^\s:/@\"]*:)[^\s@/\"]+(?=@)"
    r"|(?i:(?P<query>[?&](?:access_token|token|api_key|key|[a-z_]*password|secret|signature)=)[^&\s\"'\\]+)"
    r"|\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_.-]{8,}"
)
# Looking for these costs 1 µs a line, the expression 20.
_HINTS: Final = ("bearer", "basic", "sg_", "://", "?", "&", "eyj")


class Redaction:
    """Replaces secrets in finished lines. `known` are those without a shape of their own: the settings'."""

    def __init__(self, known: tuple[str, ...] = ()) -> None:
        self._hints = (*_HINTS, *(secret.lower() for secret in known))
        self._pattern = re.compile("|".join((_SECRETS, *map(re.escape, known))))

    def __call__(self, line: str) -> str:
        if not self._hinted(line):
            return line
        return self._pattern.sub(lambda found: f"{found[found.lastgroup] if found.lastgroup else ''}***", line)

    def all(self, lines: Sequence[str]) -> str:
        """Whole lines, each with its end. Mostly no line of many has anything."""
        text = "\n".join(lines)
        if self._hinted(text):
            text = "\n".join(map(self, lines))
        return f"{text}\n"

    def _hinted(self, text: str) -> bool:
        lowered = text.lower()
        return any(hint in lowered for hint in self._hints)


class AccessLog:
    """Lines kept until there are enough of them, until a second has passed, or until one is an error. They are made
    when they are written: nobody waits for an answer then."""

    def __init__(self) -> None:
        self._stream: TextIO = sys.stderr
        self._redact = Redaction()
        self._render: Callable[[EventDict], str] = str
        self._enabled = False
        self._events: list[tuple[float, bool, EventDict]] = []
        self._timer: asyncio.TimerHandle | None = None

    def configure(
        self, stream: TextIO, redact: Redaction, render: Callable[[EventDict], str], *, enabled: bool
    ) -> None:
        self.flush()
        self._stream, self._redact, self._render, self._enabled = stream, redact, render, enabled

    def write(self, event: EventDict, *, urgent: bool) -> None:
        """`event` becomes a line; an urgent one is written at once, with all before it."""
        if not (self._enabled or urgent):
            return
        self._events.append((time.time(), urgent, event))
        if urgent or len(self._events) >= FLUSH_LINES:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(FLUSH_SECONDS, self.flush)

    def flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._events:
            events, self._events = self._events, []
            lines = [self._line(*event) for event in events]
            # Nobody can be told of a full disk, or of a pipe that was closed. Requests are answered all the same.
            with suppress(OSError, ValueError):
                self._stream.write(self._redact.all(lines))
                self._stream.flush()

    def _line(self, at: float, urgent: bool, event: EventDict) -> str:
        return self._render({"timestamp": at, "level": "error" if urgent else "info", **event})


ACCESS: Final = AccessLog()
atexit.register(ACCESS.flush)


def in_a_line(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Of a database that cannot be had the reason says all, and there may be many lines: no traceback."""
    error = event.get("exc_info")
    if isinstance(error, Unavailable):
        del event["exc_info"]
        event["reason"] = error.reason
    return event


# Whoever embeds the application and configures nothing gets plain lines through the standard library. structlog's own
# default prints to standard output, and with a traceback all local variables, which hold credentials.
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        in_a_line,
        structlog.processors.format_exc_info,
        structlog.processors.KeyValueRenderer(key_order=["event"]),
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
)


class _Formatter(structlog.stdlib.ProcessorFormatter):
    def __init__(self, redact: Redaction, **options: Any) -> None:
        super().__init__(**options)
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        return self._redact(super().format(record))


def configure(
    level: LogLevel, wanted: LogFormat, *, secrets: tuple[str, ...] = (), stream: TextIO | None = None
) -> None:
    """Send all logs of this process to `stream` (standard error). Called again it replaces what was set."""
    stream = stream or sys.stderr
    number = logging.getLevelNamesMapping()[level.upper()]
    redact = Redaction(secrets)
    readable = wanted is LogFormat.CONSOLE or (wanted is LogFormat.AUTO and stream.isatty())
    rendered = _rendered(stream, readable=readable)
    shared: tuple[Processor, ...] = (
        structlog.contextvars.merge_contextvars,
        in_a_line,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="%H:%M:%S" if readable else "iso", utc=not readable),
    )
    structlog.configure(
        processors=[
            *shared,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        _Formatter(
            redact,
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name, _without_colors],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendered],
        )
    )
    logging.basicConfig(level=number, handlers=[handler], force=True)
    for name in ("uvicorn", "uvicorn.error"):  # uvicorn's own configuration, if anyone applied it
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
        logger.setLevel(logging.NOTSET)
    # It introduces itself at every look at the schema; what it changed is logged here.
    logging.getLogger("alembic").setLevel(max(number, logging.WARNING))

    def accessed(event: EventDict) -> str:
        at = datetime.fromtimestamp(event["timestamp"], UTC)
        if not readable:
            event["timestamp"] = at
            return orjson.dumps(event, default=str, option=orjson.OPT_UTC_Z).decode()
        event["timestamp"] = at.astimezone().strftime("%H:%M:%S")  # as structlog's TimeStamper has it
        return str(rendered[-1](None, event["level"], event))

    ACCESS.configure(stream, redact, accessed, enabled=number <= logging.INFO)


def _rendered(stream: TextIO, *, readable: bool) -> tuple[Processor, ...]:
    if readable:
        # The plain traceback: the coloured ones print local variables, and those hold credentials.
        return (
            structlog.dev.ConsoleRenderer(
                colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback, pad_event_to=0
            ),
        )
    return structlog.processors.format_exc_info, structlog.processors.JSONRenderer(serializer=_json)


def _json(event: EventDict, **_options: Any) -> str:
    return orjson.dumps(event, default=str).decode()


def _without_colors(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    event.pop("color_message", None)  # uvicorn's own: the same message again
    return event
