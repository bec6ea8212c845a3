"""What a request means: its operation, with variables coerced, its cost known and all arguments checked before anything
runs."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import graphql
from graphql import (
    FieldNode,
    GraphQLError,
    GraphQLField,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    ValueNode,
    VariableNode,
    default_field_resolver,
    default_type_resolver,
    get_introspection_query,
)
from graphql.execution.collect_fields import FragmentDetails
from graphql.execution.values import VariableValues, get_argument_values, get_variable_values

from engine.declared.declaration import DEFINITION, DeclaredField
from engine.declared.input import check_values
from engine.document.bounds import Allowance, check_variables, shortened, too_complex
from engine.document.coercing import Arguments, Coercion, NotPlain
from engine.document.document import Document
from engine.document.documents import MOST_ERRORS, Documents, Ready
from engine.document.request import LONGEST_MESSAGE, Openness, Request, RequestErrors, request_error
from engine.document.turns import Turns
from engine.document.weights import LIGHT
from engine.standard import items
from engine.standard.context import Context
from engine.standard.fields import fields
from engine.standard.schema import Schema
from engine.values.errors import BadUserInput, CodedError, ErrorCode
from engine.values.naming import camel
from engine.values.viewer import Viewer

# The request extension that asks for `extensions.cost` in the answer.
COST: Final = "cost"
# An introspection touches no database and runs in a thread, one at a time: it may cost as much as this many of the
# usual one.
INTROSPECTIONS: Final = 2
_VARIABLES: Final = "variables"

# For how many kinds of viewers it is kept what the arguments of a field come to, where no variable is among them.
MOST_KINDS: Final = 4


@dataclass(slots=True)
class _Taking:
    """A field that takes arguments: how it is declared, the types of its arguments by name, and what coerces them.
    `known`, by what a viewer sees: what they come to, where these are the document's own."""

    node: FieldNode
    field: GraphQLField
    declared: DeclaredField
    types: Mapping[str, Any]
    arguments: Arguments
    known: dict[Any, Any] | None


@dataclass(slots=True)  # not frozen, as what each request makes: that takes three times as long
class Asking:
    """Who asks what. `extensions` are the answer's."""

    request: Request
    viewer: Viewer
    openness: Openness
    allowance: Allowance
    extensions: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Understood:
    """An operation that is ready to run. `aside`: in a thread, for it asks about the schema alone."""

    document: Ready
    operation: OperationDefinitionNode
    variables: VariableValues
    arguments: dict[tuple[int, DeclaredField], Any]
    cost: int
    aside: bool


