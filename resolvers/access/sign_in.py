"""Signing in with a password, for some hours."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import strawberry
from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from db.access import audit, password
from db.access.session import SessionRow
from db.access.unsettled import UNSETTLED
from db.access.user import UserPasswordRow, UserRow, folded
from db.access.viewer import Viewer, ViewerKind
from db.secrets import hashed as secret
from db.store.row import now, table
from engine.declared.input import confidential
from engine.declared.mutation import mutation
from engine.declared.payload import Keys
from engine.unit.perform import Reach
from engine.unit.unit import Unit
from engine.values.errors import ErrorCode
from engine.values.viewer import PUBLIC, SIGNED_IN
from resolvers.access.attempts import Attempts
from resolvers.access.caller import caller

USER: Final = table(UserRow)
PASSWORD: Final = table(UserPasswordRow)
SESSION: Final = table(SessionRow)

_LONGEST_LOGIN: Final = 254
# In an account's place: a dry run. Whatever it answered of a password, the audit log would know nothing of it.
TRIED: Final = object()


@dataclass(frozen=True)
class SignIns:
    """A port of the server: how long a sign-in lasts, and who failed how often lately."""

    lasts: timedelta = timedelta(hours=12)
    attempts: Attempts = field(default_factory=Attempts)


@strawberry.input(description="Who you are, and what only you know.")
class SignInInput:
    login: str = strawberry.field(description="The login or the e-mail address, in upper or lower case.")
    password: str = confidential(description="Too many wrong ones make RATE_LIMITED, for a while.")


@strawberry.input(description="Which sessions end: the one that asks, and others if it says so.")
class SignOutInput:
    everywhere: bool = strawberry.field(default=False, description="All sessions of this user, on every device.")


@dataclass(frozen=True)
class _Account:
    id: int
    login: str
    name: str
    password_hash: str


@asynccontextmanager
async def _checked(reach: Reach, input: SignInInput, dry: bool) -> AsyncIterator[object]:
    """The account, if the password is its own. Before any transaction: the writer of an embedded database would wait
    for every guess. Raises RATE_LIMITED."""
    if dry:
        yield TRIED
        return
    attempts = reach.port(SignIns).attempts
    name = folded(input.login[:_LONGEST_LOGIN])
    address = reach.viewer.address
    attempts.begin(name, address)
    async with reach.read() as connection:
        account = await _account(connection, name)
    # As much work for an account that is not there.
    good = await password.matches(input.password[: password.LONGEST + 1], account.password_hash if account else None)
    if good:
        attempts.succeeded(name, address)
    yield account if good else None
    if not good:
        # Not what was typed as a login: people type their password there.
        await note_failure(reach, "signIn", f"User:{account.id}" if account else None)


async def note_failure(reach: Reach, mutation: str, entity: str | None) -> None:
    """An entry of the audit log, as `signInFailed`, of a password that was wrong."""
    async with reach.unit() as unit:
        await audit.record(unit.connection, reach.viewer, f"{mutation}Failed", entity=entity)
        await unit.commit(mutation, None, None, audited=False)


async def _account(connection: AsyncConnection, name: str) -> _Account | None:
    if "\0" in name:
        return None  # PostgreSQL refuses to compare with NUL
    statement = (
        select(USER.c.id, USER.c.login, USER.c.display_name, PASSWORD.c.password_hash)
        .join(PASSWORD, PASSWORD.c.user_id == USER.c.id)
        .where((USER.c.login == name) | (USER.c.email == name), USER.c.active)
        # One's login may be another's address: the login counts.
        .order_by(USER.c.login != name)
        .limit(1)
    )
    row = (await connection.execute(statement)).first()
    return None if row is None else _Account(row.id, row.login, row.display_name or row.login, row.password_hash)


@mutation(permission=PUBLIC, rest=None, ports=(SignIns,), outside=_checked)
async def sign_in(unit: Unit, input: SignInInput) -> Keys:
    """Open a session: send its token as `Authorization: Bearer`. Wrong passwords are slowed down, by account and
    address; `validateOnly` looks at none and says nothing of it."""
    if unit.outside is TRIED:
        return {}
    account: _Account | None = unit.outside
    # The user may have been deleted or deactivated, or the password changed, since it was checked.
    if account is not None and not await _still_there(unit.connection, account):
        account = None
    if account is None:
        unit.refuse(ErrorCode.VALIDATION, "The login or the password is wrong", "password")
        unit.settle()
        raise AssertionError("settle raises")
    expires_at = now() + unit.port(SignIns).lasts
    token = await begin(unit.connection, account.id, expires_at)
    person = Viewer(
        f"user:{account.id}", account.name, kind=ViewerKind.USER, user_id=account.id, address=unit.viewer.address
    )
    await audit.record(unit.connection, person, "signIn", entity=f"User:{account.id}")
    return {"token": token, "expires_at": expires_at.isoformat()}


async def _still_there(connection: AsyncConnection, account: _Account) -> bool:
    statement = (
        select(USER.c.id)
        .join(PASSWORD, PASSWORD.c.user_id == USER.c.id)
        .where(USER.c.id == account.id, USER.c.active, PASSWORD.c.password_hash == account.password_hash)
        .with_for_update()
    )
    return (await connection.execute(statement)).first() is not None


async def begin(connection: AsyncConnection, user_id: int, expires_at: datetime) -> str:
    """The secret of a new session. Those of the user that are over go."""
    await connection.execute(delete(SESSION).where(SESSION.c.user_id == user_id, SESSION.c.expires_at <= now()))
    token = secret.made(secret.Prefix.SESSION)
    values: dict[str, Any] = {
        "user_id": user_id,
        "secret_hash": secret.hashed(token),
        "created_at": now(),
        "expires_at": expires_at,
    }
    await connection.execute(insert(SESSION).values(values))
    return token


@mutation(permission=SIGNED_IN, rest=None)
async def sign_out(unit: Unit, input: SignOutInput) -> Keys:
    """End the session that asks, or all of its user's; their tokens open nothing from now on."""
    person = caller(unit.viewer)
    kind, _, key = (person.credential or "").partition(":")
    if kind != "session":
        unit.refuse(ErrorCode.BAD_REQUEST, "Only a session can be signed out of; this is another kind of credential")
        unit.settle()
    if input.everywhere:
        ended = delete(SESSION).where(SESSION.c.user_id == person.user_id)
        UNSETTLED.add(f"user:{person.user_id}")
    else:
        ended = delete(SESSION).where(SESSION.c.id == int(key))
        UNSETTLED.add(f"session:{key}")
    await unit.connection.execute(ended)
    await audit.record(unit.connection, person, "signOut", entity=f"User:{person.user_id}")
    return {}
