"""What happens to integrations."""

from typing import Final

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import col

from db.integration.feed import FeedRow
from db.store.events import Readers, Subject, told
from db.store.outbox import EventRow
from db.store.visibility import rows_with
from engine.values.viewer import Viewer


def _as_feeds(viewer: Viewer) -> ColumnElement[bool]:
    """As the feeds themselves (db.integration.visibility), by what the event says: the feed may be gone. A feed of no
    product is one of the whole store."""
    of_product = col(EventRow.payload)["productId"].as_string()
    return or_(
        and_(of_product.is_(None), rows_with(viewer, "integrations/view")),
        and_(of_product.is_not(None), rows_with(viewer, "products/view")),
    )


INTEGRATION_FEED: Final = Subject(
    "integration_feed",
    "IntegrationFeed",
    Readers(("integrations/view", "products/view"), _as_feeds),
    {
        "feedId": FeedRow.id,
        "productId": FeedRow.product_id,
        "provider": told(FeedRow.provider_key, sample="webhook"),
    },
)
INTEGRATION_FEED_CREATED: Final = INTEGRATION_FEED.created("A feed was made.")
INTEGRATION_FEED_UPDATED: Final = INTEGRATION_FEED.updated(
    "A feed was changed, or lost a variant that was deleted; one that is limited to nothing else is disabled."
)
INTEGRATION_FEED_DELETED: Final = INTEGRATION_FEED.deleted("A feed was deleted, by itself or with its product.")
