"""Catalogues as large as a test wants them, written quickly."""

from collections.abc import Iterable, Sequence
from itertools import chain

from sqlalchemy import delete, insert

from connectors.importers.sequences import advance
from db.catalog.taxonomy import BRANDS, CATEGORIES
from db.catalog.variant import BillingInterval
from db.store.row import Row, table
from db.tables import METADATA
from tests import factories
from tests.gateway import Gateway


async def stored(gateway: Gateway, rows: Sequence[Row]) -> None:
    """Write rows, one statement per table; tables in the order of their first row."""
    kinds = dict.fromkeys(type(row) for row in rows)
    async with gateway.database.write() as connection:
        for kind in kinds:
            names = list(kind.model_fields)
            values = [{name: getattr(row, name) for name in names} for row in rows if type(row) is kind]
            if kind in factories.ALWAYS_THERE:
                await connection.execute(delete(table(kind)))
            await connection.execute(insert(table(kind)), values)
        await advance(connection, [of for of in map(table, kinds) if of.dialect_options["sqlite"]["autoincrement"]])
        await connection.commit()


async def cleared(gateway: Gateway, *names: str) -> None:
    """Empty these tables and what hangs on their rows."""
    async with gateway.database.write() as connection:
        for name in names:
            await connection.execute(delete(METADATA.tables[name]))
        await connection.commit()


def catalogue(products: int, *, variants: int = 3, terms: int = 4) -> list[Row]:
    """Products 1…n, each with its variants, two downloads, a category and a brand, or two."""
    return [
        factories.store(),
        factories.categories(),
        factories.brands(),
        *chain.from_iterable(_terms(terms)),
        *map(_product, range(1, products + 1)),
        *(_variant(product, n, variants) for product in range(1, products + 1) for n in range(1, variants + 1)),
        *(
            factories.download(product * 2 + n, product, file_size=n)
            for product in range(1, products + 1)
            for n in (0, 1)
        ),
        *chain.from_iterable(_links(product, terms) for product in range(1, products + 1)),
    ]


def _product(id: int) -> Row:
    return factories.product(id, title=f"Thing {id % 7} №{id}", min_price=100 * id, max_price=100 * id + 50)


def _variant(product: int, number: int, each: int) -> Row:
    key = (product - 1) * each + number
    optional = {"setup_fee": 150, "weight": 0.25, "interval": BillingInterval.MONTHLY} if key % 5 == 0 else {}
    return factories.variant(key, product, price=100 * product + number, position=number, **optional)


def _terms(each: int) -> Iterable[Sequence[Row]]:
    for n in range(1, each + 1):
        yield factories.term(n, CATEGORIES), factories.term(each + n, BRANDS)


def _links(product: int, terms: int) -> Iterable[Row]:
    yield factories.product_term(product, product % terms + 1)
    yield factories.product_term(product, terms + product % terms + 1)
    if product % 3 == 0:
        yield factories.product_term(product, (product + 1) % terms + 1)
