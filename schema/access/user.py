"""People who sign in, and their application passwords."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from db.access import visibility
from db.access.application_password import ApplicationPasswordRow
from db.access.role import RoleRow
from db.access.user import UserRow
from engine.declared.declaration import column, related
from engine.declared.entity import Node, entity

if TYPE_CHECKING:
    from schema.access.role import Role


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
    version: int = column(UserRow.version)
    created_at: datetime | None = column(UserRow.created_at)
    updated_at: datetime | None = column(UserRow.updated_at)


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
