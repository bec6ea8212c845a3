"""Tokens."""

from datetime import datetime

import strawberry

from db.access import visibility
from db.access.token import TokenKind, TokenRow
from engine.declared.declaration import column, computed
from engine.declared.entity import Node, entity
from engine.declared.mutation import performed
from engine.declared.payload import Payload, changed, told
from resolvers.access import enums as _registered  # noqa: F401  the annotations below need the enums
from resolvers.access.token import token_create, token_revoke, token_rotate


@entity(
    TokenRow,
    visible=visibility.tokens,
    description="What a machine or a storefront sends as `Authorization: Bearer` or `X-API-Key`. "
    "Only a hash of its secret is kept.",
)
class AccessToken(Node):
    database_id: int = column(TokenRow.id)
    name: str = column(
        TokenRow.name,
        description="What it is for: 1 to 100 characters. Those that begin with `STOREGRAPH_` come from the settings.",
    )
    kind: TokenKind = column(
        TokenRow.kind, description="Whether it carries permissions of its own, or stands in the pages of a shop."
    )
    permissions: list[str] = computed(
        list, TokenRow.permissions, description="What its bearer may do, by their names; empty for a storefront's."
    )
    last_four: str | None = column(TokenRow.last_four, description="To tell it from others.")
    hourly: int | None = column(TokenRow.hourly, description="Its own budget of requests in an hour.")
    previous_until: datetime | None = column(
        TokenRow.previous_until, description="Until when the secret before the last rotation works."
    )
    created_at: datetime = column(TokenRow.created_at, description="When it was made, in UTC.")
    rotated_at: datetime | None = column(
        TokenRow.rotated_at, description="When it got the secret that it has now, in UTC; null when it has its first."
    )
    expires_at: datetime | None = column(
        TokenRow.expires_at, description="When it stops working by itself, in UTC; null is never."
    )
    last_used_at: datetime | None = column(
        TokenRow.last_used_at, description="To the minute, and written down within one."
    )
    revoked_at: datetime | None = column(
        TokenRow.revoked_at, description="Since when it opens nothing any more, in UTC; null while it works."
    )


@strawberry.type(description="A token. Its secret is shown once.")
class TokenCreatePayload(Payload):
    token: AccessToken | None = changed(TokenRow.id)
    secret: str | None = told(once=True, description="To be sent as `Authorization: Bearer` or `X-API-Key`.")


@strawberry.type(description="The token. Its new secret is shown once.")
class TokenRotatePayload(Payload):
    token: AccessToken | None = changed(TokenRow.id)
    secret: str | None = told(once=True, description="To be sent as `Authorization: Bearer` or `X-API-Key`.")


@strawberry.type(description="The token, revoked.")
class TokenRevokePayload(Payload):
    token: AccessToken | None = changed(TokenRow.id)


@strawberry.type
class TokenMutations:
    token_create: TokenCreatePayload | None = performed(token_create)
    token_rotate: TokenRotatePayload | None = performed(token_rotate)
    token_revoke: TokenRevokePayload | None = performed(token_revoke)
