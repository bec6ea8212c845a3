"""A transaction's statements go to the driver as texts, and end as SQLAlchemy's own would."""

import asyncio
import threading
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final

import asyncpg
import pytest
from sqlalchemy import (
    Executable,
    Integer,
    bindparam,
    delete,
    event,
    func,
    insert,
    select,
    text,
    tuple_,
    union_all,
    update,
)
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.util.concurrency import greenlet_spawn

from db.catalog.product import ProductRow, ProductStatus
from db.catalog.variant import VariantRow
from db.constraints import violated
from db.drivers import transaction as transactions
from db.drivers.failures import Lost
from db.drivers.transaction import Transaction
from db.store.database import Database
from db.store.outbox import EVENT
from db.store.row import now, table
from db.store.writing import add_values
from tests import factories

PRODUCT, VARIANT = table(ProductRow), table(VariantRow)
OF: Final = VARIANT.c.product_id == PRODUCT.c.id
SECONDS: Final = 60  # reached by what hangs alone
on_postgres = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database.open(database_url, pool_size=2)
    async with database.write() as connection:
        rows = [factories.product(1, title="Linen"), factories.product(2, title="Silk", status=ProductStatus.DRAFT)]
        await connection.execute(insert(PRODUCT), [row.model_dump() for row in rows])
        await connection.execute(insert(VARIANT), [factories.variant(1, 1, price=5).model_dump()])
        await connection.commit()
    yield database
    await database.close()


def told() -> dict[str, Any]:
    return {
        "name": "product.updated",
        "entity": "Product:1",
        "changed": ["title"],
        "payload": {"title": "Linen", "none": None},
        "depth": 0,  # SQLAlchemy works out what a column says by default
        "occurred_at": now(),
    }


async def both(connection: Any, statement: Executable, given: Any = None) -> tuple[Any, Any]:
    """What a statement gives by its text and by SQLAlchemy, in savepoints that are rolled back."""
    found = []
    for execute in (Transaction.execute, AsyncConnection.execute):
        savepoint = await connection.begin_nested()
        result: Any = await execute(connection, statement, given)
        found.append((list(result.keys()), result.rowcount, [tuple(row) for row in result.all()]))
        await savepoint.rollback()
    return found[0], found[1]


