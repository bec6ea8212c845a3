"""What the predicates of all areas are made of."""

from sqlalchemy import ColumnElement, false, true

from engine.values.viewer import Viewer, permits


def rows_with(viewer: Viewer, permission: str) -> ColumnElement[bool]:
    """All rows or none."""
    return true() if permits(viewer, permission) else false()
