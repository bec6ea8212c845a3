"""What the rest of the house relies on when it is handed a connection."""

import asyncio
import sqlite3
import traceback
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import col

from db.access.token import TokenRow
from db.catalog.product import ProductRow, ProductStatus, StockStatus
from db.catalog.variant import VariantRow
from db.drivers import asked, compiled
from db.store.database import WAIT_SECONDS, Database, shown
from db.store.row import table
from tests import dialects, factories
from tests.patience import PATIENCE

PRODUCT = table(ProductRow)
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database.open(database_url)
    yield database
    await database.close()


async def store(database: Database, *rows: ProductRow | VariantRow) -> None:
    async with database.write() as connection:
        for row in rows:
            await connection.execute(insert(type(row)).values(row.model_dump()))
        await connection.commit()


async def ids(database: Database) -> list[int]:
    async with database.read() as connection:
        return list((await connection.execute(select(PRODUCT.c.id).order_by(PRODUCT.c.id))).scalars())


# SQLite


@on_sqlite
async def test_the_settings_of_a_connection(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write-ahead log, synced at every commit, references enforced; only one connection may write."""
    monkeypatch.setattr("db.store.database.SYNCED", dialects.SYNCED)
    names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout", "query_only")
    found = []
    for connected in (database.read(), database.write()):
        async with connected as connection:
            found.append([(await connection.exec_driver_sql(f"PRAGMA {name}")).scalar() for name in names])

    # Whoever waits for another writer waits in pieces of a tenth of a second, which a deadline can end.
    assert found == [["wal", 2, 1, int(WAIT_SECONDS * 1000), 1], ["wal", 2, 1, 100, 0]]


@on_sqlite
async def test_readers_cannot_write(database: Database) -> None:
    async with database.read() as connection:
        with pytest.raises(DBAPIError, match="readonly"):
            await connection.execute(insert(PRODUCT).values(factories.product(1).model_dump()))


@on_sqlite
async def test_a_writer_takes_the_lock_at_once(database: Database) -> None:
    """Before its first write: two that began as readers would wait for each other."""
    other = sqlite3.connect(str(database.url.database), timeout=0, isolation_level=None)
    async with database.write() as connection:
        await connection.execute(select(PRODUCT.c.id))
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        assert other.execute("SELECT count(*) FROM product").fetchone() == (0,)  # reading goes on
    other.execute("BEGIN IMMEDIATE")
    other.close()


@on_sqlite
async def test_a_reader_sees_one_moment(database: Database) -> None:
    await store(database, factories.product(1))
    async with database.read() as early:
        assert (await early.execute(select(PRODUCT.c.id))).scalars().all() == [1]
        await store(database, factories.product(2))
        assert (await early.execute(select(PRODUCT.c.id))).scalars().all() == [1]
    assert await ids(database) == [1, 2]


@on_sqlite
async def test_eight_readers_beside_a_writer(database: Database) -> None:
    async with database.write() as writer:
        await writer.execute(insert(PRODUCT).values(factories.product(1).model_dump()))
        found = await asyncio.wait_for(asyncio.gather(*(ids(database) for _ in range(20))), timeout=PATIENCE)
        await writer.commit()

    assert found == [[]] * 20
    assert await ids(database) == [1]


# Both


async def test_what_is_not_committed_was_never_there(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(insert(PRODUCT).values(factories.product(1).model_dump()))

    async def fail() -> None:
        async with database.write() as connection:
            await connection.execute(insert(PRODUCT).values(factories.product(2).model_dump()))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await ids(database) == []


async def test_references_are_enforced(database: Database) -> None:
    with pytest.raises(IntegrityError):
        await store(database, factories.variant(1, 404))


async def test_what_hangs_on_a_product_goes_with_it(database: Database) -> None:
    await store(database, factories.product(1), factories.variant(1, 1), factories.variant(2, 1))
    async with database.write() as connection:
        await connection.execute(delete(PRODUCT))
        left = (await connection.execute(select(col(VariantRow.id)))).all()
        await connection.commit()

    assert left == []


async def test_a_number_is_never_given_twice(database: Database) -> None:
    """Not even the highest, after a delete: a webhook that arrives late must not meet another product."""
    values = factories.product(0).model_dump(exclude={"id", "slug"})
    given = []
    async with database.write() as connection:
        for slug in "ab":
            result = await connection.execute(insert(PRODUCT).values(**values, slug=slug).returning(PRODUCT.c.id))
            given.append(result.scalar_one())
            await connection.execute(delete(PRODUCT))
        await connection.commit()

    assert given == [1, 2]


async def test_values_come_back_as_they_went(database: Database) -> None:
    tokyo = datetime(2026, 1, 1, 9, 0, 0, 123456, tzinfo=timezone(timedelta(hours=9)))
    extremes = factories.product(
        2**63 - 1,
        title="naïve\n😀\uffff'\"%_\\",
        min_price=2**53 - 1,
        max_price=2**53 - 1,
        published_at=tokyo,
        modified_at=None,
        status=ProductStatus.FUTURE,
        extra={"a": [1, 1.5, None, True, "é"]},
        default_media=None,
    )
    await store(database, extremes)

    async with database.read() as connection:
        row = (await connection.execute(select(PRODUCT))).mappings().one()
        raw = (
            await connection.execute(text("SELECT status, stock_availability, default_media IS NULL FROM product"))
        ).one()

    for name in ("id", "title", "min_price", "published_at", "modified_at", "status", "extra", "default_media"):
        assert row[name] == getattr(extremes, name), name
    assert row["published_at"].utcoffset() == timedelta(0)
    assert row["published_at"] == datetime(2026, 1, 1, 0, 0, 0, 123456, tzinfo=UTC)
    assert type(row["status"]) is ProductStatus
    # The documented words, and JSON's null is no value of ours.
    assert tuple(raw) == (ProductStatus.FUTURE.value, StockStatus.IN_STOCK.value, True)


async def test_only_the_documented_words_are_stored(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(insert(PRODUCT).values(factories.product(1).model_dump()))
        with pytest.raises(IntegrityError):
            await connection.execute(text("UPDATE product SET status = 'sold'"))


async def test_a_moment_needs_its_offset(database: Database) -> None:
    naive = datetime(2026, 1, 1)  # noqa: DTZ001  that is the point

    with pytest.raises(Exception, match="timezone"):
        await store(database, factories.product(1, published_at=naive))


# URLs


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://clerk:secret@db.example/store", "postgresql://clerk:***@db.example/store"),
        ("postgresql://clerk:s%40cret@db.example:5432/store", "postgresql://clerk:***@db.example:5432/store"),
        ("postgresql://clerk:s@secret@db.example/store", "postgresql://clerk:***@db.example/store"),
        ("postgresql://clerk:s/secret@db.example/store", "postgresql://clerk:***@db.example/store"),
        ("postgresql://clerk:s?secret:@db.example/store", "postgresql://clerk:***@db.example/store"),
        ("postgresql://:secret@db.example/store", "postgresql://:***@db.example/store"),
        ("postgresql://db.example/store?password=secret&user=a", "postgresql://db.example/store?password=***&user=a"),
        (
            "postgresql://db.example/store?user=a&sslpassword=secret",
            "postgresql://db.example/store?user=a&sslpassword=***",
        ),
        ("postgresql://db.example/store?Password=secret", "postgresql://db.example/store?Password=***"),
        ("postgresql://clerk@db.example/store", "postgresql://clerk@db.example/store"),
        ("postgresql://db.example/store", "postgresql://db.example/store"),
        ("sqlite:////var/lib/a:b@c/store.db", "sqlite:////var/lib/a:b@c/store.db"),
        ("not a url", "not a url"),
    ],
)
def test_a_url_is_shown_without_its_password(url: str, expected: str) -> None:
    assert shown(url) == expected


@pytest.mark.parametrize("url", ["mysql://localhost/store", "oracle://localhost/store"])
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match="storegraph stores in SQLite or PostgreSQL"):
        Database.open(url)


def test_opening_connects_to_nothing(tmp_path: Path) -> None:
    there: Any = Database.open(f"sqlite:///{tmp_path}/missing/store.db")
    away = Database.open("postgresql://localhost:1/nothing")

    assert (there.dialect, there.embedded, away.dialect, away.embedded) == ("sqlite", True, "postgresql", False)


async def test_what_a_row_holds_is_not_in_the_error_about_it(database: Database) -> None:
    """Which goes into the log with its causes: hashes of passwords and tokens would be there."""
    token: dict[str, Any] = {"name": "one", "secret_hash": "$argon2id$first\nline", "permissions": []}
    statements: list[tuple[Any, dict[str, Any]]] = [
        (insert(TokenRow), token),  # twice
        (insert(TokenRow), token | {"name": None}),
        (
            text("INSERT INTO access_token (id, name) VALUES (:id, :name)"),
            {"id": "$argon2id$text", "name": "$argon2id$"},
        ),
    ]
    async with database.write() as connection:
        await connection.execute(insert(TokenRow), token)
        await connection.commit()
    for statement, values in statements:
        with pytest.raises(DBAPIError) as caught:
            async with database.write() as connection:
                await connection.execute(statement, values)
        said = "".join(traceback.format_exception(caught.value))
        assert "INSERT INTO" in said
        assert "argon2id" not in said
        assert "\nline" not in said


async def test_what_was_compiled_is_kept_for_a_statement_that_comes_again(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a stream of statements that all differ nothing is left, and it pushes nothing out."""
    made: list[compiled.Compiled] = []

    def cache() -> compiled.Compiled:
        made.append(compiled.Compiled(most=2))
        return made[-1]

    monkeypatch.setattr(compiled, "compiled_cache", cache)  # tests share theirs
    database = Database.open(database_url)
    columns = list(PRODUCT.c)[:12]
    async with database.read() as connection:
        before = sum(map(len, made))
        for column in columns:
            await connection.execute(select(column).where(PRODUCT.c.id.in_([1, 2])))
        assert sum(map(len, made)) == before
        for _ in range(2):
            await connection.execute(select(PRODUCT.c.id, PRODUCT.c.title))
        assert sum(map(len, made)) == before + 1
        for column in columns:
            await connection.execute(select(column, PRODUCT.c.id).where(PRODUCT.c.id.in_([1, 2])))
        assert sum(map(len, made)) == before + 1
    await database.close()


def test_statements_that_came_once_are_forgotten_in_their_turn() -> None:
    cache = compiled.Compiled()
    for number in [*range(asked.MOST + 1), 0, asked.MOST]:
        cache[number] = number
    assert list(cache) == [asked.MOST]
