"""Workflows, each time that one ran, and every step of that.

A run is a snapshot of its program: what is saved meanwhile is for the runs to come. Its deliveries (`db.work`) carry it
on, and share its `key`.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from db.secrets.encrypted import EncryptedText, Secret
from db.store.row import DOCUMENT, KEY, SORTED_TEXT, Row, VersionedRow, now, wire


class WorkflowEntity(StrEnum):
    """What a workflow is about. A shipment is an order as far as it is sent."""

    ORDER = "order"
    SHIPMENT = "shipment"
    CUSTOMER = "customer"
    PRODUCT = "product"


class WorkflowActionType(StrEnum):
    SEND_EMAIL = "send_email"
    SEND_PUSH = "send_push"
    WEBHOOK = "webhook"
    UPDATE_STATUS = "update_status"
    WAIT = "wait"


class RunState(StrEnum):
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"  # until somebody has it tried again
    CANCELED = "canceled"


class RunPause(StrEnum):
    """Why a run is paused."""

    WAIT = "wait"  # a step that waits
    UNAVAILABLE = "unavailable"  # whom a step needs; it is tried again by itself for a day
    BY_HAND = "by_hand"


class StepState(StrEnum):
    RUNNING = "running"  # written before anything is done
    COMPLETED = "completed"
    FAILED = "failed"


class WorkflowRow(VersionedRow, table=True):
    """`steps` are documents as db.integration.workflow.program writes them; what is secret of them stands in
    `concealed`, JSON by their places."""

    __tablename__ = "workflow"
    __table_args__ = (Index("ix_workflow_entity_type", "entity_type", "guid"),)

    guid: str = Field(primary_key=True, sa_type=SORTED_TEXT)
    name: str
    entity_type: WorkflowEntity = Field(sa_type=wire(WorkflowEntity))
    trigger: str = Field(sa_type=SORTED_TEXT)  # a code of db.integration.workflow.trigger
    steps: list[Any] = Field(default_factory=list, sa_type=DOCUMENT)
    concealed: Secret | None = Field(default=None, sa_type=EncryptedText)
    conditions: dict[str, Any] = Field(default_factory=dict, sa_type=DOCUMENT)  # fields and what they have to be
    conditionals: Any | None = Field(default=None, sa_type=DOCUMENT)  # as db.integration.conditions reads them
    active: bool = True
    managed: bool = False  # the store's own: nobody changes or deletes it
    saved_by: str | None = None  # who saved it last: it acts with what they may do now
    target_id: int | None = Field(default=None, unique=True, sa_type=KEY)  # db.work.target


class WorkflowRunRow(Row, table=True):
    __tablename__ = "workflow_run"
    __table_args__ = (
        UniqueConstraint("key"),
        Index("ix_workflow_run_workflow_guid", "workflow_guid", "id"),
        Index("ix_workflow_run_event_id", "event_id", "workflow_guid"),
        Index("ix_workflow_run_state", "state", "id"),
        {"sqlite_autoincrement": True},
    )

    id: int = Field(default=None, primary_key=True, sa_type=KEY)
    workflow_guid: str = Field(foreign_key="workflow.guid", ondelete="CASCADE", sa_type=SORTED_TEXT)
    event_id: int = Field(foreign_key="event.id", ondelete="CASCADE", sa_type=KEY)
    key: str  # that of its deliveries
    entity_type: WorkflowEntity = Field(sa_type=wire(WorkflowEntity))
    entity: str  # GraphQL type and key
    event: str  # the event's name
    depth: int = 0  # the event's
    steps: list[Any] = Field(sa_type=DOCUMENT)
    concealed: Secret | None = Field(default=None, sa_type=EncryptedText)
    saved_by: str | None = None  # whose program it is
    state: RunState = Field(default=RunState.RUNNING, sa_type=wire(RunState))
    paused: RunPause | None = Field(default=None, sa_type=wire(RunPause), nullable=True)
    resumes: int | None = Field(default=None, sa_type=KEY)  # of a wait: milliseconds of db.work.functions
    step: int = 0  # the place of the step that it stopped at, from 0
    error: str | None = None
    created_at: datetime = Field(default_factory=now)
    ended_at: datetime | None = None


class WorkflowStepRow(Row, table=True):
    """Written with `state` running before it is done. `attempts` counts on with each try, and whoever writes down what
    became of one names its number: of two workers that are at the same step one has been overtaken."""

    __tablename__ = "workflow_step"
    __table_args__ = (UniqueConstraint("run_id", "position"), {"sqlite_autoincrement": True})

    id: int = Field(default=None, primary_key=True, sa_type=KEY)
    run_id: int = Field(foreign_key="workflow_run.id", ondelete="CASCADE", sa_type=KEY)
    position: int  # from 0 on
    type: WorkflowActionType = Field(sa_type=wire(WorkflowActionType))
    state: StepState = Field(default=StepState.RUNNING, sa_type=wire(StepState))
    attempts: int = 1
    request: str | None = None  # what was said, cut and masked
    response: str | None = None
    error: str | None = None
    started_at: datetime = Field(default_factory=now)
    ended_at: datetime | None = None
