"""How long does it take to make a plan of a document? Of all under tests/operations: the processor's time.

    python bench/building.py [--rounds 7]

Each round sends every document as nobody has sent it before (a comment makes the difference), to an empty store on
SQLite. *Ready*: parsed, bounded, validated, its cost known. *Plan*: compiled. *First run*: what its first run takes
beside its second, which is its statements, made into texts; of queries alone, for a change that is done is another one
then. Documents that are to be refused are left out.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).parent.parent))

from graphql import OperationDefinitionNode, OperationType
from sqlalchemy import Dialect

from bench.measuring import ADMIN
from db.migrations import upgrade
from db.store.unit import Units
from engine.document.bounds import Allowance
from engine.document.documents import Ready
from engine.document.request import RequestErrors
from engine.plan.plans import Plan, Plans
from engine.standard.execution import Executor, Request
from engine.values.viewer import Viewer
from schema.root import schema
from tests.gateway import opened
from tests.operations.case import Case, cases

ANY: Final = Allowance(2**53)
PROMISED: Final = 10.0


@dataclass
class Times:
    """Milliseconds of the processor, one a round."""

    ready: list[float] = field(default_factory=list)
    plan: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)

    @property
    def built(self) -> float:
        return sum(statistics.median(part) for part in (self.ready, self.plan) if part)


class Timed(Plans):
    """Says what the last plan took."""

    took = 0.0

    def of(
        self,
        document: Ready,
        operation: OperationDefinitionNode,
        viewer: Viewer,
        words: Dialect,
        variables: Mapping[str, Any],
    ) -> Plan | None:
        began = time.process_time()
        plan = super().of(document, operation, viewer, words, variables)
        self.took = (time.process_time() - began) * 1e3
        return plan


async def measured(rounds: int) -> dict[str, Times]:
    found: dict[str, Times] = {}
    plans = Timed(schema.core, schema.entities)
    executor = Executor(schema, plans=plans)
    with tempfile.TemporaryDirectory() as folder:
        await asyncio.to_thread(upgrade, f"sqlite:///{folder}/store.db")
        async with opened(f"sqlite:///{folder}/store.db") as gateway:
            for number in range(rounds + 1):  # the first warms
                for case in cases():
                    times = found.setdefault(f"{case.folder.name}/{case.name}", Times()) if number else Times()
                    with suppress(RequestErrors):
                        await built(executor, plans, gateway.units, case, f"{case.document}\n# {number}", times)
    return {name: times for name, times in found.items() if times.ready}


async def built(executor: Executor, plans: Timed, units: Units, case: Case, text: str, times: Times) -> None:
    began = time.process_time()
    executor.document(text)
    times.ready.append((time.process_time() - began) * 1e3)
    for name, kind in case.operations.items():
        if kind is not OperationType.QUERY:
            continue
        given = next((step.variables for step in case.steps if step.operation == name), {})
        request = Request(text, given, name)
        plans.took = 0.0
        took = []
        for _ in range(2):
            began = time.process_time()
            await executor.execute(request, ADMIN, units, "bench", ANY)
            took.append((time.process_time() - began) * 1e3)
            if len(took) == 1:
                times.plan.append(plans.took)
        times.first.append(max(0.0, took[0] - times.plan[-1] - took[1]))


def shown(found: Mapping[str, Times]) -> str:
    lines = [f"{len(found)} documents", "", "| | median ms | 95 of 100 | worst | |", "|---|---|---|---|---|"]
    parts: dict[str, Callable[[Times], float]] = {
        "ready": lambda t: statistics.median(t.ready),
        "plan": lambda t: statistics.median(t.plan or [0.0]),
        "both": lambda t: t.built,
        "first run": lambda t: statistics.median(t.first or [0.0]),
        "all": lambda t: t.built + statistics.median(t.first or [0.0]),
    }
    for title, of in parts.items():
        each = sorted((of(times), name) for name, times in found.items() if title in {"ready", "both"} or times.plan)
        middle, most = statistics.median(value for value, _ in each), each[int(len(each) * 0.95)][0]
        lines.append(f"| {title} | {middle:.1f} | {most:.1f} | {each[-1][0]:.1f} | {each[-1][1]} |")
    longer = [name for name, times in found.items() if times.built > PROMISED]
    return "\n".join([*lines, "", f"longer than {PROMISED:g} ms: {', '.join(longer) or 'none'}"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    print(shown(asyncio.run(measured(parser.parse_args().rounds))))


if __name__ == "__main__":
    main()
