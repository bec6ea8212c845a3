"""What this executor knows of plans: that some operations have one, and that it runs."""

from collections.abc import Mapping
from typing import Any, Final, Protocol

from graphql import ExecutionResult, OperationDefinitionNode
from sqlalchemy import Dialect

from engine.declared.declaration import DeclaredField
from engine.document.documents import Ready
from engine.standard.context import Context
from engine.values.viewer import Viewer

# What ran an operation: its plan; graphql-core's executor; this one, after the plan had met something unusual.
PLAN: Final = "plan"
STANDARD: Final = "standard"
AGAIN: Final = "again"


class Plan(Protocol):
    async def run(
        self,
        context: Context,
        taken: Mapping[tuple[int, DeclaredField], Any],
        steps: list[dict[str, Any]] | None = None,
    ) -> ExecutionResult:
        """With the arguments of its fields as they were taken. Raises whatever is to be told by graphql-core. `steps`
        gets what was done."""


class Plans(Protocol):
    def of(
        self,
        document: Ready,
        operation: OperationDefinitionNode,
        viewer: Viewer,
        words: Dialect,
        variables: Mapping[str, Any],
    ) -> Plan | None:
        """The plan of an operation, by the variables as they were coerced; None for what has none."""
