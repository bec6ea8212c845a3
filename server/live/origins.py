"""Pages of which other origins may follow: those that may ask."""

from collections.abc import Callable
from urllib.parse import urlsplit

from starlette.middleware.cors import CORSMiddleware

from server.http.edge import LOCALHOST
from server.settings.settings import Settings


def origins(settings: Settings) -> Callable[[str | None, str | None], bool]:
    """Whether a page of an origin may open a WebSocket to a host. A browser asks nobody before it does, as it would for
    a request; what is no browser names no origin."""
    cors = CORSMiddleware(
        _nobody, allow_origins=settings.cors_origins, allow_origin_regex=LOCALHOST if settings.demo else None
    )

    def allowed(origin: str | None, host: str | None) -> bool:
        if origin is None or cors.is_allowed_origin(origin):
            return True
        return host is not None and urlsplit(origin).netloc.lower() == host.lower()

    return allowed


async def _nobody(*_: object) -> None:
    raise AssertionError  # asked for its judgement alone
