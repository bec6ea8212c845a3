"""A whole answer, before it is sent."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from starlette.responses import Response
from starlette.types import Send


@dataclass(slots=True)
class Reply:
    """A whole answer, or one whose body `stream` sends as it comes. `headers` by their names in small letters."""

    status: int
    headers: dict[bytes, bytes] = field(default_factory=dict)
    body: bytes = b""
    stream: Callable[[Send], Awaitable[None]] | None = None

    @classmethod
    def of(cls, response: Response) -> "Reply":
        """What Starlette's would answer."""
        return cls(response.status_code, dict(response.raw_headers), bytes(response.body))
