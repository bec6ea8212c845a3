"""Events, declared once: what an event is called, what it tells of and with which values, and who may read it. Whoever
writes one calls its declaration with the row (`TAX_CLASS_UPDATED(row, changes)`); all else is derived.

An area's declarations stand in `db/<area>/events.py`; all of them together are `db.events.KINDS`.
"""

from abc import ABC
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from itertools import chain
from types import MappingProxyType, NoneType, UnionType
from typing import Any, Final, TypeAlias, get_args, get_origin, get_type_hints

from sqlalchemy import ColumnElement, Insert, String, bindparam, cast, func, insert, literal, select

from db.store.outbox import EVENT
from db.store.visibility import rows_with
from engine.unit.unit import Event
from engine.values.naming import camel
from engine.values.viewer import Viewer

# Columns that every versioned row has: what was made is told without them, and without its key.
_BOOKKEEPING: Final = frozenset({"id", "key", "version", "created_at", "updated_at"})

Row: TypeAlias = Mapping[str, Any]
Payload: TypeAlias = Mapping[str, object]  # by GraphQL's spelling: a column, or `told(…)`
NOTHING: Final[Payload] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Told:
    """A value of a payload: its Python type, how it is read from a row (with the changes in it), and one such value."""

    type: Any
    read: Callable[[Row], Any]
    sample: Any = None

    def one(self) -> Any:
        """The sample that was given, or one of the type."""
        return _sample(self.type) if self.sample is None else self.sample


def told(source: object, type_: Any = None, *, sample: Any = None) -> Told:
    """A value of a payload. `source` is a column, whose type is known; or a key of the row, or a function of the row,
    with the type of what it gives."""
    if isinstance(source, str):
        return Told(type_, _item(source), sample)
    if callable(source) and not hasattr(source, "class_"):
        return Told(type_, source, sample)
    attribute: Any = source
    return Told(type_ or get_type_hints(attribute.class_)[attribute.key], _item(attribute.key), sample)


_WORDS: Final = {int: "integer", float: "number", str: "string", bool: "boolean"}


def json_schema(type_: Any) -> dict[str, Any]:
    """The schema of a Python type as it stands in a payload: of texts, numbers, truths, documented words, lists, and of
    any of them or nothing. Raises TypeError for another."""
    if isinstance(type_, UnionType):
        (some,) = (part for part in type_.__args__ if part is not NoneType)
        inner = json_schema(some)
        # Null is none of the words of an enum either.
        words = {"enum": [*inner["enum"], None]} if "enum" in inner else {}
        return inner | {"type": [inner["type"], "null"]} | words
    if get_origin(type_) is list:
        return {"type": "array", "items": json_schema(*get_args(type_))}
    if isinstance(type_, type) and issubclass(type_, StrEnum):
        return {"type": "string", "enum": [word.value for word in type_]}
    if type_ not in _WORDS:
        raise TypeError(f"no value of a payload is a {type_}")
    return {"type": _WORDS[type_]}


def _sample(type_: Any) -> Any:
    if isinstance(type_, UnionType):
        return None
    if get_origin(type_) is list:
        return [_sample(*get_args(type_))]
    if issubclass(type_, StrEnum):
        return next(iter(type_)).value
    return {int: 17, float: 1.5, str: "linen", bool: True}[type_]


def _item(name: str) -> Callable[[Row], Any]:
    return lambda row: row[name]


@dataclass(frozen=True, slots=True)
class Readers:
    """Who may read an event: a predicate over EventRow, as an entity has one over its rows, and the permissions any of
    which lets somebody read such events at all."""

    permissions: tuple[str, ...]
    rows: Callable[[Viewer], ColumnElement[bool]]


@cache
def readers(permission: str) -> Readers:
    """Whoever has this permission reads all of them."""
    return Readers((permission,), lambda viewer: rows_with(viewer, permission))


@dataclass(frozen=True, eq=False)
class EventKind(ABC):
    """All events of one name. `payload` is by GraphQL's spelling; `shown_as` says which field of the graph a column is
    behind, where that is not the column's own name, and None of a column that is behind none."""

    name: str
    entity: str
    description: str
    read_by: Readers
    payload: Mapping[str, Told]
    key: Callable[[Row], Any]
    shown_as: Mapping[str, str | None]

    @property
    def json_schema(self) -> dict[str, Any]:
        """Of the payload (JSON Schema 2020-12): all of its keys are there, and no others."""
        return {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": self.name,
            "type": "object",
            "properties": {name: json_schema(value.type) for name, value in self.payload.items()},
            "required": list(self.payload),
            "additionalProperties": False,
        }

    @property
    def sample(self) -> dict[str, Any]:
        """A payload that the schema describes."""
        return {name: value.one() for name, value in self.payload.items()}

    def _event(self, row: Row, **more: Any) -> Event:
        payload = {name: value.read(row) for name, value in self.payload.items()}
        return Event(self.name, f"{self.entity}:{self.key(row)}", payload=payload, **more)

    def shown(self, columns: Iterable[str], also: Iterable[str] = ()) -> tuple[str, ...]:
        """The fields of the graph that columns are behind, in the order of their names."""
        fields = (self.shown_as.get(name, name) for name in columns)
        return tuple(sorted({camel(name) for name in (*fields, *also) if name is not None}))


