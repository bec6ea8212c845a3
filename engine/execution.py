"""A request's way from text to answer: find or prepare the document, check all arguments, execute, shape the errors."""

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

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
    execute,
    get_named_type,
    parse,
    validate,
)
from graphql.execution.values import get_argument_values, get_directive_values, get_variable_values
from graphql.validation.validate import ValidationAbortedError
from strawberry.types.arguments import convert_arguments

from engine.context import Context, Database, Viewer
from engine.declaration import DeclaredField
from engine.document import Document
from engine.errors import CodedError, ErrorCode
from engine.input import check_values
from engine.naming import camel
from engine.schema import DEFINITION, Schema

log = structlog.get_logger("storegraph.engine")

# A hand-written page of a front end has a few hundred tokens; introspection about as many.
MOST_TOKENS: Final = 15_000
# Validation of overlapping fields grows with depth, and nobody nests deeper than introspection's 13.
DEEPEST: Final = 20
# After that many a validation error says no more that helps.
MOST_ERRORS: Final = 20
# graphql-core quotes what it refuses; of a number with 5000 digits that is more than anybody reads.
LONGEST_MESSAGE: Final = 500


@dataclass(frozen=True, slots=True)
class Request:
    query: str
    variables: dict[str, Any]
    operation_name: str | None = None
    extensions: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """`executed` is False for a request error: nothing ran."""

    body: dict[str, Any]
    executed: bool


class RequestErrors(Exception):
    """The request makes no sense; nothing has run."""

    def __init__(self, *errors: dict[str, Any]) -> None:
        self.errors = list(errors)

    @classmethod
    def of(cls, code: ErrorCode, message: str, **extensions: Any) -> "RequestErrors":
        return cls({"message": message, "extensions": {"code": code.value, **extensions}})


