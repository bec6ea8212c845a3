"""All events that are declared, with the mutations that write them: derived from the declarations."""

from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from itertools import groupby

import orjson
import strawberry
from strawberry.scalars import JSON

from db.commerce.following import KINDS as KINDS_FOLLOWING
from db.events import AREAS, KINDS, declared
from db.store.events import EventKind
from engine.declared.declaration import DEFINITION, DeclaredField
from engine.declared.directives import ListSize
from engine.declared.mutation import Performed
from engine.standard.context import Context
from engine.standard.schema import Schema


@strawberry.type(description="A kind of event: what all events of one name have in common.")
class DeclaredEvent:
    name: str = strawberry.field(description="As in `Event.name` and in `events(types:)`: `product.updated`.")
    description: str = strawberry.field(description="What happened when such an event is written.")
    entity: str = strawberry.field(description="The type of what it tells of, which `Event.entityId` is the id of.")
    permissions: list[str] = strawberry.field(
        description="Any of these lets a caller read events of this name. Where there are several, it hangs on the "
        "event which of them it takes.",
        directives=[ListSize(assumed_size=2)],
    )
    payload_schema: JSON = strawberry.field(
        description="What `Event.payload` holds, as JSON Schema 2020-12: every key is there, a value may be null where "
        "the schema says so."
    )
    sample: JSON = strawberry.field(description="A payload as it might be.")
    mutations: list[str] = strawberry.field(
        description="The mutations that may write it. What a clock or an import does may write it too."
    )


async def event_types(context: Context) -> list[DeclaredEvent]:
    from schema.root import schema  # it describes the schema that it is part of

    return _event_types(schema) if context.openness.introspection else []


@cache
def _event_types(schema: Schema) -> list[DeclaredEvent]:
    emitting: defaultdict[str, list[str]] = defaultdict(list)
    for mutation, emits in _mutations(schema):
        for name in emits:
            emitting[name].append(mutation)
    return [_event_type(kind, sorted(emitting[name])) for name, kind in sorted(KINDS.items())]


def _event_type(kind: EventKind, mutations: list[str]) -> DeclaredEvent:
    return DeclaredEvent(
        name=kind.name,
        description=kind.description,
        entity=kind.entity,
        permissions=list(kind.read_by.permissions),
        payload_schema=JSON(kind.json_schema),
        sample=JSON(kind.sample),
        mutations=mutations,
    )


def _mutations(schema: Schema) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each mutation with the names of what it emits. Raises TypeError for a name that is not declared, or is another's
    declaration."""
    type_ = schema.core.mutation_type
    for name, core in type_.fields.items() if type_ is not None else ():
        field = (core.extensions or {}).get(DEFINITION)
        if isinstance(field, DeclaredField) and isinstance(field.declaration, Performed):
            yield name, field.declaration.mutation.emits


def check_emitted(schema: Schema) -> None:
    """Raises TypeError where a mutation emits what no area declares: nobody could ever read it."""
    for mutation, emits in _mutations(schema):
        if undeclared := set(emits) - KINDS.keys():
            raise TypeError(f"{mutation} emits {', '.join(sorted(undeclared))}, which db.events does not know")


def page() -> str:
    """docs/events.md. To write it: `make derive`."""
    from schema.root import schema

    lines = [
        "# Events",
        "",
        "What happens in the store, derived from the declarations (`db/<area>/events.py`); payloads are samples. The",
        "same with JSON schemas: `{ eventTypes { name description permissions payloadSchema sample mutations } }`.",
        "Every event says its `cause` and `depth` beside: what led to it, and how many events lie between it and what",
        "somebody asked for.",
        "Whatever an import changes writes its events too, but for a first one, which writes `store.imported` alone.",
        "Where several permissions are named, it hangs on the event which of them it takes to read it.",
        "An event that nothing writes yet is declared already, for whoever listens once it does.",
        "",
        "`events(after:)` reads them one by one. Whoever keeps a copy of the store asks `changes(since:)`: each entity",
        "once, as it is now ([the guide](guide.md#keeping-a-copy)). Events are kept for as long as the operator",
        "says ([operating](operating.md#what-is-kept-and-for-how-long)).",
    ]
    for area, types in groupby(_by_area(_event_types(schema)), key=lambda pair: pair[0]):
        lines += ["", f"## {area.capitalize()}", "", "| Event | What happened | Payload | Permission | Written by |"]
        lines.append("|---|---|---|---|---|")
        lines += [_row(one) for _, one in types]
    return "\n".join(lines) + "\n"


def _by_area(types: list[DeclaredEvent]) -> list[tuple[str, DeclaredEvent]]:
    area = {name: module.__name__.split(".")[1] for module in AREAS for name in declared([module])}
    return sorted(((area[one.name], one) for one in types), key=lambda pair: (pair[0], pair[1].name))


def _row(one: DeclaredEvent) -> str:
    from connectors.importers.fluentcart.emitting import EMITS  # no server needs it

    sample = orjson.dumps(one.sample).decode()
    following = {kind.name for kind in KINDS_FOLLOWING}
    other = "a connected shop" if one.name in following else "`storegraph import`" if one.name in EMITS else ""
    by = ", ".join(f"`{name}`" for name in one.mutations) or other
    return f"| `{one.name}` | {one.description} | `{sample}` | {' or '.join(one.permissions)} | {by} |"
