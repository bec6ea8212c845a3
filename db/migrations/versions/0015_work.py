"""The work behind requests: workers, targets, deliveries and their attempts, jobs, sweeps. What happened before is
delivered to nobody."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DOCUMENT = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
TEXT = sa.String()
SORTED_TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
MOMENT = UTCDateTime()
DUE = sa.text("due IS NOT NULL")
HELD = sa.text("lease IS NOT NULL")


def wire(name: str, *words: str) -> sa.types.TypeEngine[Any]:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=100)


def upgrade() -> None:
    op.create_table(
        "worker",
        sa.Column("id", KEY, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("beat", KEY, nullable=False),
        sa.Column("begun_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_worker"),
        sqlite_autoincrement=True,
    )
    _targets()
    _deliveries()
    _jobs()
    if op.get_context().dialect.name == "postgresql":
        # Each delivery is updated twice and more, each attempt once, and then they rest: room for the new version on
        # the same page, and the old ones are gone before an index is full of them.
        for name, fill in (("delivery", 80), ("attempt", 60), ("target", 50), ("dispatcher", 50), ("worker", 50)):
            op.execute(
                f"ALTER TABLE {name} SET (fillfactor = {fill}, autovacuum_vacuum_scale_factor = 0.02, "
                "autovacuum_vacuum_cost_delay = 0)"
            )


def _targets() -> None:
    op.create_table(
        "target_credential",
        sa.Column("name", SORTED_TEXT, nullable=False),
        sa.Column("cap", sa.Integer(), nullable=True),
        sa.Column("rate", sa.Float(), nullable=True),
        sa.Column("free_at", KEY, nullable=False),
        sa.CheckConstraint("cap > 0", name=op.f("ck_target_credential_cap")),
        sa.CheckConstraint("rate > 0", name=op.f("ck_target_credential_rate")),
        sa.PrimaryKeyConstraint("name", name="pk_target_credential"),
    )
    op.create_table(
        "target",
        sa.Column("id", KEY, nullable=False),
        sa.Column("kind", SORTED_TEXT, nullable=False),
        sa.Column("key", SORTED_TEXT, nullable=False),
        sa.Column("cap", sa.Integer(), nullable=False),
        sa.Column("rate", sa.Float(), nullable=True),
        sa.Column("credential", SORTED_TEXT, nullable=True),
        sa.Column("free_at", KEY, nullable=False),
        sa.Column("failing_since", MOMENT, nullable=True),
        sa.Column("disabled", TEXT, nullable=True),
        sa.Column("disabled_at", MOMENT, nullable=True),
        sa.Column("removed_at", MOMENT, nullable=True),
        sa.CheckConstraint("cap > 0", name=op.f("ck_target_cap")),
        sa.CheckConstraint("rate > 0", name=op.f("ck_target_rate")),
        sa.ForeignKeyConstraint(["credential"], ["target_credential.name"], name="fk_target_credential"),
        sa.PrimaryKeyConstraint("id", name="pk_target"),
        sa.UniqueConstraint("kind", "key", name="uq_target_kind_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_target_credential", "target", ["credential"])
    op.create_table(
        "target_event",
        sa.Column("target_id", KEY, nullable=False),
        sa.Column("name", SORTED_TEXT, nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["target_id"], ["target.id"], name="fk_target_event_target_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("target_id", "name", name="pk_target_event"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_target_event_name", "target_event", ["name"])


def _deliveries() -> None:
    dispatcher = op.create_table(
        "dispatcher",
        sa.Column("name", SORTED_TEXT, nullable=False),
        sa.Column("position", KEY, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_dispatcher"),
    )
    position = sa.column("position", sa.BigInteger)
    last = sa.select(sa.func.coalesce(sa.func.max(position), 0)).select_from(sa.table("event", position))
    begun = sa.select(sa.literal("delivery"), last.scalar_subquery())
    op.execute(dispatcher.insert().from_select(["name", "position"], begun))
    op.create_table(
        "delivery",
        sa.Column("id", KEY, nullable=False),
        sa.Column("event_id", KEY, nullable=False),
        sa.Column("target_id", KEY, nullable=False),
        sa.Column("replay", sa.Integer(), nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column(
            "state", wire("deliverystate", "waiting", "sending", "delivered", "failed", "dropped"), nullable=False
        ),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due", KEY, nullable=True),
        sa.Column("lease", KEY, nullable=True),
        sa.Column("reason", TEXT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.CheckConstraint("due IS NULL OR lease IS NULL", name=op.f("ck_delivery_waiting_or_held")),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name="fk_delivery_event_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["target_id"], ["target.id"], name="fk_delivery_target_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_delivery"),
        sa.UniqueConstraint("event_id", "target_id", "replay", name="uq_delivery_event_id_target_id_replay"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_delivery_target_id", "delivery", ["target_id", "id"])
    op.create_index("ix_delivery_due", "delivery", ["target_id", "due", "id"], sqlite_where=DUE, postgresql_where=DUE)
    op.create_index("ix_delivery_held", "delivery", ["target_id", "lease"], sqlite_where=HELD, postgresql_where=HELD)
    op.create_table(
        "attempt",
        sa.Column("delivery_id", KEY, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("duration", sa.Integer(), nullable=True),
        sa.Column("outcome", wire("attemptoutcome", "delivered", "retry", "failed", "gone", "unknown"), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("request", TEXT, nullable=True),
        sa.Column("response", TEXT, nullable=True),
        sa.Column("error", TEXT, nullable=True),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name="fk_attempt_delivery_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("delivery_id", "number", name="pk_attempt"),
    )


def _jobs() -> None:
    op.create_table(
        "job",
        sa.Column("id", KEY, nullable=False),
        sa.Column("kind", SORTED_TEXT, nullable=False),
        sa.Column("arguments", DOCUMENT, nullable=False),
        sa.Column("state", wire("jobstate", "waiting", "running", "done", "failed"), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("checkpoint", DOCUMENT, nullable=True),
        sa.Column("error", TEXT, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due", KEY, nullable=True),
        sa.Column("lease", KEY, nullable=True),
        sa.Column("caller", TEXT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.CheckConstraint("due IS NULL OR lease IS NULL", name=op.f("ck_job_waiting_or_held")),
        sa.PrimaryKeyConstraint("id", name="pk_job"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_job_due", "job", ["due"], sqlite_where=DUE, postgresql_where=DUE)
    op.create_index("ix_job_held", "job", ["lease"], sqlite_where=HELD, postgresql_where=HELD)
    op.create_table(
        "periodic",
        sa.Column("name", SORTED_TEXT, nullable=False),
        sa.Column("every", KEY, nullable=False),
        sa.Column("due", KEY, nullable=False),
        sa.Column("lease", KEY, nullable=True),
        sa.Column("error", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("name", name="pk_periodic"),
    )
