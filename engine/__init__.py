"""Declarations and what runs them. Knows Strawberry, graphql-core and SQLAlchemy, and not one word about products."""
