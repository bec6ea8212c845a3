"""Who asks: read from the credentials once per request, passed to everything below."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Final

from db.access.permission import ALL, IS_SUPER_ADMIN
from engine.values.viewer import INTERNAL


class ViewerKind(StrEnum):
    """How the caller showed who it is."""

    ANONYMOUS = "anonymous"
    USER = "user"
    APPLICATION = "application"  # an application password of a user
    TOKEN = "token"  # noqa: S105  a word, not a secret
    STOREFRONT = "storefront"  # a public token, in the pages of a shop
    SYSTEM = "system"  # whoever may start commands on the server's machine, and what the server does by itself


@dataclass(frozen=True)
class Viewer:
    """`id` is stable per credential (it scopes idempotency keys); None is the anonymous caller."""

    id: str | None
    name: str = "anonymous"
    permissions: frozenset[str] = field(default_factory=frozenset)
    kind: ViewerKind = ViewerKind.ANONYMOUS
    user_id: int | None = None  # the person behind the credential, where there is one
    hourly: int | None = None  # the credential's own rate budget; None: that of its class
    address: str | None = field(default=None, compare=False)  # where this request came from
    credential: str | None = field(default=None, compare=False)  # the row that proved it: `session:17`

    @property
    def signed_in(self) -> bool:
        """Whether this is somebody: everyone but visitors, whose pages may carry a storefront's token."""
        return self.id is not None and self.kind is not ViewerKind.STOREFRONT

    @cached_property
    def visibility_key(self) -> Hashable:
        """Viewers with equal keys see the same rows. All permissions: a predicate may ask for any of them
        (`store/settings`), and a statement that is shared by too coarse a key shows one viewer another's rows.
        The person too, who sees what is their own; whoever sees all users' shares with their like."""
        return self.permissions, None if IS_SUPER_ADMIN in self.permissions else self.user_id


ANONYMOUS: Final = Viewer(None)
# What changes outside a request: commands, imports, sweeps.
SYSTEM: Final = Viewer("system", "system", ALL | {INTERNAL}, ViewerKind.SYSTEM)
