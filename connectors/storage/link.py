"""Links to downloads: who holds one may fetch the file until it expires. What it says is signed, not secret."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from hashlib import sha256
from typing import Any, Final

from itsdangerous import BadData, URLSafeSerializer

PATH: Final = "/downloads/"
# A token of ours has about 150 characters; nobody has to check a longer one.
LONGEST: Final = 1000


class BadLink(Exception):
    """Not signed by this store, or changed since."""


class ExpiredLink(Exception):
    """Was good once."""


@dataclass(frozen=True, slots=True)
class Link:
    """`order_id` makes it a customer's: the order's limits hold for it, and every download counts."""

    identifier: str
    expires_at: datetime
    order_id: int | None = None


class Links:
    """Makes and reads links. `keys` are the server's secrets, the newest first, asked for when first needed: it signs
    with the first and knows the signatures of all. `address` is where the server is reached, without a slash at its
    end."""

    def __init__(
        self,
        address: str,
        keys: Callable[[], Sequence[str]],
        *,
        lifetime: timedelta = timedelta(days=7),
        customer_lifetime: timedelta = timedelta(minutes=60),
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.address = address
        self._keys = keys
        self._lifetime = lifetime
        self._customer_lifetime = customer_lifetime
        self._clock = clock

    def url(self, identifier: str, *, order_id: int | None = None) -> str:
        """The address of a download from now on, for as long as such links last."""
        lifetime = self._lifetime if order_id is None else self._customer_lifetime
        said: dict[str, Any] = {"d": identifier, "e": int((self._clock() + lifetime).timestamp())}
        if order_id is not None:
            said["o"] = order_id
        return f"{self.address}{PATH}{self._serializer.dumps(said)}"

    def read(self, token: str) -> Link:
        """Raises BadLink, ExpiredLink."""
        if len(token) > LONGEST:
            raise BadLink
        try:
            # Compares in constant time, and looks at the content after the signature.
            said = self._serializer.loads(token)
            link = Link(said["d"], datetime.fromtimestamp(said["e"], UTC), said.get("o"))
        except (BadData, KeyError, TypeError, ValueError, UnicodeError) as error:
            raise BadLink from error
        if link.expires_at <= self._clock():
            raise ExpiredLink
        return link

    @cached_property
    def _serializer(self) -> URLSafeSerializer:
        return URLSafeSerializer(
            list(reversed(self._keys())),  # the library wants the oldest first
            salt="storegraph.download",
            signer_kwargs={"key_derivation": "hmac", "digest_method": sha256},
        )
