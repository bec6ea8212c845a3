"""Who follows: whom a credential stands for, asked again for as long as something is followed with it."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from db.access.unsettled import UNSETTLED
from db.access.viewer import ANONYMOUS, Viewer
from engine.values.errors import Unavailable
from server.access.authentication import Authentication
from server.http.refusal import Refusal
from server.limits.limits import Limits, Turn

# A credential that is told nothing may have been revoked in another process, or have expired.
ASKED_AGAIN_SECONDS: Final = 30.0


class Caller:
    """A credential, or none, at an address. `viewer` is whom it stood for when it was asked last; `refused` why it does
    so no longer."""

    def __init__(
        self,
        authentication: Authentication,
        authorization: Sequence[str],
        api_keys: Sequence[str],
        address: str | None,
        viewer: Viewer = ANONYMOUS,
    ) -> None:
        self._authentication = authentication
        self._authorization = tuple(authorization)
        self._api_keys = tuple(api_keys)
        self.address = address
        self.viewer = viewer
        self.refused: Refusal | None = None
        self.lost: Callable[[], None] = lambda: None  # is called when it is refused
        self._asked = time.monotonic()

    @property
    def anonymous(self) -> bool:
        return not self._authorization and not self._api_keys

    async def admit(self, turn: Turn) -> None:
        """Finds out who it is, and charges a request to them. Raises Refusal: 401, 429; and Unavailable."""
        try:
            self.viewer = await self._authentication.viewer(
                self._authorization, self._api_keys, self.address, unknown=partial(turn.unknown, self.address)
            )
        except Refusal as refusal:
            if refusal.status == 401:
                await turn.turned_away(self.address)
            raise
        self._asked = time.monotonic()
        await turn.begin(self.viewer)

    async def ask_again(self) -> bool:
        """Whether it still stands for somebody. What nobody can tell now is as it was."""
        if self.anonymous or self.refused is not None:
            return self.refused is None
        try:
            self.viewer = await self._authentication.viewer(self._authorization, self._api_keys, self.address)
        except Refusal as refusal:
            if refusal.status != 401:
                return True
            self.refused = refusal
            self.lost()
            return False
        except Unavailable:
            return True
        self._asked = time.monotonic()
        return True

    @property
    def due(self) -> bool:
        """Whether it is time to ask again although nothing is told."""
        if self.anonymous or self.refused is not None:
            return False
        return UNSETTLED.touches(self.viewer) or time.monotonic() - self._asked > ASKED_AGAIN_SECONDS


class Held:
    """What one caller has open in this process: connections, and subscriptions on them."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.connections = 0
        self._of: dict[Any, list[int]] = {}

    def key(self, viewer: Viewer) -> Any:
        return self._limits.caller(viewer).key

    def take(self, key: Any, what: int, most: int) -> bool:
        """Whether one more (0: connection, 1: subscription) is had."""
        counts = self._of.setdefault(key, [0, 0])
        if counts[what] >= most:
            return False
        counts[what] += 1
        return True

    def give_back(self, key: Any, what: int) -> None:
        counts = self._of[key]
        counts[what] -= 1
        if not any(counts):
            del self._of[key]
