"""The store to import from, and how patiently."""

from dataclasses import dataclass, field, replace
from typing import Final

from connectors.importers.fluentcart.errors import WrongUrl
from connectors.importers.fluentcart.values import shown
from connectors.outbound.message import Sends
from connectors.outbound.url import BadUrl, Url, parsed

API: Final = "/wp-json/fluent-cart/v2"


@dataclass(frozen=True, slots=True)
class Source:
    """A live FluentCart store.

    `url`          the site's address, with or without `https://`, a closing slash or a path from `/wp-json` on
    `password`     an application password of `user`
    `transport`    instead of the network: a recorded store, a test
    `per_page`     records that a page of a list is asked to hold; what a page holds is written in one transaction
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
    transport: Sends | None = field(default=None, repr=False)
    per_page: int = 50
    concurrency: int = 8
    attempts: int = 6
    timeout: float = 30.0
    backoff: float = 0.5
    longest_wait: float = 60.0
    most_bytes: int = 32 * 2**20

    def site(self) -> Url:
        """The site's address alone: what names the source in progress rows, reports and messages. Raises WrongUrl."""
        written = self.url.strip()
        try:
            url = parsed(_address(written))
        except BadUrl as bad:
            raise WrongUrl(f"{shown(_without_password(written))} is not an address of a web site: {bad}") from None
        path = url.target.split("/wp-json", 1)[0].rstrip("/")
        return replace(url, target=path or "/")


def _address(written: str) -> str:
    """Without what is no part of a site's address: a user, a query, a fragment."""
    scheme, separator, rest = written.rpartition("://")
    place = rest.partition("#")[0].partition("?")[0]
    host, slash, path = place.partition("/")
    return f"{scheme if separator else 'https'}://{host.rpartition('@')[2]}{slash}{path}"


def _without_password(url: str) -> str:
    scheme, separator, rest = url.rpartition("://")
    return scheme + separator + rest.rpartition("@")[2]
