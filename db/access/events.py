"""What happens to people and their roles. Nobody but super admins learns of it."""

from typing import Final

from db.access.permission import IS_SUPER_ADMIN
from db.access.role import RoleRow
from db.access.user import UserRow
from db.store.events import Subject, readers, told

SUPER_ADMINS: Final = readers(IS_SUPER_ADMIN)

USER: Final = Subject("user", "User", SUPER_ADMINS, {"userId": UserRow.id}, shown_as={"role_key": "role"})
USER_CREATED: Final = USER.created("A person was let in.")
USER_UPDATED: Final = USER.updated("A user was changed: what they are called, whether they may sign in, their role.")
USER_DELETED: Final = USER.deleted("A user was removed.")

# The row with `permissions` in it, sorted.
ROLE: Final = Subject("role", "Role", SUPER_ADMINS, {"role": told(RoleRow.key, sample="manager")}, key="key")
ROLE_CREATED: Final = ROLE.created("A role was made.")
ROLE_UPDATED: Final = ROLE.updated("A role was renamed, or may do other things.")
