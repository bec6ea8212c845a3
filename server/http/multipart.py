"""multipart/form-data (RFC 7578), read as it comes: the parts of a body one after the other, none of them kept."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header

from server.http.refusal import Refusal

MEDIA_TYPE: Final = "multipart/form-data"


@dataclass(frozen=True, slots=True)
class Begun:
    """A part begins. `filename` is None for an ordinary field."""

    name: str
    filename: str | None


@dataclass(frozen=True, slots=True)
class Ended:
    """The part that was begun last is complete."""


Event = Begun | bytes | Ended


def is_multipart(content_type: str | None) -> bool:
    return (content_type or "").partition(";")[0].strip().lower() == MEDIA_TYPE


async def events(chunks: AsyncIterator[bytes], content_type: str) -> AsyncIterator[Event]:
    """Each part's beginning, its content in pieces, its end. Raises Refusal(400) for what is no such body."""
    reader = _Reader(content_type)
    async for chunk in chunks:
        for event in reader.read(chunk):
            yield event
    if not reader.complete:
        raise Refusal(400, "The body ends within a part: send it whole, up to the closing boundary")


class _Reader:
    """Turns the parser's callbacks into events."""

    def __init__(self, content_type: str) -> None:
        _, options = parse_options_header(content_type)
        boundary = options.get(b"boundary")
        if not boundary:
            raise Refusal(400, "Content-Type names no boundary: let the client's form data set this header")
        self.complete = False
        self._events: list[Event] = []
        self._header = bytearray()
        self._value = bytearray()
        self._disposition = b""
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._on_part_begin,
                    "on_header_field": self._on_header_field,
                    "on_header_value": self._on_header_value,
                    "on_header_end": self._on_header_end,
                    "on_headers_finished": self._on_headers_finished,
                    "on_part_data": self._on_part_data,
                    "on_part_end": self._on_part_end,
                    "on_end": self._on_end,
                },
            )
        except FormParserError as error:
            raise _broken(error) from None

    def read(self, chunk: bytes) -> list[Event]:
        self._events = []
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise _broken(error) from None
        return self._events

    def _on_part_begin(self) -> None:
        self._disposition = b""

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = bytes(self._value)
        self._header.clear()
        self._value.clear()

    def _on_headers_finished(self) -> None:
        _, options = parse_options_header(self._disposition)
        if b"name" not in options:
            raise Refusal(400, "A part has no name: each needs Content-Disposition: form-data; name=…")
        filename = options.get(b"filename")
        self._events.append(Begun(_text(options[b"name"]), None if filename is None else _text(filename)))

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        self._events.append(data[start:end])

    def _on_part_end(self) -> None:
        self._events.append(Ended())

    def _on_end(self) -> None:
        self.complete = True


def _text(value: bytes) -> str:
    # Browsers write UTF-8 here whatever the page's encoding; what is not UTF-8 is still a name.
    return value.decode("utf-8", "replace")


def _broken(error: FormParserError) -> Refusal:
    return Refusal(400, f"The body is no {MEDIA_TYPE} of this boundary: {error}")
