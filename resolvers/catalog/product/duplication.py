"""Copies of products (S5 POST /products/{productId}/duplicate). A copy is a draft of its own: what sells the original
(feeds, upgrade paths, orders) is not copied, what identifies it (slug, SKUs, files' identifiers) is made anew.

Everything is batched: the number of statements does not hang on the number of products.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import strawberry
from sqlalchemy import Column, Table, insert, or_, select

from db.catalog.attribute import VariantAttributeRow
from db.catalog.bundle import BundleItemRow
from db.catalog.derivations import refresh_products, refresh_products_search
from db.catalog.download import DownloadRow, DownloadVariantRow
from db.catalog.events import DOWNLOAD_CREATED, PRODUCT_CREATED, VARIANT_CREATED
from db.catalog.media import MediaRow
from db.catalog.product import ProductStatus, sort_key
from db.catalog.slug import LONGEST, Wanted, cut, family, free_slugs
from db.catalog.taxonomy import ProductTermRow
from db.catalog.variant import NO_LICENSE, stock_status
from db.store.locks import lock
from db.store.primary_keys import new_keys
from db.store.row import now, table
from db.store.writing import point_all
from db.text.search import search_text
from engine.declared.input import identifies
from engine.declared.mutation import mutation
from engine.declared.payload import Keys
from engine.unit.unit import Unit
from resolvers.catalog.locking import PRODUCT, VARIANT, locked_product, locked_variants
from resolvers.catalog.product.rules import LONGEST as LONGEST_TEXTS
from resolvers.catalog.product.rules import slug_of

DOWNLOAD = table(DownloadRow)
LIMITED = table(DownloadVariantRow)
MEDIA = table(MediaRow)
SUFFIX: Final = " (Copy)"
DUPLICATED: Final = (PRODUCT_CREATED, VARIANT_CREATED, DOWNLOAD_CREATED)
NO_STOCK: Final[Mapping[str, Any]] = {
    "manage_stock": False,
    "total_stock": 0,
    "available": 0,
    "on_hold": 0,
    "committed": 0,
}
STOCK: Final = "Whether the copy manages stock as the original does, with all its numbers; otherwise it manages none."
LICENSES: Final = "Whether the copy's variants bring licences as the original's do; otherwise they bring none."
DOWNLOADS: Final = "Whether the copy has the original's files, under identifiers of their own."


@strawberry.input(description="The original, and what else its copy is to have.")
class ProductDuplicateInput:
    id: strawberry.ID = identifies("Product")
    import_stock_management: bool = strawberry.field(default=False, description=STOCK)
    import_license_settings: bool = strawberry.field(default=False, description=LICENSES)
    import_downloadable_files: bool = strawberry.field(default=False, description=DOWNLOADS)


@mutation(permission="products/create", rest="POST /products/{productId}/duplicate", emits=DUPLICATED)
async def product_duplicate(unit: Unit, input: ProductDuplicateInput) -> Keys:
    """Copy a product as a draft: its detail, variants (without their SKUs), attributes, pictures, terms, metadata and
    bundle items; stock, licence settings and files when asked. Feeds and upgrade paths stay the original's."""
    row = await locked_product(unit, input.id, "id")
    (copy,) = await duplicate_products(unit, [row], asked_of(input))
    return {"product": copy}


@dataclass(frozen=True, slots=True)
class Asked:
    """What copies have of their originals, beside what describes them."""

    stock: bool
    licenses: bool
    downloads: bool


def asked_of(input: Any) -> Asked:
    """As the inputs of one copy and of many say it."""
    return Asked(input.import_stock_management, input.import_license_settings, input.import_downloadable_files)


async def duplicate_products(unit: Unit, products: Sequence[Mapping[str, Any]], asked: Asked) -> list[int]:
    """The keys of copies of products that are locked, in their order."""
    originals = [row["id"] for row in products]
    slugs = await _slugs(unit, products)
    variants = list((await locked_variants(unit, originals)).values())
    files = await _files_of(unit, originals) if asked.downloads else []
    keys = await new_keys(unit.connection, {PRODUCT: len(products), VARIANT: len(variants), DOWNLOAD: len(files)})
    product_of = dict(zip(originals, keys[PRODUCT], strict=True))
    variant_of = dict(zip((row["id"] for row in variants), keys[VARIANT], strict=True))
    file_of = dict(zip((row["id"] for row in files), keys[DOWNLOAD], strict=True))

    new_products = [_product(row, product_of, slug, asked) for row, slug in zip(products, slugs, strict=True)]
    new_variants = [_variant(row, variant_of, product_of, asked) for row in variants]
    new_files = [_file(row, file_of, product_of) for row in files]
    await _insert(unit, PRODUCT, new_products)
    await _insert(unit, VARIANT, new_variants)
    defaults = {product_of[row["id"]]: variant_of.get(row["default_variant_id"]) for row in products}
    await point_all(unit.connection, PRODUCT.c.default_variant_id, defaults)

    await _media(unit, originals, product_of, variant_of)
    of_them = select(VARIANT.c.id).where(VARIANT.c.product_id.in_(originals))
    await _links(unit, table(ProductTermRow).c.product_id, originals, product_of)
    await _links(unit, table(VariantAttributeRow).c.variant_id, of_them, variant_of)
    await _links(unit, table(BundleItemRow).c.variant_id, of_them, variant_of)
    await _insert(unit, DOWNLOAD, new_files)
    if files:
        await _limits(unit, originals, file_of, variant_of)
    copies = list(product_of.values())
    await refresh_products(unit.connection, copies)
    await refresh_products_search(unit.connection, copies)

    for original, product in zip(originals, new_products, strict=True):
        unit.emit(PRODUCT_CREATED(product, duplicate_of=original))
    for variant in new_variants:
        unit.emit(VARIANT_CREATED(variant))
    for file in new_files:
        unit.emit(DOWNLOAD_CREATED(file))
    return copies


