"""Which users, roles, tokens and entries about them a viewer may see: one predicate per entity."""

from sqlalchemy import ColumnElement, false, select, true
from sqlalchemy.orm import Mapped
from sqlmodel import col

from db.access.application_password import ApplicationPasswordRow
from db.access.permission import IS_SUPER_ADMIN
from db.access.role import RoleRow
from db.access.user import UserRow
from db.store.visibility import rows_with
from engine.values.viewer import Viewer


def audit_entries(viewer: Viewer) -> ColumnElement[bool]:
    return rows_with(viewer, "store/sensitive")


def trusted_documents(viewer: Viewer) -> ColumnElement[bool]:
    return rows_with(viewer, "store/sensitive")


def users(viewer: Viewer) -> ColumnElement[bool]:
    """Super admins see all users, everyone who signed in sees themselves."""
    return _own(viewer, col(UserRow.id))


def application_passwords(viewer: Viewer) -> ColumnElement[bool]:
    return _own(viewer, col(ApplicationPasswordRow.user_id))


def _own(viewer: Viewer, user_id: Mapped[int]) -> ColumnElement[bool]:
    if IS_SUPER_ADMIN in viewer.permissions:
        return true()
    return false() if viewer.user_id is None else user_id == viewer.user_id


def roles(viewer: Viewer) -> ColumnElement[bool]:
    """Super admins see all roles, everyone who signed in sees their own."""
    if IS_SUPER_ADMIN in viewer.permissions:
        return true()
    own = select(col(UserRow.role_key)).where(users(viewer)).scalar_subquery()
    return false() if viewer.user_id is None else col(RoleRow.key) == own


def tokens(viewer: Viewer) -> ColumnElement[bool]:
    return rows_with(viewer, IS_SUPER_ADMIN)
