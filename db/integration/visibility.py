"""Which rows of integrations a viewer may see, and which events: one predicate per entity."""

from collections.abc import Mapping
from typing import Final

from sqlalchemy import ColumnElement, and_, false, or_
from sqlmodel import col

from db.access.permission import IS_SUPER_ADMIN
from db.integration.feed import FeedRow, FeedScope
from db.store.outbox import EventRow
from db.store.visibility import rows_with
from engine.values.viewer import Viewer


def providers(viewer: Viewer) -> ColumnElement[bool]:
    """Who may see feeds of either kind may see whom they are for."""
    return or_(rows_with(viewer, "integrations/view"), rows_with(viewer, "products/view"))


def feeds(viewer: Viewer) -> ColumnElement[bool]:
    """Global feeds need integrations/view, a product's feeds products/view."""
    return or_(
        and_(col(FeedRow.scope) == FeedScope.GLOBAL, rows_with(viewer, "integrations/view")),
        and_(col(FeedRow.scope) == FeedScope.PRODUCT, rows_with(viewer, "products/view")),
    )


# What an event tells of (`product` of `product.updated`), and what it takes to see that. Events of anything else are
# seen by nobody: they tell of drafts, and of what was deleted.
EVENT_PERMISSIONS: Final[Mapping[str, str]] = {
    "product": "products/view",
    "variant": "products/view",
    "inventory": "products/view",
    "download": "products/view",
    "upgrade_path": "products/view",
    "term": "products/view",
    "attribute_group": "products/view",
    "attribute_term": "products/view",
    "tax_class": "products/view",
    "shipping_class": "products/view",
    "store": "store/settings",
    "file": "store/sensitive",
    "integration_feed": "integrations/view",
    "order": "orders/view",
    "customer": "customers/view",
    "subscription": "subscriptions/view",
    "user": IS_SUPER_ADMIN,
    "role": IS_SUPER_ADMIN,
}


def events(viewer: Viewer) -> ColumnElement[bool]:
    """Those that have a position, of what the viewer may see."""
    seen = [noun for noun, permission in EVENT_PERMISSIONS.items() if permission in viewer.permissions]
    told = or_(false(), *(col(EventRow.name).startswith(f"{noun}.", autoescape=True) for noun in seen))
    return and_(col(EventRow.position).is_not(None), told)