class Created(EventKind):
    def __call__(self, row: Row, **beside: Any) -> Event:
        """Of a row that was just made. What stands `beside` the row, here as below, is for the payload alone."""
        after = {name: value for name, value in row.items() if name not in _BOOKKEEPING}
        return self._event({**row, **beside}, version=1, after=after)


@dataclass(frozen=True, eq=False)
class Updated(EventKind):
    of: frozenset[str] | None = None
    """The columns that it tells of; None: all."""

    def __call__(self, row: Row, changes: Row, also: Collection[str] = (), **beside: Any) -> Event:
        """Of a row as it was, one version below what it is by now. `also` are changed fields that are no columns."""
        shown = changes if self.of is None else {name: value for name, value in changes.items() if name in self.of}
        return self._event(
            {**row, **changes, **beside},
            version=row["version"] + 1,
            changed=self.shown(shown, also),
            # Of what is no column it is the payload that tells the audit log.
            before=row if shown else None,
            after=shown or None,
        )

    def written(self, row: Mapping[str, ColumnElement[Any]]) -> Insert:
        """PostgreSQL: writes one for each of the rows that the same statement changed; `row` are their columns as they
        are by now. When it runs it takes `deed` (engine.unit.unit.Unit), `changed` and `moment`."""
        payload = chain.from_iterable((literal(name), value.read(row)) for name, value in self.payload.items())
        values = {
            "name": literal(self.name),
            "entity": literal(f"{self.entity}:").concat(cast(self.key(row), String)),
            "version": row["version"],
            "changed": bindparam("changed", type_=EVENT.c.changed.type),
            "payload": func.jsonb_build_object(*payload),
            **{name: bindparam(name, type_=EVENT.c[name].type) for name in ("caller", "cause", "depth")},
            "occurred_at": bindparam("moment", type_=EVENT.c.occurred_at.type),
        }
        return insert(EVENT).from_select(list(values), select(*values.values()))

    def followed(self, row: Row, changes: Row) -> Event:
        """Of a row whose derived columns changed with another row: its version stays."""
        return self({**row, "version": row["version"] - 1}, changes)

    def concerns(self, changes: Collection[str]) -> bool:
        """Whether it tells of any of these columns."""
        return not self.of or not self.of.isdisjoint(changes)


class Deleted(EventKind):
    def __call__(self, row: Row, **beside: Any) -> Event:
        """Of a row that is gone."""
        return self._event({**row, **beside}, before=row)


class Beside(EventKind):
    """What happened with a change that has an event of its own."""

    def __call__(self, row: Row, changes: Row | None = None, **beside: Any) -> Event:
        """Of a row as it was before these changes; without any, of one that was just made."""
        version = 1 if changes is None else row["version"] + 1
        return self._event({**row, **(changes or {}), **beside}, version=version)


@dataclass(frozen=True, eq=False)
class Subject:
    """What events tell of: the noun of their names, the GraphQL type, who may read of it, and what all of them say."""

    noun: str
    entity: str
    read_by: Readers
    payload: Payload
    key: str | Callable[[Row], Any] = "id"
    shown_as: Mapping[str, str | None] = field(default_factory=dict)

    def created(self, description: str, payload: Payload = NOTHING, *, verb: str = "created") -> Created:
        """`payload`, here as below: what these events say beside what all of the subject say."""
        return Created(**self._declared(verb, description, payload))

    def updated(
        self, description: str, payload: Payload = NOTHING, *, verb: str = "updated", of: Iterable[str] | None = None
    ) -> Updated:
        return Updated(**self._declared(verb, description, payload), of=None if of is None else frozenset(of))

    def deleted(self, description: str, payload: Payload = NOTHING, *, verb: str = "deleted") -> Deleted:
        return Deleted(**self._declared(verb, description, payload))

    def beside(self, verb: str, description: str, payload: Payload = NOTHING) -> Beside:
        return Beside(**self._declared(verb, description, payload))

    def _declared(self, verb: str, description: str, payload: Payload) -> dict[str, Any]:
        values = {**self.payload, **payload}
        return {
            "name": f"{self.noun}.{verb}",
            "entity": self.entity,
            "description": description,
            "read_by": self.read_by,
            "payload": {name: value if isinstance(value, Told) else told(value) for name, value in values.items()},
            "key": _item(self.key) if isinstance(self.key, str) else self.key,
            "shown_as": self.shown_as,
        }
