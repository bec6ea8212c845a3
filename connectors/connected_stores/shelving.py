"""Products of a shop that is not the first source, made fit for the catalog here: with numbers of their own, with the
terms that are here, and without what is a number of that shop alone. What is here already, by its SKU, is that."""

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any, Final

from sqlalchemy import select

from connectors.connected_stores.family import SLUGS
from connectors.connected_stores.numbering import PRODUCT, VARIANT, Ids, Numbers
from connectors.importers import reconcile
from connectors.importers.fluentcart.catalog.download import DOWNLOAD
from connectors.importers.fluentcart.catalog.product import PRODUCT as PRODUCTS
from connectors.importers.fluentcart.catalog.taxonomy import LINKS
from connectors.importers.fluentcart.catalog.variant import VARIANT as VARIANTS
from connectors.importers.fluentcart.family import Family
from connectors.importers.fluentcart.single import Records
from connectors.importers.mapping import Columns, Record
from connectors.importers.report import Report, Skipped
from connectors.importers.work import Work
from db.catalog.taxonomy import TermRow
from db.commerce.store import StoreRow, store_currency
from db.store.row import table

TERM: Final = table(TermRow)
STORE: Final = table(StoreRow)
# Of that shop alone.
_THEIRS: Final[Mapping[str, Any]] = {
    "detail_id": None,
    "featured_image_id": None,
    "default_media": None,
    "shipping_class_id": None,
    "tax_class_id": None,
}
_FILES: Final = "product_variation_id"


async def shelve(work: Work, numbers: Numbers, records: Records) -> tuple[list[Family], Report]:
    """The families to write, in rows' own numbers, and what was left out: all of them where the shop's prices are in
    another currency than the store's."""
    report = Report()
    currency = await store_currency(work.connection)
    if records.currency != currency:
        for family in records.products:
            reason = f"prices are in {records.currency}, and here in {currency}"
            report.skip(Skipped(PRODUCTS.entity, str(family.id), "currency", reason))
        return [], report
    shelving = _Shelving(work, numbers, report)
    return [placed for family in records.products if (placed := await shelving.placed(family)) is not None], report


class _Shelving:
    def __init__(self, work: Work, numbers: Numbers, report: Report) -> None:
        self._work = work
        self._numbers = numbers
        self._report = report

    async def placed(self, family: Family) -> Family | None:
        """None of a product that is another one's here: it is known from now on, and not changed."""
        numbers = self._numbers
        same, owners = await self._same(family)
        known = await numbers.known(PRODUCT, [family.id])
        if not known and owners:
            known = {family.id: Counter(owners.values()).most_common(1)[0][0]}
            await numbers.taken(PRODUCT, [family.id], known)
        if await numbers.recognised(PRODUCT, known):
            await numbers.taken(VARIANT, same.keys(), same)
            there = await numbers.known(VARIANT, family.variants.keys())
            self._left(family, family.variants.keys() - there.keys(), f"product {known[family.id]} is not this shop's")
            return None
        product = (await numbers.taken(PRODUCT, [family.id]))[family.id]
        variants = await numbers.taken(VARIANT, family.variants.keys(), same)
        named = {**variants, **await numbers.known(VARIANT, family.listed_variants)}
        elsewhere = await numbers.recognised(VARIANT, variants)
        self._left(family, elsewhere, "its SKU is another's here")
        moved = await self._moved(family, product, variants, elsewhere)
        moved.listed_variants = {named[one] for one in family.listed_variants if one in named}
        return moved

    async def _same(self, family: Family) -> tuple[Ids, Mapping[int, int]]:
        """Variants that are new to this shop's numbers, and that are here by their SKUs; and whose those are."""
        known = await self._numbers.known(VARIANT, family.variants.keys())
        wanted = {row["sku_key"]: key for key, row in family.variants.items() if key not in known and row["sku_key"]}
        columns = VARIANT.c
        same: dict[int, int] = {}
        owners: dict[int, int] = {}
        for chunk in reconcile.chunks(sorted(wanted)):
            statement = select(columns.sku_key, columns.id, columns.product_id).where(columns.sku_key.in_(chunk))
            for sku, variant, product in await self._work.connection.execute(statement):
                same[wanted[sku]] = variant
                owners[wanted[sku]] = product
        return same, owners

    def _left(self, family: Family, variants: Collection[int], reason: str) -> None:
        for one in sorted(variants):
            self._report.skip(Skipped(VARIANTS.entity, f"{one} of product {family.id}", "sku", reason))

    async def _moved(self, family: Family, product: int, variants: Ids, elsewhere: Collection[int]) -> Family:
        numbers = self._numbers
        row = {**family.product, **_THEIRS, "id": product}
        row["default_variant_id"] = variants.get(row["default_variant_id"])
        moved = Family(row, await self._terms(family))
        for key, one in family.variants.items():
            if key not in elsewhere:
                own = {"id": variants[key], "product_id": product, "shipping_class_id": None}
                moved.variants[variants[key]] = {**one, **own}
        downloads = await numbers.taken(DOWNLOAD.table, family.downloads)
        for key, one in family.downloads.items():
            moved.downloads[downloads[key]] = {**one, "id": downloads[key], "product_id": product}
            moved.files[downloads[key]] = _linked(family.files[key], variants)
        listed = {**downloads, **await numbers.known(DOWNLOAD.table, family.listed_downloads)}
        moved.listed_downloads = {listed[one] for one in family.listed_downloads if one in listed}
        for picture in family.media:
            if picture["variant_id"] is None:
                moved.media.append({**picture, "product_id": product})
            elif (own_variant := variants.get(picture["variant_id"])) in moved.variants:
                moved.media.append({**picture, "variant_id": own_variant})
        return moved

    async def _terms(self, family: Family) -> Record:
        """The terms that are here under the slugs that the shop tells, as the importer reads them."""
        found: dict[str, list[int]] = {}
        for taxonomy, slugs in family.record.get(SLUGS, {}).items():
            statement = select(TERM.c.slug, TERM.c.id).where(TERM.c.taxonomy == taxonomy, TERM.c.slug.in_(slugs))
            here = {row[0]: row[1] for row in await self._work.connection.execute(statement)} if slugs else {}
            found[taxonomy] = sorted(here.values())
            for slug in slugs:
                if slug not in here:
                    place = f"of product {family.id}"
                    self._report.skip(Skipped(LINKS, place, taxonomy, f"no term here has the slug {slug!r}"))
        return found


def _linked(file: Record, variants: Ids) -> Columns:
    """A file's record with the variants' numbers here; those that are unknown stay what is none."""
    named = file.get(_FILES)
    if not isinstance(named, list):
        return dict(file)
    return {**file, _FILES: [variants.get(int(one), 0) if str(one).isdecimal() else one for one in named]}