class Executor:
    """Runs documents against a schema. Keeps prepared documents, the least recently used leave first."""

    def __init__(self, schema: Schema, *, documents: int = 1000, max_tokens: int = MOST_TOKENS) -> None:
        self.schema = schema
        self._documents: OrderedDict[str, Document] = OrderedDict()
        self._most_documents = documents
        self._max_tokens = max_tokens

    def operation_kind(self, request: Request) -> str | None:
        """`query`, `mutation` or `subscription`; None when the request will not get as far as having one."""
        try:
            operation = self.document(request.query).operation(request.operation_name)
        except RequestErrors:
            return None
        return operation.operation.value if operation else None

    async def execute(self, request: Request, viewer: Viewer, database: Database, request_id: str) -> Answer:
        """Never raises: what goes wrong is in the answer, with a code; the unexpected is INTERNAL and in the log."""
        try:
            document = self.document(request.query)
            operation = self._operation(document, request.operation_name)
            self._check(document, operation, request.variables)
        except RequestErrors as refused:
            return Answer({"errors": refused.errors}, executed=False)
        context = Context(viewer, database, document, request_id)
        try:
            result = execute(
                self.schema.core,
                document.ast,
                context_value=context,
                variable_values=request.variables,
                operation_name=request.operation_name,
            )
            if not isinstance(result, ExecutionResult):
                result = await cast(Any, result)
        finally:
            await context.close()
        body: dict[str, Any] = {"data": result.data}
        if result.errors:
            body["errors"] = [self._shown(e, context) for e in result.errors]
        if context.extensions:
            body["extensions"] = context.extensions
        return Answer(body, executed=True)

    def document(self, text: str) -> Document:
        """The prepared document. Raises RequestErrors for what does not parse or validate."""
        found = self._documents.get(text)
        if found is not None:
            self._documents.move_to_end(text)
            return found
        document = self._prepared(text)
        self._documents[text] = document
        if len(self._documents) > self._most_documents:
            self._documents.popitem(last=False)
        return document

    def _prepared(self, text: str) -> Document:
        try:
            document = Document(parse(text, max_lexical_tokens=self._max_tokens))
            if document.depth > DEEPEST:
                raise RequestErrors.of(
                    ErrorCode.QUERY_TOO_COMPLEX, f"The document nests {document.depth} levels; at most {DEEPEST}"
                )
            errors = validate(self.schema.core, document.ast, max_errors=MOST_ERRORS)
        except GraphQLError as error:
            raise RequestErrors(_request_error(error)) from None
        except RecursionError:
            raise RequestErrors.of(ErrorCode.QUERY_TOO_COMPLEX, "The document is nested too deeply") from None
        if errors and isinstance(errors[-1], ValidationAbortedError) and len(errors) <= MOST_ERRORS:
            # Not for too many errors: for too much work, or the end of the stack.
            raise RequestErrors.of(
                ErrorCode.QUERY_TOO_COMPLEX, "The document repeats too many fields, or nests its fragments too deeply"
            )
        if errors:
            raise RequestErrors(*map(_request_error, errors))
        return document

    def _operation(self, document: Document, name: str | None) -> OperationDefinitionNode:
        operation = document.operation(name)
        if operation is not None:
            return operation
        names = ", ".join(sorted(n for n in document.operations if n)) or "none with a name"
        if name is not None:
            message = f"The document has no operation named {name!r}; it has: {names}"
        elif document.operations:
            message = f"Say which operation to run with operationName: {names}"
        else:
            message = "The document has no operation"
        raise RequestErrors.of(ErrorCode.BAD_USER_INPUT, message)

    def _check(self, document: Document, operation: OperationDefinitionNode, variables: dict[str, Any]) -> None:
        """All arguments of the operation, before anything runs. Raises RequestErrors."""
        coerced = get_variable_values(self.schema.core, operation.variable_definitions or (), variables)
        if isinstance(coerced, list):
            raise RequestErrors(*map(_request_error, coerced))
        root = self.schema.core.get_root_type(operation.operation)
        assert root is not None  # validated
        errors = []
        for node, field_ in _fields(self.schema, document, operation.selection_set, root, coerced):
            declared = (field_.extensions or {}).get(DEFINITION)
            if not isinstance(declared, DeclaredField) or not declared.arguments:
                continue
            try:
                given = get_argument_values(field_, node, coerced)
                for argument in declared.arguments:
                    name = argument.graphql_name or camel(argument.python_name)
                    if name in given:
                        check_values(given[name], argument.type, name)
                converted = convert_arguments(
                    given,
                    declared.arguments,
                    scalar_registry=self.schema.schema_converter.scalar_registry,
                    config=self.schema.config,
                )
                declared.declaration.check(declared, converted)
            except GraphQLError as error:
                errors.append(_request_error(error))
            except CodedError as error:
                errors.append(_request_error(GraphQLError(error.message, [node], extensions=error.extensions)))
        if errors:
            raise RequestErrors(*errors[:MOST_ERRORS])

    def _shown(self, error: GraphQLError, context: Context) -> dict[str, Any]:
        original = error.original_error
        if isinstance(original, CodedError):
            return _formatted(error, original.message, original.extensions)
        log.error(
            "unexpected error",
            request_id=context.request_id,
            path=error.path,
            exc_info=original or error,
        )
        details = {"code": ErrorCode.INTERNAL.value, "requestId": context.request_id}
        return _formatted(error, "Something went wrong on our side; the requestId finds it in the log", details)


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


def _included(node: Any, variables: Any) -> bool:
    if not node.directives:
        return True
    skip = get_directive_values(GraphQLSkipDirective, node, variables)
    include = get_directive_values(GraphQLIncludeDirective, node, variables)
    return not (skip and skip["if"]) and not (include and not include["if"])


def _request_error(error: GraphQLError) -> dict[str, Any]:
    message = error.message if len(error.message) <= LONGEST_MESSAGE else f"{error.message[:LONGEST_MESSAGE]}…"
    return _formatted(error, message, error.extensions or {"code": ErrorCode.BAD_USER_INPUT.value})


def _formatted(error: GraphQLError, message: str, extensions: Mapping[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {"message": message}
    if error.locations:
        shown["locations"] = [{"line": at.line, "column": at.column} for at in error.locations]
    if error.path:
        shown["path"] = error.path
    shown["extensions"] = dict(extensions)
    return shown
