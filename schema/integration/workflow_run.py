"""Runs of workflows and their steps; what a workflow would do."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from connectors.webhooks.query import MOST_COST
from connectors.webhooks.request import Exact
from connectors.workflows.actions import Actions, Change, Letter, Notice, Pause, Queried
from connectors.workflows.deeds import Deeds
from db.integration import visibility
from db.integration.workflow.program import MOST_STEPS
from db.integration.workflow.row import (
    RunPause,
    RunState,
    StepState,
    WorkflowActionType,
    WorkflowEntity,
    WorkflowRow,
    WorkflowRunRow,
    WorkflowStepRow,
)
from db.store.outbox import EventRow
from db.work.functions import moment
from engine.declared.batch import Argument, queried, weighing
from engine.declared.connection import Connection
from engine.declared.declaration import column, computed, related
from engine.declared.entity import Node, entity
from engine.declared.listing import connected
from engine.declared.lookup import pointed
from engine.declared.mutation import performed
from engine.declared.payload import Payload, changed
from engine.standard.context import Context
from engine.values import identity
from resolvers.integration.workflow import trying
from resolvers.integration.workflow.listing import OF_ONE, RUNS, STEPS
from resolvers.integration.workflow.runs import (
    workflow_resume,
    workflow_run_cancel,
    workflow_run_pause,
    workflow_run_retry,
)
from resolvers.integration.workflow.trying import Tried
from schema.integration.workbench import WebhookRequest, shown
from schema.integration.workflow import Workflow, WorkflowAction, actions_of

if TYPE_CHECKING:
    from schema.integration.event import Event


@entity(
    WorkflowStepRow,
    visible=visibility.workflow_steps,
    description="A step of a run, written down before it is done. Seen by who may see the run.",
)
class WorkflowStep(Node):
    run: Annotated["WorkflowRun", strawberry.lazy("schema.integration.workflow_run")] | None = related(
        WorkflowRunRow.id, to=WorkflowStepRow.run_id, description="What it is a step of."
    )
    position: int = column(WorkflowStepRow.position, description="Its place in the run, from 0.")
    type: WorkflowActionType = column(WorkflowStepRow.type, description="What it does.")
    state: StepState = column(WorkflowStepRow.state, description="How far it has come.")
    attempt_count: int = column(WorkflowStepRow.attempts, description="How often it was begun, under the same key.")
    request: str | None = column(
        WorkflowStepRow.request,
        description="The beginning of what was said, secrets and personal data masked; of QUERY no more than whom.",
    )
    response: str | None = column(
        WorkflowStepRow.response, description="The beginning of what came back, masked in the same way."
    )
    error: str | None = column(WorkflowStepRow.error, description="Why it did not succeed, in a sentence.")
    started_at: datetime = column(WorkflowStepRow.started_at, description="When it was first begun, in UTC.")
    ended_at: datetime | None = column(WorkflowStepRow.ended_at, description="When it was over; null while it is not.")


@entity(
    WorkflowRunRow,
    visible=visibility.workflow_runs,
    description="One time that a workflow ran. Seen by who may see the workflow, and the event that it began with.",
)
class WorkflowRun(Node):
    workflow: Workflow | None = related(
        WorkflowRow.guid,
        to=WorkflowRunRow.workflow_guid,
        description="As it is now; the run goes on as it began.",
    )
    event: Annotated["Event", strawberry.lazy("schema.integration.event")] | None = related(
        EventRow.id, to=WorkflowRunRow.event_id, description="What it began with."
    )
    entity_type: WorkflowEntity = column(WorkflowRunRow.entity_type, description="What it is about.")
    entity_id: strawberry.ID = computed(
        lambda entity: strawberry.ID(identity.encode(*entity.split(":", 1))),
        WorkflowRunRow.entity,
        description="The one that it is about, by its `id`.",
    )
    entity: Node | None = pointed(
        WorkflowRunRow.entity, description="As it is now; null when it is gone, or hidden from you."
    )
    key: str = column(
        WorkflowRunRow.key,
        description="What its steps say who they are by: with `-` and the step's position it is the `webhook-id` of a "
        "webhook, and names letters and notifications.",
    )
    program: list[WorkflowAction] = computed(
        actions_of, WorkflowRunRow.steps, description="All that it does, as the workflow was when it began."
    )
    state: RunState = column(WorkflowRunRow.state, description="How far it has come.")
    paused: RunPause | None = column(WorkflowRunRow.paused, description="Why it is paused; null when it is not.")
    resumes_at: datetime | None = computed(
        lambda resumes: None if resumes is None else moment(resumes),
        WorkflowRunRow.resumes,
        description="When it goes on by itself, of one that waits; in UTC.",
    )
    step: int = column(
        WorkflowRunRow.step, description="The place of the step that it stopped at last, from 0; `steps` tells more."
    )
    error: str | None = column(WorkflowRunRow.error, description="Why it failed, or is paused, in a sentence.")
    created_at: datetime = column(WorkflowRunRow.created_at, description="When it began, in UTC.")
    ended_at: datetime | None = column(WorkflowRunRow.ended_at, description="When it was over; null while it is not.")
    steps: Connection[WorkflowStep] = connected(
        STEPS,
        key=WorkflowStepRow.run_id,
        to=WorkflowRunRow.id,
        description="The steps that were begun, the first first unless sorted.",
    )


@strawberry.type(description="A step as it would be done now.")
class WorkflowDryStep:
    position: int = strawberry.field(description="Its place, from 0.")
    type: WorkflowActionType = strawberry.field(description="What it does.")
    to: str | None = strawberry.field(description="Of SEND_EMAIL: the address.")
    subject: str | None = strawberry.field(description="Of SEND_EMAIL; of SEND_PUSH its title. Templates filled in.")
    text: str | None = strawberry.field(description="Of SEND_EMAIL and SEND_PUSH, templates filled in.")
    url: str | None = strawberry.field(description="Of SEND_PUSH: where a click leads.")
    user_ids: list[strawberry.ID] | None = strawberry.field(description="Of SEND_PUSH: whom it tells.")
    request: WebhookRequest | None = strawberry.field(description="Of WEBHOOK: the exact request.")
    mutation: str | None = strawberry.field(description="Of UPDATE_STATUS: what changes it.")
    status: str | None = strawberry.field(description="Of UPDATE_STATUS: what it would be.")
    minutes: int | None = strawberry.field(description="Of WAIT: how long.")
    problem: str | None = strawberry.field(description="Why it would fail; null where it would not.")


@strawberry.type(description="What a workflow would do.")
class WorkflowDryRun:
    event: str | None = strawberry.field(description="The name of the event; null where it would do nothing at all.")
    is_sample: bool = strawberry.field(description="Whether nothing of the kind has happened yet.")
    conditions_hold: bool = strawberry.field(description="Whether it would run on it.")
    steps: list[WorkflowDryStep] = strawberry.field(description="What each step would do, whether it would run or not.")
    problem: str | None = strawberry.field(description="Why it would do nothing at all; null else.")


def _step(one: Tried) -> WorkflowDryStep:
    made = one.made.exact if isinstance(one.made, Queried) else one.made
    return WorkflowDryStep(
        position=one.place,
        type=WorkflowActionType(one.type),
        to=made.to if isinstance(made, Letter) else None,
        subject=made.subject if isinstance(made, Letter) else made.title if isinstance(made, Notice) else None,
        text=made.text if isinstance(made, Letter | Notice) else None,
        url=made.url if isinstance(made, Notice) else None,
        user_ids=[strawberry.ID(identity.encode("User", user)) for user in made.users]
        if isinstance(made, Notice)
        else None,
        request=shown(made) if isinstance(made, Exact) else None,
        mutation=made.mutation if isinstance(made, Change) else None,
        status=made.status if isinstance(made, Change) else None,
        minutes=made.minutes if isinstance(made, Pause) else None,
        problem=one.problem,
    )


async def _dry_run(context: Context, *, id: str) -> WorkflowDryRun | None:
    port = context.database.port
    found = await trying.dry_run(context, port(Actions), port(Deeds), id=id)
    if found is None:
        return None
    if isinstance(found, str):
        return WorkflowDryRun(event=None, is_sample=False, conditions_hold=False, steps=[], problem=found)
    return WorkflowDryRun(
        event=found.event,
        is_sample=not found.real,
        conditions_hold=found.holds,
        steps=[_step(one) for one in found.steps],
        problem=None,
    )


@strawberry.type
class WorkflowRunQueries:
    workflow_runs: Connection[WorkflowRun] | None = connected(
        RUNS,
        narrowing=OF_ONE,
        permission="integrations/view",
        description="Runs of all workflows, the latest first unless sorted. Only those of events that you may read.",
    )
    workflow_dry_run: WorkflowDryRun | None = weighing(
        MOST_STEPS * MOST_COST,
        queried(
            _dry_run,
            Argument("id", strawberry.ID, "The opaque id of a `Workflow`.", identifies="Workflow"),
            permission="integrations/manage",
            ports=(Actions, Deeds),
            description="What a workflow would do on the latest event of its trigger that you may read, or on a "
            "sample. Nothing is sent and nothing changes; of steps that say more than a mebibyte together the first "
            "are shown. Null when there is no such workflow.",
        ),
    )


@strawberry.type(description="What goes on.")
class WorkflowResumePayload(Payload):
    workflow: Workflow | None = changed(WorkflowRow.guid)
    runs: list[WorkflowRun] = changed(WorkflowRunRow.id, description="Those that were paused.")


@strawberry.type(description="The run, paused.")
class WorkflowRunPausePayload(Payload):
    run: WorkflowRun | None = changed(WorkflowRunRow.id)


@strawberry.type(description="The run, canceled.")
class WorkflowRunCancelPayload(Payload):
    run: WorkflowRun | None = changed(WorkflowRunRow.id)


@strawberry.type(description="The run, which is on its way again.")
class WorkflowRunRetryPayload(Payload):
    run: WorkflowRun | None = changed(WorkflowRunRow.id)


@strawberry.type
class WorkflowRunMutations:
    workflow_resume: WorkflowResumePayload | None = performed(workflow_resume)
    workflow_run_pause: WorkflowRunPausePayload | None = performed(workflow_run_pause)
    workflow_run_cancel: WorkflowRunCancelPayload | None = performed(workflow_run_cancel)
    workflow_run_retry: WorkflowRunRetryPayload | None = performed(workflow_run_retry)
