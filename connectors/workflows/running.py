"""Runs go on, step by step, each written down before it is done. What reaches outside is done between two transactions
and may be done twice under one key; what changes the store is done in the transaction that says so, and once."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.delivery.excerpts import cut, excerpt
from connectors.delivery.policy import LONGEST_AFTER
from connectors.delivery.sender import Exchange, Message, Outcome, Verdict
from connectors.webhooks.making import NotPermitted
from connectors.webhooks.query import Unanswered
from connectors.webhooks.request import Unmakeable
from connectors.workflows.actions import About, Actions, Change
from connectors.workflows.deeds import MOST_DEPTH, Deeds
from db.integration.workflow import runs
from db.integration.workflow.program import type_of
from db.integration.workflow.row import RunPause, RunState, StepState, WorkflowActionType
from db.secrets.encrypted import NoSecretKey
from db.store.unit import Units
from db.work.functions import milliseconds
from db.work.replay import enqueue
from engine.unit.perform import perform
from engine.unit.unit import Cause, Unit
from engine.values.errors import CodedError, Refused, Unavailable

# A delivery is broken off after 40 s, and a call takes 30 s at most: what has been at it for longer goes on in another.
LONGEST_SECONDS: Final = 8.0
NOTHING: Final = Outcome.delivered()
LOOP: Final = "It is part of a loop: three events have led to this one already"
INTERRUPTED: Final = "Workers were interrupted too often: whether the step was done is not known"


@dataclass(frozen=True, slots=True)
class Going:
    """A run as a delivery finds it. `begun` are the columns of a new one, where there is none yet; else `run` is its
    id, and `step`, `attempt` and `state` tell of its latest step, at `place`. `last`: no further attempt follows by
    itself. `refusal`: why it must not go on."""

    about: About
    event_id: int
    target_id: int
    depth: int
    last: bool
    begun: Mapping[str, Any] | None = None
    run: int = 0
    place: int = 0
    step: int | None = None
    attempt: int = 0
    state: StepState | None = None
    refusal: str | None = None


@dataclass(frozen=True, slots=True)
class _At:
    """A step that is under way."""

    run: int
    place: int
    step: int
    attempt: int


class Running:
    def __init__(self, units: Units, actions: Actions, deeds: Deeds) -> None:
        self._units = units
        self._actions = actions
        self._deeds = deeds

    async def run(self, going: Going) -> Outcome:
        """As far as it comes at once."""
        if going.refusal is not None:
            return await self._refused(going, going.refusal)
        begun = time.monotonic()
        at = await self._taken_up(going)
        outcome = NOTHING
        while at is not None:
            if time.monotonic() - begun > LONGEST_SECONDS:
                await self._handed_over(going)
                return outcome
            outcome, at = await self._step(going, at)
        return outcome

    async def given_up(self, going: Going, reason: str) -> None:
        """Of a run that fails in ways that nobody foresaw, and has had all its attempts."""
        async with self._unit(going) as unit:
            await runs.over(unit.connection, going.run, RunState.FAILED, going.place, error=reason)
            await _committed(unit)

    def _unit(self, going: Going) -> Any:
        return self._units.unit(going.about.viewer, cause=Cause.event(going.event_id, going.depth))

    async def _refused(self, going: Going, reason: str) -> Outcome:
        await self.given_up(going, reason)
        return Outcome.failed(reason)

    # One step to the next

    async def _taken_up(self, going: Going) -> _At | None:
        """The step to do now. None: another worker does it, or there is nothing to do at present."""
        async with self._unit(going) as unit:
            connection = unit.connection
            if going.begun is not None:
                run = await runs.begin(connection, going.begun)
                if run is None:
                    return None
                at = await self._opened(connection, going, run, 0)
            else:
                at = await self._again(connection, going)
            await _committed(unit)
            return at

    async def _again(self, connection: AsyncConnection, going: Going) -> _At | None:
        run, place, step = going.run, going.place, going.step
        if step is None or going.state is StepState.COMPLETED:
            if not await runs.goes_on(connection, run):
                return None
            return await self._next(connection, going, run, place if step is None else place + 1)
        if type_of(going.about.steps[place]) is WorkflowActionType.WAIT:
            # It is written together with the pause: what goes on has waited.
            if not await runs.goes_on(connection, run):
                return None
            if not await runs.closed(connection, step, going.attempt, StepState.COMPLETED):
                return None
            return await self._next(connection, going, run, place + 1)
        if not await runs.again(connection, run, step, going.attempt):
            return None
        return _At(run, place, step, going.attempt + 1)

    async def _next(self, connection: AsyncConnection, going: Going, run: int, place: int) -> _At | None:
        """The intention of the next step, or the end, in the transaction of what led to it."""
        if place < len(going.about.steps):
            return await self._opened(connection, going, run, place)
        await runs.over(connection, run, RunState.COMPLETED, place)
        return None

    async def _opened(self, connection: AsyncConnection, going: Going, run: int, place: int) -> _At | None:
        steps = going.about.steps
        step = await runs.opened(connection, run, steps, place)
        if step is None:
            return None
        if type_of(steps[place]) is not WorkflowActionType.WAIT:
            return _At(run, place, step, 1)
        pause = steps[place]["minutes"] * 60_000
        at = (await connection.execute(select(milliseconds()))).scalar_one()
        await runs.paused(connection, run, place, RunPause.WAIT, resumes=at + pause)
        await enqueue(connection, going.target_id, going.event_id, after=pause)
        return None

    async def _handed_over(self, going: Going) -> None:
        async with self._unit(going) as unit:
            await enqueue(unit.connection, going.target_id, going.event_id)
            await _committed(unit)

    # One step

    async def _step(self, going: Going, at: _At) -> tuple[Outcome, _At | None]:
        try:
            made = await self._actions.made(going.about, at.place)
        except Unmakeable as unmakeable:
            return await self._failed(going, at, Outcome.failed(unmakeable.reason)), None
        except NoSecretKey as lacking:
            return await self._failed(going, at, Outcome.failed(lacking.message)), None
        except NotPermitted:
            return await self._failed(going, at, Outcome.failed("Whoever saved it may not read what it tells")), None
        except Unanswered as unanswered:
            outcome = Outcome.retry(unanswered.reason) if unanswered.passing else Outcome.failed(unanswered.reason)
            return await self._ended(going, at, outcome)
        if isinstance(made, Change):
            return await self._changed(going, at, made)
        return await self._ended(going, at, await self._actions.done(made, going.about.step_key(at.place)))

    async def _ended(self, going: Going, at: _At, outcome: Outcome) -> tuple[Outcome, _At | None]:
        """What was done outside is written down."""
        if outcome.verdict is Verdict.RETRY and not going.last:
            return await self._unavailable(going, at, outcome), None
        if outcome.verdict is not Verdict.DELIVERED:
            return await self._failed(going, at, outcome), None
        async with self._unit(going) as unit:
            if not await _closed(unit.connection, at, StepState.COMPLETED, outcome):
                return NOTHING, None
            following = await self._next(unit.connection, going, at.run, at.place + 1)
            await _committed(unit)
        return outcome, following

    async def _changed(self, going: Going, at: _At, change: Change) -> tuple[Outcome, _At | None]:
        """The change, and that the step is done: both or neither."""
        if going.depth + 1 > MOST_DEPTH:
            return await self._failed(going, at, Outcome.failed(LOOP)), None
        said = Exchange(Message(f"{change.mutation} to {change.status}"))
        try:
            async with self._unit(going) as unit:
                if not await _closed(unit.connection, at, StepState.COMPLETED, Outcome.delivered(said)):
                    return NOTHING, None
                known = self._deeds[change.mutation]
                await perform(known, change.input, going.about.viewer, self._units, unit=unit)
                following = await self._next(unit.connection, going, at.run, at.place + 1)
                await _committed(unit)
        except Refused as refused:
            reason = "; ".join(error.message for error in refused.errors)
            return await self._failed(going, at, Outcome.failed(reason, said)), None
        except Unavailable:
            raise
        except CodedError as error:
            return await self._failed(going, at, Outcome.failed(error.message, said)), None
        going.about.read.found.clear()  # what follows tells of the store as it is now
        return Outcome.delivered(said), following

    async def _unavailable(self, going: Going, at: _At, outcome: Outcome) -> Outcome:
        """What the other side asked for holds for this run: others of the workflow go to others."""
        async with self._unit(going) as unit:
            connection = unit.connection
            if await _closed(connection, at, StepState.RUNNING, outcome):
                resumes = None
                if outcome.after:
                    now = (await connection.execute(select(milliseconds()))).scalar_one()
                    resumes = now + int(min(outcome.after, LONGEST_AFTER) * 1000)
                reason = None if outcome.reason is None else cut(outcome.reason)
                await runs.paused(connection, at.run, at.place, RunPause.UNAVAILABLE, resumes=resumes, error=reason)
                await _committed(unit)
        return replace(outcome, alone=True)

    async def _failed(self, going: Going, at: _At, outcome: Outcome) -> Outcome:
        async with self._unit(going) as unit:
            if not await _closed(unit.connection, at, StepState.FAILED, outcome):
                return NOTHING
            reason = None if outcome.reason is None else cut(outcome.reason)
            await runs.over(unit.connection, at.run, RunState.FAILED, at.place, error=reason)
            await _committed(unit)
        return Outcome.failed(outcome.reason or "It failed", outcome.exchange)


async def _closed(connection: AsyncConnection, at: _At, state: StepState, outcome: Outcome) -> bool:
    return await runs.closed(
        connection,
        at.step,
        at.attempt,
        state,
        request=excerpt(outcome.exchange.request),
        response=excerpt(outcome.exchange.response),
        error=None if outcome.reason is None else cut(outcome.reason),
    )


async def _committed(unit: Unit) -> None:
    await unit.commit("workflows", None, None, audited=False)
