"""The executor of this application's schema, by the settings."""

from collections.abc import Callable

from engine.document.bounds import Bounds
from engine.standard.execution import Executor
from schema.root import schema
from server.graphql.disclosure import openness
from server.settings.settings import Settings


def executor(settings: Settings, *, spent: Callable[[str, int], None] = lambda _kind, _cost: None) -> Executor:
    """`spent` hears the kind and the cost of each operation."""
    return Executor(
        schema,
        documents=settings.documents,
        document_bytes=settings.document_bytes,
        bounds=Bounds(
            tokens=settings.max_tokens,
            depth=settings.max_depth,
            aliases=settings.max_aliases,
            roots=settings.max_roots,
        ),
        openness=openness(settings),
        spent=spent,
    )
