"""The words of access as GraphQL enums."""

from db.access.token import TokenKind
from db.access.viewer import ViewerKind
from engine.values.words import worded

worded(
    ViewerKind,
    "How a caller showed who it is.",
    {
        ViewerKind.ANONYMOUS: "Not at all: a visitor, who sees what is public.",
        ViewerKind.USER: "By a session, after signing in with a password or at an issuer.",
        ViewerKind.APPLICATION: "By an application password: it may do what its user may.",
        ViewerKind.TOKEN: "By a machine's token, with permissions of its own.",
        ViewerKind.STOREFRONT: "By a storefront's token: it sees what visitors see, with a budget of its own.",
        ViewerKind.SYSTEM: "By starting a command on the server's machine: it may do everything.",
    },
)
worded(
    TokenKind,
    "MACHINE tokens carry permissions; STOREFRONT tokens none, since they stand in the pages of a shop.",
    {
        TokenKind.MACHINE: "For a program that keeps its secret. It needs one permission at least.",
        TokenKind.STOREFRONT: "For the pages of a shop, where anyone can read it. It has no permissions.",
    },
)
