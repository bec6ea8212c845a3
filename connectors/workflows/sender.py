"""Events of workflows become runs, and runs go on. Each acts with the permissions that whoever saved its program has
now; a workflow whose saver is gone, or may no longer manage integrations or read the event, is held until somebody
saves it again."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Final

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.delivery import acting
from connectors.delivery.acting import PERMISSION_LOST, SAVER_GONE
from connectors.delivery.policy import Policy
from connectors.delivery.sender import Claimed, Outcome
from connectors.webhooks.making import Read
from connectors.webhooks.payload import Happened
from connectors.workflows.actions import About, Actions
from connectors.workflows.running import INTERRUPTED, NOTHING, Going, Running
from db.access.viewer import SYSTEM, Viewer
from db.integration.workflow import runs
from db.integration.workflow.program import asks, known, wanted
from db.integration.workflow.row import RunPause, RunState
from db.store.unit import Units
from engine.values.viewer import permits

log = structlog.get_logger("storegraph.workflows")

KIND: Final = "workflow"
MANAGE: Final = "integrations/manage"
_GONE: Final = Outcome.failed("The workflow, or the event, is gone")
_OVER: Final = (RunState.COMPLETED, RunState.FAILED, RunState.CANCELED)


class Workflows:
    """The sender of deliveries to workflows (connectors.delivery.sender.Sender)."""

    kind: ClassVar[str] = KIND

    def __init__(self, units: Units, actions: Actions, running: Running, policy: Policy | None = None) -> None:
        self._units = units
        self._actions = actions
        self._running = running
        self._attempts = (policy or Policy()).attempts

    async def prepare(self, claimed: Sequence[Claimed]) -> Mapping[int, "Going | Outcome"]:
        async with self._units.read() as connection:
            rows = await runs.load(connection, [one.delivery_id for one in claimed])
            savers = await self._savers(connection, rows.values())
        prepared: dict[int, Going | Outcome] = {}
        held: dict[str, str] = {}
        read = Read()
        for one in claimed:
            row = rows.get(one.delivery_id)
            if row is None:
                prepared[one.delivery_id] = _GONE
                continue
            viewer = _viewer(row, savers)
            reason = _lacking(row, viewer)
            if row.run_id is not None:
                prepared[one.delivery_id] = self._further(one, row, viewer, reason, read)
            elif reason is not None or viewer is None:
                held[one.target_key] = reason or SAVER_GONE
                prepared[one.delivery_id] = Outcome.held(acting.sentence(held[one.target_key], KIND))
            else:
                prepared[one.delivery_id] = await self._begun(one, row, viewer, read)
        for key, reason in held.items():
            await acting.hold(self._units, self.kind, key, reason, "workflows")
        return prepared

    async def send(self, claimed: Claimed, prepared: Going) -> Outcome:
        try:
            return await self._running.run(prepared)
        except Exception as error:
            if claimed.attempt < self._attempts or not prepared.run:
                raise
            log.warning("a run of a workflow is given up", run=prepared.run, exc_info=error)
            reason = f"It could not go on: {type(error).__name__}"
            await self._running.given_up(prepared, reason)
            return Outcome.failed(reason)

    async def _savers(self, connection: AsyncConnection, rows: Any) -> Mapping[str, Viewer | None]:
        return await acting.savers(connection, [{"saved_by": _saver(row)} for row in rows])

    async def _begun(self, one: Claimed, row: Any, viewer: Viewer, read: Read) -> "Going | Outcome":
        """A new run, or nothing where the workflow does not concern the event."""
        if row.own:
            return NOTHING  # what a workflow does is no reason for it to do more
        about = _about(one, row, viewer, row.workflow_steps, row.workflow_concealed, read)
        if asks(row.workflow_conditions, row.workflow_conditionals):
            data = await self._actions.data(about)
            found = known(about.entity, data.conditions, about.happened.payload)
            if not wanted(row.workflow_conditions, row.workflow_conditionals, found):
                return NOTHING
        columns = {
            "workflow_guid": row.workflow_guid,
            "event_id": one.event_id,
            "key": one.key,
            "entity_type": row.workflow_entity_type,
            "entity": row.event_entity,
            "event": row.event_name,
            "depth": row.event_depth,
            "steps": row.workflow_steps,
            "concealed": row.workflow_concealed,
            "saved_by": row.workflow_saved_by,
        }
        return self._going(one, row, about, begun=columns)

    def _further(
        self, one: Claimed, row: Any, viewer: Viewer | None, reason: str | None, read: Read
    ) -> "Going | Outcome":
        """A run that has begun, or nothing where it is over or does not go on now."""
        early = (row.run_resumes or 0) > row.now
        if row.run_state in _OVER or row.run_paused is RunPause.BY_HAND or (early and row.run_paused is RunPause.WAIT):
            return NOTHING
        if early:
            rest = (row.run_resumes - row.now) / 1000
            return replace(Outcome.retry(row.run_error or "It is not time yet", rest), alone=True)
        refusal = None if reason is None else acting.sentence(reason, KIND).replace("Held: ", "").capitalize()
        if refusal is None and one.attempt > self._attempts:
            refusal = INTERRUPTED
        about = _about(one, row, viewer or SYSTEM, row.run_steps, row.run_concealed, read)
        return self._going(
            one,
            row,
            about,
            run=row.run_id,
            place=row.step_position or 0,
            step=row.step_id,
            attempt=row.step_attempts or 0,
            state=row.step_state,
            refusal=refusal,
        )

    def _going(self, one: Claimed, row: Any, about: About, **more: Any) -> Going:
        last = one.attempt >= self._attempts
        return Going(about, one.event_id, one.target_id, row.event_depth, last, **more)


def _saver(row: Any) -> str | None:
    saved: str | None = row.run_saved_by if row.run_id is not None else row.workflow_saved_by
    return saved


def _viewer(row: Any, savers: Mapping[str, Viewer | None]) -> Viewer | None:
    """Who acts. A managed workflow is the store's own until somebody's name stands in it."""
    saver = _saver(row)
    return savers.get(saver) if saver is not None else (SYSTEM if row.workflow_managed else None)


def _lacking(row: Any, viewer: Viewer | None) -> str | None:
    if viewer is None:
        return SAVER_GONE
    needed = (MANAGE, *acting.reading([row.event_name]))
    return None if all(permits(viewer, one) for one in needed) else PERMISSION_LOST


def _about(one: Claimed, row: Any, viewer: Viewer, steps: Any, concealed: Any, read: Read) -> About:
    happened = Happened(
        row.event_id,
        row.event_name,
        row.event_entity,
        row.event_version,
        tuple(row.event_changed),
        row.event_payload,
        row.event_occurred_at,
        row.event_cause,
    )
    return About(row.workflow_entity_type, happened, viewer, steps, concealed, one.key, read)
