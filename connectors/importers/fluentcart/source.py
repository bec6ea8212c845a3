"""The store to import from, and how patiently."""

from dataclasses import dataclass, field
from typing import Final

import httpx2

from connectors.importers.fluentcart.errors import WrongUrl
from connectors.importers.fluentcart.values import shown

API: Final = "/wp-json/fluent-cart/v2"
HIGHEST_PORT: Final = 65535
_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Source:
    """A live FluentCart store.

    `url`          the site's address, with or without `https://`, a closing slash or a path from `/wp-json` on
    `password`     an application password of `user`
    `transport`    instead of the network: a recorded store, a test
    `concurrency`  requests under way at once, those waiting to be repeated included
    `attempts`     of each request, the first included
    `timeout`      seconds of silence until an attempt counts as failed; a whole answer may take four times as long
    `backoff`      seconds before the second attempt, doubled each time
    `longest_wait` seconds, whatever Retry-After says
    `most_bytes`   of one answer, decompressed
    """

    url: str
    user: str
    password: str = field(repr=False)
    transport: httpx2.AsyncBaseTransport | None = field(default=None, repr=False)
    concurrency: int = 8
    attempts: int = 6
    timeout: float = 30.0
    backoff: float = 0.5
    longest_wait: float = 60.0
    most_bytes: int = 32 * 2**20

    def site(self) -> httpx2.URL:
        """The site's address alone: what names the source in progress rows, reports and messages. Raises WrongUrl."""
        written = self.url.strip()
        try:
            url = httpx2.URL(written if "://" in written else f"https://{written}")
        except httpx2.InvalidURL:
            raise WrongUrl(f"{shown(_without_password(written))} is not a URL") from None
        if url.scheme not in _PORTS or not url.host or (url.port or 0) > HIGHEST_PORT:
            raise WrongUrl(f"{shown(_without_password(written))} is not an address of a web site")
        path = url.path.split("/wp-json", 1)[0].rstrip("/")
        port = None if url.port == _PORTS[url.scheme] else url.port
        return httpx2.URL(scheme=url.scheme, host=url.host, port=port, path=path or "/")


def _without_password(url: str) -> str:
    scheme, separator, rest = url.rpartition("://")
    return scheme + separator + rest.rpartition("@")[2]
