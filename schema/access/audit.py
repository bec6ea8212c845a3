"""The audit log."""

from datetime import datetime
from typing import Any

import strawberry
from strawberry.scalars import JSON

from db.access import visibility
from db.access.audit import AuditRow
from db.access.viewer import ViewerKind
from engine.declared.declaration import column, computed
from engine.declared.entity import Node, entity
from engine.values import identity
from resolvers.access import enums as _registered  # noqa: F401  the annotations below need the enums


def _id(entity: str | None) -> strawberry.ID | None:
    return None if entity is None else strawberry.ID(identity.encode(*entity.split(":", 1)))


def _document(values: dict[str, Any] | None) -> JSON | None:
    return None if values is None else JSON(values)


@entity(AuditRow, visible=visibility.audit_entries, description="Something that was done and is kept for whoever asks.")
class AuditEntry(Node):
    action: str = column(AuditRow.action, description="The mutation's name, or what else was done: `signIn`.")
    entity_id: strawberry.ID | None = computed(
        _id, AuditRow.entity, description="What it was done to; `node(id:)` finds it while it exists."
    )
    entity_type: str | None = column(AuditRow.entity_type, description="The type of that: `Product`.")
    before: JSON | None = computed(
        _document, AuditRow.before, description="The fields that it changed, as they were. Secrets are masked."
    )
    after: JSON | None = computed(
        _document, AuditRow.after, description="The same fields as they are since; null when it was deleted."
    )
    actor: str | None = column(AuditRow.actor, description="The caller's id: `token:3`; null for who did not sign in.")
    actor_name: str = column(AuditRow.actor_name, description="The caller's name at that time.")
    actor_kind: ViewerKind = column(AuditRow.actor_kind, description="How the caller showed who it is.")
    address: str | None = column(AuditRow.address, description="Where the request came from.")
    occurred_at: datetime = column(AuditRow.occurred_at, description="In UTC, when the change was committed with it.")