class Understanding:
    """Of documents of one schema; `spent` hears the kind and the cost of operations."""

    def __init__(self, schema: Schema, documents: Documents, spent: Callable[[str, int], None]) -> None:
        self._schema = schema
        self._documents = documents
        self._spent = spent
        self._coercion = Coercion(schema.core)
        self._turns = Turns(1)  # one thread: more would share the same processor

    @cached_property
    def _introspection(self) -> int:
        """What an operation about the schema alone may cost."""
        return INTROSPECTIONS * self._documents.cost_of(get_introspection_query())

    async def of(self, asking: Asking) -> Understood:
        """The operation, ready to run: what is checked is what it runs with. Raises RequestErrors; Busy, when it is
        not the caller's turn in time."""
        request, allowance = asking.request, asking.allowance
        document = self._documents.known(request.query)
        if document is None:
            document = await self._documents.ready(request.query, asking.openness, allowance)
        operation = _operation(document, request.operation_name)
        given = request.variables
        if given:
            names = document.variables(operation)
            check_variables(given if given.keys() <= names else {name: given[name] for name in names & given.keys()})
        if not asking.openness.introspection and document.shows_schema(operation):
            raise _closed(asking.viewer)
        if document.weight(operation, request.variables) <= LIGHT:
            return self._made(document, operation, asking)
        async with self._turns.taken(allowance.of, allowance.seconds):
            return await asyncio.to_thread(self._made, document, operation, asking)

    def execution(self, understood: Understood, context: Context) -> graphql.Executor[Context]:
        """What runs it field by field: as graphql-core builds it, which would coerce the variables once more."""
        fragments = understood.document.fragments
        return graphql.Executor(
            self._schema.core,
            fragments,
            {name: FragmentDetails(fragment, None) for name, fragment in fragments.items()},
            None,
            context,
            understood.operation,
            understood.variables,
            default_field_resolver,
            default_type_resolver,
            default_field_resolver,
            hide_suggestions=not context.openness.suggestions,
        )

    def _made(self, document: Ready, operation: OperationDefinitionNode, asking: Asking) -> Understood:
        """The operation with its variables coerced and its arguments checked. Raises RequestErrors. Items of bulks are
        looked at one by one only when something is wrong: it costs as much again."""
        request, viewer, openness = asking.request, asking.viewer, asking.openness
        built = self._given(document, operation, asking)
        sifted = None
        if isinstance(built, list):
            sifted = self._sifted(document, operation, asking)
            built = self._coerced(operation, asking, sifted.variables) if sifted.bad else built
            if isinstance(built, list):
                raise RequestErrors(*map(request_error, built))
        aside = document.introspects(operation)
        most = self._introspection if aside else asking.allowance.cost
        cost = self._afford(document, operation, built.coerced, most, request, asking.extensions)
        try:
            arguments = self._checked(document, operation, built, openness, viewer)
        except RequestErrors:
            if sifted is not None:
                raise
            sifted = self._sifted(document, operation, asking)
            if not sifted.bad:
                raise
            built = self._coerced(operation, asking, sifted.variables)
            if isinstance(built, list):
                raise
            arguments = self._checked(document, operation, built, openness, viewer)
        if sifted is not None:
            sifted.restore(arguments)
        return Understood(document, operation, built, arguments, cost, aside)

    def _given(
        self, document: Ready, operation: OperationDefinitionNode, asking: Asking
    ) -> VariableValues | list[GraphQLError]:
        coerced = document.kept(operation, _VARIABLES, lambda: self._coercion.variables(operation))
        try:
            return coerced(asking.request.variables)
        except NotPlain:
            return self._coerced(operation, asking, asking.request.variables)

    def _coerced(
        self, operation: OperationDefinitionNode, asking: Asking, variables: dict[str, Any]
    ) -> VariableValues | list[GraphQLError]:
        """The variables as they were coerced, or what is wrong with them."""
        return get_variable_values(
            self._schema.core,
            operation.variable_definitions or (),
            variables,
            max_errors=MOST_ERRORS,
            hide_suggestions=not asking.openness.suggestions,
        )

    def _sifted(self, document: Ready, operation: OperationDefinitionNode, asking: Asking) -> items.Sifted:
        variables = asking.request.variables
        roots = document.costs.roots(document.name(operation), variables)
        return items.sifted(
            self._schema.core, operation, roots, document.fragments, variables, asking.openness.suggestions
        )

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

    def _taking(self, document: Ready, operation: OperationDefinitionNode, coerced: Any) -> list[_Taking]:
        """The fields that the operation executes and that take arguments, with the types of these by their names: the
        same for all variables that `@skip` and `@include` do not ask."""
        truths = tuple(coerced.coerced.get(name) for name in document.deciding(operation))
        return document.kept(operation, truths, lambda: self._found(document, operation, coerced))

    def _found(self, document: Ready, operation: OperationDefinitionNode, coerced: Any) -> list[_Taking]:
        root = self._schema.core.get_root_type(operation.operation)
        assert root is not None  # validated
        found: list[_Taking] = []
        for node, field_ in fields(self._schema, document, operation.selection_set, root, coerced):
            declared = (field_.extensions or {}).get(DEFINITION)
            if isinstance(declared, DeclaredField) and declared.arguments:
                types = {a.graphql_name or camel(a.python_name): a.type for a in declared.arguments}
                known: dict[Any, Any] | None = {} if declared.declaration.shared and not _varies(node) else None
                found.append(_Taking(node, field_, declared, types, self._coercion.arguments(field_, node), known))
        return found

    def _checked(
        self, document: Ready, operation: OperationDefinitionNode, coerced: Any, openness: Openness, viewer: Viewer
    ) -> dict[tuple[int, DeclaredField], Any]:
        """All arguments of the operation, before anything runs, as what runs takes them. Raises RequestErrors."""
        errors = []
        checked: dict[tuple[int, DeclaredField], Any] = {}
        seen = viewer.visibility_key
        for taking in self._taking(document, operation, coerced):
            node, declared, known = taking.node, taking.declared, taking.known
            place = id(node), declared
            if known is not None and seen in known:
                checked[place] = known[seen]
                continue
            try:
                checked[place] = self._taken(taking, coerced, openness, viewer)
            except GraphQLError as error:
                errors.append(request_error(error))
            except CodedError as error:
                errors.append(request_error(GraphQLError(error.message, [node], extensions=error.extensions)))
            else:
                if known is not None and len(known) < MOST_KINDS:
                    known[seen] = checked[place]
        if errors:
            raise RequestErrors(*errors[:MOST_ERRORS])
        return checked

    def _taken(self, taking: _Taking, coerced: Any, openness: Openness, viewer: Viewer) -> Any:
        """The arguments of a field as it is resolved with them. Raises GraphQLError and CodedError for bad ones."""
        try:
            try:
                given = taking.arguments(coerced.coerced)
            except NotPlain:
                hidden = not openness.suggestions
                given = get_argument_values(taking.field, taking.node, coerced, hide_suggestions=hidden)
            for name, value in given.items():
                if not isinstance(value, str | int):
                    check_values(value, taking.types[name], name)
            return self._schema.taken(taking.declared, given, viewer)
        except RecursionError:
            raise BadUserInput(f"What `{taking.node.name.value}` is given is nested too deeply") from None


def _varies(node: FieldNode) -> bool:
    """Whether some variable is among the arguments of a field."""
    stack: list[ValueNode] = [argument.value for argument in node.arguments or ()]
    while stack:
        value = stack.pop()
        if isinstance(value, VariableNode):
            return True
        if isinstance(value, ListValueNode):
            stack += value.values
        elif isinstance(value, ObjectValueNode):
            stack += [field.value for field in value.fields]
    return False


def _operation(document: Document, name: str | None) -> OperationDefinitionNode:
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


def _closed(viewer: Viewer) -> RequestErrors:
    if viewer.id is None:
        return RequestErrors.of(ErrorCode.UNAUTHENTICATED, "Sign in first: here the schema is not shown to everyone")
    return RequestErrors.of(ErrorCode.FORBIDDEN, "Here the schema is not shown to this caller")
