"""Application passwords: made by their user, shown once."""

from typing import Final

import strawberry
from sqlalchemy import func, insert, select, update

from db.access import audit
from db.access.application_password import ApplicationPasswordRow
from db.access.permission import IS_SUPER_ADMIN
from db.access.unsettled import UNSETTLED
from db.access.viewer import ViewerKind
from db.secrets import hashed as secret
from db.store.row import now, table
from engine.declared.input import identifies
from engine.declared.mutation import mutation
from engine.declared.payload import Keys
from engine.unit.unit import Unit
from engine.values.errors import ErrorCode
from engine.values.viewer import SIGNED_IN
from resolvers.access.caller import caller
from resolvers.access.user_rules import locked_user_by_key
from resolvers.editing import text
from resolvers.editing.locking import key_of, locked, not_found

PASSWORD: Final = table(ApplicationPasswordRow)

LONGEST_NAME: Final = 100
# One for each program that a person uses; more is a program that makes them.
MOST: Final = 50


@strawberry.input(description="A password for one program, which sends it by HTTP Basic with the user's login.")
class ApplicationPasswordCreateInput:
    name: str = strawberry.field(description="The program; shown wherever the password is listed.")
    user_id: strawberry.ID | None = strawberry.field(
        default=None, description="Whose; none: who asks. A super admin's to say.", metadata=identifies("User").metadata
    )


@strawberry.input(description="Which application password opens nothing any more.")
class ApplicationPasswordRevokeInput:
    id: strawberry.ID = identifies("ApplicationPassword")


@mutation(permission=SIGNED_IN, rest=None)
async def application_password_create(unit: Unit, input: ApplicationPasswordCreateInput) -> Keys:
    """Make an application password: of one's own, or as a super admin anyone's."""
    person = caller(unit.viewer)
    whose = person.user_id if input.user_id is None else key_of(input.user_id)
    if whose is None:
        unit.refuse(ErrorCode.BAD_REQUEST, "Say whose: a token is nobody", "userId")
        unit.settle()
        raise AssertionError("settle raises")
    if whose != person.user_id:
        unit.require(IS_SUPER_ADMIN)
    elif person.kind is ViewerKind.APPLICATION:
        # Whoever stole one would keep a key when it is revoked.
        unit.refuse(ErrorCode.BUSINESS_RULE, "Sign in for that: an application password makes no other")
        unit.settle()
    row = await locked_user_by_key(unit, whose, "userId")
    name = text.line(input.name)
    if not 0 < len(name) <= LONGEST_NAME:
        unit.refuse(ErrorCode.VALIDATION, f"A name has 1 to {LONGEST_NAME} characters", "name")
    there = select(func.count()).where(PASSWORD.c.user_id == whose, PASSWORD.c.revoked_at.is_(None))
    if (await unit.connection.execute(there)).scalar_one() >= MOST:
        unit.refuse(ErrorCode.BUSINESS_RULE, f"A user has at most {MOST} application passwords: revoke one first")
    unit.settle()
    made = secret.application_password()
    values = {
        "user_id": whose,
        "name": name,
        "secret_hash": secret.hashed(made),
        "last_four": secret.last_four(made),
        "created_at": now(),
    }
    key = (await unit.connection.execute(insert(PASSWORD).values(values).returning(PASSWORD.c.id))).scalar_one()
    after = {"name": name, "login": row["login"]}
    await audit.record(
        unit.connection, person, "applicationPasswordCreate", entity=f"ApplicationPassword:{key}", after=after
    )
    return {"application_password": key, "secret": secret.grouped(made)}


@mutation(permission=SIGNED_IN, rest=None)
async def application_password_revoke(unit: Unit, input: ApplicationPasswordRevokeInput) -> Keys:
    """Revoke an application password, at once and for good. What is revoked already stays so."""
    person = caller(unit.viewer)
    key = key_of(input.id)
    own = [] if IS_SUPER_ADMIN in person.permissions else [PASSWORD.c.user_id == person.user_id]
    row = (await locked(unit, PASSWORD, [key], *own)).get(key) or not_found(unit, "application password", "id")
    if row["revoked_at"] is None:
        UNSETTLED.add(f"application:{key}")
        revoked = update(PASSWORD).where(PASSWORD.c.id == key).values(revoked_at=now())
        await unit.connection.execute(revoked)
        entity = f"ApplicationPassword:{key}"
        await audit.record(
            unit.connection, person, "applicationPasswordRevoke", entity=entity, before={"name": row["name"]}
        )
    return {"application_password": key}
