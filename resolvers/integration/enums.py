"""The documented words of integrations as GraphQL enums."""

from db.integration.feed import FeedScope
from engine.values.words import worded

worded(
    FeedScope,
    "GLOBAL feeds follow all orders, PRODUCT feeds those of one product.",
    {
        FeedScope.GLOBAL: "It runs on orders of whatever product, after the feeds of the products.",
        FeedScope.PRODUCT: "It runs on orders of its product, or of those of its variants that it is limited to.",
    },
)
