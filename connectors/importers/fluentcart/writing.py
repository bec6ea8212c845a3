"""Writes products with their children: brings what is stored of them in line with what the store tells."""

from collections.abc import Collection, Mapping

from sqlalchemy import bindparam, update
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.importers import reconcile, sequences
from connectors.importers.claims import only, settle
from connectors.importers.fluentcart.catalog.bundle import break_bundles
from connectors.importers.fluentcart.catalog.download import DOWNLOAD, read_links
from connectors.importers.fluentcart.catalog.media import MEDIA, match
from connectors.importers.fluentcart.catalog.product import PRODUCT
from connectors.importers.fluentcart.catalog.taxonomy import LINKS, read_terms
from connectors.importers.fluentcart.catalog.variant import VARIANT
from connectors.importers.fluentcart.family import Family
from connectors.importers.fluentcart.foundation import Known
from connectors.importers.mapping import Columns, Mapped, Unreadable
from connectors.importers.reconcile import Difference, Link, Stored
from connectors.importers.report import Report, Skipped, Tally
from db.catalog.derivations import derived_of
from db.catalog.download import DownloadVariantRow
from db.catalog.product import StockStatus
from db.catalog.search import product_search_text
from db.catalog.slug import numbered
from db.catalog.taxonomy import ProductTermRow
from db.store.row import table

PRODUCT_TERM = table(ProductTermRow)
DOWNLOAD_VARIANT = table(DownloadVariantRow)


async def write_families(connection: AsyncConnection, families: list[Family], after: int, known: Known) -> Report:
    """`after` is the product up to which this run has confirmed what is stored, `known` what products may refer to.
    What the source no longer names of a product is deleted; products themselves never are."""
    writing = _Writing(connection, after, families)
    await writing.load()
    await writing.settle()
    writing.derive(known)
    await writing.write()
    return writing.report


