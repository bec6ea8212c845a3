"""S5 `GET /products/{productId}/pricing`: the gallery of a product and the pictures of its variants."""

from typing import Any, Final

from connectors.importers.fluentcart.values import address, branch, entries, plain, reference
from connectors.importers.mapping import Columns, Field, Mapped, Record, Unreadable
from db.catalog.media import MediaRow

# FluentCart gives pictures no identifier of their own: the row's is ours and not compared.
MEDIA: Final = Mapped(
    "media",
    MediaRow,
    {
        "attachment_id": Field("id", lambda value: reference(value) or 0),
        "url": Field("url", address()),
        "title": Field("title", plain("")),
    },
    branch=branch,
    computed=("id", "product_id", "variant_id", "position"),
    stamped=True,
)


def gallery(product: Record) -> list[Any]:
    """The entries of a product's gallery, or its featured picture when it has no gallery."""
    detail = branch(product.get("detail"))
    pictures = _pictures(product.get("gallery")) or _pictures(detail.get("gallery_image"))
    return pictures or _pictures(detail.get("featured_media"))


def thumbnails(variant: Record) -> list[Any]:
    """The entries of a variant's pictures; where there are none, the address that stands for them."""
    thumbnail = variant.get("thumbnail")
    if pictures := _pictures(variant.get("media")):
        return pictures
    return [{"id": variant.get("media_id"), "url": thumbnail}] if isinstance(thumbnail, str) and thumbnail else []


def _pictures(value: Any) -> list[Any]:
    """A list of pictures, the meta row that holds such a list, or one picture."""
    if isinstance(value, dict):
        if "meta_value" in value:
            return _pictures(value["meta_value"])
        if "url" in value:
            return [value]
    return entries(value)


def read_media(entry: Any, position: int, *, product_id: int | None = None, variant_id: int | None = None) -> Columns:
    """One picture of one owner. Raises Unreadable."""
    row = MEDIA.read(branch(entry))
    if not row["url"]:
        raise Unreadable("is missing", "url")
    return row | {"product_id": product_id, "variant_id": variant_id, "position": position}


def match(incoming: list[Columns], stored: dict[int, Columns]) -> tuple[list[Columns], set[int]]:
    """Gives each incoming picture the identifier of the stored one that shows the same to the same owner, so that a
    picture keeps its identifier when others come, go or change places; and the identifiers of those that are gone."""
    same: dict[tuple[Any, ...], list[int]] = {}
    for identifier, row in sorted(stored.items(), reverse=True):
        same.setdefault(_shows(row), []).append(identifier)
    matched = []
    for row in incoming:
        candidates = same.get(_shows(row))
        matched.append(row | {"id": candidates.pop()} if candidates else row)
    return matched, {identifier for rest in same.values() for identifier in rest}


def _shows(row: Columns) -> tuple[Any, ...]:
    return row["product_id"], row["variant_id"], row["attachment_id"], row["url"]
