"""Roles and what they may do; who has which."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import strawberry
from sqlalchemy import delete, insert, select

from db.access.events import ROLE_CREATED, ROLE_UPDATED, USER_UPDATED
from db.access.permission import ALL, IS_SUPER_ADMIN
from db.access.role import SUPER_ADMIN, RolePermissionRow, RoleRow
from db.access.unsettled import UNSETTLED, Unsettled
from db.access.user import UserRow
from db.store.row import now, table
from db.store.writing import edit
from engine.declared.input import identifies
from engine.declared.mutation import mutation
from engine.declared.payload import Keys
from engine.standard.context import Context
from engine.unit.unit import Unit
from engine.values.errors import ErrorCode
from resolvers.access.caller import require_all
from resolvers.access.token import check_permissions
from resolvers.access.user import change
from resolvers.access.user_rules import locked_user
from resolvers.editing import text
from resolvers.editing.editable import edited_version
from resolvers.editing.locking import key_of
from resolvers.editing.updating import refuse_outdated

ROLE: Final = table(RoleRow)
HELD: Final = table(RolePermissionRow)
USER: Final = table(UserRow)

MOST_ROLES: Final = 100
LONGEST_TITLE: Final = 100
_KEY: Final = re.compile(r"[a-z][a-z0-9_]{0,49}")  # 50 characters, as documented


@strawberry.input(description="What a role may do, all of it: what is not named is taken away.")
class RolePermissionsInput:
    role: str = strawberry.field(description="The role's key. A new one makes a role, and needs a title.")
    permissions: list[str] = strawberry.field(
        description="By name: `products/edit`. What the role has not yet you must hold yourself."
    )
    title: str | None = strawberry.field(
        default=None, description="What people see: up to 100 characters; absent and empty keep the one that it has."
    )
    expected_version: int | None = edited_version()


@strawberry.input(description="Roles that are not named stay as they are.")
class PermissionsUpdateInput:
    roles: list[RolePermissionsInput] = strawberry.field(description="1 to 100 roles, each once.")


@strawberry.input(description="A user's role: one, or none.")
class UserCapabilitiesUpdateInput:
    id: strawberry.ID = identifies("User")
    expected_version: int | None = strawberry.field(
        default=None, description="The user's version that you edited; a newer one makes a CONFLICT."
    )
    role: strawberry.Maybe[str | None] = strawberry.field(default=None, description="A role's key; null takes it away.")


async def permissions_of(context: Context, keys: Sequence[str]) -> list[list[str]]:
    """What each of these roles may do, sorted."""
    statement = select(HELD.c.role_key, HELD.c.permission).where(HELD.c.role_key.in_(keys)).order_by(HELD.c.permission)
    found: dict[str, list[str]] = {key: [] for key in keys}
    for row in await context.rows(statement):
        found[row.role_key].append(row.permission)
    return [found[key] for key in keys]


async def role_keys(context: Context) -> list[str]:
    return [row.key for row in await context.rows(select(ROLE.c.key).order_by(ROLE.c.key))]


async def role_of(context: Context, user_id: str) -> tuple[int, str | None] | None:
    """The key of a user and of their role; None when there is no such user."""
    statement = select(USER.c.id, USER.c.role_key).where(USER.c.id == key_of(user_id))
    row = next(iter(await context.rows(statement)), None)
    return None if row is None else (row.id, row.role_key)


@mutation(
    permission=IS_SUPER_ADMIN, rest="POST /settings/permissions", emits=(ROLE_CREATED, ROLE_UPDATED), audited=True
)
async def permissions_update(unit: Unit, input: PermissionsUpdateInput) -> Keys:
    """Say what roles may do, and make new roles. Nobody gives a permission that they do not hold."""
    if not 1 <= len(input.roles) <= MOST_ROLES:
        unit.refuse(ErrorCode.VALIDATION, f"Name 1 to {MOST_ROLES} roles", "roles")
        unit.settle()
    statement = select(ROLE).order_by(ROLE.c.key).with_for_update()
    there = {row["key"]: dict(row) for row in (await unit.connection.execute(statement)).mappings()}
    held = await _held(unit, there)
    wanted = [_check(unit, index, one, there, held) for index, one in enumerate(input.roles)]
    keys = [one.role for one in input.roles]
    for index, key in enumerate(keys):
        if key in keys[:index]:
            unit.refuse(ErrorCode.VALIDATION, "A role is named once", "roles", str(index), "role")
    if len(there.keys() | {*keys}) > MOST_ROLES:
        unit.refuse(ErrorCode.BUSINESS_RULE, f"A store has at most {MOST_ROLES} roles", "roles")
    unit.settle()
    for key, permissions in zip(keys, wanted, strict=True):
        require_all(unit.viewer, permissions - held.get(key, frozenset()))
    UNSETTLED.add(Unsettled.ANYTHING)
    for one, permissions in zip(input.roles, wanted, strict=True):
        await _write(unit, one, permissions, there.get(one.role), held.get(one.role, frozenset()))
    return {"roles": keys}


async def _held(unit: Unit, roles: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    statement = select(HELD.c.role_key, HELD.c.permission)
    held: dict[str, set[str]] = {key: set() for key in roles}
    for role, permission in await unit.connection.execute(statement):
        held[role].add(permission)
    return {key: frozenset(permissions) for key, permissions in held.items()}


def _check(
    unit: Unit, index: int, one: RolePermissionsInput, there: Mapping[str, Any], held: Mapping[str, frozenset[str]]
) -> frozenset[str]:
    errors = unit.at("roles", str(index))
    permissions = check_permissions(errors, one.permissions, "permissions")
    row = there.get(one.role)
    if row is None and not _KEY.fullmatch(one.role):
        errors.refuse(ErrorCode.VALIDATION, "A role's key has up to 50 characters: a-z, 0-9 and _", "role")
    elif row is None and not text.line(one.title or ""):
        errors.refuse(ErrorCode.VALIDATION, f"There is no role {one.role!r}; to make it, give it a title", "role")
    if len(text.line(one.title or "")) > LONGEST_TITLE:
        errors.refuse(ErrorCode.VALIDATION, f"A title has at most {LONGEST_TITLE} characters", "title")
    if one.role == SUPER_ADMIN:
        if permissions != held.get(SUPER_ADMIN, ALL):
            errors.refuse(ErrorCode.VALIDATION, "The super admin's permissions do not change", "permissions")
    elif IS_SUPER_ADMIN in permissions:
        errors.refuse(ErrorCode.VALIDATION, f"{IS_SUPER_ADMIN} belongs to the role {SUPER_ADMIN}", "permissions")
    if row is not None and one.expected_version not in (None, row["version"]):
        message = f"You edited version {one.expected_version}, it is at {row['version']} now"
        errors.refuse(ErrorCode.CONFLICT, message, "expectedVersion")
    return permissions


async def _write(
    unit: Unit, one: RolePermissionsInput, wanted: frozenset[str], row: dict[str, Any] | None, held: frozenset[str]
) -> None:
    title = text.line(one.title or "")
    if row is None:
        stamp = now()
        values = {"key": one.role, "title": title, "version": 1, "created_at": stamp, "updated_at": stamp}
        await unit.connection.execute(insert(ROLE).values(values))
        unit.emit(ROLE_CREATED({"key": one.role, "title": title, "permissions": sorted(wanted)}))
    else:
        after: dict[str, Any] = {}
        if title and title != row["title"]:
            after["title"] = title
        if wanted != held:
            after["permissions"] = sorted(wanted)
        if not after:
            return
        await edit(unit.connection, ROLE, one.role, row["version"], {"title": after.get("title", row["title"])})
        unit.emit(ROLE_UPDATED({**row, "permissions": sorted(held)}, after))
    gone = delete(HELD).where(HELD.c.role_key == one.role, HELD.c.permission.in_(held - wanted))
    await unit.connection.execute(gone)
    if wanted - held:
        rows = [{"role_key": one.role, "permission": name} for name in sorted(wanted - held)]
        await unit.connection.execute(insert(HELD), rows)


@mutation(permission=IS_SUPER_ADMIN, rest="POST /users/{id}/capabilities", emits=(USER_UPDATED,), audited=True)
async def user_capabilities_update(unit: Unit, input: UserCapabilitiesUpdateInput) -> Keys:
    """Give a user a role in place of the one so far, or none. An administrator's role does not change this way."""
    row = await locked_user(unit, input.id, "id")
    await refuse_outdated(unit, f"User:{row['id']}", input.expected_version, row["version"])
    if row["role_key"] == SUPER_ADMIN:
        unit.refuse(ErrorCode.BAD_REQUEST, "Administrators are not assigned a role; userUpdate changes theirs", "id")
        unit.settle()
    if input.role is None:
        unit.refuse(ErrorCode.VALIDATION, "Say which role, or null for none", "role")
        unit.settle()
        raise AssertionError("settle raises")
    await change(unit, row, {"role": input.role.value})
    return {"user": row["id"]}


async def permissions_of_role(context: Context, key: str | None) -> list[str]:
    """For those that are looked up alone."""
    if key is None:
        return []
    (permissions,) = await permissions_of(context, [key])
    return permissions
