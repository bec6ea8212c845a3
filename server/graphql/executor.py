"""The executor of this application's schema, by the settings."""

from collections.abc import Callable

from db.access.permission import IS_SUPER_ADMIN
from engine.document.bounds import Bounds
from engine.plan.plans import Plans
from engine.standard.execution import Executor, ExecutorSettings
from schema.root import schema
from server.graphql.disclosure import openness
from server.settings.settings import Execution, Settings


def executor(
    settings: Settings,
    *,
    spent: Callable[[str, int], None] = lambda _kind, _cost: None,
    ran: Callable[[str, str], None] = lambda _kind, _executor: None,
) -> Executor:
    """`spent` hears the kind and the cost of each operation, `ran` the kind and what ran it."""
    bounds = Bounds(
        tokens=settings.max_tokens, depth=settings.max_depth, aliases=settings.max_aliases, roots=settings.max_roots
    )
    own = ExecutorSettings(
        documents=settings.documents,
        document_bytes=settings.document_bytes,
        bounds=bounds,
        openness=openness(settings),
        explains=lambda viewer: settings.demo or IS_SUPER_ADMIN in viewer.permissions,
    )
    plans = Plans(schema.core, schema.entities) if settings.executor is Execution.PLAN else None
    return Executor(schema, own, plans=plans, spent=spent, ran=ran)
