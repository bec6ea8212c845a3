"""A secret as the graph shows it: whether it is set, not what it is."""

from datetime import datetime
from typing import Any, cast

import strawberry

from db.secrets import encrypted as secret
from engine.declared.declaration import computed


@strawberry.type(description="A secret of another system. It can be written, and is never read back.")
class Secret:
    is_set: bool
    last_four: str | None = strawberry.field(
        description="To tell secrets apart by; null for one too short to show a part of."
    )
    updated_at: datetime | None = strawberry.field(description="When it was written.")


def concealed(attribute: object, *, permission: str | None = None, description: str | None = None) -> Any:
    """A leaf over an encrypted column, annotated `Secret`. Its value never leaves the store."""
    return computed(_shown, cast(Any, attribute), permission=permission, description=description)


def _shown(value: secret.Secret | None) -> Secret:
    if value is None:
        return Secret(is_set=False, last_four=None, updated_at=None)
    return Secret(is_set=True, last_four=value.last_four, updated_at=value.updated_at)
