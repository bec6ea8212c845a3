"""What is done to workflows. The target that events go to is written with each."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import delete, insert, select
from strawberry.types.maybe import Some

from connectors.outbound.client import Outbound
from connectors.webhooks.query import Documents
from connectors.workflows.deeds import Deeds
from connectors.workflows.messengers import Messengers
from connectors.workflows.sender import KIND
from db.access import holder
from db.integration import conditions as logic
from db.integration import visibility
from db.integration.events import WORKFLOW_CREATED, WORKFLOW_DELETED, WORKFLOW_UPDATED
from db.integration.workflow.row import WorkflowEntity, WorkflowRow
from db.integration.workflow.trigger import TRIGGERS, WorkflowTrigger
from db.store.row import table
from db.store.writing import edit
from db.work import target as targets
from engine.declared.mutation import mutation
from engine.declared.payload import Keys
from engine.unit.unit import Unit
from engine.values import identity
from engine.values.errors import ErrorCode
from engine.values.viewer import either
from resolvers.access.caller import caller
from resolvers.editing.locking import not_found
from resolvers.editing.updating import differences, refuse_outdated
from resolvers.integration.workflow import rules
from resolvers.integration.workflow.input import WorkflowConfigureInput, WorkflowDeleteInput, WorkflowToggleInput

WORKFLOW: Final = table(WorkflowRow)
MANAGE: Final = "integrations/manage"
# Why a target waits: its workflow is switched off.
SWITCHED_OFF: Final = "switched_off"


@mutation(
    permission=MANAGE,
    rest="POST /api/workflows/configure",
    emits=(WORKFLOW_CREATED, WORKFLOW_UPDATED),
    audited=True,
    ports=(Outbound, Messengers, Deeds, Documents),
)
async def workflow_configure(unit: Unit, input: WorkflowConfigureInput) -> Keys:
    """Make a workflow, which is active, or change one. It acts with the permissions of whoever saved it last, who needs
    those of its event and of what it does. Runs that have begun go on as they were."""
    row = None if input.id is None else await _loaded(unit, input.id, input.expected_version)
    values = await _saved(unit, input, row)
    unit.settle()
    if row is None:
        guid = str(uuid4())
        made = WorkflowRow(guid=guid, **values).model_dump()
        made["target_id"] = await _targeted(unit, made)
        await unit.connection.execute(insert(WORKFLOW).values(made))
        unit.emit(WORKFLOW_CREATED(made))
        return {"workflow": guid}
    await _write(unit, row, values)
    return {"workflow": row["guid"]}


@mutation(
    permission=MANAGE,
    rest="GET /api/workflows/configured/{guid}/toggle",
    emits=(WORKFLOW_UPDATED,),
    audited=True,
)
async def workflow_toggle(unit: Unit, input: WorkflowToggleInput) -> Keys:
    """Switch a workflow off, or on again. While it is off no run begins, and those that have begun wait. It acts for
    whoever saved it, as before."""
    row = await _loaded(unit, input.id, input.expected_version)
    await _write(unit, row, {"active": not row["active"]})
    return {"workflow": row["guid"]}


@mutation(
    permission="integrations/delete",
    rest="DELETE /api/workflows/configured/{guid}",
    emits=(WORKFLOW_DELETED,),
)
async def workflow_delete(unit: Unit, input: WorkflowDeleteInput) -> Keys:
    """Delete a workflow with its runs; those that are paused go on no more."""
    row = await _loaded(unit, input.id, input.expected_version)
    await targets.remove(unit.connection, KIND, row["guid"])
    await unit.connection.execute(delete(WORKFLOW).where(WORKFLOW.c.guid == row["guid"]))
    unit.emit(WORKFLOW_DELETED(row))
    return {"deleted_id": row["guid"]}


async def loaded(unit: Unit, id: str, *path: str) -> dict[str, Any]:
    """The row of a workflow, locked. Raises Refused with NOT_FOUND."""
    here = (WORKFLOW.c.guid == identity.decode(id).key, visibility.workflows(unit.viewer))
    found = await unit.connection.execute(select(WORKFLOW).where(*here).with_for_update())
    row = found.mappings().one_or_none()
    return not_found(unit, "workflow", *(path or ("id",))) if row is None else dict(row)


async def _loaded(unit: Unit, id: str, expected_version: int | None) -> dict[str, Any]:
    row = await loaded(unit, id)
    if row["managed"]:
        unit.refuse(ErrorCode.BUSINESS_RULE, "It is managed by the store itself, and stays as it is", "id")
        unit.settle()
    await refuse_outdated(unit, f"Workflow:{row['guid']}", expected_version, row["version"])
    return row


async def _saved(unit: Unit, input: WorkflowConfigureInput, row: Mapping[str, Any] | None) -> dict[str, Any]:
    """The columns of a workflow as it is saved now. Refuses what it must not be; raises Forbidden."""
    _check_presence(unit, input, row)
    entity = input.entity_type or (row["entity_type"] if row else None)
    if row is not None and entity is not row["entity_type"]:
        unit.refuse(ErrorCode.VALIDATION, "What a workflow is about never changes: make another one", "entityType")
    unit.settle()
    assert entity is not None
    values: dict[str, Any] = {"entity_type": entity}
    if input.name is not None:
        values["name"] = rules.check_name(unit, input.name)
    trigger = _trigger(unit, input, row, entity)
    if input.trigger_id is not None:
        values["trigger"] = trigger.code if trigger else ""
    values |= await _steps(unit, input, row, entity, trigger)
    if isinstance(input.conditions, Some):
        values["conditions"] = rules.check_conditions(unit.at("conditions"), input.conditions.value)
    if isinstance(input.conditionals, Some):
        logic.validate(input.conditionals.value, unit.at("conditionals"))
        values["conditionals"] = input.conditionals.value
    saver = holder.saver(caller(unit.viewer))
    if saver is None:
        # Their permissions are another system's to say, and nobody asks that when it runs.
        unit.refuse(ErrorCode.BUSINESS_RULE, "A workflow is saved by a user or a token of this store")
    return values | {"saved_by": saver}


def _trigger(
    unit: Unit, input: WorkflowConfigureInput, row: Mapping[str, Any] | None, entity: WorkflowEntity
) -> WorkflowTrigger | None:
    """What it begins with from now on, which the caller may read; None for what is refused. Raises Forbidden."""
    if input.trigger_id is not None:
        return rules.find_trigger(unit, input.trigger_id, entity)
    found = None if row is None else TRIGGERS.get(row["trigger"])
    if found is not None:
        unit.require(either(*found.event.read_by.permissions))
    return found


def _check_presence(unit: Unit, input: WorkflowConfigureInput, row: Mapping[str, Any] | None) -> None:
    if input.action is not None and input.steps is not None:
        unit.refuse(ErrorCode.VALIDATION, "Give `action` or `steps`, not both", "steps")
    if row is not None:
        return
    for name, given in (("name", input.name), ("entityType", input.entity_type), ("triggerId", input.trigger_id)):
        if given is None:
            unit.refuse(ErrorCode.VALIDATION, f"A new workflow needs `{name}`", name)
    if input.action is None and input.steps is None:
        unit.refuse(ErrorCode.VALIDATION, "A new workflow needs `action` or `steps`", "action")


async def _steps(
    unit: Unit,
    input: WorkflowConfigureInput,
    row: Mapping[str, Any] | None,
    entity: WorkflowEntity,
    trigger: WorkflowTrigger | None,
) -> dict[str, Any]:
    """What is saved of the steps. Those that stay are whoever's who saves them now: they are checked as new ones."""
    before = ((), None) if row is None else (row["steps"], row["concealed"])
    if input.action is None and input.steps is None:
        assert row is not None
        await rules.check_stored(unit, row["steps"], rules.Of(entity, trigger))
        return {}
    given, path = ([input.action], "action") if input.action is not None else (input.steps or [], "steps")
    steps, concealed = await rules.check_steps(unit, given, rules.Of(entity, trigger), before, path)
    return {"steps": steps, "concealed": concealed}


async def _write(unit: Unit, row: Mapping[str, Any], values: dict[str, Any]) -> None:
    values["target_id"] = await _targeted(unit, {**row, **values})
    changes = differences(row, values)
    if not changes:
        return
    await edit(unit.connection, WORKFLOW, row["guid"], row["version"], changes)
    unit.emit(WORKFLOW_UPDATED(row, changes))


async def _targeted(unit: Unit, values: Mapping[str, Any]) -> int:
    """The target that its events go to, in line with it."""
    key, active = values["guid"], values["active"]
    names = [TRIGGERS[values["trigger"]].event.name] if active else []
    found = await targets.upsert(unit.connection, KIND, key, names)
    if active:
        await targets.enable(unit.connection, KIND, key)
    else:
        await targets.disable(unit.connection, KIND, key, SWITCHED_OFF)
    return found
