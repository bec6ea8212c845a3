"""Tokens: made, rotated and revoked by super admins; a secret is shown once."""

from datetime import datetime, timedelta
from difflib import get_close_matches
from typing import Any, Final

import strawberry
from sqlalchemy import insert, update

from db.access import audit
from db.access.permission import IS_SUPER_ADMIN, KNOWN, expanded
from db.access.token import TokenKind, TokenRow
from db.access.unsettled import UNSETTLED
from db.secrets import hashed as secret
from db.store.row import now, table
from engine.declared.filter_input import filter_input
from engine.declared.input import identifies
from engine.declared.listing import Listing
from engine.declared.mutation import mutation
from engine.declared.payload import Keys
from engine.declared.sorting import sortable
from engine.unit.unit import Refuses, Unit
from engine.values.errors import ErrorCode
from engine.values.filtering import filters
from engine.values.operators import EnumOperators, TextOperators
from engine.values.ordering import SortDirection
from resolvers.access import enums as _registered  # noqa: F401  the annotations below need the enums
from resolvers.access.caller import require_all
from resolvers.editing import text
from resolvers.editing.locking import key_of, locked, not_found

TOKEN: Final = table(TokenRow)

LONGEST_NAME: Final = 100
# A week is enough to reach every machine that holds the old secret.
LONGEST_OVERLAP: Final = 7 * 24 * 60
# Looking for what a name may have meant takes a millisecond.
MOST_HINTS: Final = 2
LONGEST_MISTAKE: Final = 50  # no permission has as many characters
MOST_HOURLY: Final = 1_000_000
# Tokens of this name are made by settings, at each start.
RESERVED: Final = "STOREGRAPH_"


@filter_input()
class AccessTokenFilter:
    name: TextOperators | None = filters(TokenRow.name)
    kind: EnumOperators[TokenKind] | None = filters(TokenRow.kind)
    revoked: bool | None = filters(
        TOKEN.c.revoked_at.is_not(None).label("revoked"),
        description="True: only those that open nothing any more. False: only the others, expired ones among them.",
    )


TOKENS: Final = Listing(
    sorting=sortable(
        "AccessToken",
        description="What tokens can be sorted by.",
        default=("ID", SortDirection.DESC),
        ID=TokenRow.id,
    ),
    filter=AccessTokenFilter,
)


@strawberry.input(description="A token for a machine, with permissions of its own, or for the pages of a shop.")
class TokenCreateInput:
    name: str = strawberry.field(description="What it is for; shown wherever it is listed.")
    kind: TokenKind = TokenKind.MACHINE
    permissions: list[str] = strawberry.field(
        default_factory=list, description="What its bearer may do. None for a storefront, where anyone can read it."
    )
    expires_at: datetime | None = strawberry.field(default=None, description="None: when it is revoked.")
    hourly: int | None = strawberry.field(
        default=None, description="Its own budget of requests in an hour; none: that of its class."
    )


@strawberry.input(description="A new secret for a token.")
class TokenRotateInput:
    id: strawberry.ID = identifies("AccessToken")
    overlap_minutes: int = strawberry.field(
        default=60, description="How long the secret so far still works, up to a week; 0: not any more."
    )


@strawberry.input(description="Which token opens nothing any more.")
class TokenRevokeInput:
    id: strawberry.ID = identifies("AccessToken")


def check_permissions(refuses: Refuses, names: list[str], *path: str) -> frozenset[str]:
    """The permissions that these names stand for. Refuses names that there are not, each at its index; of more than
    there are permissions all at once."""
    if len(names) > len(KNOWN):
        refuses.refuse(ErrorCode.VALIDATION, f"There are {len(KNOWN)} permissions; name each once", *path)
        return frozenset()
    unknown = [(index, name) for index, name in enumerate(names) if name not in KNOWN]
    for place, (index, name) in enumerate(unknown):
        near = get_close_matches(name[:LONGEST_MISTAKE], sorted(KNOWN), n=1) if place < MOST_HINTS else []
        hint = f"; did you mean {near[0]}?" if near else ""
        refuses.refuse(ErrorCode.VALIDATION, f"There is no such permission{hint}", *path, str(index))
    return expanded(names)


