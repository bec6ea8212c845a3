"""Where feeds may exist."""

from db.integration.feed import FeedScope

Scope = FeedScope
"""GLOBAL: of the whole store; PRODUCT: of one product."""
