"""What is done to the files that buyers of a product receive: to their records. The files themselves:
resolvers.files.file."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

import strawberry
from sqlalchemy import delete, insert, select

from connectors.storage import Storage
from connectors.storage.setting import as_set, by
from db.catalog import visibility
from db.catalog.download import DownloadRow, DownloadVariantRow
from db.catalog.events import DOWNLOAD_CREATED, DOWNLOAD_DELETED, DOWNLOAD_UPDATED, PRODUCT_UPDATED
from db.store.row import table
from db.store.writing import add_all, edit
from engine.declared.input import identifies
from engine.declared.mutation import mutation
from engine.declared.payload import Keys
from engine.unit.perform import Reach
from engine.unit.unit import Refuses, Unit
from engine.values.errors import ErrorCode
from engine.values.naming import camel
from resolvers.catalog.download.places import check_places, looked_for_changed, looked_for_new, place_of
from resolvers.catalog.download.rules import LONGEST_CHANGED, LONGEST_NEW, check_download
from resolvers.catalog.locking import PRODUCT, VARIANT, locked_product
from resolvers.catalog.writing import change_product
from resolvers.editing.editable import edited_version, seen_version
from resolvers.editing.locking import key_of, locked, not_found
from resolvers.editing.position import after, next_position
from resolvers.editing.updating import differences, named, refuse_outdated

DOWNLOAD = table(DownloadRow)
LINK = table(DownloadVariantRow)
MOST_FILES: Final = 100  # as ids elsewhere
# What an update names besides the columns of its download.
_ELSEWHERE: Final = ("id", "expected_version", "variant_ids")
# The fields that say where a file is; the one that says most of it first.
_PLACED: Final = ("file_path", "file_name", "driver", "bucket")
PATH: Final = "Where the driver has it: relative, without `..`."
FOLLOWS: Final = "Null, or absent where `fileName` changes: as `fileName` says."
VARIANTS: Final = "The variants whose buyers receive it; as documented, none or null means all of the product."
UNLIMITED: Final = "Null and 0: any number."
FOREVER: Final = "Null and 0: forever."


@strawberry.input(description="A file that buyers of a product are to receive.")
class DownloadInput:
    title: str = strawberry.field(description="At most 160 characters.")
    type: str = strawberry.field(description="The kind of file, usually its extension.")
    driver: str = strawberry.field(description="Where it is stored: local, s3; one that is configured.")
    file_name: str = strawberry.field(
        description="The name that buyers save it under. What makes the name of an upload unique is taken off."
    )
    file_path: str | None = strawberry.field(default=None, description=f"{PATH} `fileName` unless said otherwise.")
    file_url: str | None = strawberry.field(default=None, description="`fileName` unless said otherwise.")
    bucket: str | None = strawberry.field(default=None, description="Of the driver; its default when there is none.")
    file_size: float | None = strawberry.field(default=None, description="In bytes, whole; null when not known.")
    position: int | None = strawberry.field(default=None, description="Behind the others unless said otherwise.")
    variant_ids: strawberry.Maybe[list[strawberry.ID] | None] = identifies("ProductVariant", description=VARIANTS)
    download_limit: int | None = strawberry.field(default=None, description=f"Downloads per order. {UNLIMITED}")
    download_expiry_days: int | None = strawberry.field(default=None, description=f"Days after the order. {FOREVER}")


@strawberry.input(description="Files to add to a product.")
class DownloadsSyncInput:
    product_id: strawberry.ID = identifies("Product")
    files: list[DownloadInput] = strawberry.field(description=f"From 1 to {MOST_FILES}.")


@strawberry.input(description="What is named changes, null clears, what is absent stays.")
class DownloadUpdateInput:
    id: strawberry.ID = identifies("ProductDownload")
    expected_version: int | None = edited_version()
    title: strawberry.Maybe[str] = strawberry.field(default=None, description="At most 100 characters.")
    type: strawberry.Maybe[str]
    driver: strawberry.Maybe[str]
    file_name: strawberry.Maybe[str] = strawberry.field(
        default=None, description="At most 100 characters. Another one is another file: see `filePath` and `fileUrl`."
    )
    file_path: strawberry.Maybe[str | None] = strawberry.field(default=None, description=f"{PATH} {FOLLOWS}")
    file_url: strawberry.Maybe[str | None] = strawberry.field(default=None, description=FOLLOWS)
    bucket: strawberry.Maybe[str | None]
    file_size: strawberry.Maybe[float | None]
    position: strawberry.Maybe[int]
    variant_ids: strawberry.Maybe[list[strawberry.ID] | None] = identifies("ProductVariant", description=VARIANTS)
    download_limit: strawberry.Maybe[int | None] = strawberry.field(default=None, description=UNLIMITED)
    download_expiry_days: strawberry.Maybe[int | None] = strawberry.field(default=None, description=FOREVER)


@strawberry.input(description="A download to delete.")
class DownloadDeleteInput:
    id: strawberry.ID = identifies("ProductDownload")
    expected_version: int | None = seen_version()


def _asked(file: DownloadInput) -> dict[str, Any]:
    return {name: value for name, value in vars(file).items() if name != "variant_ids"}


def _added(reach: Reach, input: DownloadsSyncInput, _dry: bool) -> AbstractAsyncContextManager[set[str]]:
    return looked_for_new(reach, [_asked(file) for file in input.files[:MOST_FILES]])


def _changed(reach: Reach, input: DownloadUpdateInput, _dry: bool) -> AbstractAsyncContextManager[set[str]]:
    return looked_for_changed(reach, key_of(input.id), named(input, leave=_ELSEWHERE))


@mutation(
    permission="products/edit",
    rest="POST /products/{postId}/sync-downloadable-files",
    emits=(DOWNLOAD_CREATED, PRODUCT_UPDATED),
    ports=(Storage,),
    outside=_added,
)
async def downloads_sync(unit: Unit, input: DownloadsSyncInput) -> Keys:
    """Add files to a product. As documented it only adds: what the product has stays."""
    product = await locked_product(unit, input.product_id, "productId")
    if not 1 <= len(input.files) <= MOST_FILES:
        unit.refuse(ErrorCode.VALIDATION, f"From 1 to {MOST_FILES} files", "files")
        unit.settle()
    limited = [(file.variant_ids.value if file.variant_ids is not None else None) or [] for file in input.files]
    known = await _variants_of(unit, product["id"], [one for ids in limited for one in ids])
    following = await next_position(unit.connection, DOWNLOAD.c.position, DOWNLOAD.c.product_id == product["id"])
    rows, links, places = [], [], []
    drivers = [file.driver for file in input.files]
    storage = await as_set(by(unit.connection), unit.port(Storage), *drivers, hold=True)
    for index, file in enumerate(input.files):
        errors = unit.at("files", str(index))
        values = check_download(errors, storage, {}, _asked(file), LONGEST_NEW)
        linked = _checked_variants(errors, limited[index], known)
        position = following if values["position"] is None else values["position"]
        following = after(position)
        values |= {"position": position, "product_id": product["id"], "for_all_variants": not linked}
        rows.append(DownloadRow(**values))
        links.append(linked)
        places.append((errors, "filePath" if file.file_path else "fileName", values))
    await check_places(unit, storage, product["id"], places)
    unit.settle()

    keys = await add_all(unit.connection, rows)
    await _link(unit, dict(zip(keys, links, strict=True)))
    for key, row in zip(keys, rows, strict=True):
        unit.emit(DOWNLOAD_CREATED(row.model_dump() | {"id": key}))
    await change_product(unit, product, differences(product, {"manage_downloadable": True}))
    return {"downloads": keys, "product": product["id"]}


@mutation(
    permission="products/edit",
    rest="PUT /products/{downloadableId}/update",
    emits=(DOWNLOAD_UPDATED,),
    ports=(Storage,),
    outside=_changed,
)
async def download_update(unit: Unit, input: DownloadUpdateInput) -> Keys:
    """Change the record of a file. Its identifier stays, and with it the links that buyers have."""
    row = await _locked(unit, input.id, input.expected_version)
    asked = named(input, leave=_ELSEWHERE)
    drivers = (row["driver"], asked.get("driver"))
    storage = await as_set(by(unit.connection), unit.port(Storage), *drivers, hold=True)
    values = check_download(unit, storage, row, asked, LONGEST_CHANGED)
    if input.variant_ids is not None:
        wanted = input.variant_ids.value or []
        linked = _checked_variants(unit, wanted, await _variants_of(unit, row["product_id"], wanted))
        values |= {"variant_ids": linked, "for_all_variants": not linked}
    after_it = row | values
    if place_of(storage, after_it) != place_of(storage, row):
        field = next((name for name in _PLACED if asked.get(name)), "file_path")
        await check_places(unit, storage, row["product_id"], [(unit, camel(field), after_it)])
    unit.settle()

    changes = differences(row, values)
    if changes:
        columns = {name: value for name, value in changes.items() if name != "variant_ids"}
        await edit(unit.connection, DOWNLOAD, row["id"], row["version"], columns)
        if "variant_ids" in changes:
            await unit.connection.execute(delete(LINK).where(LINK.c.download_id == row["id"]))
            await _link(unit, {row["id"]: changes["variant_ids"]})
        unit.emit(DOWNLOAD_UPDATED(row, changes))
    return {"download": row["id"], "product": row["product_id"]}


@mutation(permission="products/delete", rest="DELETE /products/{downloadableId}/delete", emits=(DOWNLOAD_DELETED,))
async def download_delete(unit: Unit, input: DownloadDeleteInput) -> Keys:
    """Delete the record of a file, and what orders permit to do with it. The stored file stays: see `fileDelete`."""
    row = await _locked(unit, input.id, input.expected_version)
    await unit.connection.execute(delete(DOWNLOAD).where(DOWNLOAD.c.id == row["id"]))
    before = {name: value for name, value in row.items() if name != "variant_ids"}
    unit.emit(DOWNLOAD_DELETED(before))
    return {"deleted_id": row["id"], "product": row["product_id"]}


async def _locked(unit: Unit, id: str, expected_version: int | None) -> dict[str, Any]:
    """The download with the ids of the variants that it is limited to (`variant_ids`), its product locked before it.
    Raises Refused."""
    key = key_of(id)
    owner = select(DOWNLOAD.c.product_id).where(DOWNLOAD.c.id == key).scalar_subquery()
    await unit.connection.execute(select(PRODUCT.c.id).where(PRODUCT.c.id == owner).with_for_update())
    found = await locked(unit, DOWNLOAD, [key], visibility.downloads(unit.viewer))
    row = found.get(key) or not_found(unit, "download", "id")
    await refuse_outdated(unit, f"ProductDownload:{key}", expected_version, row["version"])
    links = select(LINK.c.variant_id).where(LINK.c.download_id == key).order_by(LINK.c.variant_id)
    return row | {"variant_ids": list((await unit.connection.execute(links)).scalars())}


async def _variants_of(unit: Unit, product: int, ids: Collection[str]) -> set[int]:
    """Those of the ids that are variants of the product."""
    if not ids:
        return set()
    keys = {key_of(one) for one in ids}
    statement = select(VARIANT.c.id).where(VARIANT.c.product_id == product, VARIANT.c.id.in_(keys))
    return set((await unit.connection.execute(statement)).scalars())


def _checked_variants(errors: Refuses, ids: Sequence[str], known: Collection[int]) -> list[int]:
    """The keys, each once, in their order."""
    keys = [key_of(one) for one in ids]
    for index, key in enumerate(keys):
        if key not in known:
            errors.refuse(ErrorCode.NOT_FOUND, "The product has no such variant", "variantIds", str(index))
    return sorted(set(keys))


async def _link(unit: Unit, links: Mapping[int, Collection[int]]) -> None:
    rows = [{"download_id": key, "variant_id": variant} for key, variants in links.items() for variant in variants]
    if rows:
        await unit.connection.execute(insert(LINK), rows)
