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
from engine.values.errors import BadUserInput
from engine.values.filtering import filters
from engine.values.operators import DateTimeOperators, EnumOperators, IntOperators, TextOperators
from engine.values.ordering import SortDirection
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


def _of_kind(arguments: Mapping[str, Any]) -> ColumnElement[bool]:
    entity = arguments.get("entity_type")
    managed = true() if arguments.get("managed") else col(WorkflowRow.managed).is_(False)
    return and_(managed, true() if entity is None else col(WorkflowRow.entity_type) == entity)


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


def _check(arguments: Mapping[str, Any]) -> None:
    workflow, entity = arguments.get("workflow_id"), arguments.get("entity_id")
    found = [identity.decode(workflow, "Workflow")] if workflow is not None else []
    found += [identity.decode(entity)] if entity is not None else []
    if any("\0" in one.key for one in found):
        raise BadUserInput("NUL is not a character of a key")  # PostgreSQL refuses to compare with it


def _of(arguments: Mapping[str, Any]) -> ColumnElement[bool]:
    workflow, entity = arguments.get("workflow_id"), arguments.get("entity_id")
    parts: list[ColumnElement[bool]] = []
    if workflow is not None:
        parts.append(col(WorkflowRunRow.workflow_guid) == identity.decode(workflow).key)
    if entity is not None:
        found = identity.decode(entity)
        parts.append(col(WorkflowRunRow.entity) == f"{found.type}:{found.key}")
    return and_(true(), *parts)


OF_ONE: Final = Narrowing(
    (
        Argument("workflow_id", strawberry.ID | None, "Those of this workflow.", default=None),
        Argument("entity_id", strawberry.ID | None, "Those that are about this one.", default=None),
    ),
    _of,
    _check,
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
