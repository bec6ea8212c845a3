"""A catalogue that anything is done to, in any order: after each step everything holds that should. And by many at
once: nobody waits for ever, nobody is told of a deadlock, and at the end everything holds.

`make soak` takes longer walks, and lets the many go on for STOREGRAPH_SOAK_MINUTES.
"""

import asyncio
import os
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from random import Random
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from tests.gateway import Gateway, opened
from tests.patience import PATIENCE
from tests.resolvers.catalog_actions import ACTIONS, Shop, opened_shop
from tests.resolvers.invariants import check_invariants

T = TypeVar("T")
# Of one mutation among many: far more than it takes, far less than for ever.


class Catalog(RuleBasedStateMachine):
    """One at a time on one database, which it clears at its beginning."""

    url: str

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.gateway = self.run(self.stack.enter_async_context(opened(self.url)))
        self.run(opened_shop(self.gateway))

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    @rule(action=st.sampled_from(sorted(ACTIONS)), random=st.randoms(use_true_random=False))
    def act(self, action: str, random: Random) -> None:
        self.run(ACTIONS[action](Shop(self.gateway, random)))

    @invariant()
    def all_holds(self) -> None:
        self.run(check_invariants(self.gateway))

    def teardown(self) -> None:
        self.run(self.stack.aclose())
        self.runner.close()


def walk(url: str, *, examples: int, steps: int) -> None:
    machine = type("CatalogHere", (Catalog,), {"url": url})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            # What a walk did is in the random numbers' hands: a shorter one is another one.
            phases=(Phase.explicit, Phase.reuse, Phase.generate),
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_whatever_is_done_everything_holds(database_url: str) -> None:
    walk(database_url, examples=3, steps=40)


@pytest.mark.soak
def test_whatever_is_done_for_long_everything_holds(database_url: str) -> None:
    walk(database_url, examples=300, steps=80)


async def race(gateway: Gateway, *, writers: int, going_on: Callable[[int], bool]) -> Counter[str]:
    """How often each action was done while so many did what they liked, and everything held at the end. `going_on`:
    whether a writer goes on that has done so many."""
    await opened_shop(gateway)
    done: Counter[str] = Counter()

    async def write(seed: int) -> None:
        random = Random(seed)
        shop = Shop(gateway, random)
        mine = 0
        while going_on(mine):
            action = random.choice(sorted(ACTIONS))
            async with asyncio.timeout(PATIENCE):
                await ACTIONS[action](shop)
            done[action] += 1
            mine += 1

    async with asyncio.TaskGroup() as group:
        for seed in range(writers):
            group.create_task(write(seed))
    await check_invariants(gateway)
    return done


def for_seconds(seconds: float) -> Callable[[int], bool]:
    end = time.monotonic() + seconds
    return lambda _mine: time.monotonic() < end


async def test_many_at_once_leave_everything_right(gateway: Gateway) -> None:
    done = await race(gateway, writers=8, going_on=lambda mine: mine < 12)
    assert done.total() == 8 * 12


@pytest.mark.soak
async def test_many_at_once_for_long_leave_everything_right(gateway: Gateway) -> None:
    """A quarter of a minute at a time, so that a number that went wrong is noticed near its cause."""
    end = time.monotonic() + 60 * float(os.environ.get("STOREGRAPH_SOAK_MINUTES", "60"))
    done: Counter[str] = Counter()
    while time.monotonic() < end:
        done += await race(gateway, writers=8, going_on=for_seconds(15))
    print(f"\n{gateway.units.dialect}: {done.total()} actions: {dict(done.most_common())}")  # noqa: T201
    assert done.keys() == ACTIONS.keys()
