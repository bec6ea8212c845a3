"""What can be done to downloads, and what each mutation answers."""

import strawberry

from db.catalog.download import DownloadRow
from db.catalog.product import ProductRow
from engine.declared.mutation import performed
from engine.declared.payload import Payload, changed, deleted
from resolvers.catalog.download import download_delete, download_update, downloads_sync
from schema.catalog.download import ProductDownload
from schema.catalog.product import Product


@strawberry.type(description="The downloads that were added, and their product.")
class DownloadsSyncPayload(Payload):
    downloads: list[ProductDownload] = changed(DownloadRow.id, description="The new ones, in the input's order.")
    product: Product | None = changed(ProductRow.id)


@strawberry.type(description="The download and its product.")
class DownloadUpdatePayload(Payload):
    download: ProductDownload | None = changed(DownloadRow.id)
    product: Product | None = changed(ProductRow.id)


@strawberry.type(description="The download that is gone, and its product.")
class DownloadDeletePayload(Payload):
    deleted_id: strawberry.ID | None = deleted("ProductDownload")
    product: Product | None = changed(ProductRow.id)


@strawberry.type
class DownloadMutations:
    downloads_sync: DownloadsSyncPayload | None = performed(downloads_sync)
    download_update: DownloadUpdatePayload | None = performed(download_update)
    download_delete: DownloadDeletePayload | None = performed(download_delete)
