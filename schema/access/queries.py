"""Who asks, and who else there is."""

import strawberry

from db.access.permission import IS_SUPER_ADMIN
from db.access.role import RoleRow
from engine.declared.batch import Argument, queried
from engine.declared.connection import Connection
from engine.declared.listing import connected
from engine.declared.lookup import every, lookup
from resolvers.access.token import TOKENS
from resolvers.access.user import USERS, UserBy
from schema.access.role import Permissions, Role, UserCapabilities, permissions, user_capabilities
from schema.access.token import AccessToken
from schema.access.user import User
from schema.access.viewer import Viewer, viewer


@strawberry.type
class AccessQueries:
    viewer: Viewer | None = queried(viewer, description="Who asks, and what they may do.")
    users: Connection[User] | None = connected(USERS, permission=IS_SUPER_ADMIN, description="Who may sign in.")
    user: User | None = lookup(UserBy, permission=IS_SUPER_ADMIN, description="One user; null when absent.")
    roles: list[Role] | None = every(order=[RoleRow.key], permission=IS_SUPER_ADMIN, description="All roles.")
    tokens: Connection[AccessToken] | None = connected(
        TOKENS, permission=IS_SUPER_ADMIN, description="Tokens of machines and storefronts, the newest first."
    )
    permissions: Permissions | None = queried(
        permissions,
        permission=IS_SUPER_ADMIN,
        rest=["GET /settings/permissions"],
        description="All permissions, and which role has which.",
    )
    user_capabilities: UserCapabilities | None = queried(
        user_capabilities,
        Argument("id", strawberry.ID, "The user.", identifies="User"),
        permission=IS_SUPER_ADMIN,
        rest=["GET /users/{id}/capabilities"],
        description="What a user may do; null when there is no such user.",
    )
