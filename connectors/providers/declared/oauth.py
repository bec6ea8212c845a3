"""OAuth 2, declared: where a person agrees, where tokens are had. The flow itself is the host's (single-use state,
PKCE, tokens encrypted, refreshed before they end)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class OAuth:
    """`authorize` and `token` are whole URLs of the vendor; `client_id` and `client_secret` the keys of the settings
    that hold them.

    `scopes`     what is asked for
    `extra`      parameters of the authorization beside the standard's: {"access_type": "offline"}
    `basic`      whether the token endpoint wants the client in a header (client_secret_basic) and not in the body
    `pkce`       whether the vendor takes a code challenge; one that does not know it ignores it
    `optional`   whether the settings may be valid without it, by a key say: then `verify` is asked as soon as they are
                 saved
    """

    authorize: str
    token: str
    client_id: str = "client_id"
    client_secret: str = "client_secret"  # noqa: S105
    scopes: tuple[str, ...] = ()
    extra: Mapping[str, str] = field(default_factory=dict)
    basic: bool = False
    pkce: bool = True
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Token:
    """What the vendor gave. `kept` is what `Provider.connected` found out with it: {"dc": "us21"}. `grant` is the
    host's: the same for all tokens of one consent."""

    access: str = field(repr=False)
    refresh: str | None = field(default=None, repr=False)
    ends_at: datetime | None = None
    kept: Mapping[str, Any] = field(default_factory=dict)
    grant: str = ""
