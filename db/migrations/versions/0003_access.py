"""Users, roles, application passwords and what tokens gained."""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# Written out, not imported: a migration says what it did then, whatever db.store.row says now.
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SORTED_TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
DOCUMENT = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
TEXT = sa.String()
MOMENT = UTCDateTime()

# The released store's map. S, M, W, A of the documents, in the documents' order.
_HELD = {
    "store/settings": "SM",
    "subscriptions/view": "SMWA",
    "store/sensitive": "S",
    "subscriptions/manage": "SM",
    "products/view": "SMWA",
    "subscriptions/delete": "SM",
    "products/create": "SM",
    "licenses/view": "SMWA",
    "products/edit": "SM",
    "licenses/manage": "SM",
    "products/delete": "SM",
    "licenses/delete": "SM",
    "customers/view": "SMWA",
    "coupons/view": "SMWA",
    "customers/manage": "SM",
    "coupons/manage": "SMW",
    "customers/delete": "SM",
    "coupons/delete": "SM",
    "orders/view": "SMWA",
    "reports/view": "SMA",
    "orders/create": "S",
    "reports/export": "SMA",
    "orders/manage_statuses": "SMW",
    "integrations/view": "SMWA",
    "orders/manage": "SM",
    "integrations/manage": "SM",
    "orders/can_refund": "SM",
    "integrations/delete": "SM",
    "orders/export": "SMA",
    "labels/view": "S",
    "orders/delete": "SM",
    "labels/manage": "S",
    "is_super_admin": "S",
    "labels/delete": "S",
    "dashboard_stats/view": "S",
}
_ROLES = {"S": "super_admin", "M": "manager", "W": "worker", "A": "accountant"}
_TITLES = {"super_admin": "Super admin", "manager": "Manager", "worker": "Worker", "accountant": "Accountant"}


def _versioned() -> list[sa.Column[Any]]:
    return [
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=True),
        sa.Column("updated_at", MOMENT, nullable=True),
    ]


def upgrade() -> None:
    _make_roles()
    _make_users()
    _extend_tokens()


def _make_roles() -> None:
    role = op.create_table(
        "access_role",
        *_versioned(),
        sa.Column("key", SORTED_TEXT, nullable=False),
        sa.Column("title", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_access_role")),
    )
    permission = op.create_table(
        "access_role_permission",
        sa.Column("role_key", SORTED_TEXT, nullable=False),
        sa.Column("permission", SORTED_TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["role_key"], ["access_role.key"], name=op.f("fk_access_role_permission_role_key"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("role_key", "permission", name=op.f("pk_access_role_permission")),
    )
    # The same in every store: these are the released roles.
    stamp = datetime(2026, 11, 21, tzinfo=UTC)
    op.bulk_insert(
        role,
        [
            {"key": key, "title": title, "version": 1, "created_at": stamp, "updated_at": stamp}
            for key, title in _TITLES.items()
        ],
    )
    op.bulk_insert(
        permission,
        [{"role_key": _ROLES[letter], "permission": name} for name, letters in _HELD.items() for letter in letters],
    )


def _make_users() -> None:
    op.create_table(
        "access_user",
        *_versioned(),
        sa.Column("id", KEY, nullable=False),
        sa.Column("login", SORTED_TEXT, nullable=False),
        sa.Column("email", SORTED_TEXT, nullable=False),
        sa.Column("display_name", TEXT, nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("role_key", SORTED_TEXT, nullable=True),
        sa.ForeignKeyConstraint(
            ["role_key"], ["access_role.key"], name=op.f("fk_access_user_role_key"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_user")),
        sa.UniqueConstraint("login", name=op.f("uq_access_user_login")),
        sa.UniqueConstraint("email", name=op.f("uq_access_user_email")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_access_user_role_key"), "access_user", ["role_key"])
    op.create_table(
        "access_user_password",
        sa.Column("user_id", KEY, nullable=False),
        sa.Column("password_hash", TEXT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        _of_user("access_user_password"),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_access_user_password")),
    )
    op.create_table(
        "application_password",
        sa.Column("id", KEY, nullable=False),
        sa.Column("user_id", KEY, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("secret_hash", TEXT, nullable=False),
        sa.Column("last_four", TEXT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("last_used_at", MOMENT, nullable=True),
        sa.Column("revoked_at", MOMENT, nullable=True),
        _of_user("application_password"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_application_password")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_application_password_secret_hash")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_application_password_user_id"), "application_password", ["user_id"])
    op.create_table(
        "access_session",
        sa.Column("id", KEY, nullable=False),
        sa.Column("user_id", KEY, nullable=False),
        sa.Column("secret_hash", TEXT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("last_used_at", MOMENT, nullable=True),
        _of_user("access_session"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_session")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_access_session_secret_hash")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_access_session_user_id"), "access_session", ["user_id"])


def _of_user(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["user_id"], ["access_user.id"], name=op.f(f"fk_{table}_user_id"), ondelete="CASCADE"
    )


def _extend_tokens() -> None:
    kind = sa.Enum("machine", "storefront", name="tokenkind", native_enum=False, create_constraint=True, length=100)
    with op.batch_alter_table("access_token") as batch:
        # Of SQLite's table all rows are copied into another, which needs the default; of PostgreSQL's none is.
        batch.add_column(sa.Column("kind", kind, nullable=False, server_default="machine"))
        batch.add_column(sa.Column("last_four", TEXT, nullable=True))
        batch.add_column(sa.Column("previous_hash", TEXT, nullable=True))
        batch.add_column(sa.Column("previous_until", MOMENT, nullable=True))
        batch.add_column(sa.Column("hourly", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("rotated_at", MOMENT, nullable=True))
        batch.add_column(sa.Column("last_used_at", MOMENT, nullable=True))
        batch.add_column(sa.Column("revoked_at", MOMENT, nullable=True))
        batch.create_unique_constraint(op.f("uq_access_token_previous_hash"), ["previous_hash"])
    with op.batch_alter_table("access_token") as batch:
        batch.alter_column("kind", server_default=None, existing_type=kind, existing_nullable=False)
    # Whoever could do all could do what is now told apart; tokens with less stay as they are.
    connection = op.get_bind()
    token = sa.table("access_token", sa.column("id", KEY), sa.column("permissions", DOCUMENT))
    documented = _HELD.keys() - {"is_super_admin"}
    for key, permissions in connection.execute(sa.select(token.c.id, token.c.permissions)).all():
        if documented <= set(permissions):
            connection.execute(
                sa.update(token).where(token.c.id == key).values(permissions=sorted({*permissions, "is_super_admin"}))
            )
