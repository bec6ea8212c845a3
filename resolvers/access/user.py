"""What is done to users."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import strawberry
from sqlalchemy import ColumnElement, delete, or_

from db.access import password
from db.access.events import USER_CREATED, USER_DELETED, USER_UPDATED
from db.access.permission import IS_SUPER_ADMIN
from db.access.session import SessionRow
from db.access.unsettled import UNSETTLED
from db.access.user import UserRow, folded
from db.store.row import table
from db.store.writing import add, edit
from engine.declared.filter_input import filter_input
from engine.declared.input import confidential, finds, identifies, lookup_input
from engine.declared.listing import Listing, Search
from engine.declared.mutation import mutation
from engine.declared.payload import Keys
from engine.declared.sorting import sortable
from engine.unit.perform import Reach
from engine.unit.unit import Unit
from engine.values.filtering import filters
from engine.values.operators import TextOperators
from engine.values.ordering import SortDirection
from engine.values.statement import held, holding
from resolvers.access.password import check_password, store_password
from resolvers.access.user_rules import check_user, keep_an_administrator, locked_user
from resolvers.editing.editable import edited_version
from resolvers.editing.updating import named, refuse_outdated

USER: Final = table(UserRow)
SESSION: Final = table(SessionRow)


WHATEVER: Final = "Whatever the case."
UserBy: Final = lookup_input(
    "User",
    UserRow.id,
    login=finds(UserRow.login, fold=folded, description=WHATEVER),
    email=finds(UserRow.email, fold=folded, description=WHATEVER),
)


@filter_input()
class UserFilter:
    login: TextOperators | None = filters(UserRow.login, fold=folded)
    email: TextOperators | None = filters(UserRow.email, fold=folded)
    role: TextOperators | None = filters(UserRow.role_key, description="The role's key.")
    active: bool | None = filters(UserRow.active)


_SEARCHED: Final = "searched"  # the parameter


def _search(_names: Sequence[str], _viewer: Any) -> ColumnElement[bool]:
    return or_(holding(USER.c.login, _SEARCHED), holding(USER.c.email, _SEARCHED))


USERS: Final = Listing(
    sorting=sortable(
        "User",
        description="What users can be sorted by. A single field is answered from an index.",
        default=("LOGIN", SortDirection.ASC),
        ID=UserRow.id,
        LOGIN=UserRow.login,
        EMAIL=UserRow.email,
    ),
    filter=UserFilter,
    search=Search(
        lambda text: {_SEARCHED: held(folded(text))}, condition=_search, said="Looked for in login and e-mail address."
    ),
)


@strawberry.input(description="A person who may sign in.")
class UserCreateInput:
    login: str = strawberry.field(description="Up to 60 characters; case does not matter, and is not kept.")
    email: str
    display_name: str | None = None
    role: str | None = strawberry.field(default=None, description="A role's key; none: may sign in, and nothing else.")
    password: str | None = confidential(description="At least 12 characters; none: signs in at an issuer, if at all.")


@strawberry.input(description="What is named changes, null clears, what is absent stays.")
class UserUpdateInput:
    id: strawberry.ID = identifies("User")
    expected_version: int | None = edited_version()
    login: strawberry.Maybe[str]
    email: strawberry.Maybe[str]
    display_name: strawberry.Maybe[str | None]
    role: strawberry.Maybe[str | None] = strawberry.field(
        default=None,
        description="A role's key; null takes the role away. You must hold all that the old and the new one give.",
    )
    active: strawberry.Maybe[bool]


@strawberry.input(description="Which user goes.")
class UserDeleteInput:
    id: strawberry.ID = identifies("User")
    expected_version: int | None = None


@asynccontextmanager
async def _hashed(_reach: Reach, input: UserCreateInput, _dry: bool) -> AsyncIterator[str | None]:
    """Hashing takes as long as a hundred writes, and the writer of an embedded database is one."""
    given = input.password
    yield None if given is None or password.fault(given) else await password.hashed(given)


@mutation(permission=IS_SUPER_ADMIN, rest=None, emits=(USER_CREATED,), audited=True, outside=_hashed)
async def user_create(unit: Unit, input: UserCreateInput) -> Keys:
    """Let a person in."""
    asked = {
        "login": input.login,
        "email": input.email,
        "display_name": input.display_name,
        "role": input.role,
        "active": True,
    }
    values = await check_user(unit, {}, asked)
    if input.password is not None:
        check_password(unit, input.password, values["login"], values["email"], "password")
    unit.settle()
    key = await add(unit.connection, UserRow(**values))
    if unit.outside is not None:
        await store_password(unit.connection, key, unit.outside)
    unit.emit(USER_CREATED({**values, "id": key}))
    return {"user": key}


@mutation(permission=IS_SUPER_ADMIN, rest=None, emits=(USER_UPDATED,), audited=True)
async def user_update(unit: Unit, input: UserUpdateInput) -> Keys:
    """Change a user: what they are called, whether they may sign in, their role. Who may no longer sign in is signed
    out."""
    row = await locked_user(unit, input.id, "id")
    await refuse_outdated(unit, f"User:{row['id']}", input.expected_version, row["version"])
    await change(unit, row, named(input, leave=("id", "expected_version")))
    return {"user": row["id"]}


async def change(unit: Unit, row: dict[str, Any], asked: dict[str, Any]) -> None:
    """Checks and writes what was asked of a locked user. Raises Refused."""
    values = await check_user(unit, row, asked)
    await keep_an_administrator(unit, row, {**row, **values}, "active" if values.get("active") is False else "role")
    unit.settle()
    if not values:
        return
    UNSETTLED.add(f"user:{row['id']}")
    await edit(unit.connection, USER, row["id"], row["version"], values)
    if values.get("active") is False:
        await unit.connection.execute(delete(SESSION).where(SESSION.c.user_id == row["id"]))
    unit.emit(USER_UPDATED(row, values))


@mutation(permission=IS_SUPER_ADMIN, rest=None, emits=(USER_DELETED,), audited=True)
async def user_delete(unit: Unit, input: UserDeleteInput) -> Keys:
    """Remove a user with their sessions and application passwords. What they did stays in the audit log."""
    row = await locked_user(unit, input.id, "id")
    await refuse_outdated(unit, f"User:{row['id']}", input.expected_version, row["version"])
    await keep_an_administrator(unit, row, None, "id")
    unit.settle()
    UNSETTLED.add(f"user:{row['id']}")
    await unit.connection.execute(delete(USER).where(USER.c.id == row["id"]))
    unit.emit(USER_DELETED(row))
    return {"deleted_id": row["id"]}
