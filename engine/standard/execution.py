"""A request's way from text to answer: find or prepare the document, check all arguments, execute, shape the errors."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Final, cast

import graphql
import structlog
from graphql import (
    ExecutionResult,
    FieldNode,
    GraphQLError,
    OperationDefinitionNode,
    get_introspection_query,
)
from graphql.execution.values import get_argument_values

from engine.declared.declaration import DEFINITION, DeclaredField
from engine.declared.input import check_values
from engine.declared.mutation import Performed
from engine.document.bounds import Allowance, Bounds, check_variables, shortened, too_complex
from engine.document.document import Document
from engine.document.documents import MOST_ERRORS, Documents, Ready
from engine.document.request import (
    LONGEST_MESSAGE,
    OPEN,
    Answer,
    Openness,
    Request,
    RequestErrors,
    formatted,
    request_error,
    unexpected,
)
from engine.document.turns import Turns
from engine.document.weights import LIGHT
from engine.standard import items
from engine.standard.context import Context
from engine.standard.fields import fields
from engine.standard.schema import Schema
from engine.unit.database import Database
from engine.unit.deadline import limited
from engine.values.errors import Busy, CodedError, ErrorCode, Unavailable
from engine.values.naming import camel
from engine.values.viewer import Viewer

log = structlog.get_logger("storegraph.engine")

# The request extension that asks for `extensions.cost` in the answer.
COST: Final = "cost"
# An introspection touches no database and runs in a thread, one at a time: it may cost as much as this many of the
# usual one.
INTROSPECTIONS: Final = 2

# Answers that cost more are worked out some at a time, or each turn of the loop would do a piece of all of them.
HEAVY: Final = 10_000
HEAVY_AT_ONCE: Final = 3
HEAVY_OF_ONE: Final = 2  # class of callers: another finds a turn that is free

__all__ = ["Answer", "Executor", "Intent", "Request"]


@dataclass(frozen=True, slots=True)
class Intent:
    """What is known of a request's operation before it runs. `kind` is `query`, `mutation` or `subscription`; None when
    the request will not get as far as having one. Of each mutation field: `rates`, the budget beside the caller's, and
    `permissions`."""

    kind: str | None = None
    rates: tuple[str, ...] = ()
    permissions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Asking:
    """Who asks what. `extensions` are the answer's."""

    request: Request
    viewer: Viewer
    openness: Openness
    allowance: Allowance
    extensions: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Understood:
    """An operation that is ready to run. `aside`: in a thread, for it asks about the schema alone."""

    document: Ready
    operation: str | None
    execution: graphql.Executor[Any]
    arguments: dict[tuple[int, DeclaredField], Any]
    cost: int
    aside: bool


