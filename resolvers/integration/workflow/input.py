"""What callers say of workflows and their runs."""

import strawberry
from strawberry.scalars import JSON

from db.integration.webhook import WebhookBody, WebhookFormat, WebhookMethod
from db.integration.workflow.row import WorkflowActionType, WorkflowEntity, WorkflowRow
from engine.declared.input import finds, identifies
from resolvers.editing.editable import edited_version, seen_version
from resolvers.integration.webhook.input import WebhookFieldInput, WebhookHeaderInput
from resolvers.integration.workflow import enums as _registered  # noqa: F401  the annotations below need the enums


@strawberry.input(description="A step of a workflow: its type, and what that takes. What it does not take is refused.")
class WorkflowStepInput:
    type: WorkflowActionType
    recipient: str | None = strawberry.field(
        default=None,
        description="SEND_EMAIL: `customer`, `admin`, or one e-mail address.",
    )
    template: str | None = strawberry.field(
        default=None,
        description="SEND_EMAIL: the name of a letter that the store has, such as `delivery_confirmation`.",
    )
    subject: str | None = strawberry.field(
        default=None, description="SEND_EMAIL: instead of the template's. Templates are filled in."
    )
    text: str | None = strawberry.field(
        default=None,
        description="SEND_EMAIL: instead of the template's; SEND_PUSH: what it says below its title. Templates are "
        "filled in.",
    )
    user_ids: list[strawberry.ID] | None = identifies("User", description="SEND_PUSH: whom it tells, 1 to 20 users.")
    title: str | None = strawberry.field(default=None, description="SEND_PUSH: templates are filled in.")
    url: str | None = strawberry.field(
        default=None,
        description="SEND_PUSH: where a click leads; WEBHOOK: where it sends to. In path and query templates are "
        "filled in.",
    )
    method: WebhookMethod | None = strawberry.field(default=None, description="WEBHOOK: POST when absent.")
    format: WebhookFormat | None = strawberry.field(default=None, description="WEBHOOK: JSON when absent.")
    headers: list[WebhookHeaderInput] | None = strawberry.field(
        default=None, description="WEBHOOK: at most 20. A value that is null stays as the step in this place has it."
    )
    body: WebhookBody | None = strawberry.field(
        default=None, description="WEBHOOK: ALL_DATA when absent, SELECTED_FIELDS, or QUERY."
    )
    fields: list[WebhookFieldInput] | None = strawberry.field(
        default=None, description="WEBHOOK: for SELECTED_FIELDS, at most 100."
    )
    query: str | None = strawberry.field(
        default=None,
        description="WEBHOOK: for QUERY, one GraphQL query of this schema, as a webhook's is: `$id` is the id of what "
        "the event tells of, and the keys of the event's payload are variables. It costs up to 1000.",
    )
    status: str | None = strawberry.field(
        default=None, description="UPDATE_STATUS: the documented word, such as `publish`."
    )
    minutes: int | None = strawberry.field(default=None, description="WAIT: how long, up to 30 days.")


@strawberry.input(
    description="A workflow, new or changed. In a change what is absent stays. It acts for whoever saved it last."
)
class WorkflowConfigureInput:
    id: strawberry.ID | None = identifies("Workflow", description="Which one changes; absent: a new one.")
    expected_version: int | None = edited_version()
    name: str | None = strawberry.field(default=None, description="1 to 192 characters. Needed for a new one.")
    entity_type: WorkflowEntity | None = strawberry.field(
        default=None, description="What it is about. Needed for a new one; it never changes."
    )
    trigger_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="What it begins with: `id` or `guid` of one of `workflowTriggers`. Needed for a new one.",
    )
    action: WorkflowStepInput | None = strawberry.field(
        default=None, description="What it does, where that is one step; or `steps`. Needed for a new one."
    )
    steps: list[WorkflowStepInput] | None = strawberry.field(
        default=None, description="What it does, one after the other, 1 to 20 steps. All of them when it changes."
    )
    conditions: strawberry.Maybe[JSON | None] = strawberry.field(
        default=None,
        description='When it runs: fields and the values that they need to have, `{"status": "delivered"}`. A field is '
        "one of what the event tells of, or of what the event says (`newStatus`). Null: always.",
    )
    conditionals: strawberry.Maybe[JSON | None] = strawberry.field(
        default=None,
        description="When it runs, beside `conditions`: `{status, type, conditions: [{field, operator, value}]}`, as "
        "feeds have it. Null: always.",
    )


@strawberry.input(description="Which workflow is switched on or off.")
class WorkflowToggleInput:
    id: strawberry.ID = identifies("Workflow")
    expected_version: int | None = seen_version()


@strawberry.input(description="Which workflow goes.")
class WorkflowDeleteInput:
    id: strawberry.ID = identifies("Workflow")
    expected_version: int | None = seen_version()


@strawberry.input(description="What goes on: all paused runs of a workflow, or one. Give one of the two.")
class WorkflowResumeInput:
    workflow_id: strawberry.ID | None = identifies("Workflow", description="Up to 100 of its paused runs, the oldest.")
    run_id: strawberry.ID | None = identifies("WorkflowRun", description="This one.")


@strawberry.input(description="Which run is paused.")
class WorkflowRunPauseInput:
    id: strawberry.ID = identifies("WorkflowRun")


@strawberry.input(description="Which run is canceled.")
class WorkflowRunCancelInput:
    id: strawberry.ID = identifies("WorkflowRun")


@strawberry.input(description="Which run is tried again.")
class WorkflowRunRetryInput:
    id: strawberry.ID = identifies("WorkflowRun")


@strawberry.input(one_of=True, description="Exactly one of these.")
class WorkflowBy:
    id: strawberry.Maybe[strawberry.ID] = finds(WorkflowRow.guid, identifies="Workflow")
    guid: strawberry.Maybe[str] = finds(WorkflowRow.guid, description="As the documents name it.")
