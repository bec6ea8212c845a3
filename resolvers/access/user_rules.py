"""The rules of users: of what they are called, and of who remains when one goes."""

import re
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Table, select

from db.access import holder
from db.access.role import SUPER_ADMIN, RoleRow
from db.access.user import UserRow, folded
from db.store.row import table
from db.text.address import LONGEST_MAIL_ADDRESS, is_mail_address
from engine.unit.unit import Unit
from engine.values.errors import ErrorCode
from resolvers.access.caller import require_all
from resolvers.editing import text
from resolvers.editing.locking import key_of, locked, not_found

USER: Final = table(UserRow)
ROLE: Final = table(RoleRow)

LONGEST_LOGIN: Final = 60
LONGEST_NAME: Final = 200
# Basic credentials end the login at a colon.
_LOGIN: Final = re.compile(r"[^\s:@]+")


async def locked_user(unit: Unit, id: str, *path: str) -> dict[str, Any]:
    """The user of a global id. Raises Refused (NOT_FOUND at `path`), or Forbidden when the user holds more than the
    caller."""
    return await locked_user_by_key(unit, key_of(id), *path)


async def locked_user_by_key(unit: Unit, key: int, *path: str) -> dict[str, Any]:
    row = (await locked(unit, USER, [key])).get(key) or not_found(unit, "user", *path)
    await require_role(unit, row["role_key"])
    return row


async def require_role(unit: Unit, key: str | None) -> None:
    """Raises Forbidden unless the caller holds all that this role gives."""
    if key is not None:
        require_all(unit.viewer, await holder.of_roles(unit.connection, [key]))


async def check_user(unit: Unit, row: Mapping[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
    """What to write for what was asked of a user (`row` is empty for one that is not there yet). Refuses broken rules
    on their fields; raises Forbidden for a role that gives more than the caller holds."""
    values = dict(asked)
    for name in ("login", "email"):
        if name in values:
            # What is refused for its length is not folded before.
            values[name] = folded(values[name]) if len(values[name]) <= LONGEST_MAIL_ADDRESS else values[name]
    if "display_name" in values:
        values["display_name"] = text.line(values["display_name"] or "")
    email = values.get("email", row.get("email"))
    _check_names(unit, values, email)
    await _check_taken(unit, row.get("id", 0), values)
    role = values.pop("role", row.get("role_key"))
    if role != row.get("role_key"):
        if role is not None and not await _known(unit, role):
            unit.refuse(ErrorCode.VALIDATION, f"There is no role {role!r}", "role")
        else:
            await require_role(unit, role)
            values["role_key"] = role
    return {name: value for name, value in values.items() if name not in row or row[name] != value}


def _check_names(unit: Unit, values: Mapping[str, Any], email: str | None) -> None:
    login = values.get("login")
    if login is not None and not (_LOGIN.fullmatch(login) or (login and login == email)):
        unit.refuse(
            ErrorCode.VALIDATION, "A login has no spaces and no colon, and is no address but the user's own", "login"
        )
    elif login is not None and not (len(login) <= LONGEST_LOGIN and login.isprintable()):
        unit.refuse(ErrorCode.VALIDATION, f"A login has at most {LONGEST_LOGIN} characters", "login")
    if "email" in values and not is_mail_address(values["email"]):
        unit.refuse(ErrorCode.VALIDATION, "This is no e-mail address", "email")
    if len(values.get("display_name", "")) > LONGEST_NAME:
        unit.refuse(ErrorCode.VALIDATION, f"A name has at most {LONGEST_NAME} characters", "displayName")


async def _check_taken(unit: Unit, id: int, values: Mapping[str, Any]) -> None:
    """Told together with the other rules; between two writers at once the unique constraints decide."""
    for name in ("login", "email"):
        if "\0" not in values.get(name, "\0"):  # PostgreSQL refuses to compare with NUL
            taken = select(USER.c.id).where(USER.c[name] == values[name], USER.c.id != id)
            if (await unit.connection.execute(taken)).first() is not None:
                unit.refuse(ErrorCode.CONFLICT, f"{name} is taken already", name)


async def _known(unit: Unit, role: str) -> bool:
    if "\0" in role:
        return False  # PostgreSQL refuses to compare with NUL
    return (await unit.connection.execute(select(ROLE.c.key).where(ROLE.c.key == role))).first() is not None


async def keep_an_administrator(
    unit: Unit, row: Mapping[str, Any], result: Mapping[str, Any] | None, field: str
) -> None:
    """Refuse what would leave no active super admin; a `result` of None is a deletion."""
    if not _administers(row) or (result is not None and _administers(result)):
        return
    # Two who go at once would each see the other stay: they take turns at the role.
    await unit.connection.execute(_turn(ROLE, SUPER_ADMIN))
    others = select(USER.c.id).where(USER.c.role_key == SUPER_ADMIN, USER.c.active, USER.c.id != row["id"]).limit(1)
    if (await unit.connection.execute(others)).first() is None:
        unit.refuse(ErrorCode.BUSINESS_RULE, "This is the last active super admin: make another one first", field)


def _turn(of: Table, key: str) -> Any:
    return select(of.c.key).where(of.c.key == key).with_for_update()


def _administers(row: Mapping[str, Any]) -> bool:
    return bool(row["active"]) and row["role_key"] == SUPER_ADMIN
