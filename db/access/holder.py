"""Whom a credential stands for: viewers read out of the tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from db.access.application_password import ApplicationPasswordRow
from db.access.permission import expanded
from db.access.role import RolePermissionRow
from db.access.session import SessionRow
from db.access.token import TokenKind, TokenRow
from db.access.user import UserRow, folded
from db.access.viewer import Viewer, ViewerKind
from db.secrets.hashed import hashed
from db.store.row import now, table

_USER: Final = table(UserRow)
_ROLE_PERMISSION: Final = table(RolePermissionRow)
_SESSION: Final = table(SessionRow)
_APPLICATION: Final = table(ApplicationPasswordRow)


@dataclass(frozen=True)
class Held:
    """A viewer, and the moment from which on its credential is no longer good; None: it does not expire."""

    viewer: Viewer
    until: datetime | None = None


def _of_token(row: Any, until: datetime | None) -> Held:
    storefront = row["kind"] is TokenKind.STOREFRONT
    return Held(
        Viewer(
            f"token:{row['id']}",
            row["name"],
            frozenset() if storefront else expanded(row["permissions"]),
            ViewerKind.STOREFRONT if storefront else ViewerKind.TOKEN,
            hourly=row["hourly"],
            credential=f"token:{row['id']}",
        ),
        until,
    )


async def of_token(connection: AsyncConnection, secret: str) -> Held | None:
    """Whom a token stands for; None when it is unknown, expired, revoked, or rotated away."""
    secret_hash = hashed(secret)
    statement = select(table(TokenRow)).where(
        (col(TokenRow.secret_hash) == secret_hash) | (col(TokenRow.previous_hash) == secret_hash)
    )
    row = (await connection.execute(statement)).mappings().one_or_none()
    if row is None or row["revoked_at"] is not None:
        return None
    ends = [row["expires_at"]]
    if row["secret_hash"] != secret_hash:
        ends.append(row["previous_until"])
    until = min((end for end in ends if end is not None), default=None)
    return None if until is not None and until <= now() else _of_token(row, until)


def _people(*more: Any) -> Select[Any]:
    """Active users, a row for each of their permissions."""
    return (
        select(_USER.c.id.label("user_id"), _USER.c.display_name, _USER.c.login, _ROLE_PERMISSION.c.permission, *more)
        .select_from(_USER)
        .outerjoin(_ROLE_PERMISSION, _ROLE_PERMISSION.c.role_key == _USER.c.role_key)
        .where(_USER.c.active)
    )


def _person(rows: Sequence[Any], id: str, kind: ViewerKind, credential: str) -> Viewer:
    first = rows[0]
    return Viewer(
        id,
        first["display_name"] or first["login"],
        expanded(row["permission"] for row in rows if row["permission"] is not None),
        kind,
        user_id=first["user_id"],
        credential=credential,
    )


async def of_session(connection: AsyncConnection, secret: str) -> Held | None:
    """The person who signed in; None when the session is unknown or over, or the user inactive."""
    statement = (
        _people(_SESSION.c.id, _SESSION.c.expires_at)
        .join(_SESSION, _SESSION.c.user_id == _USER.c.id)
        .where(_SESSION.c.secret_hash == hashed(secret), _SESSION.c.expires_at > now())
    )
    rows = (await connection.execute(statement)).mappings().all()
    if not rows:
        return None
    # The person, not the session: a repeat of a change after signing in again is the same change.
    viewer = _person(rows, f"user:{rows[0]['user_id']}", ViewerKind.USER, f"session:{rows[0]['id']}")
    return Held(viewer, rows[0]["expires_at"])


async def of_application(connection: AsyncConnection, name: str, password: str) -> Held | None:
    """The user of this login or e-mail address, by an application password; its spaces mean nothing."""
    wanted = folded(name)
    statement = (
        _people(_APPLICATION.c.id)
        .join(_APPLICATION, _APPLICATION.c.user_id == _USER.c.id)
        .where(
            _APPLICATION.c.secret_hash == hashed("".join(password.split())),
            _APPLICATION.c.revoked_at.is_(None),
            (_USER.c.login == wanted) | (_USER.c.email == wanted),
        )
    )
    rows = (await connection.execute(statement)).mappings().all()
    if not rows:
        return None
    credential = f"application:{rows[0]['id']}"
    return Held(_person(rows, credential, ViewerKind.APPLICATION, credential))


async def of_email(connection: AsyncConnection, email: str) -> Viewer | None:
    """The active user with this address, for whom an issuer of ours vouches. Its id is still to be given."""
    rows = (await connection.execute(_people().where(_USER.c.email == folded(email)))).mappings().all()
    return _person(rows, f"user:{rows[0]['user_id']}", ViewerKind.USER, "") if rows else None


async def inactive(connection: AsyncConnection, email: str) -> bool:
    """Whether this address is that of a user who may no longer sign in."""
    statement = select(_USER.c.id).where(_USER.c.email == folded(email), ~_USER.c.active)
    return (await connection.execute(statement)).first() is not None


async def of_roles(connection: AsyncConnection, keys: Sequence[str]) -> frozenset[str]:
    """The permissions of these roles together; unknown roles have none."""
    statement = select(_ROLE_PERMISSION.c.permission).where(_ROLE_PERMISSION.c.role_key.in_(list(keys)))
    return expanded((await connection.execute(statement)).scalars())


def saver(viewer: Viewer) -> str | None:
    """What is stored of a viewer, so that others can act with what they may do later (`acting`); None of one of whom
    that will not be known: whom another system vouches for, and who is no user here."""
    if viewer.user_id is not None:
        return f"user:{viewer.user_id}"
    return viewer.id if viewer.id is not None and viewer.id.startswith("token:") else None


async def acting(connection: AsyncConnection, saver: str) -> Viewer | None:
    """Whoever saved something, with the permissions that they have now; None when they are gone: deleted, inactive,
    revoked, expired."""
    kind, _, key = saver.partition(":")
    if not key.isdecimal():
        return None
    if kind == "user":
        rows = (await connection.execute(_people().where(_USER.c.id == int(key)))).mappings().all()
        return _person(rows, saver, ViewerKind.USER, saver) if rows else None
    if kind != "token":
        return None
    token = select(table(TokenRow)).where(col(TokenRow.id) == int(key), col(TokenRow.revoked_at).is_(None))
    row = (await connection.execute(token)).mappings().one_or_none()
    if row is None or (row["expires_at"] is not None and row["expires_at"] <= now()):
        return None
    return _of_token(row, None).viewer
