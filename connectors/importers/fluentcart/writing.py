"""Writes products with their children: brings what is stored of them in line with what the store tells."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from sqlalchemy import bindparam, update

from connectors.importers import reconcile, sequences
from connectors.importers.fluentcart.catalog.bundle import break_bundles
from connectors.importers.fluentcart.catalog.download import DOWNLOAD, read_links
from connectors.importers.fluentcart.catalog.media import MEDIA, match
from connectors.importers.fluentcart.catalog.product import PRODUCT
from connectors.importers.fluentcart.catalog.taxonomy import LINKS, read_terms
from connectors.importers.fluentcart.catalog.variant import VARIANT
from connectors.importers.fluentcart.family import Family
from connectors.importers.fluentcart.foundation import TERMS, Known
from connectors.importers.fluentcart.vanishing import remove_what_hangs_on
from connectors.importers.mapping import Columns, Mapped, Unreadable
from connectors.importers.reconcile import Difference, Link, StoredRows
from connectors.importers.report import Report, Skipped, Tally
from connectors.importers.unique import only, settle
from connectors.importers.work import Work
from db.catalog.derivations import derived_of
from db.catalog.download import DownloadVariantRow
from db.catalog.product import StockStatus, product_search_text, sort_key
from db.catalog.sku import key_of_stored
from db.catalog.slug import numbered
from db.catalog.taxonomy import BRANDS, CATEGORIES, ProductTermRow
from db.store.row import table
from db.text.search import search_text

PRODUCT_TERM = table(ProductTermRow)
DOWNLOAD_VARIANT = table(DownloadVariantRow)
GALLERY: Final = "gallery"
PICTURES: Final = "media"
FILES_OF: Final = "variants"
# A file that is limited to variants, none of which is left: nobody's. Without any it would be every buyer's.
_NOBODYS: Final = [0]
_FIELD_OF: Final = {CATEGORIES: "categories", BRANDS: "brands"}


async def write_families(work: Work, families: list[Family], after: int, known: Known) -> tuple[Report, set[int]]:
    """`after` is the product up to which this run has confirmed what is stored, `known` what products may refer to.
    What the source no longer names of a product is deleted, unless it was made or changed here; products themselves
    never are. Answers with the products that were not the source's to write, too."""
    writing = _Writing(work, after, families)
    await writing.load()
    refused = writing.merge()
    await writing.settle()
    writing.derive(known)
    await writing.write()
    return writing.report, refused


