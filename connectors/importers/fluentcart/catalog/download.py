"""S5 `GET /products/{productId}/pricing`, `product.downloadable_files`."""

from collections.abc import Collection
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from connectors.importers.fluentcart.values import (
    INTEGER,
    MONEY,
    branch,
    entries,
    key,
    moment,
    name,
    plain,
    text,
    whole,
)
from connectors.importers.mapping import Columns, Field, Mapped, Tells, Unreadable
from db.catalog.download import DownloadRow
from db.catalog.events import DOWNLOAD_CREATED, DOWNLOAD_DELETED, DOWNLOAD_UPDATED

DOWNLOAD: Final = Mapped(
    "downloads",
    DownloadRow,
    {
        "id": Field("id", key),
        "identifier": Field("download_identifier", name()),
        "title": Field("title", plain(None)),
        "type": Field("type", name()),
        "driver": Field("driver", name()),
        "file_name": Field("file_name", text(None)),
        "file_path": Field("file_path", text(None)),
        "file_url": Field("file_url", text(None)),
        "file_size": Field("file_size", whole(None, least=0, most=MONEY)),
        "bucket": Field("settings.bucket", name()),
        "download_limit": Field("settings.download_limit", whole(None, least=0)),
        "download_expiry_days": Field("settings.download_expiry", whole(None, least=0, most=INTEGER)),
        "position": Field("serial", whole(1)),
        "created_at": Field("created_at", moment),
        "updated_at": Field("updated_at", moment),
    },
    branch=branch,
    computed=("product_id", "for_all_variants"),
    unique=("identifier",),
    tells=Tells(DOWNLOAD_CREATED, DOWNLOAD_UPDATED, DOWNLOAD_DELETED),
    together=(("driver", "bucket", "file_name", "file_path", "file_url", "file_size"),),
    follows=("for_all_variants",),
)
VARIANTS: Final = Field("product_variation_id", entries)


def read_download(entry: Any, product_id: int, source: str) -> Columns:
    """A file of this product. One without an identifier gets a made-up one, the same in every run.

    Raises Unreadable.
    """
    row = DOWNLOAD.read(branch(entry))
    row["product_id"] = product_id
    row["for_all_variants"] = True  # until its links are read
    row["identifier"] = row["identifier"] or str(uuid5(NAMESPACE_URL, f"{source}/downloads/{row['id']}"))
    return row


def read_links(entry: Any, variants: Collection[int]) -> tuple[list[int], list[str]]:
    """The variants whose buyers receive the file, and a reason for each link left out.

    No link at all means every variant of the product. So a file that the source gives to certain variants, none of
    which is known, raises Unreadable: nobody could receive it.
    """
    named = VARIANTS(branch(entry), branch)
    known: list[int] = []
    reasons: list[str] = []
    for value in named:
        try:
            variant = key(value)
        except Unreadable as unreadable:
            reasons.append(unreadable.reason)
            continue
        if variant not in variants:
            reasons.append(f"variant {variant} is not among the product's variants")
        elif variant not in known:
            known.append(variant)
    if named and not known:
        raise Unreadable("none of its variants is known, and without one every buyer would get it", VARIANTS.path)
    return known, reasons
