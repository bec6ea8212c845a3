"""Credentials that are being changed: no cache of this process may answer for them.

A mutation says so before its transaction commits, because it cannot say so afterwards without a gap: whoever reads the
old row in between would keep it. For as long as caches keep a viewer, such a credential is read anew by each request.
"""

import time
from collections.abc import Callable
from typing import Final

from db.access.viewer import Viewer

# A known credential costs no statement for this long, and that long another process may still let a revoked one in.
KEPT_SECONDS: Final = 5.0


class Unsettled:
    """The names of what changes (`token:17`, `user:4`, ANYTHING), each for `KEPT_SECONDS`."""

    ANYTHING: Final = "*"

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until: dict[str, float] = {}

    def add(self, name: str) -> None:
        now = self._clock()
        self._until = {other: until for other, until in self._until.items() if until > now}
        self._until[name] = now + KEPT_SECONDS

    def touches(self, viewer: Viewer) -> bool:
        """Whether what this viewer was read from may have changed since."""
        if not self._until:
            return False
        now = self._clock()
        names = (self.ANYTHING, viewer.credential, f"user:{viewer.user_id}")
        return any(self._until.get(name, 0.0) > now for name in names if name is not None)


UNSETTLED: Final = Unsettled()
