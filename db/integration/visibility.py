"""Which rows of integrations a viewer may see, and which events: one predicate per entity."""

from collections.abc import Mapping
from typing import Final

from sqlalchemy import ColumnElement, and_, false, or_
from sqlmodel import col

from db.events import KINDS
from db.integration.feed import FeedRow, FeedScope
from db.store.events import Readers
from db.store.outbox import EventRow
from db.store.visibility import rows_with
from engine.values.viewer import Viewer, permits


def providers(viewer: Viewer) -> ColumnElement[bool]:
    """Who may see feeds of either kind may see whom they are for."""
    return or_(rows_with(viewer, "integrations/view"), rows_with(viewer, "products/view"))


def feeds(viewer: Viewer) -> ColumnElement[bool]:
    """Global feeds need integrations/view, a product's feeds products/view."""
    return or_(
        and_(col(FeedRow.scope) == FeedScope.GLOBAL, rows_with(viewer, "integrations/view")),
        and_(col(FeedRow.scope) == FeedScope.PRODUCT, rows_with(viewer, "products/view")),
    )


# Names by who may read them.
_READ_BY: Final[Mapping[Readers, list[str]]] = {
    read_by: [kind.name for kind in KINDS.values() if kind.read_by == read_by]
    for read_by in dict.fromkeys(kind.read_by for kind in KINDS.values())
}


def events(viewer: Viewer) -> ColumnElement[bool]:
    """Those that have a position, each by whoever its declaration says. What no declaration names is seen by nobody."""
    seen = [
        and_(col(EventRow.name).in_(names), read_by.rows(viewer))
        for read_by, names in _READ_BY.items()
        if any(permits(viewer, permission) for permission in read_by.permissions)
    ]
    return and_(col(EventRow.position).is_not(None), or_(false(), *seen))
