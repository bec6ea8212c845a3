"""The root fields and payloads of simple nouns (resolvers/editing/simple.py)."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import strawberry

from engine.declared.entity import Node
from engine.declared.mutation import performed
from engine.declared.payload import Payload, changed, deleted
from resolvers.editing.simple import SimpleNoun

Class = TypeVar("Class", bound=type[Any])
Fields = Mapping[str, tuple[Any, Any]]  # by name: the type, and the declaration


def edits(entity: type[Node], noun: SimpleNoun) -> Callable[[Class], Class]:
    """Put the noun's mutations on a class, each as `taxClassCreate` with its `TaxClassCreatePayload`."""
    shown: Fields = {noun.key: (entity | None, changed(noun.row.id))}  # type: ignore[attr-defined]
    gone: Fields = {"deleted_id": (strawberry.ID | None, deleted(entity.__name__))}
    answers = {
        "create": (shown, f"The {noun.name}."),
        "update": (shown, f"The {noun.name}."),
        "delete": (gone, f"The {noun.name} that is gone."),
    }

    def filled(class_: Class) -> Class:
        for verb, mutation in noun.mutations.items():
            fields, said = answers[verb]
            payload = made_type(f"{entity.__name__}{verb.capitalize()}Payload", fields, said, (Payload,))
            class_.__annotations__[f"{noun.key}_{verb}"] = payload | None
            setattr(class_, f"{noun.key}_{verb}", performed(mutation))
        return strawberry.type(class_)

    return filled


def made_type(name: str, fields: Fields, said: str, bases: tuple[type[Any], ...] = ()) -> Any:
    """An object type of fields that are declared elsewhere."""
    annotations = {field: type_ for field, (type_, _) in fields.items()}
    values = {field: value for field, (_, value) in fields.items()}
    return strawberry.type(type(name, bases, {"__annotations__": annotations, **values}), description=said)