async def _insert(unit: Unit, into: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        await unit.connection.execute(insert(into), rows)


def _product(row: Mapping[str, Any], product_of: Mapping[int, int], slug: str, asked: Asked) -> dict[str, Any]:
    title = row["title"][: LONGEST_TEXTS["title"] - len(SUFFIX)].rstrip() + SUFFIX
    own = {
        "id": product_of[row["id"]],
        "detail_id": None,
        "title": title,
        "title_key": sort_key(title),
        "slug": slug,
        "status": ProductStatus.DRAFT,
        "published_at": now(),
        # Addresses of the original.
        "view_url": None,
        "edit_url": None,
        "default_variant_id": None,
        "manage_stock": row["manage_stock"] and asked.stock,
        "manage_downloadable": row["manage_downloadable"] and asked.downloads,
        "modified_at": now(),
    }
    return _copy(row, own)


def _variant(
    row: Mapping[str, Any], variant_of: Mapping[int, int], product_of: Mapping[int, int], asked: Asked
) -> dict[str, Any]:
    own = {
        **({} if asked.stock else _without_stock(row)),
        **({} if asked.licenses else NO_LICENSE),
        "id": variant_of[row["id"]],
        "product_id": product_of[row["product_id"]],
        "sku": None,
        "sku_key": None,
        "search_text": search_text(row["title"]),
    }
    return _copy(row, own)


def _without_stock(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**NO_STOCK, "stock_status": stock_status(managed=False, available=0, supplied=row["supplied"])}


def _copy(row: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """A new row of a versioned table."""
    return {**row, **own, "version": 1, "created_at": now(), "updated_at": now()}


def _file(row: Mapping[str, Any], file_of: Mapping[int, int], product_of: Mapping[int, int]) -> dict[str, Any]:
    own = {
        "id": file_of[row["id"]],
        "product_id": product_of[row["product_id"]],
        "identifier": str(uuid.uuid4()),
    }
    return _copy(row, own)


async def _slugs(unit: Unit, products: Sequence[Mapping[str, Any]]) -> list[str]:
    """`<title>-copy-<seconds>`, numbered where that is taken."""
    suffix = f"-copy-{int(now().timestamp())}"
    wanted = [Wanted(cut(slug_of(row["title"]), LONGEST - len(suffix)) + suffix, None) for row in products]
    await lock(unit.connection, {family(each.slug) for each in wanted})
    return await free_slugs(unit.connection, wanted)


async def _media(
    unit: Unit, products: Sequence[int], product_of: Mapping[int, int], variant_of: Mapping[int, int]
) -> None:
    of_variants = MEDIA.c.variant_id.in_(select(VARIANT.c.id).where(VARIANT.c.product_id.in_(products)))
    statement = select(MEDIA).where(or_(MEDIA.c.product_id.in_(products), of_variants)).order_by(MEDIA.c.id)
    copies = []
    for row in map(dict, (await unit.connection.execute(statement)).mappings()):
        owner = {"product_id": product_of.get(row["product_id"]), "variant_id": variant_of.get(row["variant_id"])}
        del row["id"]
        copies.append(_copy(row, owner))
    await _insert(unit, MEDIA, copies)


async def _links(unit: Unit, owner: Column[Any], originals: Any, copy_of: Mapping[int, int]) -> None:
    """Rows that say nothing but whose they are, and what of."""
    found = (await unit.connection.execute(select(owner.table).where(owner.in_(originals)))).mappings()
    await _insert(unit, owner.table, [{**row, owner.name: copy_of[row[owner.name]]} for row in found])


async def _files_of(unit: Unit, products: Sequence[int]) -> list[dict[str, Any]]:
    statement = select(DOWNLOAD).where(DOWNLOAD.c.product_id.in_(products)).order_by(DOWNLOAD.c.id)
    return [dict(row) for row in (await unit.connection.execute(statement)).mappings()]


async def _limits(
    unit: Unit, products: Sequence[int], file_of: Mapping[int, int], variant_of: Mapping[int, int]
) -> None:
    """Which of the files are for which variants alone."""
    links = (
        select(LIMITED)
        .join(DOWNLOAD, DOWNLOAD.c.id == LIMITED.c.download_id)
        .where(DOWNLOAD.c.product_id.in_(products))
    )
    limited = [
        {"download_id": file_of[link.download_id], "variant_id": variant_of[link.variant_id]}
        for link in await unit.connection.execute(links)
        if link.variant_id in variant_of
    ]
    await _insert(unit, LIMITED, limited)
