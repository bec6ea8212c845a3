"""Signing in and out, and what that answers."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

import strawberry

from engine.declared.declaration import DeclaredField, declare
from engine.declared.mutation import performed
from engine.declared.payload import Payload, Said, told
from engine.standard.context import Context
from resolvers.access.sign_in import sign_in, sign_out

if TYPE_CHECKING:
    from strawberry.types.info import Info


class Moment(Said):
    """A time among the function's keys, which hold JSON's values."""

    def resolve(self, field: DeclaredField, source: Any, info: "Info[Context, Any]", arguments: dict[str, Any]) -> Any:
        value = super().resolve(field, source, info, arguments)
        return None if value is None else datetime.fromisoformat(value)


@strawberry.type(description="A session. Its token is shown once.")
class SignInPayload(Payload):
    token: str | None = told(once=True, description="To be sent as `Authorization: Bearer`.")
    expires_at: datetime | None = declare(
        Moment(),
        description="When the session ends by itself, in UTC: 12 hours after, unless the server says otherwise.",
    )


@strawberry.type(description="Nobody is signed in any more by that session.")
class SignOutPayload(Payload):
    pass


@strawberry.type
class SessionMutations:
    sign_in: SignInPayload | None = performed(sign_in)
    sign_out: SignOutPayload | None = performed(sign_out)
