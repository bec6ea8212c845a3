"""A product of a shop that is no FluentCart, put together as the importer writes products."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

from connectors.importers.fluentcart.catalog.media import MEDIA, read_media
from connectors.importers.fluentcart.catalog.product import PRODUCT
from connectors.importers.fluentcart.catalog.taxonomy import LINKS
from connectors.importers.fluentcart.catalog.variant import VARIANT
from connectors.importers.fluentcart.family import Family
from connectors.importers.fluentcart.values import entries, shown
from connectors.importers.mapping import Columns, Record, Unreadable
from connectors.importers.report import Skipped
from db.catalog.product import sort_key
from db.catalog.sku import key_of_stored, written
from db.catalog.slug import derived
from db.text.search import search_text

__all__ = ["SLUGS", "Family", "FamilyOf", "entries_of"]

# Where a family's record says which terms the product has, by taxonomy and slug: numbers are each shop's own.
SLUGS: Final = "slugs of terms"


def entries_of(record: Record, name: str) -> list[Any]:
    """A list of a record. Raises Unreadable."""
    try:
        return entries(record.get(name))
    except Unreadable as unreadable:
        raise Unreadable(unreadable.reason, name) from None


class FamilyOf:
    """Of a product's row as a shop's shape has read it. `skipped` is what was left out."""

    def __init__(self, row: Columns, slug: str, published: datetime | None, modified: datetime | None) -> None:
        row["title_key"] = sort_key(row["title"])
        row["slug"] = slug or derived(row["title"]) or f"product-{row['id']}"
        row["published_at"] = published
        row["modified_at"] = modified
        # Both are columns that a row cannot be without.
        row["created_at"] = row["created_at"] or published or modified
        row["updated_at"] = row["updated_at"] or row["created_at"]
        self._slugs: dict[str, list[str]] = {}
        self.family = Family(row, {SLUGS: self._slugs})
        self.skipped: list[Skipped] = []

    def terms(self, taxonomy: str, slugs: Sequence[str]) -> None:
        self._slugs[taxonomy] = [slug for slug in slugs if slug]

    def variant(self, row: Columns, pictures: Sequence[Any]) -> None:
        """Raises Unreadable."""
        if row["compare_price"] < row["price"]:
            row["compare_price"] = 0
        row["sku"] = written(row["sku"] or "") or None
        row["search_text"] = search_text(row["title"], row["sku"])
        row["sku_key"] = key_of_stored(row["sku"])
        row["created_at"] = row["created_at"] or self.family.product["created_at"]
        row["updated_at"] = row["updated_at"] or row["created_at"]
        if self.family.variants.setdefault(row["id"], row) is not row:
            raise Unreadable("is the identifier of another one too", "id")
        self.pictures(pictures, variant_id=row["id"])

    def pictures(self, told: Sequence[Any], **of: int) -> None:
        for position, entry in enumerate(told, 1):
            try:
                self.family.media.append(read_media(entry, position, **of))
            except Unreadable as unreadable:
                place = f"{position} of product {self.family.id}"
                self.skipped.append(Skipped(MEDIA.entity, place, unreadable.field, unreadable.reason))

    @contextmanager
    def reading(self, entry: Any) -> Iterator[None]:
        """What cannot be read of this child is named, and what is stored of it stays."""
        identifier = entry.get("id") if isinstance(entry, dict) else entry
        if isinstance(identifier, int):
            self.family.listed_variants.add(identifier)
        try:
            yield
        except Unreadable as unreadable:
            place = f"{shown(identifier)} of product {self.family.id}"
            self.skipped.append(Skipped(VARIANT.entity, place, unreadable.field, unreadable.reason))

    def leave_out(self, field: str, reason: str) -> None:
        self.skipped.append(Skipped(LINKS, f"of {PRODUCT.entity[:-1]} {self.family.id}", field, reason))
