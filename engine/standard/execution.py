"""A request's way from text to answer: find or prepare the document, check all arguments, execute, shape the errors."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, cast

import structlog
from graphql import (
    ExecutionResult,
    FieldNode,
    GraphQLError,
    GraphQLObjectType,
    OperationType,
)

from engine.declared.declaration import DEFINITION, DeclaredField
from engine.declared.mutation import Performed
from engine.document.bounds import Allowance, Bounds
from engine.document.documents import Documents, Ready
from engine.document.request import (
    OPEN,
    Answer,
    Openness,
    Request,
    RequestErrors,
    formatted,
    unexpected,
)
from engine.document.turns import Turns
from engine.standard.context import Context
from engine.standard.performing import performed
from engine.standard.planned import AGAIN, PLAN, STANDARD, Plans
from engine.standard.schema import Schema
from engine.standard.subscribing import Subscription
from engine.standard.understanding import Asking, Understanding, Understood
from engine.unit.database import Database
from engine.unit.deadline import limited
from engine.values.errors import Busy, CodedError, ErrorCode, Unavailable
from engine.values.viewer import Viewer

log = structlog.get_logger("storegraph.engine")

# Answers that cost more are worked out some at a time, or each turn of the loop would do a piece of all of them.
HEAVY: Final = 10_000
HEAVY_AT_ONCE: Final = 3
HEAVY_OF_ONE: Final = 2  # class of callers: another finds a turn that is free

__all__ = ["Answer", "Executor", "Intent", "Request"]

_FOLLOW: Final = RequestErrors.of(
    ErrorCode.BAD_REQUEST,
    "A subscription is followed: over a WebSocket (graphql-transport-ws), or with Accept: text/event-stream",
)


@dataclass(frozen=True, slots=True)
class Intent:
    """What is known of a request's operation before it runs. `kind` is `query`, `mutation` or `subscription`; None when
    the request will not get as far as having one. Of each mutation field: `rates`, the budget beside the caller's, and
    `permissions`."""

    kind: str | None = None
    rates: tuple[str, ...] = ()
    permissions: tuple[str, ...] = ()


_INTENTS: Final = {kind: Intent(kind) for kind in ("query", "subscription")}
_CHANGES: Final = "changes"


def _changes(root: GraphQLObjectType, nodes: Iterable[FieldNode]) -> Intent:
    fields = (root.fields.get(node.name.value) for node in nodes)
    declared = ((field.extensions or {}).get(DEFINITION) for field in fields if field is not None)
    performed = [d.declaration for d in declared if isinstance(d, DeclaredField)]
    mutations = [p.mutation for p in performed if isinstance(p, Performed)]
    return Intent("mutation", tuple(m.rate for m in mutations), tuple(m.permission for m in mutations))


@dataclass(frozen=True, kw_only=True, slots=True)
class ExecutorSettings:
    """How many prepared documents are kept, and how much memory they may take; what a document may be. `openness` says
    what a caller is told of the schema, `explains` who may see how plans run."""

    documents: int = 1000
    document_bytes: int = 64 * 1024 * 1024
    bounds: Bounds = field(default_factory=Bounds)
    openness: Callable[[Viewer], Openness] = lambda _viewer: OPEN
    explains: Callable[[Viewer], bool] = lambda _viewer: False


class Executor:
    """Runs documents against a schema. Keeps prepared documents, the least recently used leave first."""

    def __init__(
        self,
        schema: Schema,
        settings: ExecutorSettings = ExecutorSettings(),
        *,
        plans: Plans | None = None,
        spent: Callable[[str, int], None] = lambda _kind, _cost: None,
        ran: Callable[[str, str], None] = lambda _kind, _executor: None,
    ) -> None:
        """`plans` run what they can. `spent` hears the kind and the cost of operations, `ran` the kind of an operation
        and what ran it: PLAN, STANDARD, or AGAIN."""
        self.schema = schema
        self._plans = plans
        self._explains = settings.explains
        self._ran = ran
        self._openness = settings.openness
        self._spent = spent
        self._documents = Documents(
            schema.core, settings.bounds, most=settings.documents, most_bytes=settings.document_bytes
        )
        self._understanding = Understanding(schema, self._documents, spent)
        self._introspecting = Turns(1)  # one thread: more would share the same processor
        self._heavy = Turns(HEAVY_AT_ONCE, of_one=HEAVY_OF_ONE)

    async def intent(
        self,
        request: Request,
        viewer: Viewer | None = None,
        allowance: Allowance = Allowance(),  # noqa: B008  immutable
    ) -> Intent:
        """Prepares the document, which `execute` will find, or what is to be told of it to this viewer. Raises Busy,
        when it is not the caller's turn in time."""
        document = self._documents.known(request.query)
        if document is None:
            openness = OPEN if viewer is None else self._openness(viewer)
            try:
                document = await self._documents.ready(request.query, openness, allowance)
            except RequestErrors:
                return Intent()
        operation = document.operation(request.operation_name)
        if operation is None:
            return Intent()
        kind = operation.operation.value
        root = self.schema.core.mutation_type
        if kind != "mutation" or root is None:
            return _INTENTS.get(kind) or Intent(kind)
        nodes = document.costs.roots(document.name(operation), request.variables)
        return document.kept(operation, (_CHANGES, *map(id, nodes)), lambda: _changes(root, nodes))

    async def execute(
        self,
        request: Request,
        viewer: Viewer,
        database: Database,
        request_id: str,
        allowance: Allowance = Allowance(),  # noqa: B008  immutable
    ) -> Answer:
        """Never raises: what goes wrong is in the answer, with a code; the unexpected is INTERNAL and in the log."""
        try:
            return await self._answer(request, viewer, database, request_id, allowance)
        except Unavailable as error:
            self._told(error, request_id)
            errors = [{"message": error.message, "extensions": error.extensions}]
            return Answer({"errors": errors}, executed=False, retry_after=error.retry_after)
        except Exception as error:
            log.error("unexpected error", request_id=request_id, exc_info=error)
            return Answer({"data": None, "errors": [unexpected(request_id)]}, executed=True)

    async def subscription(self, request: Request, viewer: Viewer, allowance: Allowance) -> Subscription:
        """What a subscriber asks for, ready to be followed. Raises RequestErrors; Busy, when it is not their turn."""
        asking = Asking(request, viewer, self._openness(viewer), allowance)
        understood = await self._understanding.of(asking)
        how = self._understanding.execution
        return Subscription.of(asking, understood, self.schema, self.shown, self._spent, how)

    async def _answer(
        self, request: Request, viewer: Viewer, database: Database, request_id: str, allowance: Allowance
    ) -> Answer:
        asking = Asking(request, viewer, self._openness(viewer), allowance)
        try:
            understood = await self._understanding.of(asking)
        except RequestErrors as refused:
            return Answer(_body({"errors": refused.errors}, asking.extensions), executed=False)
        if understood.operation.operation is OperationType.SUBSCRIPTION:
            return Answer({"errors": _FOLLOW.errors}, executed=False)
        document = understood.document
        context = Context(viewer, database, document, request_id, asking.openness)
        context.extensions.update(asking.extensions)
        context.arguments = understood.arguments
        if request.extensions.get(PLAN) is True and self._explains(viewer):
            context.steps = []
        context.performs = partial(self._performed, context)
        turn = self._turn(allowance, understood)
        if turn is None:
            result = await self._in_time(allowance, understood, context)
        else:
            async with turn:
                result = await self._in_time(allowance, understood, context)
        body: dict[str, Any] = {"data": result.data}
        if result.errors:
            body["errors"] = [self.shown(e, context) for e in result.errors]
        name = document.name(understood.operation)
        roots = document.costs.roots(name, request.variables) if result.errors else ()
        return Answer(_body(body, context.extensions), executed=True, retry_after=_retry_after(result, roots))

    async def _in_time(self, allowance: Allowance, understood: Understood, context: Context) -> ExecutionResult:
        with limited(allowance.seconds):
            try:
                return await self._run(understood, context)
            finally:
                await context.close()

    async def _run(self, understood: Understood, context: Context) -> ExecutionResult:
        """By the plan of the operation, if it has one. What meets something unusual runs again, in graphql-core's
        executor, which tells what that is; reading again changes nothing, and a mutation is performed once."""
        plan = None
        if self._plans is not None and not understood.aside:
            plan = self._plans.of(
                understood.document,
                understood.operation,
                context.viewer,
                context.database.words,
                understood.variables.coerced,
            )
        kind = understood.operation.operation.value
        if plan is not None:
            try:
                result = await plan.run(context, understood.arguments, context.steps)
            except Exception:  # noqa: BLE001  whatever it is happens again, and is told then
                self._explain(context, AGAIN)
                self._ran(kind, AGAIN)
                await context.forget()
            else:
                self._explain(context, PLAN)
                self._ran(kind, PLAN)
                return result
        else:
            self._explain(context, STANDARD)
            self._ran(kind, STANDARD)
        run = self._understanding.execution(understood, context).execute_operation
        found = await asyncio.to_thread(run) if understood.aside else run()
        return found if isinstance(found, ExecutionResult) else cast(ExecutionResult, await cast(Any, found))

    @staticmethod
    def _explain(context: Context, executor: str) -> None:
        if context.steps is not None:
            context.extensions[PLAN] = {"executor": executor, "steps": context.steps}

    async def _performed(
        self, context: Context, field: DeclaredField, node: FieldNode, arguments: Mapping[str, Any]
    ) -> Any:
        known = self.schema.mutations[node.name.value]
        return await performed(context, known, field, node, arguments)

    def _turn(self, allowance: Allowance, understood: Understood) -> AbstractAsyncContextManager[None] | None:
        """Waits until what takes long may be begun. Raises Busy. None for what takes no turn."""
        if understood.aside:
            return self._introspecting.taken(allowance.of, allowance.seconds)
        if understood.cost > HEAVY:
            return self._heavy.taken(allowance.of, allowance.seconds)
        return None

    def document(self, text: str) -> Ready:
        """The prepared document. Raises RequestErrors for what does not parse or validate."""
        return self._documents.now(text)

    async def ready(self, text: str) -> Ready:
        """The same, a long one made beside the loop."""
        return await self._documents.ready(text)

    def shown(self, error: GraphQLError, context: Context) -> dict[str, Any]:
        """As an answer tells it; the unexpected is INTERNAL and in the log."""
        original = error.original_error
        if isinstance(original, CodedError):
            if isinstance(original, Unavailable):
                self._told(original, context.request_id)
            return formatted(error, original.message, original.extensions)
        log.error(
            "unexpected error",
            request_id=context.request_id,
            path=error.path,
            exc_info=original or error,
        )
        told = unexpected(context.request_id)
        return formatted(error, told["message"], told["extensions"])

    def _told(self, error: Unavailable, request_id: str) -> None:
        """Too much to do is no fault, and the log of a server that has is full enough."""
        if not isinstance(error, Busy):
            log.error("the database cannot be had", request_id=request_id, reason=error.reason)


def _body(answer: dict[str, Any], extensions: dict[str, Any]) -> dict[str, Any]:
    return answer | {"extensions": extensions} if extensions else answer


def _retry_after(result: ExecutionResult, roots: Iterable[FieldNode]) -> int | None:
    """The seconds to wait, where nothing was answered because the database could not be had. What a root is called
    is no answer."""
    waits = [e.original_error.retry_after for e in result.errors or () if isinstance(e.original_error, Unavailable)]
    asked = (node for node in roots if not node.name.value.startswith("__"))
    data = result.data or {}
    if not waits or any(data.get((node.alias or node.name).value) is not None for node in asked):
        return None
    return max(waits)