class _Writing:
    """The steps share what is incoming and what is stored. Rows are by identifier."""

    def __init__(self, work: Work, after: int, families: list[Family]) -> None:
        self._work = work
        self._connection = work.connection
        self._after = after
        self._families = {family.id: family for family in families}
        self._products = {family.id: family.product for family in families}
        self._variants = {key: row for family in families for key, row in family.variants.items()}
        self._downloads = {key: row for family in families for key, row in family.downloads.items()}
        self._gone_here: set[int] = set()  # variants that the source names, and that were deleted here
        self._media: list[Columns] = []
        self._left_pictures: set[tuple[Mapped, int]] = set()  # owners whose pictures were changed here
        self._terms: set[Link] = set()
        self._files: set[Link] = set()
        self.report = Report()

    async def load(self) -> None:
        """What is stored of these families, locked in the order that all writers keep: products, then variants; and
        what the last import saw of it."""
        load, here = reconcile.load, self._connection
        self._stored_products = await load(here, PRODUCT, "id", self._products, lock=True)
        self._stored_variants = await self._stored_children(VARIANT, self._variants)
        self._stored_downloads = await self._stored_children(DOWNLOAD, self._downloads)
        self._stored_media = await load(here, MEDIA, "product_id", self._products)
        self._stored_media |= await load(here, MEDIA, "variant_id", self._stored_variants)
        self._stored_terms = await reconcile.links(here, PRODUCT_TERM, self._products)
        self._stored_files = await reconcile.links(here, DOWNLOAD_VARIANT, self._stored_downloads)
        for mapped, rows, stored in self._tables():
            await self._work.merging(mapped).load(rows, stored)

    def _tables(self) -> Iterable[tuple[Mapped, dict[int, Columns], StoredRows]]:
        yield PRODUCT, self._products, self._stored_products
        yield VARIANT, self._variants, self._stored_variants
        yield DOWNLOAD, self._downloads, self._stored_downloads

    async def _stored_children(self, mapped: Mapped, incoming: Mapping[int, Columns]) -> StoredRows:
        """Those of the families' products, and those that the source has moved to them from others."""
        stored = await reconcile.load(self._connection, mapped, "product_id", self._products, lock=True)
        moved = incoming.keys() - stored.keys()
        return stored | await reconcile.load(self._connection, mapped, "id", moved, lock=True)

    def merge(self) -> set[int]:
        """Puts back what was changed here, before anything is derived from it."""
        refused = self._work.merging(PRODUCT).take(self._products, self._stored_products)
        self._drop_strays()
        for key, row in self._variants.items():
            self._supply(row, self._stored_variants.get(key))
        self._gone_here = self._work.merging(VARIANT).take(self._variants, self._stored_variants)
        self._work.merging(DOWNLOAD).take(self._downloads, self._stored_downloads)
        for key in self._work.merging(PRODUCT).kept.keys() & self._products.keys():
            self._products[key]["title_key"] = sort_key(self._products[key]["title"])
        for key in self._work.merging(VARIANT).kept.keys() & self._variants.keys():
            row = self._variants[key]
            row["search_text"] = search_text(row["title"], row["sku"])
            row["sku_key"] = key_of_stored(row["sku"])
        return refused

    def _drop_strays(self) -> None:
        for children in (self._variants, self._downloads):
            for identifier in [key for key, row in children.items() if row["product_id"] not in self._products]:
                del children[identifier]

    async def settle(self) -> None:
        """Decides who gets the values that must be unique. Who gets none is skipped, a product with its children."""
        for column in PRODUCT.unique:
            await self._settle(PRODUCT, column, self._products, self._stored_products)
        self._drop_strays()
        await self._settle(VARIANT, "sku_key", self._variants, self._stored_variants)
        await self._settle(DOWNLOAD, "identifier", self._downloads, self._stored_downloads)
        self._gone_variants = self._vanished(VARIANT, self._stored_variants, self._variants, "listed_variants")

    async def _settle(self, mapped: Mapped, column: str, rows: dict[int, Columns], stored: StoredRows) -> None:
        refused = await settle(
            self._work,
            mapped,
            column,
            rows.values(),
            stored,
            owner="id" if mapped is PRODUCT else "product_id",
            confirmed=lambda product: product <= self._after,
            alternatives=numbered if column == "slug" else only,
        )
        for identifier, reason in refused.items():
            del rows[identifier]
            told = mapped.table.c[column].info.get("folds", column)
            self._skip(mapped, str(identifier), mapped.columns[told].path, reason)

    def derive(self, known: Known) -> None:
        """What follows from the children that are left: prices, search, the default variant, links and pictures."""
        for mapped, children in ((PRODUCT, self._products), (VARIANT, self._variants)):
            for row in children.values():
                self._classify(mapped, row, known)
        variants_of = self._variants_by_product()
        for identifier, product in self._products.items():
            family, variants = self._families[identifier], variants_of[identifier]
            product.update(derived_of(product, variants.values()))
            if product["default_variant_id"] not in variants:
                product["default_variant_id"] = None
            names = [
                (row["title"], row["sku"])
                for row in sorted(variants.values(), key=lambda row: (row["position"], row["id"]))
            ]
            product["search_text"] = product_search_text(identifier, product["title"], names)
            self._link_terms(family, known)
            self._link_files(family, variants.keys())
            self._picture(family)

    def _supply(self, row: Columns, stored: Columns | None) -> None:
        """Of a bundle: whether what it consists of can be had is found out when that is written. Where it could not,
        that is why it was sold out, and nobody's change."""
        row["supplied"] = stored is None or stored["supplied"]
        if not row["supplied"]:
            row["stock_status"] = StockStatus.OUT_OF_STOCK

    def _picture(self, family: Family) -> None:
        """The pictures of a product and its variants, except those that were changed here."""
        owned = [row for row in family.media if row["variant_id"] is None or row["variant_id"] in self._variants]
        for mapped, column, field, keys in (
            (PRODUCT, "product_id", GALLERY, [family.id]),
            (VARIANT, "variant_id", PICTURES, family.variants.keys() & self._variants.keys()),
        ):
            for key in keys:
                said = [row for row in owned if row[column] == key]
                held = [row for row in self._stored_media.values() if row[column] == key]
                if self._work.merging(mapped).keeps(key, field, _shown(said), _shown(held)):
                    self._left_pictures.add((mapped, key))
        self._media += [row for row in owned if _owner(row) not in self._left_pictures]

    def _classify(self, mapped: Mapped, row: Columns, known: Known) -> None:
        for column, classes in known.classes.items():
            if (wanted := row.get(column)) is not None and wanted not in classes:
                row[column] = None
                if wanted in known.gone.get(column, ()):
                    continue
                place, field = f"of {mapped.entity[:-1]} {row['id']}", mapped.columns[column].path
                self.report.skip(Skipped(LINKS, place, field, f"{wanted} is unknown"))

    def _variants_by_product(self) -> dict[int, dict[int, Columns]]:
        """All variants there will be: the incoming ones, and the stored ones that stay."""
        found: dict[int, dict[int, Columns]] = {product: {} for product in self._products}
        for key, row in (self._stored_variants | self._variants).items():
            if row["product_id"] in found and key not in self._gone_variants:
                found[row["product_id"]][key] = row
        return found

    def _link_terms(self, family: Family, known: Known) -> None:
        linked, reasons = read_terms(family.record, known.terms, known.gone.get(TERMS, ()))
        held = {term for product, term in self._stored_terms if product == family.id}
        for taxonomy, terms in known.terms.items():
            said, kept = linked.intersection(terms), held.intersection(terms)
            stays = self._work.merging(PRODUCT).keeps(family.id, f"{TERMS}.{taxonomy}", sorted(said), sorted(kept))
            self._terms |= {(family.id, term) for term in (kept if stays else said)}
            if said != kept and not stays:
                self._work.ledger.touched(PRODUCT, [family.id], TERMS, _FIELD_OF.get(taxonomy, TERMS))
        for reason in reasons:
            self.report.skip(Skipped(LINKS, f"of product {family.id}", "", reason))

    def _link_files(self, family: Family, variants: Collection[int]) -> None:
        for identifier, file in family.files.items():
            if identifier not in self._downloads:
                continue
            try:
                named, reasons = read_links(file, self._gone_here.union(variants))
            except Unreadable as unreadable:
                del self._downloads[identifier]
                # Left stored it would lose its links with its variants, and then be nobody's.
                family.listed_downloads.discard(identifier)
                self._skip(DOWNLOAD, str(identifier), unreadable.field, unreadable.reason)
                continue
            row, before = self._downloads[identifier], self._stored_downloads.get(identifier)
            linked = sorted(set(named) - self._gone_here)
            held = sorted(variant for download, variant in self._stored_files if download == identifier)
            row["for_all_variants"] = not named
            said = linked or ([] if not named else _NOBODYS)
            had = held or ([] if before is None or before["for_all_variants"] else _NOBODYS)
            if self._work.merging(DOWNLOAD).keeps(identifier, FILES_OF, said, had):
                row["for_all_variants"] = had == []
                linked = held
            elif said != had:
                self._work.ledger.touched(DOWNLOAD, [identifier], FILES_OF)
            self._files |= {(identifier, variant) for variant in linked}
            for reason in reasons:
                self.report.skip(Skipped(LINKS, f"of download {identifier}", "product_variation_id", reason))

    async def write(self) -> None:
        """Deletes first and inserts parents before children; the default variant waits for its row."""
        here, work = self._connection, self._work
        media, surplus = match(self._media, self._comparable_media())
        gone_files = {pair for pair in self._stored_files if pair[0] in self._downloads} - self._files
        gone_terms = {pair for pair in self._stored_terms if pair[0] in self._products} - self._terms
        await reconcile.unlink(here, PRODUCT_TERM, gone_terms)
        await reconcile.unlink(here, DOWNLOAD_VARIANT, gone_files)
        await reconcile.remove(here, MEDIA, surplus)
        self.report.of(MEDIA.entity).removed += len(surplus)
        downloads = self._vanished(DOWNLOAD, self._stored_downloads, self._downloads, "listed_downloads")
        orphaned = self._orphaned(self._gone_variants)
        await self._remove(DOWNLOAD, downloads | orphaned, self._stored_downloads)
        await remove_what_hangs_on(work, self._gone_variants, self.report)
        await break_bundles(here, self._gone_variants)
        await self._remove(VARIANT, self._gone_variants, self._stored_variants)

        pictures = reconcile.compare(MEDIA, media, self._stored_media)
        repainted = {_owner(row) for row in pictures.new} | {_owner(row) for _, _, row in pictures.changed}
        repainted |= {_owner(self._stored_media[key]) for key in surplus}
        new_terms, new_files = self._terms - self._stored_terms, self._files - self._stored_files
        touched_products = {pair[0] for pair in gone_terms | new_terms} | self._repainted(PRODUCT, GALLERY, repainted)
        touched_downloads = {pair[0] for pair in gone_files | new_files}
        products = reconcile.compare(PRODUCT, self._products.values(), self._stored_products, touched_products)
        await reconcile.insert_new(here, products, default_variant_id=None)
        work.wrote(products, self._products, self._stored_products)
        touched_variants = self._repainted(VARIANT, PICTURES, repainted)
        await self._write(VARIANT, self._variants, self._stored_variants, touched_variants)
        await reconcile.update_changed(here, products)
        await self._set_default_variants(products)
        self.report.of(PRODUCT.entity).add(products.tally)
        await self._write(DOWNLOAD, self._downloads, self._stored_downloads, touched_downloads)
        await reconcile.write(here, pictures)
        self.report.of(MEDIA.entity).add(pictures.tally)
        await reconcile.link(here, PRODUCT_TERM, new_terms)
        await reconcile.link(here, DOWNLOAD_VARIANT, new_files)
        new, gone = len(new_terms) + len(new_files), len(gone_terms) + len(gone_files)
        kept = len(self._terms) + len(self._files) - new
        self.report.of(LINKS).add(Tally(imported=new, unchanged=kept, removed=gone))
        await sequences.advance(here, [PRODUCT.table, VARIANT.table, DOWNLOAD.table])

    def _repainted(self, mapped: Mapped, field: str, owners: Collection[tuple[Mapped, int]]) -> set[int]:
        keys = {key for of, key in owners if of is mapped}
        self._work.ledger.touched(mapped, sorted(keys), field)
        return keys

    def _vanished(self, mapped: Mapped, stored: StoredRows, incoming: Collection[int], listed: str) -> set[int]:
        """Children of written products that the source no longer names, neither there nor with another product, and
        that are its to delete."""
        keys = [
            key
            for key, row in stored.items()
            if row["product_id"] in self._products
            and key not in incoming
            and key not in getattr(self._families[row["product_id"]], listed)
        ]
        return self._work.merging(mapped).gone(keys, stored)

    def _orphaned(self, variants: Collection[int]) -> set[int]:
        """Stored files whose record could not be read and whose last link goes with a variant: without any they would
        be nobody's."""
        left = {download for download, variant in self._stored_files if variant not in variants}
        return {pair[0] for pair in self._stored_files if pair[0] not in self._downloads} - left

    def _comparable_media(self) -> StoredRows:
        """Stored pictures of owners that are written: those of skipped variants are left as they are, and so are those
        that were changed here."""
        return {
            key: row
            for key, row in self._stored_media.items()
            if (row["product_id"] in self._products or row["variant_id"] in self._variants)
            and _owner(row) not in self._left_pictures
        }

    async def _set_default_variants(self, products: Difference) -> None:
        waiting = [row for row in products.new if row["default_variant_id"] is not None]
        if waiting:
            statement = update(PRODUCT.table).where(PRODUCT.table.c.id == bindparam("row_key"))
            await self._connection.execute(
                statement.values(default_variant_id=bindparam("variant")),
                [{"row_key": row["id"], "variant": row["default_variant_id"]} for row in waiting],
            )

    async def _write(
        self, mapped: Mapped, rows: dict[int, Columns], stored: StoredRows, touched: Collection[int]
    ) -> None:
        difference = reconcile.compare(mapped, rows.values(), stored, touched)
        await self._work.write(mapped, rows, stored, difference)
        self.report.of(mapped.entity).add(difference.tally)

    async def _remove(self, mapped: Mapped, keys: Collection[int], stored: StoredRows) -> None:
        await self._work.remove(mapped, keys, stored)
        self.report.of(mapped.entity).removed += len(keys)

    def _skip(self, mapped: Mapped, identifier: str, field: str, reason: str) -> None:
        self.report.skip(Skipped(mapped.entity, identifier, field, reason))


def _owner(picture: Columns) -> tuple[Mapped, int]:
    if picture["variant_id"] is None:
        return PRODUCT, picture["product_id"]
    return VARIANT, picture["variant_id"]


def _shown(pictures: Iterable[Columns]) -> list[list[Any]]:
    """What pictures show, in their order."""
    ordered = sorted(pictures, key=lambda row: row["position"])
    return [[row["attachment_id"], row["url"], row["title"]] for row in ordered]
