"""Simple nouns: each is its inputs and its own rules, and the mutations that make, change and delete it are derived."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import NoneType
from typing import Any, NamedTuple, TypeVar, get_args, get_origin, get_type_hints

import strawberry

from db.store.events import EventKind
from engine.declared.input import identifies
from engine.declared.mutation import Function, Mutation, mutation
from engine.declared.payload import Keys
from engine.unit.unit import Unit
from resolvers.editing.editable import Editable, edited_version, seen_version
from resolvers.editing.updating import named, said

# Gets the row as it was (of a new one nothing) and the values as the shared rules left them; gives them as they are
# stored, and refuses what the noun forbids.
Own = Callable[[Unit, Mapping[str, Any], dict[str, Any]], Awaitable[dict[str, Any]]]
In = TypeVar("In")


class Takes(NamedTuple):
    """What goes with a row that is deleted: removed, and told of by these events, while the row is there and locked."""

    removed: Callable[[Unit, Mapping[str, Any]], Awaitable[None]]
    told: tuple[EventKind, ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class SimpleNoun(Editable):
    """`creates` is the input of a new one, by which an update's has the same fields: null clears those that are
    `cleared`, and lists; `otherwise` are the fields that mean something else there. `slug_of` names the text that a
    missing slug is made of; `gone` says what becomes of those that referred to a deleted row, `takes` is what goes with
    it. `rest` are the documented operations by verb, where there are any."""

    permission: str
    creates: type[Any]
    cleared: tuple[str, ...] = ()
    otherwise: Mapping[str, Any] = field(default_factory=dict)
    own: Own | None = None
    slug_of: str | None = None
    gone: str = ""
    rest: Mapping[str, str] = field(default_factory=dict)
    takes: Takes | None = None

    @property
    def key(self) -> str:
        """What payloads call it: `tax_class`."""
        return self.name.replace(" ", "_")

    @cached_property
    def mutations(self) -> Mapping[str, Mutation[Any]]:
        """By their verbs: create, update, delete."""
        assert self.deleted is not None
        return {
            verb: mutation(permission=self.permission, rest=self.rest.get(verb), emits=events)(function)
            for verb, function, events in (
                ("create", _named(self._create, self.creates, f"Make {self._one}."), (self.created,)),
                ("update", _named(self._update, self._updates, f"Change {self._one}."), (self.updated,)),
                (
                    "delete",
                    _named(self._delete, self._deletes, f"Delete {self._one}. {self.gone}"),
                    (self.deleted, *(self.takes.told if self.takes else ())),
                ),
            )
        }

    @property
    def _one(self) -> str:
        return f"{'an' if self.name[0] in 'aeiou' else 'a'} {self.name}"

    @property
    def _updates(self) -> type[Any]:
        maybe: Any = strawberry.Maybe
        types: dict[str, Any] = {"id": strawberry.ID, "expected_version": int | None}
        for name, hint in get_type_hints(self.creates).items():
            if get_origin(hint) is get_origin(maybe[str]):
                types[name] = hint
            else:
                some = next(part for part in (get_args(hint) or [hint]) if part is not NoneType)
                types[name] = maybe[some | None if name in self.cleared else some]
        own = {"id": identifies(self.updated.entity), "expected_version": edited_version()}
        made = type(f"{self.updated.entity}UpdateInput", (), {"__annotations__": types, **own, **self.otherwise})
        return strawberry.input(made, description="What is named changes, null clears, what is absent stays.")

    @property
    def _deletes(self) -> type[Any]:
        body = {
            "__annotations__": {"id": strawberry.ID, "expected_version": int | None},
            "id": identifies(self.updated.entity),
            "expected_version": seen_version(),
        }
        name = f"{self.updated.entity}DeleteInput"
        return strawberry.input(type(name, (), body), description=f"Which {self.name} goes.")

    async def _create(self, unit: Unit, input: Any) -> Keys:
        return {self.key: (await self.make(unit, await self._values(unit, {}, said(input))))["id"]}

    async def _update(self, unit: Unit, input: Any) -> Keys:
        row = await self.load(unit, input.id, input.expected_version)
        asked = named(input, leave=("id", "expected_version"))
        await self.change(unit, row, await self._values(unit, row, asked))
        return {self.key: row["id"]}

    async def _delete(self, unit: Unit, input: Any) -> Keys:
        row = await self.load(unit, input.id, input.expected_version)
        unit.settle()
        if self.takes is not None:
            await self.takes.removed(unit, row)
        await self.remove(unit, row)
        return {"deleted_id": row["id"]}

    async def _values(self, unit: Unit, row: Mapping[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
        values = self.checked(unit, asked)
        if not row and self.slug_of is not None and "slug" not in values:
            otherwise = self.name.replace(" ", "-")
            values["slug"] = await self.free_slug(unit, values[self.slug_of], otherwise=otherwise)
        return values if self.own is None else await self.own(unit, row, values)


def _named(function: Function[Any], takes: type[In], doc: str) -> Function[In]:
    """The function with an input and a description of its own."""

    async def carried_out(unit: Unit, input: Any) -> Keys:
        return await function(unit, input)

    carried_out.__doc__ = doc
    carried_out.__annotations__ = {"unit": Unit, "input": takes, "return": Keys}
    return carried_out
