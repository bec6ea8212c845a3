"""What can be done to users, their passwords, tokens and roles, and what each mutation answers."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

import strawberry

from db.access.application_password import ApplicationPasswordRow
from db.access.role import RoleRow
from db.access.token import TokenRow
from db.access.user import UserRow
from engine.declared.declaration import DeclaredField, declare
from engine.declared.mutation import performed
from engine.declared.payload import Payload, Said, changed, deleted, told
from engine.standard.context import Context
from resolvers.access.application_password import application_password_create, application_password_revoke
from resolvers.access.password import password_set
from resolvers.access.role import permissions_update, user_capabilities_update
from resolvers.access.sign_in import sign_in, sign_out
from resolvers.access.token import token_create, token_revoke, token_rotate
from resolvers.access.user import user_create, user_delete, user_update
from schema.access.role import Role
from schema.access.token import AccessToken
from schema.access.user import ApplicationPassword, User

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


@strawberry.type(description="The user.")
class UserCreatePayload(Payload):
    user: User | None = changed(UserRow.id)


@strawberry.type(description="The user as they are now.")
class UserUpdatePayload(Payload):
    user: User | None = changed(UserRow.id)


@strawberry.type(description="The user that is gone.")
class UserDeletePayload(Payload):
    deleted_id: strawberry.ID | None = deleted("User")


@strawberry.type(description="The user whose password it is.")
class PasswordSetPayload(Payload):
    user: User | None = changed(UserRow.id)


@strawberry.type(description="An application password. It is shown once.")
class ApplicationPasswordCreatePayload(Payload):
    application_password: ApplicationPassword | None = changed(ApplicationPasswordRow.id)
    secret: str | None = told(once=True, description="In groups of four for people; its spaces mean nothing.")


@strawberry.type(description="The application password, revoked.")
class ApplicationPasswordRevokePayload(Payload):
    application_password: ApplicationPassword | None = changed(ApplicationPasswordRow.id)


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


@strawberry.type(description="The roles that were named, as they are now.")
class PermissionsUpdatePayload(Payload):
    roles: list[Role] = changed(RoleRow.key)


@strawberry.type(description="The user with their role as it is now.")
class UserCapabilitiesUpdatePayload(Payload):
    user: User | None = changed(UserRow.id)


@strawberry.type
class AccessMutations:
    sign_in: SignInPayload | None = performed(sign_in)
    sign_out: SignOutPayload | None = performed(sign_out)
    user_create: UserCreatePayload | None = performed(user_create)
    user_update: UserUpdatePayload | None = performed(user_update)
    user_delete: UserDeletePayload | None = performed(user_delete)
    password_set: PasswordSetPayload | None = performed(password_set)
    application_password_create: ApplicationPasswordCreatePayload | None = performed(application_password_create)
    application_password_revoke: ApplicationPasswordRevokePayload | None = performed(application_password_revoke)
    token_create: TokenCreatePayload | None = performed(token_create)
    token_rotate: TokenRotatePayload | None = performed(token_rotate)
    token_revoke: TokenRevokePayload | None = performed(token_revoke)
    permissions_update: PermissionsUpdatePayload | None = performed(permissions_update)
    user_capabilities_update: UserCapabilitiesUpdatePayload | None = performed(user_capabilities_update)
