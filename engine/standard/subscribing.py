"""A subscription: a document that is answered again and again, each time of something that happened.

Those who ask the same and see the same share one: whatever happens is looked up once for all of them.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, cast

import orjson
from graphql import ExecutionResult, FieldNode, GraphQLError, VariableNode

from engine.declared.declaration import DEFINITION, DeclaredField
from engine.declared.following import AFTER, Followed, Follower, Placed
from engine.document.request import RequestErrors, request_error
from engine.standard.context import Context
from engine.standard.understanding import Asking, Understood
from engine.unit.database import Database
from engine.unit.deadline import limited
from engine.values.errors import CodedError, ErrorCode, Unavailable
from engine.values.viewer import Viewer, require

# The extension of every answer that says its place among all events.
POSITION: Final = "position"
# What is looked up together: in statements as many as for one of them.
AT_ONCE: Final = 50

# What is told, by what is followed and a context to look it up in.
Tell = Callable[[Follower, Context], Awaitable[Sequence[Placed]]]


@dataclass(frozen=True, slots=True)
class Subscription:
    """An operation that is ready to be answered. `after` is where its subscriber says that they got to."""

    asking: Asking
    understood: Understood
    field: DeclaredField
    node: FieldNode
    after: int | None
    shown: Callable[[GraphQLError, Context], dict[str, Any]]
    spent: Callable[[str, int], None]
    execution: Callable[[Understood, Context], Any]
    """What runs it field by field."""

    @classmethod
    def of(
        cls,
        asking: Asking,
        understood: Understood,
        schema: Any,
        shown: Callable[[GraphQLError, Context], dict[str, Any]],
        spent: Callable[[str, int], None],
        execution: Callable[[Understood, Context], Any],
    ) -> "Subscription":
        """Raises RequestErrors for what is no subscription, or not open to the viewer."""
        document, operation = understood.document, understood.operation
        roots = document.costs.roots(document.name(operation), asking.request.variables)
        root = schema.core.subscription_type
        core = root.fields.get(roots[0].name.value) if root is not None and len(roots) == 1 else None
        if operation.operation.value != "subscription" or core is None:
            raise RequestErrors.of(ErrorCode.BAD_USER_INPUT, "A subscription asks for one field, and that without fail")
        field, node = core.extensions[DEFINITION], roots[0]
        try:
            require(asking.viewer, field.declaration.permission)
        except CodedError as refused:
            raise RequestErrors(_told(refused, node)) from None
        arguments = understood.arguments.get((id(node), field), {})
        return cls(asking, understood, field, node, arguments.get(AFTER), shown, spent, execution)

    @property
    def name(self) -> str:
        """What is followed: the field's name in the schema."""
        return self.node.name.value

    @property
    def viewer(self) -> Viewer:
        return self.asking.viewer

    @property
    def shared_by(self) -> Hashable:
        """The same of all who may be told the same: wherever they begin."""
        request = self.asking.request
        return request.query, request.operation_name, self._variables(request.variables), *self.seen_by(self.viewer)

    def seen_by(self, viewer: Viewer) -> tuple[Hashable, ...]:
        """The same of all viewers who are told the same."""
        return viewer.visibility_key, viewer.permissions, viewer.signed_in, viewer.id is None

    def _variables(self, given: Mapping[str, Any]) -> bytes:
        names = {d.variable.name.value for d in self.understood.operation.variable_definitions or ()}
        for argument in self.node.arguments or ():
            if argument.name.value == AFTER and isinstance(argument.value, VariableNode):
                name = argument.value.name.value
                # Where it is declared and where it is given; what it says elsewhere would count.
                if len(re.findall(rf"\${name}\b", self.asking.request.query)) == 2:
                    names.discard(name)
        return orjson.dumps({n: v for n, v in given.items() if n in names}, option=orjson.OPT_SORT_KEYS)

    def restarted(self, after: int) -> "Subscription":
        return replace(self, after=after)

    async def begun(self, database: Database, request_id: str) -> Follower:
        """What it follows. Raises RequestErrors."""
        arguments = dict(self.understood.arguments.get((id(self.node), self.field), {}))
        arguments.pop(AFTER, None)
        declaration = cast(Followed, self.field.declaration)
        context = self._context(database, request_id)
        with limited(self.asking.allowance.seconds):
            try:
                return await declaration.begin(context, **arguments)
            except CodedError as refused:
                raise RequestErrors(_told(refused, self.node)) from None
            finally:
                await context.close()

    async def answers(
        self, database: Database, request_id: str, follower: Follower, tell: Tell
    ) -> list[tuple[int, dict[str, Any]]]:
        """Positions, and what is answered there. Raises CodedError where nothing can be told any more, or now; an
        answer that lacks what the database could not say is none, for nobody would be told the rest."""
        context = self._context(database, request_id)
        context.arguments = self.understood.arguments
        found: list[tuple[int, dict[str, Any]]] = []
        with limited(self.asking.allowance.seconds):
            try:
                told = await tell(follower, context)
                for start in range(0, len(told), AT_ONCE):
                    some = told[start : start + AT_ONCE]
                    # In one turn, so that all of them are looked up by the same statements.
                    answers = await asyncio.gather(
                        *(self._answer(one, context) for one in some), return_exceptions=True
                    )
                    for answer in answers:
                        if isinstance(answer, BaseException):
                            raise answer
                        found.append(answer)
            finally:
                await context.close()
        return [(position, body) for position, body in found if body]

    async def _answer(self, told: Placed, context: Context) -> tuple[int, dict[str, Any]]:
        self.spent("subscription", self.understood.cost)
        execution = self.execution(self.understood, context).build_per_event_executor(told)
        ran: Any = execution.execute_operation()
        result = ran if isinstance(ran, ExecutionResult) else cast(ExecutionResult, await ran)
        if not result.errors and not any(value is not None for value in (result.data or {}).values()):
            return told.position, {}  # it is hidden from this viewer
        body: dict[str, Any] = {"data": result.data}
        if result.errors:
            for error in result.errors:
                if isinstance(error.original_error, Unavailable):
                    raise error.original_error
            body["errors"] = [self.shown(error, context) for error in result.errors]
        body["extensions"] = {POSITION: told.position}
        return told.position, body

    def _context(self, database: Database, request_id: str) -> Context:
        return Context(self.viewer, database, self.understood.document, request_id, self.asking.openness)


def _told(refused: CodedError, node: FieldNode) -> dict[str, Any]:
    return request_error(GraphQLError(refused.message, [node], extensions=refused.extensions))