class Executor:
    """Runs documents against a schema. Keeps prepared documents, the least recently used leave first."""

    def __init__(
        self,
        schema: Schema,
        *,
        documents: int = 1000,
        document_bytes: int = 64 * 1024 * 1024,
        bounds: Bounds = Bounds(),  # noqa: B008  immutable
        openness: Callable[[Viewer], Openness] = lambda _viewer: OPEN,
        spent: Callable[[str, int], None] = lambda _kind, _cost: None,
    ) -> None:
        """`openness` says what a caller is told of the schema; `spent` hears the kind and the cost of operations."""
        self.schema = schema
        self._openness = openness
        self._spent = spent
        self._documents = Documents(schema.core, bounds, most=documents, most_bytes=document_bytes)
        usual = self._documents.cost_of(get_introspection_query())
        self._introspection = INTROSPECTIONS * usual
        # One thread each: more would share the same processor.
        self._introspecting = Turns(1)
        self._understanding = Turns(1)
        self._heavy = Turns(HEAVY_AT_ONCE, of_one=HEAVY_OF_ONE)

    async def intent(
        self,
        request: Request,
        viewer: Viewer | None = None,
        allowance: Allowance = Allowance(),  # noqa: B008  immutable
    ) -> Intent:
        """Prepares the document, which `execute` will find, or what is to be told of it to this viewer. Raises Busy,
        when it is not the caller's turn in time."""
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
            return Intent(kind)
        fields = (
            root.fields.get(n.name.value) for n in document.costs.roots(document.name(operation), request.variables)
        )
        declared = ((f.extensions or {}).get(DEFINITION) for f in fields if f is not None)
        performed = [d.declaration for d in declared if isinstance(d, DeclaredField)]
        mutations = [p.mutation for p in performed if isinstance(p, Performed)]
        return Intent(kind, tuple(m.rate for m in mutations), tuple(m.permission for m in mutations))

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

    async def _answer(
        self, request: Request, viewer: Viewer, database: Database, request_id: str, allowance: Allowance
    ) -> Answer:
        asking = _Asking(request, viewer, self._openness(viewer), allowance)
        try:
            understood = await self._understood(asking)
        except RequestErrors as refused:
            return Answer(_body({"errors": refused.errors}, asking.extensions), executed=False)
        document = understood.document
        context = Context(viewer, database, document, request_id, asking.openness)
        context.extensions.update(asking.extensions)
        context.arguments = understood.arguments
        understood.execution.context_value = context
        async with self._turn(allowance, understood):
            with limited(allowance.seconds):
                try:
                    run = understood.execution.execute_operation
                    result = await asyncio.to_thread(run) if understood.aside else run()
                    if not isinstance(result, ExecutionResult):
                        result = await cast(Any, result)
                finally:
                    await context.close()
        body: dict[str, Any] = {"data": result.data}
        if result.errors:
            body["errors"] = [self._shown(e, context) for e in result.errors]
        roots = document.costs.roots(understood.operation, request.variables) if result.errors else ()
        return Answer(_body(body, context.extensions), executed=True, retry_after=_retry_after(result, roots))

    def _turn(self, allowance: Allowance, understood: "_Understood") -> AbstractAsyncContextManager[None]:
        """Waits until what takes long may be begun. Raises Busy."""
        if understood.aside:
            return self._introspecting.taken(allowance.of, allowance.seconds)
        if understood.cost > HEAVY:
            return self._heavy.taken(allowance.of, allowance.seconds)
        return nullcontext()

    def document(self, text: str) -> Ready:
        """The prepared document. Raises RequestErrors for what does not parse or validate."""
        return self._documents.now(text)

    async def _understood(self, asking: "_Asking") -> "_Understood":
        """The operation, ready to run: what is checked is what it runs with. Raises RequestErrors; Busy, when it is
        not the caller's turn in time."""
        request, allowance = asking.request, asking.allowance
        document = await self._documents.ready(request.query, asking.openness, allowance)
        operation = self._operation(document, request.operation_name)
        names = {definition.variable.name.value for definition in operation.variable_definitions or ()}
        check_variables({name: value for name, value in request.variables.items() if name in names})
        if not asking.openness.introspection and document.shows_schema(operation):
            raise _closed(asking.viewer)
        if document.weight(operation, request.variables) <= LIGHT:
            return self._made(document, operation, asking)
        async with self._understanding.taken(allowance.of, allowance.seconds):
            return await asyncio.to_thread(self._made, document, operation, asking)

    def _made(self, document: Ready, operation: OperationDefinitionNode, asking: "_Asking") -> "_Understood":
        """The operation with its variables coerced and its arguments checked. Raises RequestErrors."""
        request, openness = asking.request, asking.openness
        roots = document.costs.roots(document.name(operation), request.variables)
        suggest = openness.suggestions
        sifted = items.sifted(self.schema.core, operation, roots, document.fragments, request.variables, suggest)
        built = graphql.Executor.build(
            self.schema.core,
            document.ast,
            raw_variable_values=sifted.variables,
            operation_name=request.operation_name,
            max_coercion_errors=MOST_ERRORS,
            hide_suggestions=not suggest,
        )
        if isinstance(built, list):
            raise RequestErrors(*map(request_error, built))
        variables = built.variable_values
        aside = document.introspects(operation)
        most = self._introspection if aside else asking.allowance.cost
        cost = self._afford(document, operation, variables.coerced, most, request, asking.extensions)
        arguments = self._checked(document, operation, variables, openness, asking.viewer)
        sifted.restore(arguments)
        return _Understood(document, document.name(operation), built, arguments, cost, aside)

    def _afford(
        self,
        document: Ready,
        operation: OperationDefinitionNode,
        variables: dict[str, Any],
        most: int,
        request: Request,
        extensions: dict[str, Any],
    ) -> int:
        """The cost of the operation. Raises RequestErrors for what is more than the caller may spend at once."""
        name = document.name(operation)
        cost = document.costs.cost(name, variables)
        self._spent(operation.operation.value, cost)
        if request.extensions.get(COST) is True:
            extensions[COST] = {"requested": cost, "maximum": most, "depth": document.costs.depth}
        if cost > most:
            path, share = document.costs.heaviest(name, variables)
            where = f"; {share} % of it comes from {'.'.join(path)}" if path else ""
            raise too_complex(
                f"The document costs {cost}, and {most} is the most{where}: ask for shorter lists",
                cost=cost,
                maximum=most,
                path=path,
            )
        return cost

    def _operation(self, document: Document, name: str | None) -> OperationDefinitionNode:
        operation = document.operation(name)
        if operation is not None:
            return operation
        names = ", ".join(sorted(n for n in document.operations if n)) or "none with a name"
        names = names if len(names) <= LONGEST_MESSAGE else f"{names[:LONGEST_MESSAGE]}…"
        if name is not None:
            message = f"The document has no operation named {shortened(name)}; it has: {names}"
        elif document.operations:
            message = f"Say which operation to run with operationName: {names}"
        else:
            message = "The document has no operation"
        raise RequestErrors.of(ErrorCode.BAD_USER_INPUT, message)

    def _checked(
        self, document: Document, operation: OperationDefinitionNode, coerced: Any, openness: Openness, viewer: Viewer
    ) -> dict[tuple[int, DeclaredField], Any]:
        """All arguments of the operation, before anything runs, as what runs takes them. Raises RequestErrors."""
        root = self.schema.core.get_root_type(operation.operation)
        assert root is not None  # validated
        errors = []
        checked: dict[tuple[int, DeclaredField], Any] = {}
        for node, field_ in fields(self.schema, document, operation.selection_set, root, coerced):
            declared = (field_.extensions or {}).get(DEFINITION)
            if not isinstance(declared, DeclaredField) or not declared.arguments:
                continue
            try:
                given = get_argument_values(field_, node, coerced, hide_suggestions=not openness.suggestions)
                for argument in declared.arguments:
                    name = argument.graphql_name or camel(argument.python_name)
                    if name in given:
                        check_values(given[name], argument.type, name)
                checked[id(node), declared] = self.schema.taken(declared, given, viewer)
            except GraphQLError as error:
                errors.append(request_error(error))
            except CodedError as error:
                errors.append(request_error(GraphQLError(error.message, [node], extensions=error.extensions)))
        if errors:
            raise RequestErrors(*errors[:MOST_ERRORS])
        return checked

    def _shown(self, error: GraphQLError, context: Context) -> dict[str, Any]:
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


def _closed(viewer: Viewer) -> RequestErrors:
    if viewer.id is None:
        return RequestErrors.of(ErrorCode.UNAUTHENTICATED, "Sign in first: here the schema is not shown to everyone")
    return RequestErrors.of(ErrorCode.FORBIDDEN, "Here the schema is not shown to this caller")


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
