"""What people do with runs: pause, resume, cancel, try again."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import select, update

from connectors.workflows.sender import MANAGE
from db.integration import visibility
from db.integration.workflow.row import RunPause, RunState, WorkflowRow, WorkflowRunRow
from db.store.row import now, table
from db.work.replay import enqueue
from engine.declared.mutation import mutation
from engine.declared.payload import Keys
from engine.unit.unit import Unit
from engine.values.errors import ErrorCode
from resolvers.editing.locking import key_of, locked, not_found
from resolvers.integration.workflow.input import (
    WorkflowResumeInput,
    WorkflowRunCancelInput,
    WorkflowRunPauseInput,
    WorkflowRunRetryInput,
)
from resolvers.integration.workflow.writing import loaded

RUN: Final = table(WorkflowRunRow)
_TARGET: Final = table(WorkflowRow).c.target_id
MOST_RESUMED: Final = 100


@mutation(permission=MANAGE, rest="GET /api/workflows/resume-workflow")
async def workflow_resume(unit: Unit, input: WorkflowResumeInput) -> Keys:
    """Let paused runs go on: what waits waits no more, and whom a step needs is asked again. They go on where they
    were, with the steps that they began with. CONFLICT where nothing is paused."""
    if (input.workflow_id is None) == (input.run_id is None):
        unit.refuse(ErrorCode.VALIDATION, "Name a workflow or a run", "workflowId")
        unit.settle()
    if input.run_id is not None:
        rows = [await _loaded(unit, input.run_id, "runId")]
        path = "runId"
    else:
        assert input.workflow_id is not None
        workflow, path = await loaded(unit, input.workflow_id, "workflowId"), "workflowId"
        here = (RUN.c.workflow_guid == workflow["guid"], RUN.c.state == RunState.PAUSED)
        seen = select(RUN).where(*here, visibility.workflow_runs(unit.viewer)).order_by(RUN.c.id).limit(MOST_RESUMED)
        rows = [dict(row) for row in (await unit.connection.execute(seen.with_for_update())).mappings()]
    paused = [row for row in rows if row["state"] is RunState.PAUSED]
    if not paused:
        unit.refuse(ErrorCode.CONFLICT, "Nothing is paused", path)
        unit.settle()
    for row in paused:
        await _goes_on(unit, row, path)
    return {"workflow": paused[0]["workflow_guid"], "runs": [row["id"] for row in paused]}


@mutation(permission=MANAGE, rest=None)
async def workflow_run_pause(unit: Unit, input: WorkflowRunPauseInput) -> Keys:
    """Pause a run between two of its steps, until somebody resumes it. A step that is under way comes to its end."""
    row = await _loaded(unit, input.id, "id")
    going = row["state"] is RunState.RUNNING or row["paused"] in (RunPause.WAIT, RunPause.UNAVAILABLE)
    _refuse_unless(unit, row, going)
    await _set(unit, row, state=RunState.PAUSED, paused=RunPause.BY_HAND, resumes=None)
    return {"run": row["id"]}


@mutation(permission=MANAGE, rest=None)
async def workflow_run_cancel(unit: Unit, input: WorkflowRunCancelInput) -> Keys:
    """Cancel a run that is not over. A step that is under way comes to its end, and none follows."""
    row = await _loaded(unit, input.id, "id")
    _refuse_unless(unit, row, row["state"] in (RunState.RUNNING, RunState.PAUSED))
    await _set(unit, row, state=RunState.CANCELED, paused=None, resumes=None, ended_at=now())
    return {"run": row["id"]}


@mutation(permission=MANAGE, rest=None)
async def workflow_run_retry(unit: Unit, input: WorkflowRunRetryInput) -> Keys:
    """Try a run again that failed, from the step that did, under the key that it had."""
    row = await _loaded(unit, input.id, "id")
    _refuse_unless(unit, row, row["state"] is RunState.FAILED)
    await _goes_on(unit, row, "id")
    return {"run": row["id"]}


async def _loaded(unit: Unit, id: str, path: str) -> dict[str, Any]:
    key = key_of(id)
    found = await locked(unit, RUN, [key], visibility.workflow_runs(unit.viewer))
    return found.get(key) or not_found(unit, "run", path)


def _refuse_unless(unit: Unit, row: Mapping[str, Any], allowed: bool) -> None:
    if not allowed:
        why = f", {row['paused'].value.replace('_', ' ')}" if row["paused"] is not None else ""
        unit.refuse(ErrorCode.CONFLICT, f"It is {row['state'].value}{why}", "id")
        unit.settle()


async def _goes_on(unit: Unit, row: Mapping[str, Any], path: str) -> None:
    """By a delivery of its own, under the same key."""
    await _set(unit, row, state=RunState.RUNNING, paused=None, resumes=None, error=None, ended_at=None)
    workflow = select(_TARGET).where(table(WorkflowRow).c.guid == row["workflow_guid"])
    target = (await unit.connection.execute(workflow)).scalar_one()
    if target is None or await enqueue(unit.connection, target, row["event_id"]) is None:
        not_found(unit, "workflow any more", path)


async def _set(unit: Unit, row: Mapping[str, Any], **values: Any) -> None:
    await unit.connection.execute(update(RUN).where(RUN.c.id == row["id"]).values(values))