@pytest.fixture
def texts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Those that went to the driver without SQLAlchemy; not those of a server that some other test runs in a thread."""
    gone: list[str] = []
    here = threading.get_ident()

    def heard(run: Any) -> Any:
        async def runs(driver: Any, sql: str, arguments: Sequence[Any], wording: Any) -> Any:
            if threading.get_ident() == here:
                gone.append(sql)
            return await run(driver, sql, arguments, wording)

        return runs

    monkeypatch.setattr(transactions, "_RUNS", {name: heard(run) for name, run in transactions._RUNS.items()})
    return gone


def returning() -> list[tuple[Executable, Any]]:
    """Statements with rows, and what they are given."""
    same = bindparam("id", type_=Integer), bindparam("id", type_=Integer)
    return [
        (select(PRODUCT).order_by(PRODUCT.c.id), None),
        (select(PRODUCT.c.id, VARIANT.c.id, VARIANT.c.price).join(VARIANT, OF), None),
        (select(PRODUCT.c.title).where(PRODUCT.c.id == bindparam("of")), {"of": 2}),
        (select(PRODUCT.c.title).where(PRODUCT.c.id.in_([1, 2, 3])).order_by(PRODUCT.c.id), None),
        (select(PRODUCT.c.title).where(PRODUCT.c.id.in_([])), None),
        (select(PRODUCT.c.id).where(PRODUCT.c.status.in_([ProductStatus.DRAFT])).limit(1).offset(0), None),
        (select(PRODUCT.c.id).where(tuple_(PRODUCT.c.id, PRODUCT.c.title).in_([(1, "Linen"), (2, "x")])), None),
        (select(func.count().label("n"), func.sum(VARIANT.c.price), func.avg(VARIANT.c.price)), None),
        (union_all(select(PRODUCT.c.id), select(VARIANT.c.product_id)), None),
        (select(*same), {"id": 7}),
        (select(PRODUCT.c.id).with_for_update(), None),
        (insert(EVENT).returning(EVENT.c.payload, EVENT.c.changed, EVENT.c.occurred_at), told()),
        (insert(EVENT).values(told()).returning(EVENT.c.name), None),
        (insert(EVENT).returning(EVENT.c.name, sort_by_parameter_order=True), [told()]),
        (update(PRODUCT).values(title="x").returning(PRODUCT.c.id, PRODUCT.c.status), None),
        (delete(VARIANT).where(VARIANT.c.id == 1).returning(VARIANT.c.price), None),
    ]


async def test_a_text_gives_what_sqlalchemy_gives(database: Database, texts: list[str]) -> None:
    async with database.write() as connection:
        for statement, given in returning():
            ours, theirs = await both(connection, statement, given)
            assert ours == theirs, str(statement)
            assert ours == (await both(connection, statement, given))[0]  # it is known by now
    assert len(texts) == 2 * len(returning())


async def test_a_row_is_read_by_column_and_by_name(database: Database) -> None:
    async with database.write() as connection:
        wanted = select(PRODUCT.c.id, PRODUCT.c.status, VARIANT.c.id.label("variant")).join(VARIANT, OF)
        row = (await connection.execute(wanted)).one()
        assert (row.id, row.status, row.variant) == (1, ProductStatus.PUBLISH, 1)
        assert row._mapping[PRODUCT.c.id] == row._mapping["id"] == 1
        (mapped,) = (await connection.execute(wanted)).mappings()
        assert dict(mapped) == {"id": 1, "status": ProductStatus.PUBLISH, "variant": 1}
        assert await connection.scalar(select(func.count()).select_from(PRODUCT)) == 2
        assert (await connection.scalars(select(PRODUCT.c.id).order_by(PRODUCT.c.id))).all() == [1, 2]
        assert (await connection.execute(select(PRODUCT.c.id).where(PRODUCT.c.id == 9))).one_or_none() is None


async def test_what_changed_is_counted(database: Database, texts: list[str]) -> None:
    cases: list[tuple[Executable, Any, int]] = [
        (update(PRODUCT).where(PRODUCT.c.id > 0).values(title="x"), None, 2),
        (update(PRODUCT).where(PRODUCT.c.id == bindparam("of")).values(title="y"), {"of": 9}, 0),
        (delete(VARIANT), None, 1),
        (insert(EVENT), told(), 1),
    ]
    async with database.write() as connection:
        for statement, given, count in cases:
            assert (await connection.execute(statement, given)).rowcount == count, str(statement)
        await connection.execute(
            update(PRODUCT).where(PRODUCT.c.id == bindparam("of")).values(title=bindparam("to")),
            [{"of": 1, "to": "One"}, {"of": 2, "to": "Two"}],
        )
        titles = select(PRODUCT.c.title).order_by(PRODUCT.c.id)
        assert (await connection.scalars(titles)).all() == ["One", "Two"]
        keys = await add_values(connection, EVENT, [told(), told()])
        assert len(set(keys)) == 2
        await connection.commit()
    assert len(texts) >= len(cases) + 2


async def test_the_same_statement_with_other_values(database: Database) -> None:
    """Whether it is kept, or made again each time, its values are those of this time."""
    kept = select(PRODUCT.c.title).where(PRODUCT.c.id == bindparam("of"), PRODUCT.c.id < 3)
    into = insert(EVENT).returning(EVENT.c.name)
    async with database.write() as connection:
        for _ in range(2):
            for key, title in ((1, "Linen"), (2, "Silk")):
                assert (await connection.execute(kept, {"of": key})).scalar_one() == title
                assert (await connection.execute(select(PRODUCT.c.title).where(PRODUCT.c.id == key))).scalar() == title
            for more in ({}, {"caller": "token:1"}, {"version": 3}):
                values: Mapping[str, Any] = told() | {"name": f"n{more}"} | more
                assert (await connection.execute(into, values)).scalar_one() == values["name"]
        found = (await connection.execute(select(EVENT.c.caller, EVENT.c.version).order_by(EVENT.c.id))).all()
        assert [tuple(row) for row in found] == [(None, None), ("token:1", None), (None, 3)] * 2


async def test_errors_are_sqlalchemys(database: Database) -> None:
    again = factories.product(1).model_dump()
    async with database.write() as connection:
        with pytest.raises(IntegrityError) as taken:
            await connection.execute(insert(PRODUCT), again | {"id": 3, "slug": "product-1"})
        constraint = violated(taken.value)
        assert constraint is not None and "slug" in constraint.columns  # noqa: PT018
        assert "product-1" not in str(taken.value)
    async with database.write() as connection:
        with pytest.raises(StatementError, match="LookupError"):
            await connection.execute(update(PRODUCT).values(status="SOLD"))
        await connection.execute(update(PRODUCT).values(title="x"))  # nothing was sent
    async with database.write() as connection:
        with pytest.raises(DBAPIError, match=r"no such column|does not exist"):
            await connection.execute(select(PRODUCT.c.id).where(text("nowhere = 1")))
    async with database.read() as connection:
        assert await connection.scalar(select(PRODUCT.c.title).where(PRODUCT.c.id == 1)) == "Linen"


@on_postgres
async def test_after_an_error_the_transaction_is_over(database: Database) -> None:
    """As with SQLAlchemy: whatever comes behind it is refused, and nothing of it stays."""
    async with database.write() as connection:
        await connection.execute(update(PRODUCT).values(title="x"))
        with pytest.raises(IntegrityError):
            await connection.execute(update(PRODUCT).values(slug="one"))
        with pytest.raises(DBAPIError, match="aborted"):
            await connection.execute(select(PRODUCT.c.id))
    async with database.write() as connection:
        assert await connection.scalar(select(PRODUCT.c.title).where(PRODUCT.c.id == 1)) == "Linen"


async def test_savepoints(database: Database, texts: list[str]) -> None:
    async with database.write() as connection:
        await connection.execute(update(PRODUCT).where(PRODUCT.c.id == 1).values(title="kept"))
        savepoint = await connection.begin_nested()
        await connection.execute(update(PRODUCT).values(title="undone"))
        with pytest.raises(IntegrityError):
            await connection.execute(update(PRODUCT).values(slug="one"))
        await savepoint.rollback()
        await connection.execute(update(PRODUCT).where(PRODUCT.c.id == 2).values(title="too"))
        await connection.commit()
        assert len(texts) == 4
        await connection.execute(update(PRODUCT).values(title="never"))  # a second transaction, which is not committed
    async with database.read() as connection:
        titles = select(PRODUCT.c.title).order_by(PRODUCT.c.id)
        assert (await connection.scalars(titles)).all() == ["kept", "too"]


async def test_several_transactions_on_one_connection(database: Database) -> None:
    async with database.write() as connection:
        for title in ("a", "b", "c"):
            await connection.execute(update(PRODUCT).values(title=title))
            await (connection.rollback() if title == "b" else connection.commit())
        await connection.execute(update(PRODUCT).values(title="d"))
        await connection.rollback()
        assert await connection.scalar(select(PRODUCT.c.title).where(PRODUCT.c.id == 1)) == "c"


async def test_who_listens_hears_of_texts(database: Database) -> None:
    heard: list[str] = []
    engine = database.engines[-1].sync_engine

    def another(_c: Any, _cursor: Any, sql: str, arguments: Any, _context: Any, _many: bool) -> tuple[str, Any]:
        heard.append(sql)
        return sql.replace("'Silk'", "'Linen'"), arguments

    def behind(_c: Any, _cursor: Any, sql: str, *_: Any) -> None:
        heard.append("done")

    event.listen(engine, "before_cursor_execute", another, retval=True)
    event.listen(engine, "after_cursor_execute", behind)
    async with database.write() as connection:
        wanted = select(PRODUCT.c.id).where(text("title = 'Silk'"))
        assert (await connection.execute(wanted)).scalar_one() == 1
    assert [one for one in heard if not one.startswith("BEGIN")][-2:] == [heard[-2], "done"]


# PostgreSQL: the connection is lent


def idle(database: Database) -> int:
    pool: Any = database.engines[0].sync_engine.pool
    return int(pool.checkedin())


@on_postgres
async def test_it_is_lent_and_given_back(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beginning, changing and committing pass by SQLAlchemy's greenlets; whatever needs them is had all the same."""
    spawned: list[Any] = []
    here = asyncio.current_task()

    async def counting(function: Any, *arguments: Any, **more: Any) -> Any:
        if asyncio.current_task() is here:  # and not what a test before has left running
            spawned.append(function)
        return await greenlet_spawn(function, *arguments, **more)

    monkeypatch.setattr(transactions, "greenlet_spawn", counting)
    monkeypatch.setattr("sqlalchemy.ext.asyncio.engine.greenlet_spawn", counting)
    assert idle(database) == 1
    for title in ("a", "b"):
        async with database.write() as connection:
            assert idle(database) == 0
            await connection.execute(update(PRODUCT).values(title=title))
            await connection.commit()
        assert idle(database) == 1
    assert spawned == []
    async with database.write() as connection:
        await connection.execute(update(PRODUCT).values(title="c"))
    assert spawned != []
    assert idle(database) == 1
    async with database.write() as connection:
        assert await connection.scalar(select(PRODUCT.c.title).where(PRODUCT.c.id == 1)) == "b"