@mutation(permission=IS_SUPER_ADMIN, rest=None)
async def token_create(unit: Unit, input: TokenCreateInput) -> Keys:
    """Make a token. Its secret is in this answer and nowhere else."""
    name = text.line(input.name)
    if not 0 < len(name) <= LONGEST_NAME:
        unit.refuse(ErrorCode.VALIDATION, f"A name has 1 to {LONGEST_NAME} characters", "name")
    elif name.upper().startswith(RESERVED):
        unit.refuse(ErrorCode.VALIDATION, f"Names that begin with {RESERVED} belong to settings", "name")
    permissions = check_permissions(unit, input.permissions, "permissions")
    if input.kind is TokenKind.STOREFRONT and input.permissions:
        unit.refuse(ErrorCode.VALIDATION, "A storefront's token has no permissions: anyone can read it", "permissions")
    if input.kind is TokenKind.MACHINE and not input.permissions:
        unit.refuse(ErrorCode.VALIDATION, "Say what the token may do", "permissions")
    if input.expires_at is not None and input.expires_at <= now():
        unit.refuse(ErrorCode.VALIDATION, "This moment has passed", "expiresAt")
    if input.hourly is not None and not 1 <= input.hourly <= MOST_HOURLY:
        unit.refuse(ErrorCode.VALIDATION, f"A budget is 1 to {MOST_HOURLY} requests", "hourly")
    unit.settle()
    require_all(unit.viewer, permissions)
    made = secret.made(secret.Prefix.STOREFRONT if input.kind is TokenKind.STOREFRONT else secret.Prefix.TOKEN)
    said: dict[str, Any] = {
        "name": name,
        "kind": input.kind,
        "permissions": sorted(permissions),
        "expires_at": input.expires_at,
        "hourly": input.hourly,
    }
    hidden = {"secret_hash": secret.hashed(made), "last_four": secret.last_four(made), "created_at": now()}
    statement = insert(TOKEN).values(**said, **hidden).returning(TOKEN.c.id)
    key = (await unit.connection.execute(statement)).scalar_one()
    await audit.record(unit.connection, unit.viewer, "tokenCreate", entity=f"AccessToken:{key}", after=said)
    return {"token": key, "secret": made}


async def _locked(unit: Unit, id: str) -> dict[str, Any]:
    """The token of a global id. Raises Forbidden when it may do more than the caller."""
    key = key_of(id)
    row = (await locked(unit, TOKEN, [key])).get(key) or not_found(unit, "token", "id")
    require_all(unit.viewer, row["permissions"])
    if row["name"].startswith(RESERVED):
        unit.refuse(ErrorCode.BUSINESS_RULE, f"The setting {row['name']} makes this token: change it there", "id")
        unit.settle()
    return row


@mutation(permission=IS_SUPER_ADMIN, rest=None)
async def token_rotate(unit: Unit, input: TokenRotateInput) -> Keys:
    """Give a token a new secret. The one so far works on for a while; one before that, if it still did, no longer."""
    row = await _locked(unit, input.id)
    if row["revoked_at"] is not None or (row["expires_at"] is not None and row["expires_at"] <= now()):
        unit.refuse(ErrorCode.BUSINESS_RULE, "The token is revoked or has expired: make another", "id")
    if not 0 <= input.overlap_minutes <= LONGEST_OVERLAP:
        unit.refuse(ErrorCode.VALIDATION, f"An overlap is 0 to {LONGEST_OVERLAP} minutes", "overlapMinutes")
    unit.settle()
    prefix = secret.Prefix.STOREFRONT if row["kind"] is TokenKind.STOREFRONT else secret.Prefix.TOKEN
    made = secret.made(prefix)
    overlap = input.overlap_minutes > 0
    until = now() + timedelta(minutes=input.overlap_minutes) if overlap else None
    values = {
        "secret_hash": secret.hashed(made),
        "last_four": secret.last_four(made),
        "previous_hash": row["secret_hash"] if overlap else None,
        "previous_until": until,
        "rotated_at": now(),
    }
    UNSETTLED.add(f"token:{row['id']}")
    await unit.connection.execute(update(TOKEN).where(TOKEN.c.id == row["id"]).values(values))
    after = {"name": row["name"], "previous_until": until}
    await audit.record(unit.connection, unit.viewer, "tokenRotate", entity=f"AccessToken:{row['id']}", after=after)
    return {"token": row["id"], "secret": made}


@mutation(permission=IS_SUPER_ADMIN, rest=None)
async def token_revoke(unit: Unit, input: TokenRevokeInput) -> Keys:
    """Revoke a token and its secret before, at once and for good. What is revoked already stays so."""
    row = await _locked(unit, input.id)
    if row["revoked_at"] is None:
        UNSETTLED.add(f"token:{row['id']}")
        revoked = update(TOKEN).where(TOKEN.c.id == row["id"])
        await unit.connection.execute(revoked.values(revoked_at=now(), previous_hash=None, previous_until=None))
        before = {"name": row["name"], "permissions": row["permissions"]}
        await audit.record(
            unit.connection, unit.viewer, "tokenRevoke", entity=f"AccessToken:{row['id']}", before=before
        )
    return {"token": row["id"]}
