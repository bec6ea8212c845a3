"""Texts of statements: what PostgreSQL is told in the text, and what beside it."""

import pytest
from sqlalchemy import Boolean, Column, Integer, MetaData, String, Table, bindparam, null, select
from sqlalchemy.dialects import postgresql, sqlite

from engine.unit.text import Text, stated

TABLE = Table("shelf", MetaData(), Column("id", Integer), Column("name", String), Column("open", Boolean))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3, "(3)"),
        (-9, "(-9)"),
        (True, "true"),
        (None, "NULL"),
        ("in-stock", "'in-stock'"),
        ("", "''"),
        ("a b.c:d_9", "'a b.c:d_9'"),
    ],
)
def test_what_is_plain_stands_in_the_text(value: object, expected: str) -> None:
    sql, names = stated("SELECT $2::X, $1 FROM t WHERE a = $2 AND b = $3", ["first", "known", "last"], {"known": value})
    assert sql == f"SELECT {expected}::X, $1 FROM t WHERE a = {expected} AND b = $2"
    assert names == ["first", "last"]


@pytest.mark.parametrize(
    "value", ["it's", 'a"b', "back\\slash", "x\0", "ü", "$1", "a;b", "%", 10, -4711, 1.5, b"x", [1]]
)
def test_all_else_is_sent_beside_it(value: object) -> None:
    text = "SELECT $1, $2"
    assert stated(text, ["a", "b"], {"b": value}) == (text, ["a", "b"])


def test_a_statement_says_its_own_and_is_given_the_rest() -> None:
    statement = select(TABLE.c.id).where(
        TABLE.c.name == "oak",
        TABLE.c.id == bindparam("which", type_=Integer()),
        TABLE.c.open.is_not_distinct_from(null()),
        TABLE.c.id != 4711,
    )
    there = Text.of(statement, postgresql.asyncpg.dialect())  # type: ignore[no-untyped-call]
    here = Text.of(statement, sqlite.dialect(paramstyle="qmark"))
    assert there is not None
    assert here is not None
    sql, arguments = there.bound({"which": 7})
    assert "'oak'" in sql
    assert arguments == [7, 4711]
    assert here.bound({"which": 7})[1] == ["oak", 7, 4711]
