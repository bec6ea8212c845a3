"""Who asks: read from the credentials once per request, passed to everything below."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final


@dataclass(frozen=True)
class Viewer:
    """`id` is stable per credential (it scopes idempotency keys); None is the anonymous caller."""

    id: str | None
    name: str = "anonymous"
    permissions: frozenset[str] = field(default_factory=frozenset)

    @cached_property
    def visibility_key(self) -> Hashable:
        """Viewers with equal keys see the same rows. All permissions: a predicate may ask for any of them
        (`store/settings`), and a statement that is shared by too coarse a key shows one viewer another's rows."""
        return self.permissions


ANONYMOUS: Final = Viewer(None)
