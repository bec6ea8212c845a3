"""Who asks: a viewer out of the Authorization header."""

import re
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from db.access import token
from db.access.viewer import ANONYMOUS, Viewer
from db.database import Database
from engine.errors import ErrorCode
from server.refusal import Refusal

# A known token costs no statement for this long, and that long may a revoked or expired one still be let in.
KEPT_SECONDS: Final = 5.0
# Tokens in use at a time; a store has a handful.
KEPT_TOKENS: Final = 1024

# RFC 6750: the scheme's case does not matter, one space, a b64token.
_BEARER: Final = re.compile(r"bearer +([A-Za-z0-9._~+/-]+=*)", re.IGNORECASE)


class Authentication:
    """Keeps the viewers of tokens that were found lately, by the tokens' hashes. Unknown tokens are not kept: whoever
    tries many would push the known ones out."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._clock = clock
        self._kept: OrderedDict[str, tuple[float, Viewer]] = OrderedDict()

    async def viewer(self, authorization: Sequence[str]) -> Viewer:
        """The caller of a request with these Authorization headers. Raises Refusal: 401 for anything but one good
        token, 503 when the database cannot tell."""
        if not authorization:
            return ANONYMOUS
        bearer = _BEARER.fullmatch(authorization[0].strip()) if len(authorization) == 1 else None
        if bearer is None:
            raise _refused(
                "Send one header `Authorization: Bearer <token>`, or none to ask as anyone", "invalid_request"
            )
        secret = bearer[1]
        key = token.hashed(secret)
        kept = self._kept.get(key)
        if kept is not None and kept[0] > self._clock():
            self._kept.move_to_end(key)
            return kept[1]
        return await self._found(key, secret)

    async def _found(self, key: str, secret: str) -> Viewer:
        self._kept.pop(key, None)
        try:
            async with self._database.read() as connection:
                viewer = await token.holder(connection, secret)
        except (SQLAlchemyError, OSError) as error:
            raise Refusal(
                503,
                "The database does not answer, so the token cannot be checked; try again",
                code=ErrorCode.INTERNAL,
                headers={"Retry-After": "5"},
            ) from error
        if viewer is None:
            raise _refused("The token is unknown or has expired: ask for a new one", "invalid_token")
        self._kept[key] = (self._clock() + KEPT_SECONDS, viewer)
        if len(self._kept) > KEPT_TOKENS:
            self._kept.popitem(last=False)
        return viewer


def _refused(message: str, error: str) -> Refusal:
    return Refusal(
        401,
        message,
        code=ErrorCode.UNAUTHENTICATED,
        headers={"WWW-Authenticate": f'Bearer realm="storegraph", error="{error}"'},
    )
