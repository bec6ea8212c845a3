"""All events that are declared, by name. What is not here is written by no mutation, and read by nobody."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType, ModuleType
from typing import Final

from db.access import events as access
from db.catalog import events as catalog
from db.commerce import events as commerce
from db.integration import events as integration
from db.store.events import EventKind
from db.work import events as work

AREAS: Final = (access, catalog, commerce, integration, work)


def declared(modules: Iterable[ModuleType]) -> Mapping[str, EventKind]:
    """The declarations of these modules. Raises TypeError where two have one name."""
    found: dict[str, EventKind] = {}
    for module in modules:
        for kind in vars(module).values():
            if isinstance(kind, EventKind) and found.setdefault(kind.name, kind) is not kind:
                raise TypeError(f"two events are called {kind.name}")
    return MappingProxyType(found)


KINDS: Final = declared(AREAS)
