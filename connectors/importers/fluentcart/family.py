"""One product with all that is its own, read from what the store tells of it."""

from dataclasses import dataclass, field
from typing import Any

from connectors.importers.fluentcart.catalog.download import DOWNLOAD, read_download
from connectors.importers.fluentcart.catalog.listed import ListedProduct
from connectors.importers.fluentcart.catalog.media import MEDIA, gallery, read_media, thumbnails
from connectors.importers.fluentcart.catalog.product import PRODUCT, read_product
from connectors.importers.fluentcart.catalog.variant import VARIANT, read_variant
from connectors.importers.fluentcart.clock import Clock
from connectors.importers.fluentcart.money import currency_of
from connectors.importers.fluentcart.remote_list import Batch
from connectors.importers.fluentcart.values import branch, entries, key, shown
from connectors.importers.mapping import Columns, Mapped, Record, Unreadable
from connectors.importers.report import Skipped


@dataclass(slots=True)
class Family:
    """Rows by identifier. `listed_…` are all identifiers that the source names, those of unreadable records too:
    what it names is never deleted. `files` are the records of the downloads, for their links."""

    product: Columns
    record: Record
    variants: dict[int, Columns] = field(default_factory=dict)
    downloads: dict[int, Columns] = field(default_factory=dict)
    files: dict[int, Record] = field(default_factory=dict)
    media: list[Columns] = field(default_factory=list)
    listed_variants: set[int] = field(default_factory=set)
    listed_downloads: set[int] = field(default_factory=set)

    @property
    def id(self) -> int:
        identifier: int = self.product["id"]
        return identifier


class Met:
    """Which children a run has met, by entity and identifier: one that comes up again belongs to the first product."""

    def __init__(self) -> None:
        self._before: set[tuple[str, int]] = set()
        self._now: set[tuple[str, int]] = set()

    def add(self, entity: str, identifier: int) -> None:
        """Raises Unreadable when it has been met before."""
        if (entity, identifier) in self._before or (entity, identifier) in self._now:
            raise Unreadable("is the identifier of another one too", "id")
        self._now.add((entity, identifier))

    def forget(self) -> None:
        """What was met since the last `keep`: it is about to be read again."""
        self._now.clear()

    def keep(self) -> None:
        self._before |= self._now
        self._now.clear()


def read_families(
    batch: Batch[ListedProduct], clock: Clock, source: str, met: Met
) -> tuple[list[Family], list[Skipped]]:
    """The products of a batch, and what of it cannot be read. Never raises."""
    met.forget()
    for listed in batch.records:
        clock.learn(listed.record)
    families: list[Family] = []
    skipped: list[Skipped] = list(batch.skipped)
    for listed in batch.records:
        reading = _Reading(source, met)
        try:
            families.append(reading.family({**listed.record, "ID": listed.id}, clock))
        except Unreadable as unreadable:
            skipped.append(Skipped(PRODUCT.entity, str(listed.id), unreadable.field, unreadable.reason))
        else:
            skipped += reading.skipped
    return families, skipped


class _Reading:
    """One product being read. A child that cannot be is skipped; Unreadable is raised for the product itself."""

    def __init__(self, source: str, met: Met) -> None:
        self._source = source
        self._met = met
        self.skipped: list[Skipped] = []

    def family(self, record: Record, clock: Clock) -> Family:
        family = Family(read_product(record, clock), record)
        variants, files = _list(record, "variants"), _list(record, "downloadable_files")
        self._pictures(family, gallery(record), f"product {family.id}", product_id=family.id)
        for entry in variants:
            self._variant(family, entry)
        for entry in files:
            self._download(family, entry)
        return family

    def _variant(self, family: Family, entry: Any) -> None:
        try:
            row = read_variant(entry, family.id, currency_of(family.record))
            pictures = thumbnails(branch(entry))
            self._met.add(VARIANT.entity, row["id"])
        except Unreadable as unreadable:
            self._skip(VARIANT, family, entry, unreadable)
        else:
            family.variants[row["id"]] = row
            self._pictures(family, pictures, f"variant {row['id']}", variant_id=row["id"])
        family.listed_variants |= _named(entry)

    def _download(self, family: Family, entry: Any) -> None:
        try:
            row = read_download(entry, family.id, self._source)
            self._met.add(DOWNLOAD.entity, row["id"])
        except Unreadable as unreadable:
            self._skip(DOWNLOAD, family, entry, unreadable)
        else:
            family.downloads[row["id"]] = row
            family.files[row["id"]] = branch(entry)
        family.listed_downloads |= _named(entry)

    def _pictures(self, family: Family, pictures: list[Any], owner: str, **of: int) -> None:
        for position, entry in enumerate(pictures, 1):
            try:
                family.media.append(read_media(entry, position, **of))
            except Unreadable as unreadable:
                place = f"{position} of {owner}"
                self.skipped.append(Skipped(MEDIA.entity, place, unreadable.field, unreadable.reason))

    def _skip(self, mapped: Mapped, family: Family, entry: Any, unreadable: Unreadable) -> None:
        identifier = shown(entry.get("id") if isinstance(entry, dict) else entry)
        place = f"{identifier} of product {family.id}"
        self.skipped.append(Skipped(mapped.entity, place, unreadable.field, unreadable.reason))


def _named(entry: Any) -> set[int]:
    try:
        return {key(branch(entry).get("id"))}
    except Unreadable:
        return set()


def _list(record: Record, name: str) -> list[Any]:
    try:
        return entries(record.get(name))
    except Unreadable as unreadable:
        raise Unreadable(unreadable.reason, name) from None
