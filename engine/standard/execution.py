"""A request's way from text to answer: find or prepare the document, check all arguments, execute, shape the errors."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Final, cast

import graphql
import structlog
from graphql import (
    ExecutionResult,
    FieldNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLField,
    GraphQLIncludeDirective,
    GraphQLSkipDirective,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_introspection_query,
    get_named_type,
)
from graphql.execution.values import get_argument_values, get_directive_values

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
from engine.standard.context import Context
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
HEAVY_AT_ONCE: Final = 2

__all__ = ["Answer", "Executor", "Intent", "Request"]


@dataclass(frozen=True, slots=True)
class Intent:
    """What is known of a request's operation before it runs. `kind` is `query`, `mutation` or `subscription`; None when
    the request will not get as far as having one. Of each mutation field: `rates`, the budget beside the caller's, and
    `permissions`."""

    kind: str | None = None
    rates: tuple[str, ...] = ()
    permissions: tuple[str, ...] = ()


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
        self._introspecting = asyncio.Lock()
        self._heavy = asyncio.Semaphore(HEAVY_AT_ONCE)

    async def intent(self, request: Request, viewer: Viewer | None = None) -> Intent:
        """Prepares the document, which `execute` will find, or what is to be told of it to this viewer."""
        try:
            document = await self._documents.ready(request.query, OPEN if viewer is None else self._openness(viewer))
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
        extensions: dict[str, Any] = {}
        openness = self._openness(viewer)
        try:
            document = await self._documents.ready(request.query, openness)
            operation = self._operation(document, request.operation_name)
            execution = self._built(document, operation, request, openness)
            variables = execution.variable_values
            aside = document.introspects(operation)
            if not openness.introspection and document.shows_schema(operation):
                raise _closed(viewer)
            if aside:
                allowance = replace(allowance, cost=self._introspection)
            cost = self._afford(document, operation, variables.coerced, allowance, request, extensions)
            arguments = self._checked(document, operation, variables, openness)
        except RequestErrors as refused:
            return Answer(_body({"errors": refused.errors}, extensions), executed=False)
        context = Context(viewer, database, document, request_id)
        context.extensions.update(extensions)
        context.arguments = arguments
        execution.context_value = context
        async with self._turn(allowance.seconds, aside=aside, heavy=cost > HEAVY):
            with limited(allowance.seconds):
                try:
                    run = execution.execute_operation
                    result = await asyncio.to_thread(run) if aside else run()
                    if not isinstance(result, ExecutionResult):
                        result = await cast(Any, result)
                finally:
                    await context.close()
        body: dict[str, Any] = {"data": result.data}
        if result.errors:
            body["errors"] = [self._shown(e, context) for e in result.errors]
        roots = document.costs.roots(document.name(operation), request.variables) if result.errors else ()
        return Answer(_body(body, context.extensions), executed=True, retry_after=_retry_after(result, roots))

    @asynccontextmanager
    async def _turn(self, seconds: float | None, *, aside: bool, heavy: bool) -> AsyncIterator[None]:
        """Waits until what takes long may be begun. Raises Busy after `seconds`."""
        turn = self._introspecting if aside else self._heavy if heavy else None
        if turn is None:
            yield
            return
        try:
            async with asyncio.timeout(seconds):
                await turn.acquire()
        except TimeoutError:
            raise Busy("Too much is asked at once: try again") from None
        try:
            yield
        finally:
            turn.release()

    def document(self, text: str) -> Ready:
        """The prepared document. Raises RequestErrors for what does not parse or validate."""
        return self._documents.now(text)

    def _built(
        self, document: Document, operation: OperationDefinitionNode, request: Request, openness: Openness
    ) -> graphql.Executor[Any]:
        """The operation with its variables coerced, ready to run: what is checked is what it runs with. Raises
        RequestErrors."""
        names = {definition.variable.name.value for definition in operation.variable_definitions or ()}
        check_variables({name: value for name, value in request.variables.items() if name in names})
        built = graphql.Executor.build(
            self.schema.core,
            document.ast,
            raw_variable_values=request.variables,
            operation_name=request.operation_name,
            max_coercion_errors=MOST_ERRORS,
            hide_suggestions=not openness.suggestions,
        )
        if isinstance(built, list):
            raise RequestErrors(*map(request_error, built))
        return built

    def _afford(
        self,
        document: Ready,
        operation: OperationDefinitionNode,
        variables: dict[str, Any],
        allowance: Allowance,
        request: Request,
        extensions: dict[str, Any],
    ) -> int:
        """The cost of the operation. Raises RequestErrors for what is more than the caller may spend at once."""
        name = document.name(operation)
        cost = document.costs.cost(name, variables)
        self._spent(operation.operation.value, cost)
        if request.extensions.get(COST) is True:
            extensions[COST] = {"requested": cost, "maximum": allowance.cost, "depth": document.costs.depth}
        if cost > allowance.cost:
            path, share = document.costs.heaviest(name, variables)
            where = f"; {share} % of it comes from {'.'.join(path)}" if path else ""
            raise too_complex(
                f"The document costs {cost}, and {allowance.cost} is the most{where}: ask for shorter lists",
                cost=cost,
                maximum=allowance.cost,
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
        self, document: Document, operation: OperationDefinitionNode, coerced: Any, openness: Openness
    ) -> dict[tuple[int, DeclaredField], Any]:
        """All arguments of the operation, before anything runs, as what runs takes them. Raises RequestErrors."""
        root = self.schema.core.get_root_type(operation.operation)
        assert root is not None  # validated
        errors = []
        checked: dict[tuple[int, DeclaredField], Any] = {}
        for node, field_ in _fields(self.schema, document, operation.selection_set, root, coerced):
            declared = (field_.extensions or {}).get(DEFINITION)
            if not isinstance(declared, DeclaredField) or not declared.arguments:
                continue
            try:
                given = get_argument_values(field_, node, coerced, hide_suggestions=not openness.suggestions)
                for argument in declared.arguments:
                    name = argument.graphql_name or camel(argument.python_name)
                    if name in given:
                        check_values(given[name], argument.type, name)
                checked[id(node), declared] = self.schema.taken(declared, given)
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


def _fields(
    schema: Schema,
    document: Document,
    selections: SelectionSetNode,
    parent: Any,
    variables: Any,
) -> Iterator[tuple[FieldNode, GraphQLField]]:
    """Each field that will be executed, once; linear in the document, however often fragments spread each other."""
    seen: set[tuple[str, str]] = set()
    stack: list[tuple[SelectionSetNode, Any]] = [(selections, parent)]
    while stack:
        set_, type_ = stack.pop()
        for node in set_.selections:
            if not _included(node, variables):
                continue
            if isinstance(node, FieldNode):
                field_ = type_.fields.get(node.name.value) if hasattr(type_, "fields") else None
                if field_ is None:  # __typename and introspection
                    continue
                yield node, field_
                inner = get_named_type(field_.type)
                if node.selection_set is not None:
                    stack.append((node.selection_set, inner))
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition
                stack.append((node.selection_set, schema.core.type_map[condition.name.value] if condition else type_))
            elif isinstance(node, FragmentSpreadNode):
                fragment = document.fragments[node.name.value]
                name = fragment.type_condition.name.value
                if (node.name.value, name) not in seen:
                    seen.add((node.name.value, name))
                    stack.append((fragment.selection_set, schema.core.type_map[name]))


def _closed(viewer: Viewer) -> RequestErrors:
    if viewer.id is None:
        return RequestErrors.of(ErrorCode.UNAUTHENTICATED, "Sign in first: here the schema is not shown to everyone")
    return RequestErrors.of(ErrorCode.FORBIDDEN, "Here the schema is not shown to this caller")


def _included(node: Any, variables: Any) -> bool:
    if not node.directives:
        return True
    skip = get_directive_values(GraphQLSkipDirective, node, variables)
    include = get_directive_values(GraphQLIncludeDirective, node, variables)
    return not (skip and skip["if"]) and not (include and not include["if"])


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
