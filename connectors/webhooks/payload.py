"""What is told of an event, and the envelope around it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from engine.values import identity
from engine.values.scalars import rendered

# Of the envelope and of what stands in it: another one may lack what this one has.
API_VERSION: Final = "1"


@dataclass(frozen=True, slots=True)
class Happened:
    """An event as it is told. `test`: nothing happened, somebody tries whether it arrives."""

    id: int
    name: str
    entity: str  # GraphQL type and key
    version: int | None
    changed: tuple[str, ...]
    payload: Mapping[str, Any]
    occurred_at: datetime
    cause: str | None = None
    test: bool = False

    @classmethod
    def of(cls, row: Any, *, test: bool = False) -> "Happened":
        """Of a row of db.store.outbox."""
        changed = tuple(row.changed)
        return cls(row.id, row.name, row.entity, row.version, changed, row.payload, row.occurred_at, row.cause, test)

    @property
    def entity_id(self) -> str:
        """The global id of what it tells of."""
        return identity.encode(*self.entity.split(":", 1))

    def data(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        """The documented payload, with what every event says."""
        own = {"entityId": self.entity_id, "entityVersion": self.version, "changedFields": list(self.changed)}
        return {**payload, **own}

    def envelope(self, message: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """`message` is the `webhook-id`."""
        told = {
            "id": message,
            "event": self.name,
            "createdAt": rendered(self.occurred_at),
            "apiVersion": API_VERSION,
            "data": data,
        }
        return told | {"test": True} if self.test else told
