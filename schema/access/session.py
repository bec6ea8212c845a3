"""Signing in and out, and what that answers."""

from datetime import datetime

import strawberry

from engine.declared.declaration import declare
from engine.declared.mutation import performed
from engine.declared.payload import Payload, Said, told
from resolvers.access.sign_in import sign_in, sign_out


@strawberry.type(description="A session. Its token is shown once.")
class SignInPayload(Payload):
    token: str | None = told(once=True, description="To be sent as `Authorization: Bearer`.")
    expires_at: datetime | None = declare(
        Said(datetime.fromisoformat),  # the keys hold JSON's values
        description="When the session ends by itself, in UTC: 12 hours after, unless the server says otherwise.",
    )


@strawberry.type(description="Nobody is signed in any more by that session.")
class SignOutPayload(Payload):
    pass


@strawberry.type
class SessionMutations:
    sign_in: SignInPayload | None = performed(sign_in)
    sign_out: SignOutPayload | None = performed(sign_out)