@on_postgres
async def test_a_connection_that_is_gone(database: Database) -> None:
    """While it is used: that is told. While it is idle: another one is had, and nobody learns of it."""
    backend = select(func.pg_backend_pid())
    killer = await asyncpg.connect(database.url.set(drivername="postgresql").render_as_string(hide_password=False))
    async with database.write() as connection:
        await killer.execute("SELECT pg_terminate_backend($1)", await connection.scalar(backend))
        with pytest.raises(Lost):
            await connection.execute(update(PRODUCT).values(title="x"))
    async with database.write() as connection:
        gone = await connection.scalar(backend)
        await connection.commit()
    await killer.execute("SELECT pg_terminate_backend($1)", gone)
    async with asyncio.timeout(SECONDS):
        while await killer.fetchval("SELECT count(*) FROM pg_stat_activity WHERE pid = $1", gone):
            pass
    await killer.close()
    async with database.write() as connection:
        assert await connection.scalar(backend) != gone
        assert await connection.scalar(select(PRODUCT.c.title).where(PRODUCT.c.id == 1)) == "Linen"


@on_postgres
async def test_a_statement_that_is_broken_off_leaves_no_connection_behind(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(update(PRODUCT).values(title="x"))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(connection.execute(select(func.pg_sleep(SECONDS))), 0.05)
        assert connection.invalidated
    for _ in range(3):
        async with database.write() as one, database.write() as other:
            assert await one.scalar(select(PRODUCT.c.title).where(PRODUCT.c.id == 1)) == "Linen"
            await other.execute(update(PRODUCT).values(title="y"))
