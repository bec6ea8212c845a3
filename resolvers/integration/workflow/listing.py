"""How workflows, their runs and steps are listed, and what they begin with."""

from collections.abc import Mapping
from typing import Any, Final

import strawberry
from sqlalchemy import ColumnElement, and_, true
from sqlmodel import col

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
from engine.declared.batch import Argument
from engine.declared.filter_input import filter_input
from engine.declared.listing import Listing, Narrowing
from engine.declared.sorting import sortable
from engine.values import identity
from engine.values.columns import element
from engine.values.filtering import filters
from engine.values.operators import DateTimeOperators, EnumOperators, IntOperators, TextOperators
from engine.values.ordering import SortDirection
from engine.values.statement import equal
from resolvers.integration.workflow import enums as _registered  # noqa: F401  the annotations below need the enums


@filter_input()
class WorkflowFilter:
    name: TextOperators | None = filters(WorkflowRow.name)
    trigger: TextOperators | None = filters(WorkflowRow.trigger, description="By its code.")
    is_active: bool | None = filters(WorkflowRow.active)
    created_at: DateTimeOperators | None = filters(WorkflowRow.created_at)


WORKFLOWS: Final = Listing(
    sorting=sortable(
        "Workflow",
        description="What workflows can be sorted by.",
        default=("CREATED_AT", SortDirection.ASC),
        CREATED_AT=WorkflowRow.created_at,
        NAME=WorkflowRow.name,
    ),
    filter=WorkflowFilter,
)


def _of_kind(asked: Mapping[str, Any], _dialect: str) -> ColumnElement[bool]:
    managed = true() if asked["managed"] else col(WorkflowRow.managed).is_(False)
    return and_(
        managed, true() if asked["entity_type"] is None else equal(element(WorkflowRow.entity_type), "entity_type")
    )


OF_KIND: Final = Narrowing(
    (
        Argument("entity_type", WorkflowEntity | None, "What they are about. All when absent.", default=None),
        Argument("managed", bool, "Those too that the store manages itself.", default=False),
    ),
    _of_kind,
)


@filter_input()
class WorkflowRunFilter:
    state: EnumOperators[RunState] | None = filters(WorkflowRunRow.state)
    paused: EnumOperators[RunPause] | None = filters(WorkflowRunRow.paused)
    entity_type: EnumOperators[WorkflowEntity] | None = filters(WorkflowRunRow.entity_type)
    event: TextOperators | None = filters(WorkflowRunRow.event, description="By the name of the event.")
    error: TextOperators | None = filters(WorkflowRunRow.error)
    created_at: DateTimeOperators | None = filters(WorkflowRunRow.created_at)


RUNS: Final = Listing(
    sorting=sortable(
        "WorkflowRun",
        description="What runs can be sorted by.",
        default=("ID", SortDirection.DESC),
        ID=WorkflowRunRow.id,
    ),
    filter=WorkflowRunFilter,
)


def _read(arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    workflow, entity = arguments["workflow_id"], arguments["entity_id"]
    return {
        "workflow": None if workflow is None else identity.sought(workflow, "Workflow").key,
        "entity": None if entity is None else identity.sought(entity).written,
    }


def _of(asked: Mapping[str, Any], _dialect: str) -> ColumnElement[bool]:
    return and_(
        true() if asked["workflow"] is None else equal(element(WorkflowRunRow.workflow_guid), "workflow"),
        true() if asked["entity"] is None else equal(element(WorkflowRunRow.entity), "entity"),
    )


OF_ONE: Final = Narrowing(
    (
        Argument("workflow_id", strawberry.ID | None, "Those of this workflow.", default=None),
        Argument("entity_id", strawberry.ID | None, "Those that are about this one.", default=None),
    ),
    _of,
    _read,
)


@filter_input()
class WorkflowStepFilter:
    position: IntOperators | None = filters(WorkflowStepRow.position)
    type: EnumOperators[WorkflowActionType] | None = filters(WorkflowStepRow.type)
    state: EnumOperators[StepState] | None = filters(WorkflowStepRow.state)
    error: TextOperators | None = filters(WorkflowStepRow.error)


STEPS: Final = Listing(
    sorting=sortable(
        "WorkflowStep",
        description="What steps can be sorted by.",
        default=("POSITION", SortDirection.ASC),
        POSITION=WorkflowStepRow.position,
    ),
    filter=WorkflowStepFilter,
)
