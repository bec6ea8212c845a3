"""Setting passwords."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import strawberry
from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from db.access import audit, password
from db.access.permission import IS_SUPER_ADMIN
from db.access.session import SessionRow
from db.access.unsettled import UNSETTLED
from db.access.user import UserPasswordRow
from db.store.row import now, table
from engine.declared.input import confidential, identifies
from engine.declared.mutation import mutation
from engine.declared.payload import Keys
from engine.unit.perform import Reach
from engine.unit.unit import Unit
from engine.values.errors import ErrorCode
from engine.values.viewer import SIGNED_IN
from resolvers.access.caller import caller
from resolvers.access.sign_in import SignIns, note_failure
from resolvers.access.user_rules import locked_user_by_key
from resolvers.editing.locking import key_of

PASSWORD: Final = table(UserPasswordRow)
SESSION: Final = table(SessionRow)


@strawberry.input(description="Whose password is set: one's own, or as a super admin anyone's.")
class PasswordSetInput:
    password: str = confidential(description="At least 12 characters.")
    id: strawberry.ID | None = strawberry.field(
        default=None, description="The user; none: who asks.", metadata=identifies("User").metadata
    )
    current_password: str | None = strawberry.field(
        default=None, description="One's own password so far, if there is one.", metadata=confidential().metadata
    )


@dataclass(frozen=True)
class _Checked:
    stored: str | None  # the hash that the current password was compared with
    fits: bool
    password_hash: str | None  # None: the new password is none that is taken


def _whose(viewer_id: int | None, input: PasswordSetInput) -> int | None:
    return viewer_id if input.id is None else key_of(input.id)


@asynccontextmanager
async def _checked(reach: Reach, input: PasswordSetInput, dry: bool) -> AsyncIterator[_Checked]:
    """Both passwords, before the transaction. Raises RATE_LIMITED: whoever found an unlocked screen may not guess. A
    dry run compares nothing: it would tell whether a guess is right, and the audit log would know nothing of it."""
    own = caller(reach.viewer).user_id
    stored, fits = None, True
    if own is not None and _whose(own, input) == own:
        async with reach.read() as connection:
            stored = await _stored(connection, own)
        if stored is not None and not dry:
            attempts = reach.port(SignIns).attempts
            attempts.begin(f"user:{own}", reach.viewer.address)
            fits = await password.matches((input.current_password or "")[: password.LONGEST + 1], stored)
            if fits:
                attempts.succeeded(f"user:{own}", reach.viewer.address)
    good = fits and password.fault(input.password) is None
    yield _Checked(stored, fits, await password.hashed(input.password) if good else None)
    if not fits:
        await note_failure(reach, "passwordSet", f"User:{own}")


async def _stored(connection: AsyncConnection, user_id: int) -> str | None:
    statement = select(PASSWORD.c.password_hash).where(PASSWORD.c.user_id == user_id)
    found: str | None = (await connection.execute(statement)).scalar()
    return found


@mutation(permission=SIGNED_IN, rest=None, ports=(SignIns,), outside=_checked)
async def password_set(unit: Unit, input: PasswordSetInput) -> Keys:
    """Set a password: one's own with the current one, a super admin anyone's. All other sessions of the user end.
    `validateOnly` does not look at the current one."""
    person = caller(unit.viewer)
    whose = _whose(person.user_id, input)
    if whose is None:
        unit.refuse(ErrorCode.BAD_REQUEST, "Say whose password: a token is nobody", "id")
        unit.settle()
        raise AssertionError("settle raises")
    own = whose == person.user_id
    if not own:
        unit.require(IS_SUPER_ADMIN)
    row = await locked_user_by_key(unit, whose, "id")
    checked: _Checked = unit.outside
    # Somebody else may have set it since it was compared.
    if own and not (checked.fits and checked.stored == await _stored(unit.connection, whose)):
        unit.refuse(ErrorCode.VALIDATION, "This is not the current password", "currentPassword")
    check_password(unit, input.password, row["login"], row["email"], "password")
    unit.settle()
    assert checked.password_hash is not None  # or a rule was broken
    await store_password(unit.connection, whose, checked.password_hash)
    UNSETTLED.add(f"user:{whose}")
    ended = delete(SESSION).where(SESSION.c.user_id == whose)
    kind, _, key = (person.credential or "").partition(":")
    if own and kind == "session":
        ended = ended.where(SESSION.c.id != int(key))
    await unit.connection.execute(ended)
    await audit.record(unit.connection, person, "passwordSet", entity=f"User:{whose}")
    return {"user": whose}


def check_password(unit: Unit, given: str, login: str, email: str, *path: str) -> None:
    """Refuses a password that is too weak."""
    fault = password.fault(given, login, email, email.partition("@")[0])
    if fault is not None:
        unit.refuse(ErrorCode.VALIDATION, fault, *path)


async def store_password(connection: AsyncConnection, user_id: int, password_hash: str) -> None:
    await connection.execute(delete(PASSWORD).where(PASSWORD.c.user_id == user_id))
    values = {"user_id": user_id, "password_hash": password_hash, "updated_at": now()}
    await connection.execute(insert(PASSWORD).values(values))
