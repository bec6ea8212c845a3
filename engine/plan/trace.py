"""What a run did, for people: each step with its statements, how many rows they had, and how long it took."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from engine.plan.shape import Step


class Trace:
    """Steps stand inside those that they were asked for. Of a statement its text is told and no value."""

    def __init__(self, steps: list[dict[str, Any]]) -> None:
        self._steps = steps
        self._inside: list[dict[str, Any]] = []

    @contextmanager
    def step(self, step: Step, parents: int) -> Iterator[None]:
        node = step.nodes[0]
        told: dict[str, Any] = {
            "field": (node.alias or node.name).value,
            "step": type(step).__name__,
            "parents": parents,
            "milliseconds": 0.0,
            "statements": [],
            "steps": [],
        }
        (self._inside[-1]["steps"] if self._inside else self._steps).append(told)
        self._inside.append(told)
        began = time.perf_counter()
        try:
            yield
        finally:
            told["milliseconds"] = _since(began)
            self._inside.pop()

    @contextmanager
    def statement(self, sql: str) -> Iterator[dict[str, Any]]:
        """Who asks says how many `rows` it had."""
        told: dict[str, Any] = {"sql": sql, "rows": None, "milliseconds": 0.0}
        self._inside[-1]["statements"].append(told)
        began = time.perf_counter()
        try:
            yield told
        finally:
            told["milliseconds"] = _since(began)


def _since(began: float) -> float:
    return round((time.perf_counter() - began) * 1000, 3)
