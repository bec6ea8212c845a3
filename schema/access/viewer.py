"""Who asks."""

from typing import Any

import strawberry

from db.access.user import UserRow
from db.access.viewer import ViewerKind
from engine.declared.declaration import derived, related
from engine.standard.context import Context
from resolvers.access import enums as _registered  # noqa: F401  the annotations below need the enums
from resolvers.access.caller import caller
from schema.access.user import User


@strawberry.type(description="Who asks, and what they may do.")
class Viewer:
    id: strawberry.ID | None = derived(
        lambda v: None if v.id is None else strawberry.ID(v.id),
        description="Stable for a credential; null for visitors. No node's id.",
    )
    name: str = derived(lambda v: v.name, description="A user's or token's name; `anonymous` for visitors.")
    kind: ViewerKind = derived(lambda v: v.kind, description="How you showed who you are.")
    permissions: list[str] = derived(
        lambda v: sorted(v.permissions), description="What you may do, by name, sorted; empty for visitors."
    )
    user: User | None = related(
        UserRow.id, to="user_id", description="The person behind the credential, where there is one."
    )
    row: strawberry.Private[Any]


async def viewer(context: Context) -> Viewer:
    made: Viewer = object.__new__(Viewer)
    made.row = caller(context.viewer)
    return made
