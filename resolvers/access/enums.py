"""The words of access as GraphQL enums."""

import strawberry

from db.access import token, viewer

strawberry.enum(viewer.ViewerKind, description="How a caller showed who it is.")
strawberry.enum(
    token.TokenKind,
    description="MACHINE tokens carry permissions; STOREFRONT tokens none, since they stand in the pages of a shop.",
)
