"""Which rows of the work behind requests a viewer may see: one predicate per entity."""

from sqlalchemy import ColumnElement

from db.store.visibility import rows_with
from engine.values.viewer import Viewer


def deliveries(viewer: Viewer) -> ColumnElement[bool]:
    """Targets, their deliveries and attempts: excerpts hold what the subscriber was entitled to."""
    return rows_with(viewer, "integrations/view")


def jobs(viewer: Viewer) -> ColumnElement[bool]:
    return rows_with(viewer, "store/settings")