class _Writing:
    """The steps share what is incoming and what is stored. Rows are by identifier."""

    def __init__(self, connection: AsyncConnection, after: int, families: list[Family]) -> None:
        self._connection = connection
        self._after = after
        self._families = {family.id: family for family in families}
        self._products = {family.id: family.product for family in families}
        self._variants = {key: row for family in families for key, row in family.variants.items()}
        self._downloads = {key: row for family in families for key, row in family.downloads.items()}
        self._media: list[Columns] = []
        self._terms: set[Link] = set()
        self._files: set[Link] = set()
        self.report = Report()

    async def load(self) -> None:
        """What is stored of these families, locked in the order that all writers keep: products, then variants."""
        load, here = reconcile.load, self._connection
        self._stored_products = await load(here, PRODUCT, "id", self._products, lock=True)
        self._stored_variants = await self._stored_children(VARIANT, self._variants)
        self._stored_downloads = await self._stored_children(DOWNLOAD, self._downloads)
        self._stored_media = await load(here, MEDIA, "product_id", self._products)
        self._stored_media |= await load(here, MEDIA, "variant_id", self._stored_variants)
        self._stored_terms = await reconcile.links(here, PRODUCT_TERM, self._products)
        self._stored_files = await reconcile.links(here, DOWNLOAD_VARIANT, self._stored_downloads)

    async def _stored_children(self, mapped: Mapped, incoming: Mapping[int, Columns]) -> Stored:
        """Those of the families' products, and those that the source has moved to them from others."""
        stored = await reconcile.load(self._connection, mapped, "product_id", self._products, lock=True)
        moved = incoming.keys() - stored.keys()
        return stored | await reconcile.load(self._connection, mapped, "id", moved, lock=True)

    async def settle(self) -> None:
        """Decides who gets the values that must be unique. Who gets none is skipped, a product with its children."""
        for column in PRODUCT.unique:
            await self._settle(PRODUCT, column, self._products, self._stored_products)
        for children in (self._variants, self._downloads):
            for identifier in [key for key, row in children.items() if row["product_id"] not in self._products]:
                del children[identifier]
        await self._settle(VARIANT, "sku_key", self._variants, self._stored_variants)
        await self._settle(DOWNLOAD, "identifier", self._downloads, self._stored_downloads)

    async def _settle(self, mapped: Mapped, column: str, rows: dict[int, Columns], stored: Stored) -> None:
        refused = await settle(
            self._connection,
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
                self._classify(mapped, row, known.classes)
        for key, row in self._variants.items():
            self._supply(row, self._stored_variants.get(key))
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
            self._link_terms(family, known.terms)
            self._link_files(family, variants.keys())
            owned = [row for row in family.media if row["variant_id"] is None or row["variant_id"] in self._variants]
            self._media += owned

    def _supply(self, row: Columns, stored: Columns | None) -> None:
        """Of a bundle: whether what it consists of can be had is found out when that is written."""
        row["supplied"] = stored is None or stored["supplied"]
        if not row["supplied"]:
            row["stock_status"] = StockStatus.OUT_OF_STOCK

    def _classify(self, mapped: Mapped, row: Columns, classes: Mapping[str, Collection[int]]) -> None:
        for column, known in classes.items():
            if (wanted := row.get(column)) is not None and wanted not in known:
                row[column] = None
                place, field = f"of {mapped.entity[:-1]} {row['id']}", mapped.columns[column].path
                self.report.skip(Skipped(LINKS, place, field, f"{wanted} is unknown"))

    def _variants_by_product(self) -> dict[int, dict[int, Columns]]:
        """All variants there will be: the incoming ones, and the stored ones whose record could not be read."""
        found: dict[int, dict[int, Columns]] = {product: {} for product in self._products}
        for key, row in (self._stored_variants | self._variants).items():
            product = row["product_id"]
            if product in found and key in self._families[product].listed_variants:
                found[product][key] = row
        return found

    def _link_terms(self, family: Family, terms: Mapping[str, Collection[int]]) -> None:
        linked, reasons = read_terms(family.record, terms)
        self._terms |= {(family.id, term) for term in linked}
        for reason in reasons:
            self.report.skip(Skipped(LINKS, f"of product {family.id}", "", reason))

    def _link_files(self, family: Family, variants: Collection[int]) -> None:
        for identifier, file in family.files.items():
            if identifier not in self._downloads:
                continue
            try:
                linked, reasons = read_links(file, variants)
            except Unreadable as unreadable:
                del self._downloads[identifier]
                # Left stored it would lose its links with its variants, and then be nobody's.
                family.listed_downloads.discard(identifier)
                self._skip(DOWNLOAD, str(identifier), unreadable.field, unreadable.reason)
                continue
            self._downloads[identifier]["for_all_variants"] = not linked
            self._files |= {(identifier, variant) for variant in linked}
            for reason in reasons:
                self.report.skip(Skipped(LINKS, f"of download {identifier}", "product_variation_id", reason))

    async def write(self) -> None:
        """Deletes first and inserts parents before children; the default variant waits for its row."""
        here = self._connection
        media, surplus = match(self._media, self._comparable_media())
        gone_files = {pair for pair in self._stored_files if pair[0] in self._downloads} - self._files
        gone_terms = {pair for pair in self._stored_terms if pair[0] in self._products} - self._terms
        await reconcile.unlink(here, PRODUCT_TERM, gone_terms)
        await reconcile.unlink(here, DOWNLOAD_VARIANT, gone_files)
        await self._remove(MEDIA, surplus)
        variants = self._vanished(self._stored_variants, self._variants, "listed_variants")
        downloads = self._vanished(self._stored_downloads, self._downloads, "listed_downloads")
        await self._remove(DOWNLOAD, downloads | self._orphaned(variants))
        await break_bundles(here, variants)
        await self._remove(VARIANT, variants)

        new_terms, new_files = self._terms - self._stored_terms, self._files - self._stored_files
        touched_products = {pair[0] for pair in gone_terms | new_terms}
        touched_downloads = {pair[0] for pair in gone_files | new_files}
        products = reconcile.compare(PRODUCT, self._products.values(), self._stored_products, touched_products)
        await reconcile.insert_new(here, products, default_variant_id=None)
        await self._write(reconcile.compare(VARIANT, self._variants.values(), self._stored_variants))
        await reconcile.update_changed(here, products)
        await self._set_default_variants(products)
        self.report.of(PRODUCT.entity).add(products.tally)
        await self._write(
            reconcile.compare(DOWNLOAD, self._downloads.values(), self._stored_downloads, touched_downloads)
        )
        await self._write(reconcile.compare(MEDIA, media, self._stored_media))
        await reconcile.link(here, PRODUCT_TERM, new_terms)
        await reconcile.link(here, DOWNLOAD_VARIANT, new_files)
        new, gone = len(new_terms) + len(new_files), len(gone_terms) + len(gone_files)
        kept = len(self._terms) + len(self._files) - new
        self.report.of(LINKS).add(Tally(imported=new, unchanged=kept, removed=gone))
        await sequences.advance(here, [PRODUCT.table, VARIANT.table, DOWNLOAD.table])

    def _vanished(self, stored: Stored, incoming: Collection[int], listed: str) -> set[int]:
        """Children of written products that the source no longer names, neither there nor with another product."""
        return {
            key
            for key, row in stored.items()
            if row["product_id"] in self._products
            and key not in incoming
            and key not in getattr(self._families[row["product_id"]], listed)
        }

    def _orphaned(self, variants: Collection[int]) -> set[int]:
        """Stored files whose record could not be read and whose last link goes with a variant: without any they would
        be nobody's."""
        left = {download for download, variant in self._stored_files if variant not in variants}
        return {pair[0] for pair in self._stored_files if pair[0] not in self._downloads} - left

    def _comparable_media(self) -> Stored:
        """Stored pictures of owners that are written: those of skipped variants are left as they are."""
        return {
            key: row
            for key, row in self._stored_media.items()
            if row["product_id"] in self._products or row["variant_id"] in self._variants
        }

    async def _set_default_variants(self, products: Difference) -> None:
        waiting = [row for row in products.new if row["default_variant_id"] is not None]
        if waiting:
            statement = update(PRODUCT.table).where(PRODUCT.table.c.id == bindparam("row_key"))
            await self._connection.execute(
                statement.values(default_variant_id=bindparam("variant")),
                [{"row_key": row["id"], "variant": row["default_variant_id"]} for row in waiting],
            )

    async def _write(self, difference: Difference) -> None:
        await reconcile.write(self._connection, difference)
        self.report.of(difference.mapped.entity).add(difference.tally)

    async def _remove(self, mapped: Mapped, keys: Collection[int]) -> None:
        await reconcile.remove(self._connection, mapped, keys)
        self.report.of(mapped.entity).removed += len(keys)

    def _skip(self, mapped: Mapped, identifier: str, field: str, reason: str) -> None:
        self.report.skip(Skipped(mapped.entity, identifier, field, reason))
