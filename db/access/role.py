"""Roles: sets of permissions as data. A person has one or none."""

from typing import Final

from sqlmodel import Field

from db.store.row import SORTED_TEXT, Row, VersionedRow

# Has every permission and `is_super_admin`, for good: a store that nobody may administer would stay so.
SUPER_ADMIN: Final = "super_admin"


class RoleRow(VersionedRow, table=True):
    __tablename__ = "access_role"

    key: str = Field(primary_key=True, sa_type=SORTED_TEXT)
    title: str


class RolePermissionRow(Row, table=True):
    __tablename__ = "access_role_permission"

    role_key: str = Field(primary_key=True, foreign_key="access_role.key", ondelete="CASCADE", sa_type=SORTED_TEXT)
    permission: str = Field(primary_key=True, sa_type=SORTED_TEXT)
