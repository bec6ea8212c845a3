"""Roles, what they may do, and who has them."""

from types import SimpleNamespace
from typing import Any

import strawberry

from db.access import visibility
from db.access.permission import ALL
from db.access.role import RoleRow
from db.access.user import UserRow
from engine.declared.batch import batched
from engine.declared.connection import Connection
from engine.declared.declaration import column, derived, related
from engine.declared.entity import Node, entity
from engine.declared.listing import connected
from engine.declared.lookup import picked
from engine.declared.mutation import performed
from engine.declared.payload import Payload, changed
from engine.standard.context import Context
from resolvers.access import role
from resolvers.access.role import permissions_update
from resolvers.access.user import USERS
from schema.access.user import User


@entity(RoleRow, visible=visibility.roles, description="A set of permissions. A user has one role or none.")
class Role(Node):
    key: str = column(
        RoleRow.key,
        description="Its name for programs, up to 50 of a-z, 0-9 and _: `manager`. It never changes.",
    )
    title: str = column(RoleRow.title, description="What people see: 1 to 100 characters.")
    permissions: list[str] = batched(
        role.permissions_of, to=RoleRow.key, description="What its users may do: `products/edit`."
    )
    users: Connection[User] = connected(
        USERS, key=UserRow.role_key, to=RoleRow.key, description="Those who have it, by their logins unless sorted."
    )


@strawberry.type(description="All permissions, and which role has which.")
class Permissions:
    names: list[str] = derived(lambda row: row.names, description="Those that there are, `is_super_admin` among them.")
    roles: list[Role] = picked("roles", description="By their keys.")
    row: strawberry.Private[Any]


@strawberry.type(description="What a user may do.")
class UserCapabilities:
    user: User | None = related(UserRow.id, to="user_id", description="Whose capabilities they are.")
    role: Role | None = related(
        RoleRow.key, to="role_key", description="The role that gives them; null when the user has none."
    )
    permissions: list[str] = derived(lambda row: row.permissions, description="The role's; none without a role.")
    row: strawberry.Private[Any]


async def permissions(context: Context) -> Permissions:
    made: Permissions = object.__new__(Permissions)
    made.row = SimpleNamespace(names=sorted(ALL), roles=await role.role_keys(context))
    return made


async def user_capabilities(context: Context, id: str) -> UserCapabilities | None:
    found = await role.role_of(context, id)
    if found is None:
        return None
    user_id, role_key = found
    made: UserCapabilities = object.__new__(UserCapabilities)
    held = await role.permissions_of_role(context, role_key)
    made.row = SimpleNamespace(user_id=user_id, role_key=role_key, permissions=held)
    return made


@strawberry.type(description="The roles that were named, as they are now.")
class PermissionsUpdatePayload(Payload):
    roles: list[Role] = changed(RoleRow.key)


@strawberry.type
class RoleMutations:
    permissions_update: PermissionsUpdatePayload | None = performed(permissions_update)
