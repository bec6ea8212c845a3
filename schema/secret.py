"""A secret as the graph shows it: whether it is set, not what it is."""

from datetime import datetime
from typing import Any, cast

import strawberry

from db.secrets.encrypted import Secret
from engine.declared.declaration import computed


@strawberry.type(name="Secret", description="A secret of another system. It can be written, and is never read back.")
class MaskedSecret:
    is_set: bool = strawberry.field(description="Whether there is one.")
    last_four: str | None = strawberry.field(
        description="To tell secrets apart by; null for one too short to show a part of."
    )
    updated_at: datetime | None = strawberry.field(description="When it was written.")


def concealed(attribute: object, *, permission: str | None = None, description: str | None = None) -> Any:
    """A leaf over an encrypted column, annotated `MaskedSecret`. Its value never leaves the store."""
    return computed(_shown, cast(Any, attribute), permission=permission, description=description)


def _shown(value: Secret | None) -> MaskedSecret:
    if value is None:
        return MaskedSecret(is_set=False, last_four=None, updated_at=None)
    return MaskedSecret(is_set=True, last_four=value.last_four, updated_at=value.updated_at)
