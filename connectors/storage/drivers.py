"""The stores that are configured, by the names that downloads hold: `local` and `s3`. The server's settings configure
them; where they say nothing of `s3`, what people set here does (`connectors.storage.setting`)."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from obstore.store import S3Store

from connectors.outbound.door import Door
from connectors.storage.driver import Bucket, Driver, Folder
from connectors.storage.path import unique

LOCAL: Final = "local"
S3: Final = "s3"

# Long enough for a hiccup; after that somebody waits for an answer.
_RETRY: Final[Any] = {"max_retries": 3, "retry_timeout": timedelta(seconds=15)}
# A part of an upload or of a download each; a whole file may take as long as it takes.
_REQUEST_SECONDS: Final = 60


def _token() -> str:
    return secrets.token_hex(8)


class UnknownDriver(Exception):
    """No store of that name (or no such bucket of it) is configured. The message says which there are."""


class Storage:
    """`buckets` are those of the driver `s3`, the first being its default, as the server's settings name them; `tokens`
    makes what makes a name unique. What people name instead is asked through `door`. `said` is what the settings say
    of them, without secrets, as a form shows it."""

    def __init__(
        self,
        folder: Path,
        buckets: Mapping[str, Driver] | None = None,
        *,
        tokens: Callable[[], str] = _token,
        door: Door | None = None,
        said: Mapping[str, Any] | None = None,
    ) -> None:
        self._tokens = tokens
        self._folder = Folder(folder)
        self._buckets = dict(buckets or {})
        self.door = door or Door()
        self.fixed = bool(self._buckets)
        """Whether the server's settings say which buckets there are: nobody changes them here."""
        self.said = dict(said or {})
        self._last: tuple[int, Storage] | None = None

    def at(self, version: int) -> "Storage | None":
        """As `keep` has kept it of a version of what people set."""
        return self._last[1] if self._last is not None and self._last[0] == version else None

    def keep(self, version: int, buckets: Mapping[str, Driver]) -> "Storage":
        """The same with these buckets."""
        made = copy(self)
        made._buckets, made._last = dict(buckets), None
        self._last = (version, made)
        return made

    @property
    def drivers(self) -> tuple[str, ...]:
        return (LOCAL, S3) if self._buckets else (LOCAL,)

    def buckets(self, driver: str) -> tuple[str, ...]:
        """Those of a driver, its default first. Raises UnknownDriver."""
        self._check(driver)
        return tuple(self._buckets) if driver == S3 else ()

    def bucket(self, driver: str, named: str | None) -> str | None:
        """The bucket that is meant: the named one, or the driver's default. Raises UnknownDriver."""
        buckets = self.buckets(driver)
        if not named:
            return buckets[0] if buckets else None
        if named not in buckets:
            raise UnknownDriver(
                f"{driver} has no bucket {named!r}; it has: {', '.join(buckets)}"
                if buckets
                else f"{driver} has no buckets"
            )
        return named

    def of(self, driver: str, bucket: str | None) -> Driver:
        """Raises UnknownDriver."""
        chosen = self.bucket(driver, bucket)
        return self._folder if chosen is None else self._buckets[chosen]

    def unique(self, name: str) -> str:
        """Where a new file of this name (a safe path of one segment) is to be kept."""
        return unique(name, self._tokens())

    def _check(self, driver: str) -> None:
        if driver not in self.drivers:
            raise UnknownDriver(f"No driver {driver!r} is configured; there is: {', '.join(self.drivers)}")


def s3_buckets(
    names: Sequence[str],
    *,
    endpoint: str | None,
    region: str,
    access_key: str | None,
    secret_key: str | None,
    proxy: str | None = None,
) -> dict[str, Driver]:
    """Drivers of the named buckets. Without an endpoint it is Amazon's; without keys the machine's own role."""
    options: dict[str, Any] = {"region": region, "virtual_hosted_style_request": endpoint is None}
    if endpoint is not None:
        options["endpoint"] = endpoint
    if access_key is not None:
        options |= {"access_key_id": access_key, "secret_access_key": secret_key or ""}
    client: dict[str, Any] = {
        "allow_http": bool(endpoint and endpoint.startswith("http://")),
        "timeout": f"{_REQUEST_SECONDS}s",
        "connect_timeout": "5s",
    }
    if proxy is not None:
        client["proxy_url"] = proxy
    return {name: Bucket(S3Store(name, client_options=client, retry_config=_RETRY, **options)) for name in names}  # type: ignore[arg-type]
