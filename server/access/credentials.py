"""What a request says of its caller: the credential in its headers, not yet looked up."""

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from engine.values.errors import ErrorCode
from server.http.refusal import Refusal

# RFC 6750: the scheme's case does not matter, one space, a b64token.
_TOKEN: Final = r"[A-Za-z0-9._~+/-]+=*"  # noqa: S105
_BEARER: Final = re.compile(rf"bearer +({_TOKEN})", re.IGNORECASE)
_KEY: Final = re.compile(_TOKEN)
_BASIC: Final = re.compile(r"basic +([A-Za-z0-9+/_-]+=*)", re.IGNORECASE)
# A login, or an e-mail address (254), and an application password with its spaces.
_LONGEST_BASIC: Final = 1024

HOW: Final = (
    "Send one of `Authorization: Bearer <token>`, `Authorization: Basic <user:application password>` and "
    "`X-API-Key: <token>`, or none to ask as anyone"
)


@dataclass(slots=True)
class Bearer:
    secret: str


@dataclass(slots=True)
class Basic:
    name: str
    password: str


def credential(authorization: Sequence[str], api_keys: Sequence[str]) -> Bearer | Basic | None:
    """The one credential of a request with these headers; None when it has none. Raises Refusal: 401 for a header that
    is malformed, and for several, of which nobody could say which one counts."""
    given = [value.strip() for value in (*authorization, *api_keys)]
    if not given:
        return None
    if len(given) > 1:
        raise refused(HOW, "invalid_request")
    if api_keys:
        if _KEY.fullmatch(given[0]) is None:
            raise refused(HOW, "invalid_request")
        return Bearer(given[0])
    if bearer := _BEARER.fullmatch(given[0]):
        return Bearer(bearer[1])
    if basic := _BASIC.fullmatch(given[0]):
        return _basic(basic[1])
    raise refused(HOW, "invalid_request")


def _basic(encoded: str) -> Basic:
    try:
        if len(encoded) > _LONGEST_BASIC:
            raise ValueError("too long")
        text = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True).decode()
    except (binascii.Error, ValueError):
        raise refused("The Basic credential is no base64 of `user:application password` in UTF-8", "invalid_request")  # noqa: B904
    name, colon, password = text.partition(":")
    if not (colon and name.strip() and password.strip() and text.isprintable()):
        raise refused("The Basic credential is not `user:application password`", "invalid_request")
    return Basic(name, password)


def refused(message: str, error: str) -> Refusal:
    """401, with the error of RFC 6750. The challenge is always Bearer: at Basic a browser would ask its user for a
    password, and no page could prevent it."""
    return Refusal(
        401,
        message,
        code=ErrorCode.UNAUTHENTICATED,
        headers={"WWW-Authenticate": f'Bearer realm="storegraph", error="{error}"'},
    )
