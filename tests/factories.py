"""One function per table: a row with what it must have, and what the test says of it."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from db.catalog.download import DownloadRow, DownloadVariantRow
from db.catalog.media import MediaRow
from db.catalog.product import FulfillmentType, ProductRow, ProductStatus, sort_key
from db.catalog.taxonomy import BRANDS, CATEGORIES, ProductTermRow, TaxonomyRow, TermRow
from db.catalog.variant import VariantRow
from db.commerce.store import StoreRow
from db.row import Row
from tests.gateway import Gateway


async def store_rows(gateway: Gateway, rows: Sequence[Row]) -> None:
    """Write rows as they are, in this order, in one transaction."""
    async with gateway.database.write() as connection:
        for row in rows:
            await _insert(connection, row)
        await connection.commit()


async def _insert(connection: AsyncConnection, row: Row) -> None:
    values = {name: getattr(row, name) for name in type(row).model_fields}
    if values.get("id", 0) is None:
        del values["id"]
    await connection.execute(insert(type(row)).values(values))


def store(**values: Any) -> StoreRow:
    return StoreRow(**{"name": "Test Store"} | values)


def product(id: int, **values: Any) -> ProductRow:
    title = values.setdefault("title", f"Product {id}")
    return ProductRow(
        **{
            "id": id,
            "title_key": sort_key(title),
            "slug": f"product-{id}",
            "status": ProductStatus.PUBLISH,
            "fulfillment_type": FulfillmentType.DIGITAL,
        }
        | values
    )


def variant(id: int, product_id: int, **values: Any) -> VariantRow:
    return VariantRow(
        **{
            "id": id,
            "product_id": product_id,
            "title": f"Variant {id}",
            "sku": f"SKU-{id}",
            "fulfillment_type": FulfillmentType.DIGITAL,
        }
        | values
    )


def taxonomy(name: str, label: str, plural: str, singular: str) -> TaxonomyRow:
    return TaxonomyRow(name=name, label=label, plural_label=plural, singular_label=singular)


def categories() -> TaxonomyRow:
    return taxonomy(CATEGORIES, "Product Categories", "Categories", "Category")


def brands() -> TaxonomyRow:
    return taxonomy(BRANDS, "Product Brands", "Brands", "Brand")


def term(id: int, taxonomy: str = CATEGORIES, **values: Any) -> TermRow:
    name = values.setdefault("name", f"Term {id}")
    return TermRow(**{"id": id, "taxonomy": taxonomy, "name_key": sort_key(name), "slug": f"term-{id}"} | values)


def product_term(product_id: int, term_id: int) -> ProductTermRow:
    return ProductTermRow(product_id=product_id, term_id=term_id)


def download(id: int, product_id: int, **values: Any) -> DownloadRow:
    return DownloadRow(**{"id": id, "product_id": product_id, "title": f"File {id}"} | values)


def download_variant(download_id: int, variant_id: int) -> DownloadVariantRow:
    return DownloadVariantRow(download_id=download_id, variant_id=variant_id)


def media(id: int, **values: Any) -> MediaRow:
    return MediaRow(**{"id": id, "url": f"https://images.example.com/{id}.jpg"} | values)
