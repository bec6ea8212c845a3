"""asyncpg against psycopg, through SQLAlchemy as storegraph uses it: the page of 20 products and its variants.

    python bench/drivers.py postgresql://postgres@127.0.0.1:5432/postgres

Makes its own database, fills it with 1000 products of 8 variants, runs both drivers in turn (A B A B …) and prints
the median of each and the ratio round by round. psycopg is not a dependency: install `psycopg[binary]` to run this.
"""

import asyncio
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import asyncpg
from sqlalchemy import ARRAY, BigInteger, any_, bindparam, insert, select
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlmodel import col

from db.catalog.product import FulfillmentType, ProductRow
from db.catalog.variant import VariantRow
from db.migrations import migrate
from db.store.database import Database
from db.store.row import table

ROUNDS, REQUESTS = 7, 200
NAME = "storegraph_bench_drivers"


async def fill(url: str) -> None:
    database = Database.open(url)
    await migrate(database)
    digital = FulfillmentType.DIGITAL
    async with database.write() as connection:
        products = [
            {
                k: v
                for k, v in ProductRow(
                    id=i, title=f"Product {i}", title_key=f"product {i}", slug=f"p{i}", fulfillment_type=digital
                ).__dict__.items()
                if not k.startswith("_")
            }
            for i in range(1, 1001)
        ]
        await connection.execute(insert(ProductRow), products)
        variants = [
            {
                k: v
                for k, v in VariantRow(
                    id=i * 10 + j,
                    product_id=i,
                    title=f"V{j}",
                    sku=f"S{i}-{j}",
                    sku_key=f"s{i}-{j}",
                    position=j,
                    fulfillment_type=digital,
                ).__dict__.items()
                if not k.startswith("_")
            }
            for i in range(1, 1001)
            for j in range(8)
        ]
        await connection.execute(insert(VariantRow), variants)
        await connection.commit()
    await database.close()


async def page(engine: AsyncEngine, start: int) -> None:
    keys = bindparam("keys", type_=ARRAY(BigInteger))
    async with engine.connect() as connection:
        rows = (
            await connection.execute(
                select(table(ProductRow)).where(col(ProductRow.id) >= start).order_by(col(ProductRow.id)).limit(20)
            )
        ).all()
        found = await connection.execute(
            select(table(VariantRow)).where(col(VariantRow.product_id) == any_(keys)), {"keys": [r.id for r in rows]}
        )
        assert len(found.all()) == 160


async def timed(engine: AsyncEngine) -> float:
    started = time.perf_counter()
    for i in range(REQUESTS):
        await page(engine, 1 + i * 4)
    return (time.perf_counter() - started) / REQUESTS * 1e3


async def main(admin: str) -> None:
    connection = await asyncpg.connect(admin)
    await connection.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
    await connection.execute(f"CREATE DATABASE {NAME}")
    url = make_url(admin).set(database=NAME)
    try:
        await fill(url.set(drivername="postgresql").render_as_string(hide_password=False))
        engines = {d: create_async_engine(url.set(drivername=f"postgresql+{d}")) for d in ("asyncpg", "psycopg")}
        taken: dict[str, list[float]] = {d: [] for d in engines}
        for engine in engines.values():
            await timed(engine)
        for _ in range(ROUNDS):
            for driver, engine in engines.items():
                taken[driver].append(await timed(engine))
        for driver, times in taken.items():
            print(f"{driver:8} {statistics.median(times):6.2f} ms a page, {min(times):.2f} to {max(times):.2f}")
        ratios = [p / a for a, p in zip(taken["asyncpg"], taken["psycopg"], strict=True)]
        print(
            f"psycopg / asyncpg, round by round: median {statistics.median(ratios):.2f}, "
            f"{min(ratios):.2f} to {max(ratios):.2f}"
        )
        for engine in engines.values():
            await engine.dispose()
    finally:
        await connection.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
        await connection.close()


asyncio.run(main(sys.argv[1]))
