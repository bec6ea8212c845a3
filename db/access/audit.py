"""The audit log: who did what that matters later, when, and from where. Written in the transaction of the deed."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import Field

from db.access.viewer import ViewerKind
from db.secrets.confidential import masked
from db.store.row import DOCUMENT, KEY, Row, now, table, wire
from engine.unit.unit import Event
from engine.values.naming import camel
from engine.values.viewer import Viewer

# The permissions and the events whose mutations are audited without saying so.
_OVERSEEN: Final = "store/"
_GONE: Final = (".deleted", ".removed")
# Columns that follow from others.
_DERIVED: Final = frozenset({"search_text", "title_key", "email_key", "name_key"})


class AuditRow(Row, table=True):
    """An entry is never changed. It names its actor, and stays when that user or token goes."""

    __tablename__ = "audit_entry"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: int = Field(default=None, primary_key=True, sa_type=KEY)
    action: str = Field(index=True)  # the mutation's name (`productDelete`), or what else was done (`signIn`)
    entity: str | None = Field(default=None, index=True)  # GraphQL type and key, `Product:17`
    entity_type: str | None = None  # the part before the colon
    before: dict[str, Any] | None = Field(default=None, sa_type=DOCUMENT, nullable=True)  # by GraphQL field names
    after: dict[str, Any] | None = Field(default=None, sa_type=DOCUMENT, nullable=True)
    actor: str | None = Field(default=None, index=True)  # the viewer's id; null for whoever did not sign in
    actor_name: str
    actor_kind: ViewerKind = Field(sa_type=wire(ViewerKind))
    address: str | None = None
    occurred_at: datetime = Field(default_factory=now, index=True)


_ENTERED: Final = insert(table(AuditRow))


def audited(permission: str, emits: Iterable[str]) -> bool:
    """The policy for mutations that do not say whether each of their events is an entry: what deletes is, and what
    takes a permission of the store itself."""
    return permission.startswith(_OVERSEEN) or any(name.endswith(_GONE) for name in emits)


async def record(
    connection: AsyncConnection,
    viewer: Viewer,
    action: str,
    *,
    entity: str | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Write one entry in the transaction of `connection`: what is rolled back leaves none.

    `entity` is `Type:key`; `before` and `after` hold the fields that changed, by their columns' or GraphQL names.
    Values of what is named like a secret are masked: the entry tells that they changed, not what they are.
    """
    await connection.execute(_ENTERED, [entry(viewer, action, entity=entity, before=before, after=after)])


async def record_events(connection: AsyncConnection, viewer: Viewer, action: str, events: Iterable[Event]) -> None:
    """Write an entry for each event of a mutation. What is told of a change is its fields that differ; a deletion that
    does not say what there was keeps at least what its event tells."""
    entries = []
    for event in events:
        before, after = event.before, event.after
        if before is not None and after is not None:
            changed = [name for name, value in after.items() if name not in before or before[name] != value]
            before = {name: before[name] for name in changed if name in before}
            after = {name: after[name] for name in changed}
        elif before is None and after is None:
            before = event.payload or None
        entries.append(entry(viewer, action, entity=event.entity, before=before, after=after))
    await connection.execute(_ENTERED, entries)


def entry(
    viewer: Viewer,
    action: str,
    *,
    entity: str | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The values of an entry's row, for whoever writes several at once."""
    return {
        "action": action,
        "entity": None if entity is None else masked(entity),
        "entity_type": None if entity is None else entity.partition(":")[0],
        "before": _shown(before),
        "after": _shown(after),
        "actor": viewer.id,
        "actor_name": masked(viewer.name),
        "actor_kind": ViewerKind(viewer.kind),
        "address": viewer.address,
        "occurred_at": now(),
    }


def _shown(values: Mapping[str, Any] | None) -> Any:
    # Masked first: `secret_hash` is a secret however it is spelled, and a document's own names stay as they are.
    if values is None:
        return None
    return {camel(name): value for name, value in masked(values).items() if name not in _DERIVED}
