"""The body of an answer: read so far and no further, decompressed by steps that are counted."""

import zlib
from typing import Final, Protocol

_GZIP: Final = 16 + zlib.MAX_WBITS
# A decompressor is asked for so many bytes at a time, so that one piece received never becomes a thousand.
_STEP: Final = 64 * 1024


class Unreadable(Exception):
    """The body is not what its coding says; the text is a sentence."""


class Decodes(Protocol):
    """Takes pieces as they come and gives what they hold, `most` bytes at most."""

    def pieces(self, data: bytes, most: int) -> bytes: ...
    def whole(self) -> bool: ...


class Plain:
    """As it came."""

    def pieces(self, data: bytes, most: int) -> bytes:
        return data[:most]

    def whole(self) -> bool:
        return True


class Compressed:
    """gzip, of as many members as there are, or deflate, with zlib's head or without."""

    def __init__(self, wbits: int) -> None:
        self._wbits = wbits
        self._inflate = zlib.decompressobj(wbits)
        self._begun = False

    def pieces(self, data: bytes, most: int) -> bytes:
        given = bytearray()
        while len(given) < most:
            if self._inflate.eof:
                # Another member of gzip; what follows otherwise is nobody's.
                if self._wbits != _GZIP or not data.startswith(b"\x1f"):
                    break
                self._inflate = zlib.decompressobj(_GZIP)
            step = min(_STEP, most - len(given))
            try:
                piece = self._inflate.decompress(data, step)
            except zlib.error as error:
                if self._begun or self._wbits != zlib.MAX_WBITS:
                    raise Unreadable("The body is not compressed as its header says") from error
                # "deflate" has always been sent in two ways.
                self._wbits = -zlib.MAX_WBITS
                self._inflate = zlib.decompressobj(self._wbits)
                continue
            self._begun = True
            given += piece
            data = self._inflate.unused_data if self._inflate.eof else self._inflate.unconsumed_tail
            if not data and len(piece) < step:
                break
        return bytes(given)

    def whole(self) -> bool:
        return self._inflate.eof or not self._begun


def decoding(coding: str) -> Decodes:
    """What undoes a Content-Encoding. Raises Unreadable for one that was not asked for, or for several: each turns a
    thousand bytes into a million."""
    match coding.strip().lower():
        case "" | "identity":
            return Plain()
        case "gzip" | "x-gzip":
            return Compressed(_GZIP)
        case "deflate":
            return Compressed(zlib.MAX_WBITS)
    raise Unreadable("The body is in a coding that was not asked for")
