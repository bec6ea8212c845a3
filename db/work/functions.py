"""What both databases do in their own words: the clock, keys, lists of numbers that a statement is about.

Leases, and when work is due, are told by the database's clock alone: the machines of several workers have their own
opinions of the time.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast

import orjson
from sqlalchemy import ARRAY, BigInteger, ColumnElement, String, any_, bindparam, func, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

_BEGUN: Final = datetime(1970, 1, 1, tzinfo=UTC)


class milliseconds(FunctionElement[int]):
    """Now, in milliseconds since 1970, UTC: the moment itself, and not the one that the transaction began at. A
    statement that looks for rows by it takes it as a parameter; no index is searched for what changes meanwhile."""

    type = BigInteger()
    inherit_cache = True


@compiles(milliseconds, "sqlite")
def _now_sqlite(_element: Any, _compiler: Any, **_: Any) -> str:
    return "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"


@compiles(milliseconds, "postgresql")
def _now_postgresql(_element: Any, _compiler: Any, **_: Any) -> str:
    return "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)"


def moment(since_1970: int) -> datetime:
    """Of milliseconds as they stand in `due` and its like."""
    return _BEGUN + timedelta(milliseconds=since_1970)


class new_delivery_key(FunctionElement[str]):
    """Another one for each row: 32 hexadecimal digits that nobody can guess, and no other store has."""

    type = String()
    inherit_cache = True


@compiles(new_delivery_key, "sqlite")
def _key_sqlite(_element: Any, _compiler: Any, **_: Any) -> str:
    return "lower(hex(randomblob(16)))"


@compiles(new_delivery_key, "postgresql")
def _key_postgresql(_element: Any, _compiler: Any, **_: Any) -> str:
    return "replace(CAST(gen_random_uuid() AS text), '-', '')"


def among(dialect: str, column: Any, name: str) -> ColumnElement[bool]:
    """Whether the column is one of the numbers that the parameter `name` holds, as `numbers` makes it: one text of a
    statement, and one plan, however many there are."""
    if dialect == "postgresql":
        return cast(ColumnElement[bool], column == any_(bindparam(name, type_=ARRAY(BigInteger))))
    listed = func.json_each(bindparam(name, type_=String)).table_valued("value", name=f"{name}_listed")
    return cast(ColumnElement[bool], column.in_(select(listed.c.value)))


def numbers(dialect: str, values: Iterable[int]) -> Any:
    """The value of such a parameter."""
    return list(values) if dialect == "postgresql" else orjson.dumps(list(values)).decode()
