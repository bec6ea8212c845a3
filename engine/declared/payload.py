"""What a mutation answers: declared fields filled from the keys that its function returned.

Those keys are what an idempotency record keeps, so they hold nothing but JSON's values; a repeat fills the same payload
from the record.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import strawberry

from engine.declared.declaration import Declaration, DeclaredField, Relation, declare
from engine.values.columns import element
from engine.values.errors import Errors, UserError

Keys = Mapping[str, Any]  # payload field → what the function says of it: the key of the row it shows, or a value


@strawberry.type(description="An event that a dry run would have written.")
class EventPreview:
    name: str = strawberry.field(description="`product.updated`, `variant.created`, …")
    entity_id: strawberry.ID = strawberry.field(
        description="What it would happen to; of something new no `node(id:)` knows it, and each dry run has another."
    )
    version: int | None = strawberry.field(
        description="What the change would make of its version; null where it has none any more."
    )
    changed_fields: list[str] = strawberry.field(
        description="GraphQL names of what would change; empty for what is made or deleted."
    )


@strawberry.interface(description="What every mutation answers.")
class Payload:
    user_errors: list[UserError] = strawberry.field(
        description="What the caller can mend. Empty when it worked; otherwise nothing was written."
    )
    events: list[EventPreview] | None = strawberry.field(
        default=None,
        description="With `validateOnly`: the events that would be written; of what everybody may ask, those that you "
        "may read.",
    )
    row: strawberry.Private[Any]


@strawberry.interface(description="What became of one of several things that were asked at once.")
class ItemResult:
    index: int = strawberry.field(description="Its place in the input, from 0.")
    user_errors: list[UserError] = strawberry.field(
        description="Empty when it worked. Otherwise nothing of this item was written; the others are not affected."
    )
    row: strawberry.Private[Any]


@dataclass(frozen=True, eq=False)
class Said(Declaration):
    """A value out of the function's own keys, or what `function` makes of one that is there."""

    function: Callable[[Any], Any] | None = None
    once = False


@dataclass(frozen=True, eq=False)
class ShownOnce(Said):
    """Shown to whoever made it, and never again: no record keeps it."""

    once = True


@dataclass(frozen=True, eq=False, kw_only=True)
class Previewed(Said):
    """What another field of the payload would have said: shown by a dry run, and by nothing else. What is made of it
    leaves out what the next dry run, or the change itself, says otherwise: keys and times."""

    of: str


@dataclass(frozen=True, eq=False, kw_only=True)
class Deleted(Said):
    """The id, or the ids, behind the keys of what is gone."""

    type_name: str


@dataclass(frozen=True, eq=False)
class Results(Said):
    """A list of ItemResult, one for each item of the input."""


@dataclass(frozen=True, eq=False)
class Changed(Declaration):
    """The rows behind the keys, as they are after the commit. Statements are kept by the relation: it is made once."""

    relation: Relation


def changed(key: object, *, description: str | None = None) -> Any:
    """An entity (or a list of them), read back after the commit by the key (or keys) that the function returned."""
    column = element(key)
    return declare(Changed(Relation(column, column)), description=description)


def told(*, once: bool = False, description: str | None = None) -> Any:
    """A value that the function returned. `once`: a secret, null when an idempotency key repeats the answer."""
    return declare(ShownOnce() if once else Said(), description=description)


def previewed(of: str, function: Callable[[Any], Any] | None = None, *, description: str | None = None) -> Any:
    """What a dry run would have said in the field `of` of the same payload, by its Python name; null otherwise."""
    return declare(Previewed(function, of=of), description=description)


def deleted(type_name: str, *, description: str | None = "What is gone: to be evicted from caches.") -> Any:
    """The id (or ids) of what the function deleted, of which it returned the key (or keys)."""
    return declare(Deleted(type_name=type_name), description=description)


def results(*, description: str | None = "One for each item of the input, in its order.") -> Any:
    """Annotated `list[XxxResult]` of an ItemResult; the function returns a list of `item`s."""
    return declare(Results(), description=description)


def item(index: int, errors: Errors | None = None, **keys: Any) -> dict[str, Any]:
    """What a function says of one item: its keys, or what is wrong with it."""
    found = [{"code": e.code.value, "message": e.message, "field": e.field} for e in errors.found] if errors else []
    return {"index": index, "user_errors": found, **keys}


def declared_in(type_: type[Any]) -> list[DeclaredField]:
    """The declared fields of a payload, or of a result of one item."""
    fields = cast(Any, type_).__strawberry_definition__.fields
    return [f for f in fields if isinstance(f, DeclaredField)]


def shown_once(type_: type[Any]) -> frozenset[str]:
    """The keys of a payload that no idempotency record may hold."""
    return frozenset(
        f.python_name for f in declared_in(type_) if isinstance(f.declaration, Said) and f.declaration.once
    )
