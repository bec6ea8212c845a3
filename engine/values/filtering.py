"""Typed filters: what a caller sent, read into a shape and its values, and turned into SQL by what the filter's fields
declare. Reading checks and builds no SQL; filters of one shape have one predicate, whatever their values.

A filter answers questions, so it obeys what reading obeys: of other tables it asks the rows that the viewer sees, and
what takes a permission to read takes it to filter by.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any, Final, cast

import strawberry
from sqlalchemy import (
    BinaryExpression,
    Column,
    ColumnElement,
    FromClause,
    PrimaryKeyConstraint,
    UniqueConstraint,
    and_,
    bindparam,
    exists,
    false,
    func,
    not_,
    or_,
    select,
    true,
)
from strawberry.types.base import StrawberryContainer, get_object_definition
from strawberry.types.lazy_type import LazyType

from engine.values.columns import element, seen_by
from engine.values.errors import BadUserInput
from engine.values.operators import MOST_VALUES, OFF, ON, OPERATORS, meant
from engine.values.statement import AnySelect
from engine.values.viewer import Viewer, require

COLUMN: Final = "column"
FOLD: Final = "fold"
HAS_ANY: Final = "has_any"
WITHIN: Final = "within"
COUNTED: Final = "counted"
PERMISSION: Final = "permission"
# A filter's parts, nested ones included; more is a program, not a question.
MOST_PARTS: Final = 100
# Larger ones are one of a kind: nobody asks for a statement of that shape again, and it takes much memory.
MOST_PARTS_KEPT, MOST_VALUES_KEPT = 20, 128
# What any column that is looked through holds; folding takes time with each character.
LONGEST_SOUGHT: Final = 1000
MOST_CHARACTERS: Final = 16_384
# SQLite's parser gives up at some thirty.
DEEPEST: Final = 12

# What an operator asks, and its SQL, in what more has to hold.
Within = Callable[[str, ColumnElement[bool]], ColumnElement[bool]]
Visible = Callable[[Viewer], ColumnElement[bool]]


@dataclass(frozen=True, eq=False)
class Belonging:
    """Rows of another table that belong to a row of this one, as far as the viewer sees them."""

    table: FromClause
    on: ColumnElement[bool]
    outer: FromClause
    visible: Visible


def filters(
    attribute: object,
    *,
    fold: Callable[[str], str] | None = None,
    within: Within | None = None,
    permission: str | None = None,
    description: str | None = None,
) -> Any:
    """A field of a filter input: the operators of its annotation applied to this column or expression; a plain
    Boolean is compared with it. `fold` is for columns that hold folded text: it folds what they are compared with.
    `within("gte", …)` is what stands in the place of a comparison."""
    metadata = {COLUMN: element(attribute), FOLD: fold or (lambda text: text), WITHIN: within or _alone}
    return _field(metadata, description, permission)


def _alone(_operator: str, comparison: ColumnElement[bool]) -> ColumnElement[bool]:
    return comparison


def has_any(
    table: FromClause, on: ColumnElement[bool], *, of: FromClause, visible: Visible, description: str | None = None
) -> Any:
    """A field of a filter input that is a filter itself: some visible row of `table`, joined by `on`, must pass it."""
    return _field({HAS_ANY: Belonging(table, on, of, visible)}, description)


def counted(
    table: FromClause, on: ColumnElement[bool], *, of: FromClause, visible: Visible, description: str | None = None
) -> Any:
    """A field of a filter input: how many visible rows of `table` are joined by `on`."""
    return _field({COUNTED: Belonging(table, on, of, visible)}, description)


def _field(metadata: dict[str, Any], description: str | None, permission: str | None = None) -> Any:
    if permission is not None:
        metadata[PERMISSION] = permission
        description = f"{description or ''} Requires {permission}.".lstrip()
    return strawberry.field(default=None, description=description, metadata=metadata)


# By the names of the parameters that each is given.
Operators = tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a filter as asked. `asks` is `all`, `any` or `none` of its parts, or a kind of field: COLUMN, COUNTED,
    HAS_ANY. Of `operators` each names the parameters that it is given; of a Boolean there is one, ON or OFF."""

    asks: str
    field: Any = None  # of the filter's type, whose metadata says what is asked
    parts: "tuple[Part, ...]" = ()
    operators: Operators = ()


