"""People who sign in, and their application passwords."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from db.access import visibility
from db.access.application_password import ApplicationPasswordRow
from db.access.role import RoleRow
from db.access.user import UserRow
from db.integration.push import PushSubscriptionRow
from engine.declared.declaration import column, related
from engine.declared.entity import Node, entity
from engine.declared.mutation import performed
from engine.declared.payload import Payload, changed, deleted, told
from resolvers.access.application_password import application_password_create, application_password_revoke
from resolvers.access.password import password_set
from resolvers.access.role import user_capabilities_update
from resolvers.access.user import user_create, user_delete, user_update

if TYPE_CHECKING:
    from schema.access.role import Role
    from schema.integration.push import PushSubscription


@entity(UserRow, visible=visibility.users, description="A person who may sign in. Everyone sees themselves.")
class User(Node):
    database_id: int = column(UserRow.id)
    login: str = column(
        UserRow.login,
        description="What they sign in with, in lower case: up to 60 characters without spaces and colons, unique.",
    )
    email: str = column(
        UserRow.email, description="In lower case, up to 254 characters, unique; they may sign in with it too."
    )
    display_name: str = column(
        UserRow.display_name, description="What others see: up to 200 characters; empty when nothing was said."
    )
    active: bool = column(UserRow.active, description="Whether they may sign in.")
    role: Annotated["Role", strawberry.lazy("schema.access.role")] | None = related(
        RoleRow.key, to=UserRow.role_key, description="What they may do; null for nothing beyond what everyone may."
    )
    application_passwords: list["ApplicationPassword"] = related(
        ApplicationPasswordRow.user_id,
        to=UserRow.id,
        order=[ApplicationPasswordRow.created_at],
        description="Those that are revoked too.",
    )
    push_subscriptions: list[Annotated["PushSubscription", strawberry.lazy("schema.integration.push")]] = related(
        PushSubscriptionRow.user_id,
        to=UserRow.id,
        order=[PushSubscriptionRow.id],
        description="The browsers that they want notifications in, 50 at most.",
    )


@entity(
    ApplicationPasswordRow,
    visible=visibility.application_passwords,
    description="What a program sends by HTTP Basic with its user's login. It may do what the user may.",
)
class ApplicationPassword(Node):
    database_id: int = column(ApplicationPasswordRow.id)
    name: str = column(ApplicationPasswordRow.name, description="The program that sends it: 1 to 100 characters.")
    last_four: str | None = column(ApplicationPasswordRow.last_four, description="To tell it from others.")
    user: User | None = related(
        UserRow.id,
        to=ApplicationPasswordRow.user_id,
        description="Whose it is, and what it may do; null when they are hidden from you.",
    )
    created_at: datetime = column(ApplicationPasswordRow.created_at, description="When it was made, in UTC.")
    last_used_at: datetime | None = column(
        ApplicationPasswordRow.last_used_at, description="To the minute, and written down within one."
    )
    revoked_at: datetime | None = column(
        ApplicationPasswordRow.revoked_at,
        description="Since when it opens nothing any more, in UTC; null while it works.",
    )


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


@strawberry.type(description="The user with their role as it is now.")
class UserCapabilitiesUpdatePayload(Payload):
    user: User | None = changed(UserRow.id)


@strawberry.type
class UserMutations:
    user_create: UserCreatePayload | None = performed(user_create)
    user_update: UserUpdatePayload | None = performed(user_update)
    user_delete: UserDeletePayload | None = performed(user_delete)
    user_capabilities_update: UserCapabilitiesUpdatePayload | None = performed(user_capabilities_update)
    password_set: PasswordSetPayload | None = performed(password_set)
    application_password_create: ApplicationPasswordCreatePayload | None = performed(application_password_create)
    application_password_revoke: ApplicationPasswordRevokePayload | None = performed(application_password_revoke)
