"""Workflows, their runs, and the steps of these."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DOCUMENT = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
TEXT = sa.String()
SORTED_TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
MOMENT = UTCDateTime()


def wire(name: str, *words: str) -> sa.types.TypeEngine[Any]:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=100)


def entity() -> sa.types.TypeEngine[Any]:
    return wire("workflowentity", "order", "shipment", "customer", "product")


def upgrade() -> None:
    op.create_table(
        "workflow",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=True),
        sa.Column("updated_at", MOMENT, nullable=True),
        sa.Column("guid", SORTED_TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("entity_type", entity(), nullable=False),
        sa.Column("trigger", SORTED_TEXT, nullable=False),
        sa.Column("steps", DOCUMENT, nullable=False),
        sa.Column("concealed", TEXT, nullable=True),
        sa.Column("conditions", DOCUMENT, nullable=False),
        sa.Column("conditionals", DOCUMENT, nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("managed", sa.Boolean(), nullable=False),
        sa.Column("saved_by", TEXT, nullable=True),
        sa.Column("target_id", KEY, nullable=True),
        sa.PrimaryKeyConstraint("guid", name="pk_workflow"),
        sa.UniqueConstraint("target_id", name="uq_workflow_target_id"),
    )
    op.create_index("ix_workflow_entity_type", "workflow", ["entity_type", "guid"])
    op.create_table(
        "workflow_run",
        sa.Column("id", KEY, nullable=False),
        sa.Column("workflow_guid", SORTED_TEXT, nullable=False),
        sa.Column("event_id", KEY, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("entity_type", entity(), nullable=False),
        sa.Column("entity", TEXT, nullable=False),
        sa.Column("event", TEXT, nullable=False),
        sa.Column("depth", sa.Integer(), nullable=False),
        sa.Column("steps", DOCUMENT, nullable=False),
        sa.Column("concealed", TEXT, nullable=True),
        sa.Column("saved_by", TEXT, nullable=True),
        sa.Column("state", wire("runstate", "running", "paused", "completed", "failed", "canceled"), nullable=False),
        sa.Column("paused", wire("runpause", "wait", "unavailable", "by_hand"), nullable=True),
        sa.Column("resumes", KEY, nullable=True),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("error", TEXT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["workflow_guid"], ["workflow.guid"], name="fk_workflow_run_workflow_guid", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name="fk_workflow_run_event_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_workflow_run"),
        sa.UniqueConstraint("key", name="uq_workflow_run_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_workflow_run_workflow_guid", "workflow_run", ["workflow_guid", "id"])
    op.create_index("ix_workflow_run_event_id", "workflow_run", ["event_id", "workflow_guid"])
    op.create_index("ix_workflow_run_state", "workflow_run", ["state", "id"])
    op.create_table(
        "workflow_step",
        sa.Column("id", KEY, nullable=False),
        sa.Column("run_id", KEY, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column(
            "type",
            wire("workflowactiontype", "send_email", "send_push", "webhook", "update_status", "wait"),
            nullable=False,
        ),
        sa.Column("state", wire("stepstate", "running", "completed", "failed"), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("request", TEXT, nullable=True),
        sa.Column("response", TEXT, nullable=True),
        sa.Column("error", TEXT, nullable=True),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["workflow_run.id"], name="fk_workflow_step_run_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_workflow_step"),
        sa.UniqueConstraint("run_id", "position", name="uq_workflow_step_run_id_position"),
        sqlite_autoincrement=True,
    )
