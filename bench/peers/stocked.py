"""The same volume of the same values in both forms: products, three variants each, two categories, one file."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import asyncpg

from bench.stores import Template, _bound
from db.catalog.download import DownloadRow
from db.catalog.product import FulfillmentType, ProductRow, ProductStatus, product_search_text, sort_key
from db.catalog.taxonomy import CATEGORIES, ProductTermRow, TermRow
from db.catalog.variant import VariantRow
from db.secrets.hashed import hashed
from db.text.search import search_text

SEED: Final = 7
BEGUN: Final = datetime(2025, 1, 1, tzinfo=UTC)
CATEGORY_COUNT: Final = 100
_WORDS: Final = ("alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliet", "kilo")
_DIGITAL: Final = FulfillmentType.DIGITAL
PRODUCT: Final = Template(ProductRow(id=0, title="", title_key="", slug="", fulfillment_type=_DIGITAL))
VARIANT: Final = Template(VariantRow(id=0, product_id=0, title="", fulfillment_type=_DIGITAL))
TERM: Final = Template(TermRow(id=0, taxonomy="", name="", name_key="", slug=""))
LINK: Final = Template(ProductTermRow(product_id=0, term_id=0))
FILE: Final = Template(DownloadRow(id=0, product_id=0))


@dataclass(frozen=True)
class Made:
    id: int
    title: str
    excerpt: str
    content: str
    published: bool
    prices: tuple[int, int, int]
    stock: tuple[int, int, int]
    variants: tuple[str, str, str]
    categories: tuple[int, ...]
    size: int
    at: datetime

    def sku(self, place: int) -> str:
        return f"SKU-{self.id:06d}-{place}"


def _made(count: int) -> Iterator[Made]:
    chance = random.Random(SEED)

    def text(words: int) -> str:
        return " ".join(chance.choice(_WORDS) for _ in range(words))

    for number in range(1, count + 1):
        yield Made(
            number,
            f"Product {text(2)} {number}",
            text(8),
            text(30),
            chance.random() < 2 / 3,
            (chance.randrange(500, 50_000), chance.randrange(500, 50_000), chance.randrange(500, 50_000)),
            (chance.randrange(1000), chance.randrange(1000), chance.randrange(1000)),
            (f"Variant 0 {text(1)}", f"Variant 1 {text(1)}", f"Variant 2 {text(1)}"),
            tuple(sorted(chance.sample(range(1, CATEGORY_COUNT + 1), 2))),
            chance.randrange(1000, 10**8),
            BEGUN + timedelta(minutes=number),
        )


async def theirs(dsn: str, count: int, tokens: Mapping[str, int]) -> None:
    """`tokens`: requests an hour, by the token's secret."""
    made = list(_made(count))
    tables: dict[str, list[tuple[Any, ...]]] = {
        "category": [(n, f"cat-{n}", f"Category {n}") for n in range(1, CATEGORY_COUNT + 1)],
        "product": [
            (
                *(p.id, f"product-{p.id}", p.title, "active" if p.published else "draft", f"SKU-{p.id:06d}"),
                *(p.excerpt, p.content, min(p.prices), "USD", round(p.size % 500 / 100, 2), p.size % 900),
                *(p.size % 10 == 0, p.at, p.at, min(p.prices), max(p.prices)),
            )
            for p in made
        ],
        "product_variant": [
            (
                *(3 * (p.id - 1) + n + 1, p.id, p.sku(n), p.variants[n], p.prices[n], "USD", p.stock[n]),
                *(n == 0, "single", n, p.at, 1),
            )
            for p in made
            for n in range(3)
        ],
        "product_category": [(p.id, category, n) for p in made for n, category in enumerate(p.categories)],
        "downloadable_file": [
            (p.id, p.id, f"file-{p.id}.zip", f"https://cdn.example.test/f/{p.id}.zip", p.size, "1.0.0") for p in made
        ],
    }
    connection = await asyncpg.connect(dsn)
    await connection.execute((Path(__file__).parent / "tables.sql").read_text())
    known = [(n, f"Token {n}", hashed(secret), hourly) for n, (secret, hourly) in enumerate(tokens.items(), 1)]
    await connection.copy_records_to_table("access_token", schema_name="private", records=known)
    for name, rows in tables.items():
        await connection.copy_records_to_table(name, records=rows)
    await connection.execute("VACUUM ANALYZE")
    await connection.close()


def _ours(count: int) -> dict[Template, list[list[Any]]]:
    rows: dict[Template, list[list[Any]]] = {template: [] for template in (PRODUCT, VARIANT, TERM, LINK, FILE)}
    for n in range(1, CATEGORY_COUNT + 1):
        names = {"name": f"Category {n}", "name_key": f"category {n}", "slug": f"cat-{n}"}
        rows[TERM].append(TERM.row(id=n, taxonomy=CATEGORIES, created_at=BEGUN, updated_at=BEGUN, **names))
    for p in _made(count):
        at = {"created_at": p.at, "updated_at": p.at}
        names_and_skus = [(p.variants[n], p.sku(n)) for n in range(3)]
        rows[PRODUCT].append(
            PRODUCT.row(
                id=p.id,
                title=p.title,
                title_key=sort_key(p.title),
                search_text=product_search_text(p.id, p.title, names_and_skus),
                status=ProductStatus.PUBLISH if p.published else ProductStatus.DRAFT,
                slug=f"product-{p.id}",
                excerpt=p.excerpt,
                content=p.content,
                published_at=p.at,
                modified_at=p.at,
                detail_id=p.id,
                min_price=min(p.prices),
                max_price=max(p.prices),
                manage_stock=True,
                default_variant_id=3 * (p.id - 1) + 1,
                **at,
            )
        )
        for n, (name, sku) in enumerate(names_and_skus):
            rows[VARIANT].append(
                VARIANT.row(
                    id=3 * (p.id - 1) + n + 1,
                    product_id=p.id,
                    title=name,
                    sku=sku,
                    sku_key=sku.casefold(),
                    search_text=search_text(name, sku),
                    position=n + 1,
                    price=p.prices[n],
                    manage_stock=True,
                    available=p.stock[n],
                    total_stock=1000,
                    downloadable=n == 0,
                    **at,
                )
            )
        rows[LINK] += [LINK.row(product_id=p.id, term_id=category) for category in p.categories]
        rows[FILE].append(
            FILE.row(
                id=p.id,
                product_id=p.id,
                identifier=f"00000000-0000-4000-8000-{p.id:012d}",
                title=f"file-{p.id}.zip",
                file_name=f"file-{p.id}.zip",
                file_path=f"f/{p.id}",
                file_url=f"https://cdn.example.test/f/{p.id}.zip",
                driver="local",
                type="zip",
                file_size=p.size,
                **at,
            )
        )
    return rows


async def ours(dsn: str, count: int) -> None:
    """Into a database that `storegraph migrate` has made."""
    connection = await asyncpg.connect(dsn)
    await connection.execute("SET session_replication_role = replica")  # the rows refer to each other as they should
    for template, rows in _ours(count).items():
        await connection.copy_records_to_table(
            template.table.name, records=_bound(template, rows, "postgresql"), columns=template.columns
        )
    for name in ("product", "product_variant", "term", "product_download"):
        await connection.execute(f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), (SELECT max(id) FROM {name}))")
    await connection.execute("VACUUM ANALYZE")
    await connection.close()
