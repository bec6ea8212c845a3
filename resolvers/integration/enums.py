"""The documented words of integrations as GraphQL enums."""

import strawberry

from db.integration import feed

strawberry.enum(feed.FeedScope, description="GLOBAL feeds follow all orders, PRODUCT feeds those of one product.")
