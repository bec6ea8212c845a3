"""What every table shares: names of constraints, column types that mean the same on both databases, versions."""

from collections.abc import Callable, Hashable, Iterable
from copy import deepcopy
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache, partial
from typing import Any, TypeVar, cast

from sqlalchemy import JSON, BigInteger, ColumnElement, Enum, Integer, MetaData, String, Table, literal
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine
from sqlmodel import Field, SQLModel

T = TypeVar("T")

# Constraints need names: Alembic drops by name, and a violation is explained to the caller by the name it breaks.
NAMES = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}

# SQLite counts rows only in a column declared INTEGER; 64 bits are its width anyway.
KEY = BigInteger().with_variant(Integer, "sqlite")
MONEY = BigInteger()  # minor units; GraphQL carries them as JSON numbers up to 2^53-1
DOCUMENT = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
# Byte order, so that both databases sort (and compare a cursor) alike whatever the locale of the cluster.
SORTED_TEXT = String().with_variant(String(collation="C"), "postgresql")


def now() -> datetime:
    """The moment of a write, UTC, whole seconds: what the documented timestamps carry."""
    return datetime.now(UTC).replace(microsecond=0)


def wire(values: type[StrEnum], name: str | None = None) -> TypeEngine[Any]:
    """A column of documented words (`in-stock`), guarded by a check, read back as the enum's members. The second such
    column of a table needs a name for its check."""
    return Enum(
        values,
        native_enum=False,
        create_constraint=True,
        length=100,
        name=name or values.__name__.lower(),
        values_callable=lambda members: [m.value for m in members],
        validate_strings=True,
    )


class Row(SQLModel):
    """A table of ours. Constructors of tables do not validate; checks and constraints do.

    As SQLModel constructs a table, but for telling an ORM of each column: there is none here. It takes an eighth of
    the time, and an order of three lines is five rows."""

    metadata = MetaData(naming_convention=NAMES)

    def __init__(self, **values: Any) -> None:
        own, given = self.__dict__, set()
        for name, make in _defaults(type(self)):
            if name in values:
                own[name] = values[name]
                given.add(name)
            elif make is not None:
                own[name] = make()
        for name, value in (("fields_set", given), ("extra", None), ("private", None)):
            object.__setattr__(self, f"__pydantic_{name}__", value)


@cache
def _defaults(row: type[Row]) -> tuple[tuple[str, Callable[[], Any] | None], ...]:
    """A row's columns, with what makes that which each is unless something else is said; None where that has to be
    said."""
    return tuple((name, _default(field)) for name, field in row.model_fields.items())


def _default(field: Any) -> Callable[[], Any] | None:
    if field.is_required():
        return None
    if field.default_factory is not None:
        return cast("Callable[[], Any]", field.default_factory)  # pydantic looks at its signature each time
    return partial(_itself if isinstance(field.default, Hashable) else deepcopy, field.default)


def _itself(value: T) -> T:
    return value


def table(row: type[SQLModel]) -> Table:
    """The Core table of a row class. Reads and writes are Core statements; no ORM session lives here."""
    return cast(Table, cast(Any, row).__table__)


def among(column: ColumnElement[T], words: Iterable[T]) -> ColumnElement[bool]:
    """Whether it is one of these, which are the statement's own: each has a place in its text. A list of any length has
    not, so that SQLAlchemy would have to run the statement each time."""
    return column.in_([literal(word, column.type) for word in words])


class VersionedRow(Row):
    """A row that callers edit. `version` counts changes of what they may edit; derived columns do not bump it."""

    version: int = Field(default=1, nullable=False)
    created_at: datetime | None = Field(default_factory=now)
    updated_at: datetime | None = Field(default_factory=now)
