"""Stores to measure on: any number of products, always in the same proportions.

A filter that lets a twentieth of the products pass does so in a store of any size. What is rare is rare in numbers:
`RARE` products have the rare word in their title, are in the rare category, whatever the size.
Everything comes from one seed; both databases get the same rows.
"""

import random
import sqlite3
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import asyncpg
from sqlalchemy import DateTime, Numeric, TypeDecorator
from sqlalchemy.engine import make_url

from db.catalog.product import (
    FulfillmentType,
    ProductRow,
    ProductStatus,
    StockStatus,
    VariationType,
    product_search_text,
    sort_key,
)
from db.catalog.sku import key_of_stored
from db.catalog.taxonomy import BRANDS, CATEGORIES, ProductTermRow, TaxonomyRow, TermRow
from db.catalog.variant import BillingInterval, PaymentType, VariantRow
from db.commerce.order import OrderItemRow, OrderRow
from db.migrations import migrate
from db.store.database import Database
from db.store.row import Row, table
from db.text.search import search_text

SEED: Final = 20
RARE: Final = 12
VARIANTS: Final = 3
# So many terms that the tail of categories is thin; the first has a third of the products.
CATEGORY_COUNT, BRAND_COUNT = 60, 40
RARE_CATEGORY: Final = CATEGORY_COUNT + BRAND_COUNT + 1
NOW: Final = datetime(2025, 6, 1, tzinfo=UTC)
YEARS: Final = 5

COMMON_WORD, RARE_WORD = "Cotton", "Zyklotron"  # a twentieth of the titles; RARE titles


def _words(*lines: str) -> list[str]:
    return " ".join(lines).split()


ADJECTIVES: Final = _words(
    "Amber Blue Bold Brushed Café Compact Crème Deluxe Élégant Everyday Façade Foldable Großer Hand-made Heavy Indigo",
    "Işıklı Large Light Linen Łódź Matte Mini Naïve Natural Nordic Organic Plain Quiet Recycled Ręczny Slim Small",
    "Smørrebrød Soft Solid Straight Süßer Vintage Wool 北欧 手作り Большой Лёгкий ΜΕΓΑΛΟΣ",
)
NOUNS: Final = _words(
    "Apron Backpack Beanie Blanket Bottle Bowl Candle Chair Clock Coat Cup Cushion Desk Font Glove Hoodie Jacket",
    "Jar Käsemesser Kettle Lamp License Mug Notebook Pan Pillow Plugin Poster Rug Scarf Shelf Shirt Sock Stool Table",
    "Template Theme Towel Tray Vase Wallet Кружка ノート 包丁 Çanta Żyrandol",
)
MAKERS: Final = _words(
    "Alder Birch Cedar Dogwood Elm Fjord Gänse Hazel Iroko Juniper Kauri Larch Myrtle Nutmeg Oak Pine",
)
PROSE = (
    "Made in small numbers by people who use it themselves. It arrives without plastic, can be repaired with what is "
    "in the house, and we take it back when it has served its time. "
)
# Of a hundred products each. What a shop shows is most of what it has.
STATUSES = ["publish"] * 85 + ["draft"] * 8 + ["private"] * 3 + ["pending"] * 2 + ["future", "trash"]
VARIATIONS = ["simple"] * 50 + ["simple_variations"] * 35 + ["advanced_variations"] * 15
SIZES = ("Small", "Medium", "Größe L")

Rows = Iterator[list[Any]]


class Template:
    """A row with every default in place. The columns stay in the table's order."""

    def __init__(self, row: Row) -> None:
        self.table = table(type(row))
        self.columns = [c.key for c in self.table.columns]
        self._places = {c: i for i, c in enumerate(self.columns)}
        self._values = [getattr(row, c) for c in self.columns]

    def row(self, **values: Any) -> list[Any]:
        filled = self._values.copy()
        for column, value in values.items():
            filled[self._places[column]] = value
        return filled


PRODUCT = Template(ProductRow(id=0, title="", title_key="", slug="", fulfillment_type=FulfillmentType.DIGITAL))
VARIANT = Template(VariantRow(id=0, product_id=0, title="", fulfillment_type=FulfillmentType.DIGITAL))
TAXONOMY = Template(TaxonomyRow(name="", label="", plural_label="", singular_label=""))
TERM = Template(TermRow(id=0, taxonomy="", name="", name_key="", slug=""))
LINK = Template(ProductTermRow(product_id=0, term_id=0))
ORDER = Template(OrderRow(id=0, uuid="", currency="EUR"))
ITEM = Template(OrderItemRow(id=0, order_id=0, fulfillment_type=FulfillmentType.DIGITAL))


