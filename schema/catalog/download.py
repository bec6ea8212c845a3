"""Files that buyers receive."""

from typing import TYPE_CHECKING, Annotated

import strawberry
from sqlmodel import col

from connectors.storage import Links
from db.catalog import visibility
from db.catalog.download import DownloadRow, DownloadVariantRow
from db.catalog.product import ProductRow
from db.catalog.variant import VariantRow
from engine.declared.batch import batched
from engine.declared.declaration import column, related
from engine.declared.entity import Node, entity
from engine.declared.mutation import performed
from engine.declared.payload import Payload, changed, deleted
from engine.values.scalars import URL
from resolvers.catalog.download.writing import download_delete, download_update, downloads_sync
from resolvers.commerce.download import download_urls

if TYPE_CHECKING:
    from schema.catalog.product import Product
    from schema.catalog.variant import ProductVariant


@entity(DownloadRow, visible=visibility.downloads, description="A file that buyers of a product may download.")
class ProductDownload(Node):
    database_id: int = column(DownloadRow.id)
    identifier: str = column(DownloadRow.identifier, description="A UUID of the file, stable across updates.")
    title: str | None = column(
        DownloadRow.title, description="What buyers see it called: up to 160 characters; null when the import had none."
    )
    type: str | None = column(DownloadRow.type, description="The kind of file, usually its extension.")
    driver: str | None = column(DownloadRow.driver, description="Where it is stored: local, s3.")
    file_name: str | None = column(
        DownloadRow.file_name,
        description="The name that buyers save it under: up to 185 characters when it is added, 100 when it is "
        "changed.",
    )
    file_path: str | None = column(
        DownloadRow.file_path,
        permission="products/edit",
        description="Where the driver has it: relative and without `..`, up to 185 characters.",
    )
    file_url: str | None = column(
        DownloadRow.file_url,
        permission="products/edit",
        description="Its address as the shop keeps it, up to 200 characters; no link for buyers, that is `url`.",
    )
    file_size: float | None = column(DownloadRow.file_size, description="In bytes, whole; null when not known.")
    bucket: str | None = column(
        DownloadRow.bucket,
        permission="products/edit",
        description="The driver's bucket that holds it; null for a driver without buckets.",
    )
    download_limit: int | None = column(
        DownloadRow.download_limit, description="How often per order; null is unlimited."
    )
    download_expiry_days: int | None = column(
        DownloadRow.download_expiry_days, description="Days after the purchase; null is forever."
    )
    url: URL | None = batched(
        download_urls,
        to=DownloadRow.identifier,
        ports=(Links,),
        description="As `downloadUrl` has it; made anew each time.",
    )
    position: int = column(DownloadRow.position, description="Order of display, ascending.")
    for_all_variants: bool = column(
        DownloadRow.for_all_variants,
        description="Whether buyers of every variant of the product receive it. When not, and its last variant is "
        "deleted, nobody does.",
    )
    product: Annotated["Product", strawberry.lazy("schema.catalog.product")] | None = related(
        ProductRow.id,
        to=DownloadRow.product_id,
        description="What it is received with; null when it is hidden from you.",
    )
    variants: list[Annotated["ProductVariant", strawberry.lazy("schema.catalog.variant")]] = related(
        DownloadVariantRow.download_id,
        to=DownloadRow.id,
        on=col(DownloadVariantRow.variant_id) == VariantRow.id,
        order=[VariantRow.position],
        description="The variants it is limited to; of a file for all variants it is empty.",
    )


@strawberry.type(description="The downloads that were added, and their product.")
class DownloadsSyncPayload(Payload):
    downloads: list[ProductDownload] = changed(DownloadRow.id, description="The new ones, in the input's order.")
    product: Annotated["Product", strawberry.lazy("schema.catalog.product")] | None = changed(ProductRow.id)


@strawberry.type(description="The download and its product.")
class DownloadUpdatePayload(Payload):
    download: ProductDownload | None = changed(DownloadRow.id)
    product: Annotated["Product", strawberry.lazy("schema.catalog.product")] | None = changed(ProductRow.id)


@strawberry.type(description="The download that is gone, and its product.")
class DownloadDeletePayload(Payload):
    deleted_id: strawberry.ID | None = deleted("ProductDownload")
    product: Annotated["Product", strawberry.lazy("schema.catalog.product")] | None = changed(ProductRow.id)


@strawberry.type
class DownloadMutations:
    downloads_sync: DownloadsSyncPayload | None = performed(downloads_sync)
    download_update: DownloadUpdatePayload | None = performed(download_update)
    download_delete: DownloadDeletePayload | None = performed(download_delete)