@dataclass(slots=True)
class Filtering:
    """A filter that was read: its shape, its values by their names, and the permissions that it takes. Without `bound`
    it is large: two filters of one shape are rare."""

    shape: Part
    values: dict[str, Any]
    permissions: tuple[str, ...]
    bound: bool

    def require(self, viewer: Viewer) -> None:
        """Raises Forbidden for a field that the viewer may not ask."""
        for permission in self.permissions:
            require(viewer, permission)


@cache
def _fields(type_: Any) -> tuple[tuple[str, Any], ...]:
    """Of an input type, by their names in Python."""
    return tuple((field.python_name, field) for field in get_object_definition(type_, strict=True).fields)


@dataclass(slots=True)
class _Reading:
    left: int = MOST_PARTS
    characters: int = MOST_CHARACTERS
    values: dict[str, Any] = field(default_factory=dict)
    permissions: list[str] = field(default_factory=list)

    def all(self, filter_: Any, depth: int) -> Part:
        if depth > DEEPEST:
            raise BadUserInput(f"A filter nests at most {DEEPEST} levels")
        return Part("all", parts=tuple(self._parts(filter_, depth + 1)))

    def _parts(self, filter_: Any, depth: int) -> Iterator[Part]:
        for name, of in _fields(cast(Any, type(filter_))):
            given = getattr(filter_, name)
            if given is None:
                continue
            if of.metadata.get(PERMISSION) is not None:
                self.permissions.append(of.metadata[PERMISSION])
            if name == "and_":
                yield from [self._nested(inner, depth) for inner in given]
            elif name == "or_":
                # An empty `or` is no alternative at all, but a front end that has none yet means no filter.
                yield Part("any" if given else "all", parts=tuple(self._nested(inner, depth) for inner in given))
            elif name == "not_":
                yield Part("none", parts=(self._nested(given, depth),))
            elif HAS_ANY in of.metadata:
                yield Part(HAS_ANY, of, (self._nested(given, depth),))
            elif isinstance(given, bool):
                self._spend()
                yield Part(COLUMN, of, operators=((ON if given else OFF, ()),))
            else:
                kind = COUNTED if COUNTED in of.metadata else COLUMN
                yield Part(kind, of, operators=tuple(self._operators(of.metadata, given)))

    def _nested(self, filter_: Any, depth: int) -> Part:
        self._spend()
        return self.all(filter_, depth)

    def _operators(self, metadata: Mapping[str, Any], given: Any) -> Iterator[tuple[str, tuple[str, ...]]]:
        for name, _ in _fields(cast(Any, type(given))):
            value = getattr(given, name)
            if value is None:
                continue
            self._spend()
            if isinstance(value, list) and len(value) > MOST_VALUES:
                raise BadUserInput(f"`in` takes at most {MOST_VALUES} values")
            self._measure(value)
            operator, values = meant(name, _folded(value, metadata.get(FOLD, str)))
            yield operator, tuple(map(self._named, values))

    def _named(self, value: Any) -> str:
        name = f"given_{len(self.values)}"
        self.values[name] = value
        return name

    def _measure(self, value: Any) -> None:
        for text in value if isinstance(value, list) else (value,):
            if isinstance(text, str):
                self.characters -= len(text)
                if len(text) > LONGEST_SOUGHT:
                    raise BadUserInput(f"A text in a filter has at most {LONGEST_SOUGHT} characters")
        if self.characters < 0:
            raise BadUserInput(f"The texts of a filter have at most {MOST_CHARACTERS} characters together")

    def _spend(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise BadUserInput(f"A filter has at most {MOST_PARTS} parts")


def guarded(filter_: Any, known: frozenset[Any] = frozenset()) -> bool:
    """Whether some field of a filter input, or of one that it nests, takes a permission of its own."""
    for _, of in _fields(filter_):
        if of.metadata.get(PERMISSION) is not None:
            return True
        inner: Any = of.type
        while isinstance(inner, StrawberryContainer):
            inner = inner.of_type
        inner = inner.resolve_type() if isinstance(inner, LazyType) else inner
        if HAS_ANY in of.metadata and inner not in known and guarded(inner, known | {filter_, inner}):
            return True
    return False


def read(filter_: Any) -> Filtering:
    """What a filter input asks. Raises BadUserInput when it is too large, or asks with what cannot be compared."""
    reading = _Reading()
    shape = reading.all(filter_, 1)
    bound = MOST_PARTS - reading.left <= MOST_PARTS_KEPT and len(reading.values) <= MOST_VALUES_KEPT
    return Filtering(shape, reading.values, tuple(dict.fromkeys(reading.permissions)), bound)


def predicate(shape: Part, viewer: Viewer) -> ColumnElement[bool]:
    """The SQL of a filter; an empty one lets everything pass. Its values are parameters by their names."""
    if shape.asks == "all":
        return and_(true(), *(predicate(part, viewer) for part in shape.parts))
    if shape.asks == "any":
        return or_(*(predicate(part, viewer) for part in shape.parts))
    if shape.asks == "none":
        asked = predicate(shape.parts[0], viewer)
        # Null is no answer: what does not compare has to pass here. Said once, where it matters: a guard beside
        # each comparison makes SQLite take a wide range for a narrow one, and one around EXISTS keeps PostgreSQL from
        # asking it row by row.
        return not_(asked if _answers(shape.parts[0], viewer) else func.coalesce(asked, false()))
    metadata = shape.field.metadata
    if shape.asks == HAS_ANY:
        there: Belonging = metadata[HAS_ANY]
        passing = predicate(shape.parts[0], viewer)
        inner = select(1).select_from(there.table).where(there.on, there.visible(viewer), passing)
        return exists(inner.correlate(there.outer))
    if shape.asks == COUNTED:
        of: Belonging = metadata[COUNTED]
        rows = select(func.count()).select_from(of.table).where(of.on, of.visible(viewer)).correlate(of.outer)
        return _each(shape.operators, rows.scalar_subquery(), _alone)
    column: ColumnElement[Any] = seen_by(metadata[COLUMN], viewer)
    return _each(shape.operators, column, metadata[WITHIN])


def _answers(part: Part, viewer: Viewer) -> bool:
    """Whether a part is true or false of every row, and never null."""
    if part.asks in ("all", "any"):
        return all(_answers(inner, viewer) for inner in part.parts)
    if part.asks == COLUMN:
        column = seen_by(part.field.metadata[COLUMN], viewer)
        return isinstance(column, Column) and not column.nullable
    return True  # what rows there are, and how many


def sought(shape: Part, viewer: Viewer) -> "tuple[ColumnElement[Any], AnySelect] | None":
    """Where the filter asks for rows of another table by a key of theirs: a column of the filtered table, and the
    values of it that pass. They may be few, and then they are the quick way to the rows."""
    for part in shape.parts:
        if part.asks != HAS_ANY or not any(map(_by_key, part.parts[0].parts)):
            continue
        there: Belonging = part.field.metadata[HAS_ANY]
        if isinstance(there.on, BinaryExpression):
            passing = predicate(part.parts[0], viewer)
            return there.on.right, select(there.on.left).select_from(there.table).where(passing)
    return None


def _by_key(part: Part) -> bool:
    column = part.field.metadata.get(COLUMN) if part.asks == COLUMN else None
    asked = any(operator in ("eq", "in_") for operator, _ in part.operators)
    return asked and isinstance(column, Column) and _indexed(column)


def _indexed(column: Column[Any]) -> bool:
    constraints = (c for c in column.table.constraints if isinstance(c, PrimaryKeyConstraint | UniqueConstraint))
    return any(column.name in keys.columns for keys in (*constraints, *column.table.indexes))


def _each(operators: Operators, column: ColumnElement[Any], within: Within) -> ColumnElement[bool]:
    return and_(true(), *(within(operator, _compared(operator, column, names)) for operator, names in operators))


def _compared(operator: str, column: ColumnElement[Any], names: tuple[str, ...]) -> ColumnElement[bool]:
    return OPERATORS[operator](column, *(bindparam(name, type_=column.type) for name in names))


def _folded(value: Any, fold: Callable[[str], str]) -> Any:
    if isinstance(value, list):
        return [_folded(item, fold) for item in value]
    return _text(_fold(fold, value)) if isinstance(value, str) else value


@lru_cache(maxsize=128)
def _fold(fold: Callable[[str], str], text: str) -> str:
    """Folded once, however often a document asks with one value."""
    return fold(text)


def _text(value: str) -> str:
    if "\0" in value:
        raise BadUserInput("NUL is not a character of a text")  # PostgreSQL refuses to compare with it
    return value