class Store:
    """`bare` leaves out variants, terms and orders: what a count of products does not look at."""

    def __init__(self, size: int, *, bare: bool = False) -> None:
        self.size = size
        self.bare = bare
        self._rare = {1 + (size * (2 * i + 1)) // (2 * RARE) for i in range(RARE)}
        chance = random.Random(f"{SEED} subscribed")
        self._subscribed = {i for i in range(1, size + 1) if chance.random() < 0.12 and not bare}

    def tables(self) -> Iterator[tuple[Template, Rows]]:
        yield PRODUCT, self._products()
        if self.bare:
            return
        yield VARIANT, self._variants()
        yield TAXONOMY, iter([TAXONOMY.row(name=n) for n in (CATEGORIES, BRANDS)])
        yield TERM, self._terms()
        yield LINK, self._links()
        yield ORDER, (ORDER.row(id=i, uuid=f"order-{i}") for i in range(1, self.size + 1))
        yield ITEM, self._items()

    def _products(self) -> Rows:
        chance = random.Random(f"{SEED} product")
        for i in range(1, self.size + 1):
            title = self._title(chance, i)
            status = chance.choice(STATUSES)
            written = NOW - timedelta(seconds=chance.randrange(YEARS * 365 * 86400))
            low = self._price(chance)
            high = low + chance.choice((0, 0, 500, 2000))
            managed = chance.random() < 0.4
            stock = "out-of-stock" if chance.random() < 0.1 else "in-stock"
            names = [] if self.bare else [(self._variant_title(j), self._sku(i, j)) for j in range(VARIANTS)]
            yield PRODUCT.row(
                id=i,
                title=title,
                title_key=sort_key(title),
                search_text=product_search_text(i, title, names),
                status=status,
                excerpt=PROSE[: chance.randrange(20, 120)],
                content=PROSE * chance.randrange(1, 5),
                slug=f"{chance.choice(MAKERS).casefold()}-{chance.randrange(10**6):06}-{i}",
                published_at=None if status in {"draft", "pending"} else written,
                modified_at=None if chance.random() < 0.02 else written + timedelta(days=chance.randrange(30)),
                detail_id=i,
                fulfillment_type=chance.choice(("physical", "physical", "physical", "digital", "digital")),
                variation_type=chance.choice(VARIATIONS),
                min_price=low,
                max_price=high,
                public_min_price=low,
                public_max_price=high,
                manage_stock=managed,
                stock_availability=stock,
                public_stock_availability=stock,
                has_subscription=i in self._subscribed,
                public_has_subscription=i in self._subscribed,
                is_bundle=chance.random() < 0.03,
            )

    def _title(self, chance: random.Random, i: int) -> str:
        words = [chance.choice(ADJECTIVES), chance.choice(NOUNS), "by", chance.choice(MAKERS)]
        if chance.random() < 0.05:
            words.insert(1, COMMON_WORD)
        if i in self._rare:
            words.insert(0, RARE_WORD)
        return " ".join(words)

    @staticmethod
    def _price(chance: random.Random) -> int:
        """Log-normal about 27.00, most of them at ninety-nine, so that there are ties."""
        whole = int(chance.lognormvariate(3.3, 1.0)) + 1
        return whole * 100 - 1 if chance.random() < 0.8 else whole * 100 + chance.randrange(99)

    @staticmethod
    def _variant_title(j: int) -> str:
        return SIZES[j]

    @staticmethod
    def _sku(i: int, j: int) -> str:
        return f"SKU-{i:07}-{j}"

    def _variants(self) -> Rows:
        chance = random.Random(f"{SEED} variants")
        for i in range(1, self.size + 1):
            managed = chance.random() < 0.4
            for j in range(VARIANTS):
                price = self._price(chance)
                paid = PaymentType.SUBSCRIPTION if i in self._subscribed and j == 1 else PaymentType.ONETIME
                yield VARIANT.row(
                    id=(i - 1) * VARIANTS + j + 1,
                    product_id=i,
                    title=self._variant_title(j),
                    sku=self._sku(i, j),
                    sku_key=key_of_stored(self._sku(i, j)),
                    search_text=search_text(self._variant_title(j), self._sku(i, j)),
                    position=j + 1,
                    price=price,
                    compare_price=price + 500 if chance.random() < 0.07 else 0,
                    manage_stock=managed,
                    available=chance.randrange(100),
                    total_stock=100,
                    payment_type=paid,
                    interval=BillingInterval.MONTHLY if paid is PaymentType.SUBSCRIPTION else None,
                )

    def _terms(self) -> Rows:
        for i in range(1, RARE_CATEGORY + 1):
            taxonomy = BRANDS if CATEGORY_COUNT < i < RARE_CATEGORY else CATEGORIES
            yield TERM.row(id=i, taxonomy=taxonomy, name=f"Term {i}", name_key=f"term {i}", slug=f"term-{i}")

    def _links(self) -> Rows:
        """Up to three categories, the first ones taken most, and a brand."""
        chance = random.Random(f"{SEED} terms")
        for i in range(1, self.size + 1):
            taken = {1 + int(CATEGORY_COUNT * chance.random() ** 3) for _ in range(chance.randrange(1, 4))}
            taken.add(CATEGORY_COUNT + chance.randrange(1, BRAND_COUNT + 1))
            if i in self._rare:
                taken.add(RARE_CATEGORY)
            for term in sorted(taken):
                yield LINK.row(product_id=i, term_id=term)

    def _items(self) -> Rows:
        """Half the products were never bought, a twentieth ten times and more."""
        number = 0
        chance = random.Random(f"{SEED} orders")
        for i in range(1, self.size + 1):
            luck = chance.random()
            times = 0 if luck < 0.5 else chance.randrange(1, 10) if luck < 0.95 else chance.randrange(10, 40)
            first = chance.randrange(self.size)
            for k in range(times):
                number += 1
                order = 1 + (first + k) % self.size
                yield ITEM.row(id=number, order_id=order, product_id=i, variant_id=(i - 1) * VARIANTS + 1)


async def made(url: str, store: Store) -> None:
    """Fill a new database and collect its statistics."""
    database = Database.open(url)
    await migrate(database)
    await database.close()
    started = time.perf_counter()
    if database.embedded:
        _fill_sqlite(Path(make_url(url).database or ""), store)
    else:
        await _fill_postgres(url, store)
    print(f"  {database.dialect}: {store.size:,} products in {time.perf_counter() - started:.0f} s", flush=True)


def _fill_sqlite(path: Path, store: Store) -> None:
    """Through the triggers that keep the search index, so that the index is one that writes have made."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute("PRAGMA cache_size=-262144")
    connection.execute("BEGIN")
    connection.execute("DELETE FROM taxonomy")  # a new store has its own
    for template, rows in store.tables():
        marks = ", ".join("?" * len(template.columns))
        names = ", ".join(f'"{c}"' for c in template.columns)
        statement = f'INSERT INTO "{template.table.name}" ({names}) VALUES ({marks})'
        connection.executemany(statement, _bound(template, rows, "sqlite"))
    connection.execute("COMMIT")
    connection.execute("ANALYZE")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


async def _fill_postgres(url: str, store: Store) -> None:
    connection = await asyncpg.connect(make_url(url).set(drivername="postgresql").render_as_string(hide_password=False))
    indexes: list[str] = []
    for name, statement in await connection.fetch(
        "SELECT indexname, indexdef FROM pg_indexes WHERE indexname ~ '^ix_product(_variant)?_search$'"
    ):
        await connection.execute(f"DROP INDEX {name}")  # faster built than kept
        indexes.append(statement)
    await connection.execute("SET session_replication_role = replica")  # the rows refer to each other as they should
    await connection.execute("DELETE FROM taxonomy")  # a new store has its own
    for template, rows in store.tables():
        await connection.copy_records_to_table(
            template.table.name, records=_bound(template, rows, "postgresql"), columns=template.columns
        )
    await connection.execute("SET maintenance_work_mem = '512MB'")
    for statement in indexes:
        await connection.execute(statement)
    await connection.execute("VACUUM ANALYZE")
    await connection.close()


def _bound(template: Template, rows: Iterable[list[Any]], database: str) -> Iterator[tuple[Any, ...]]:
    """Values as the driver takes them. Only moments and decimals differ: words and integers are themselves."""
    kind: Any = make_url(f"{database}://").get_dialect()
    dialect, bound = kind(), {}
    for index, column in enumerate(template.table.columns):
        type_ = column.type.impl if isinstance(column.type, TypeDecorator) else column.type
        if isinstance(type_, DateTime | Numeric):
            bind: Any = column.type.dialect_impl(dialect).bind_processor(dialect)
            if bind is not None:
                bound[index] = bind
    for row in rows:
        for index, bind in bound.items():
            row[index] = bind(row[index])
        yield tuple(row)


# What the generator spells is what the code knows.
assert set(STATUSES) <= {s.value for s in ProductStatus}
assert set(VARIATIONS) <= {v.value for v in VariationType}
assert {"in-stock", "out-of-stock"} == {s.value for s in StockStatus}
