"""Workflows: what happens by itself when something happened, step by step."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from strawberry.scalars import JSON

from db.integration import visibility
from db.integration.webhook import WebhookBody, WebhookFormat, WebhookMethod, read_settings
from db.integration.workflow.row import WorkflowActionType, WorkflowEntity, WorkflowRow, WorkflowRunRow
from db.integration.workflow.trigger import TRIGGERS
from db.integration.workflow.trigger import WorkflowTrigger as Declared
from db.work.target import TargetRow
from engine.declared.batch import Argument, queried
from engine.declared.connection import Connection
from engine.declared.declaration import column, computed, related
from engine.declared.entity import Node, entity
from engine.declared.listing import connected
from engine.declared.lookup import lookup
from engine.declared.mutation import performed
from engine.declared.payload import Payload, changed, deleted
from engine.standard.context import Context
from engine.values import identity
from resolvers.integration.workflow import enums as _registered  # noqa: F401  the annotations below need the enums
from resolvers.integration.workflow.input import WorkflowBy
from resolvers.integration.workflow.listing import OF_KIND, RUNS, WORKFLOWS
from resolvers.integration.workflow.writing import workflow_configure, workflow_delete, workflow_toggle
from schema.integration.webhook import WebhookField, WebhookHeader

if TYPE_CHECKING:
    from schema.integration.delivery import DeliveryTarget
    from schema.integration.workflow_run import WorkflowRun


@strawberry.type(description="What a workflow can begin with. The same in every store.")
class WorkflowTrigger:
    id: strawberry.ID = strawberry.field(description="Opaque and stable; what `workflowConfigure` takes.")
    guid: str = strawberry.field(description="The documented id, which `workflowConfigure` takes as well.")
    code: str = strawberry.field(description="`order_created`, `shipment_delivered`, …")
    name: str = strawberry.field(description="For people.")
    description: str = strawberry.field(description="When it fires.")
    entity_type: WorkflowEntity = strawberry.field(description="What workflows with it are about.")
    event: str = strawberry.field(description="The event behind it, as in `eventTypes`. You need its permission.")


def _trigger(code: str) -> WorkflowTrigger:
    return _shown(TRIGGERS[code])


def _shown(one: Declared) -> WorkflowTrigger:
    return WorkflowTrigger(
        id=strawberry.ID(identity.encode("WorkflowTrigger", one.guid)),
        guid=one.guid,
        code=one.code,
        name=one.name,
        description=one.description,
        entity_type=one.entity_type,
        event=one.event.name,
    )


async def _triggers(_context: Context, *, entity_type: WorkflowEntity | None) -> list[WorkflowTrigger]:
    return [_shown(one) for one in TRIGGERS.values() if entity_type in (None, one.entity_type)]


@strawberry.type(description="A step of a workflow. What its type does not take is null.")
class WorkflowAction:
    type: WorkflowActionType = strawberry.field(description="What it does.")
    recipient: str | None = strawberry.field(description="Whom a letter goes to: `customer`, `admin`, one address.")
    template: str | None = strawberry.field(description="The letter's name, where it has one.")
    subject: str | None = strawberry.field(description="Of a letter, with its templates; null: the template's own.")
    text: str | None = strawberry.field(description="Of a letter or a notification; null: the template's own.")
    user_ids: list[strawberry.ID] | None = strawberry.field(description="Whom a notification goes to.")
    title: str | None = strawberry.field(description="Of a notification.")
    url: str | None = strawberry.field(description="Where a webhook sends to, or a click on a notification leads.")
    method: WebhookMethod | None = strawberry.field(description="How a webhook asks.")
    format: WebhookFormat | None = strawberry.field(description="How its body is written.")
    headers: list[WebhookHeader] | None = strawberry.field(description="What is sent beside its own.")
    body: WebhookBody | None = strawberry.field(description="What it tells.")
    fields: list[WebhookField] | None = strawberry.field(description="What it tells with SELECTED_FIELDS.")
    query: str | None = strawberry.field(description="What it asks of the store with QUERY, to tell the answer.")
    status: str | None = strawberry.field(description="What UPDATE_STATUS sets.")
    minutes: int | None = strawberry.field(description="How long WAIT waits.")


def _action(step: Mapping[str, Any]) -> WorkflowAction:
    settings = read_settings(step["settings"]) if "settings" in step else None
    users = step.get("users")
    return WorkflowAction(
        type=WorkflowActionType(step["type"]),
        **{name: step.get(name) for name in ("recipient", "template", "subject", "text", "title", "status", "minutes")},
        user_ids=None if users is None else [strawberry.ID(identity.encode("User", one)) for one in users],
        url=step.get("url") if settings is None else settings.url,
        method=None if settings is None else settings.method,
        format=None if settings is None else settings.format,
        body=None if settings is None else settings.body,
        query=None if settings is None else settings.query,
        headers=None
        if settings is None
        else [WebhookHeader(name=one.name, value=None if one.secret else one.value) for one in settings.headers],
        fields=None
        if settings is None
        else [WebhookField(name=one.name, template=one.template) for one in settings.fields],
    )


def actions_of(steps: Sequence[Mapping[str, Any]]) -> list[WorkflowAction]:
    return [_action(one) for one in steps]


@entity(
    WorkflowRow,
    visible=visibility.workflows,
    description="What the store does by itself when something happened.",
)
class Workflow(Node):
    guid: str = column(WorkflowRow.guid, description="The documented id.")
    name: str = column(WorkflowRow.name, description="What the store calls it.")
    entity_type: WorkflowEntity = column(WorkflowRow.entity_type, description="What it is about; it never changes.")
    trigger: WorkflowTrigger = computed(_trigger, WorkflowRow.trigger, description="What it begins with.")
    action: WorkflowAction = computed(
        lambda steps: _action(steps[0]), WorkflowRow.steps, description="The first of its steps."
    )
    steps: list[WorkflowAction] = computed(actions_of, WorkflowRow.steps, description="What it does, in this order.")
    conditions: JSON = computed(
        JSON, WorkflowRow.conditions, description="Fields and the values that they need to have; empty: it always runs."
    )
    conditionals: JSON | None = computed(
        lambda value: value,
        WorkflowRow.conditionals,
        description="`{status, type, conditions: [{field, operator, value}]}`, beside `conditions`.",
    )
    is_active: bool = column(WorkflowRow.active, description="Off: no run begins, and those that have begun wait.")
    is_managed: bool = column(
        WorkflowRow.managed, description="The store's own, which nobody changes, switches off or deletes."
    )
    saved_by: str | None = column(
        WorkflowRow.saved_by,
        permission="store/sensitive",
        description="Who saved it last, a user or a token: it acts with the permissions that they have now.",
    )
    target: Annotated["DeliveryTarget", strawberry.lazy("schema.integration.delivery")] | None = related(
        TargetRow.id, to=WorkflowRow.target_id, description="Whom its events go to, and whether it is held."
    )
    runs: Connection[Annotated["WorkflowRun", strawberry.lazy("schema.integration.workflow_run")]] = connected(
        RUNS,
        key=WorkflowRunRow.workflow_guid,
        to=WorkflowRow.guid,
        description="Each time that it ran, the latest first unless sorted. Only those of events that you may read.",
    )


@strawberry.type
class WorkflowDefinitionQueries:
    workflow_triggers: list[WorkflowTrigger] | None = queried(
        _triggers,
        Argument("entity_type", WorkflowEntity | None, "What workflows are about. All when absent.", default=None),
        permission="integrations/view",
        rest=["GET /api/workflows/triggers/{entityType}"],
        description="What workflows can begin with.",
    )
    workflows: Connection[Workflow] | None = connected(
        WORKFLOWS,
        narrowing=OF_KIND,
        permission="integrations/view",
        rest=["GET /api/workflows/{entityType}/configured"],
        description="What the store does by itself, in the order in which it was made unless sorted.",
    )
    workflow: Workflow | None = lookup(
        WorkflowBy, permission="integrations/view", description="One workflow; null when absent."
    )


@strawberry.type(description="The workflow.")
class WorkflowConfigurePayload(Payload):
    workflow: Workflow | None = changed(WorkflowRow.guid)


@strawberry.type(description="The workflow, switched.")
class WorkflowTogglePayload(Payload):
    workflow: Workflow | None = changed(WorkflowRow.guid)


@strawberry.type(description="The workflow that is gone.")
class WorkflowDeletePayload(Payload):
    deleted_id: strawberry.ID | None = deleted("Workflow")


@strawberry.type
class WorkflowMutations:
    workflow_configure: WorkflowConfigurePayload | None = performed(workflow_configure)
    workflow_toggle: WorkflowTogglePayload | None = performed(workflow_toggle)
    workflow_delete: WorkflowDeletePayload | None = performed(workflow_delete)
