"""What functions of ours read goes to the driver as texts, and is what SQLAlchemy would have read; what goes wrong is
told by SQLAlchemy."""

import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import Connection, Executable, Integer, bindparam, exists, func, insert, literal, select, text
from sqlalchemy.exc import DBAPIError, StatementError

from db.catalog.product import ProductRow, ProductStatus, StockStatus
from db.store.database import Database
from db.store.row import table
from db.store.unit import Units
from tests import factories

PRODUCT = table(ProductRow)
OF_SOME = PRODUCT.c.id.in_(bindparam("ids", expanding=True))
STATEMENTS: list[tuple[Executable, dict[str, Any]]] = [
    (select(PRODUCT).order_by(PRODUCT.c.id), {}),
    (select(PRODUCT.c.status, PRODUCT.c.extra.label("other"), PRODUCT.c.published_at).order_by(PRODUCT.c.id), {}),
    (select(PRODUCT.c.id).where(PRODUCT.c.title == bindparam("title")), {"title": "Silk"}),
    (select(PRODUCT.c.id).where(OF_SOME).order_by(PRODUCT.c.id), {"ids": [2, 1, 7]}),
    (select(PRODUCT.c.id).where(OF_SOME), {"ids": []}),
    (select(PRODUCT.c.id).where(PRODUCT.c.stock_availability.in_([StockStatus.IN_STOCK])).order_by(PRODUCT.c.id), {}),
    (select(func.count().label("many"), func.max(PRODUCT.c.published_at)).select_from(PRODUCT), {}),
    (select(exists().where(PRODUCT.c.id == 1), literal(None, Integer())), {}),
    (select(PRODUCT.c.id).where(PRODUCT.c.id == 99), {}),
]


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database.open(database_url, pool_size=2)
    async with database.write() as connection:
        rows = [
            factories.product(1, title="Linen", extra={"a": [1, "ü"]}),
            factories.product(2, title="Silk", status=ProductStatus.DRAFT),
        ]
        await connection.execute(insert(PRODUCT), [row.model_dump() for row in rows])
        await connection.commit()
    yield database
    await database.close()


@pytest.mark.parametrize("place", range(len(STATEMENTS)))
async def test_rows_are_those_of_sqlalchemy_without_it(
    database: Database, place: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    statement, given = STATEMENTS[place]
    async with database.read() as connection:
        result = await connection.execute(statement, given)
        names, expected = list(result.keys()), result.all()

    here, run = threading.get_ident(), Connection._execute_context

    def refused(connection: Connection, *given: Any) -> Any:
        assert threading.get_ident() != here, "SQLAlchemy runs it"  # but for a server that another test has in a thread
        return run(connection, *given)

    monkeypatch.setattr(Connection, "_execute_context", refused)
    async with Units(database).statements() as reads:
        for _ in range(3):  # the second time, what the statement says itself stands in its text
            found = await reads.rows(statement, given)
            assert found == expected
            assert [list(row._fields) for row in found] == [names] * len(expected)
            assert [[type(value) for value in row] for row in found] == [[type(v) for v in row] for row in expected]


async def test_what_goes_wrong_is_told_by_sqlalchemy_and_leaves_the_rest(database: Database) -> None:
    too_much = func.abs(literal(-(2**63))) if database.embedded else literal(1) / literal(0)
    async with Units(database).statements() as reads:
        for _ in range(2):
            with pytest.raises(DBAPIError):
                await reads.rows(select(too_much))
            with pytest.raises(StatementError):
                await reads.rows(select(PRODUCT.c.id).where(PRODUCT.c.published_at == bindparam("at")), {"at": "now"})
            with pytest.raises(DBAPIError):
                await reads.rows(text("SELECT nothing"))
            assert [row.title for row in await reads.rows(select(PRODUCT.c.title).order_by(PRODUCT.c.id))] == [
                "Linen",
                "Silk",
            ]
