"""Plans of documents, made once and kept: by document, operation, what the caller may see and do, and the variables
that decide what is asked."""

from collections.abc import Hashable, Mapping
from typing import Any

from graphql import ExecutionResult, GraphQLSchema, OperationDefinitionNode
from sqlalchemy import Dialect

from engine.declared.declaration import DeclaredField
from engine.declared.entity import Entity
from engine.document.documents import Ready
from engine.document.kept import Kept
from engine.plan.compiler import Compiler
from engine.plan.faults import Unusual, settled
from engine.plan.run import Reading, Run
from engine.plan.selection import Uncompiled
from engine.plan.shape import Below, Constant, Shape
from engine.plan.steps import ROOT
from engine.plan.trace import Trace
from engine.values.viewer import Viewer

# A plan takes about as much memory as the document that it is made of.
MOST_PLANS = 1000
MOST_BYTES = 64 * 1024 * 1024


class Plan:
    """One operation, ready to run any number of times. It keeps its document, by whose nodes arguments are found."""

    def __init__(self, document: Ready, dialect: Dialect, root: Shape) -> None:
        self.document = document
        self._dialect = dialect
        self._root = root

    async def run(
        self,
        context: Reading,
        taken: Mapping[tuple[int, DeclaredField], Any],
        steps: list[dict[str, Any]] | None = None,
    ) -> ExecutionResult:
        """The answer with its errors. Raises Unusual, or whatever else goes wrong, for what the standard executor has
        to tell; it reads, and performs through the context, so that it may be run again. `steps` gets what was done."""
        trace = None if steps is None else Trace(steps)
        run = Run(context, self._dialect, taken, trace)
        found = [await run.found(step, [ROOT]) for step in self._root.steps]
        run.faulty = run.faulty or self._root.refuses
        data: dict[str, Any] = {}
        for name, field in self._root.fields.items():
            if isinstance(field, Constant):
                data[name] = field.value
            elif isinstance(field, Below):
                data[name] = found[field.step].get(ROOT)
                if data[name] is None and not self._root.steps[field.step].nullable:
                    raise Unusual
        if not run.faulty:
            return ExecutionResult(data, None)
        return ExecutionResult(*settled(data))


class Plans:
    """Those of one schema. Some leave when there are too many, or when they take too much memory: see `Kept`."""

    def __init__(self, core: GraphQLSchema, entities: Mapping[str, Entity], *, most: int = MOST_PLANS) -> None:
        self._core = core
        self._entities = entities
        self._kept: Kept[Hashable, tuple[Plan | None]] = Kept(most, MOST_BYTES)

    def __len__(self) -> int:
        return len(self._kept)

    def of(
        self,
        document: Ready,
        operation: OperationDefinitionNode,
        viewer: Viewer,
        words: Dialect,
        variables: Mapping[str, Any],
    ) -> Plan | None:
        """The plan of an operation for this viewer and these variables, as they were coerced; None where there is
        none."""
        names = document.deciding(operation)
        truths = {name: truth for name in names if isinstance(truth := variables.get(name), bool)}
        if len(truths) < len(names):
            return None  # null, which is refused where it is asked
        which = (
            document.name(operation),
            words,
            viewer.visibility_key,
            viewer.permissions,
            viewer.signed_in,
            viewer.id is None,
            tuple(truths.values()),
        )
        # The document itself stands in the key, which keeps it: its identity is not another's meanwhile.
        key = document, *which
        kept = self._kept.get(key)
        if kept is not None:
            return kept[0]
        try:
            root = Compiler(self._core, self._entities, document, viewer, truths).root(operation)
            plan = Plan(document, words, root)
        except Uncompiled:
            plan = None
        self._kept.put(key, (plan,), document.size, hash((document.mark, *which)))
        return plan
