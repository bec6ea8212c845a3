"""Drafts of products, written: any number of them in the same number of statements, with the events of all."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import delete, insert, or_, select, tuple_

from db.catalog.derivations import derived_of
from db.catalog.events import PRODUCT_CREATED, PRODUCT_PUBLISHED, PRODUCT_UPDATED, TERM_CREATED, VARIANT_CREATED
from db.catalog.product import FOLLOWS, product_search_text
from db.catalog.taxonomy import ProductTermRow, TermRow
from db.store.primary_keys import new_keys
from db.store.row import now, table
from db.store.writing import edit_all, empty_all, point_all
from engine.unit.unit import Unit
from resolvers.catalog.bundle.stock import restock_bundles
from resolvers.catalog.locking import PRODUCT, VARIANT
from resolvers.catalog.media import MEDIA
from resolvers.catalog.product.draft import ProductDraft, VariantDraft
from resolvers.catalog.product.references import grow_categories
from resolvers.catalog.product.terms import SHOWN_AS as TAXONOMIES_SHOWN_AS
from resolvers.catalog.variant.events import VARIANT_CHANGES, emit_variant_changed
from resolvers.editing.updating import differences

TERM: Final = table(TermRow)
LINK: Final = table(ProductTermRow)
CREATES: Final = (PRODUCT_CREATED, PRODUCT_PUBLISHED, VARIANT_CREATED, TERM_CREATED)
CHANGES: Final = (PRODUCT_UPDATED, PRODUCT_PUBLISHED, *VARIANT_CHANGES)


async def write_products(unit: Unit, drafts: Sequence[ProductDraft]) -> None:
    """Write drafts that break no rule, each with its variants, pictures and terms; `key` of each is set afterwards.
    Products and variants that are there are locked. What changes nothing is not written."""
    await grow_categories(unit, drafts)
    changed = {id(d): set(d.values) - FOLLOWS for d in drafts}
    await _keep_present(unit, drafts)
    linked = await _linked(unit, drafts)
    for draft in drafts:
        changed[id(draft)] |= _fields_beside(draft, linked)

    await _take_keys(unit, drafts)
    await _write_rows(unit, [d for d in drafts if d.new or changed[id(d)]])
    await _write_variants(unit, drafts)
    defaults = {d.key: d.variants[0].values["id"] for d in drafts if d.new and d.key}
    await point_all(unit.connection, PRODUCT.c.default_variant_id, defaults)
    await _write_pictures(unit, drafts)
    await _write_terms(unit, drafts, linked)
    for draft in drafts:
        _tell(unit, draft, changed[id(draft)])


async def _keep_present(unit: Unit, drafts: Sequence[ProductDraft]) -> None:
    """Pictures that their owners have already are not written again; in one statement."""
    variants = [v for d in drafts for v in d.variants if v.row is not None and v.pictures is not None]
    products = [d for d in drafts if not d.new and d.pictures is not None]
    if not variants and not products:
        return
    statement = (
        select(MEDIA.c.product_id, MEDIA.c.variant_id, MEDIA.c.attachment_id, MEDIA.c.url, MEDIA.c.title)
        .where(
            or_(
                MEDIA.c.product_id.in_([d.key for d in products]),
                MEDIA.c.variant_id.in_([v.row["id"] for v in variants if v.row is not None]),
            )
        )
        .order_by(MEDIA.c.position, MEDIA.c.id)
    )
    of_product: defaultdict[Any, list[dict[str, Any]]] = defaultdict(list)
    of_variant: defaultdict[Any, list[dict[str, Any]]] = defaultdict(list)
    for product, variant, attachment, url, title in await unit.connection.execute(statement):
        owner = of_variant[variant] if product is None else of_product[product]
        owner.append({"attachment_id": attachment, "url": url, "title": title})
    for draft in products:
        if draft.pictures == of_product[draft.key]:
            draft.pictures = None
    for each in variants:
        if each.row is not None and each.pictures == of_variant[each.row["id"]]:
            each.pictures = None


async def _linked(unit: Unit, drafts: Sequence[ProductDraft]) -> dict[tuple[Any, str], set[int]]:
    """The terms that products have, by product and taxonomy; of taxonomies that drafts name."""
    found: dict[tuple[Any, str], set[int]] = defaultdict(set)
    naming = [d for d in drafts if d.links and not d.new]
    if naming:
        statement = (
            select(LINK.c.product_id, TERM.c.taxonomy, TERM.c.id)
            .join(TERM, TERM.c.id == LINK.c.term_id)
            .where(LINK.c.product_id.in_([d.key for d in naming]))
        )
        for product, taxonomy, term in await unit.connection.execute(statement):
            found[product, taxonomy].add(term)
    return found


def _fields_beside(draft: ProductDraft, linked: Mapping[tuple[Any, str], set[int]]) -> set[str]:
    """What changes of a product beside its own columns, by the names of its fields."""
    fields: set[str] = set()
    for taxonomy, terms in draft.links.items():
        if terms != linked.get((draft.key, taxonomy), set()):
            fields |= {"terms", TAXONOMIES_SHOWN_AS.get(taxonomy, "terms")}
    if draft.pictures is not None:
        fields.add("gallery")
        image = next((p["attachment_id"] for p in draft.pictures), 0) or None
        if image != draft.row["featured_image_id"]:
            draft.values["featured_image_id"] = image
            fields.add("featured_image_id")
    if any(v.changes for v in draft.variants):
        fields.add("variants")
    return fields


async def _take_keys(unit: Unit, drafts: Sequence[ProductDraft]) -> None:
    new = [d for d in drafts if d.new]
    variants = [(d, v) for d in drafts for v in d.variants if v.row is None]
    keys = await new_keys(unit.connection, {PRODUCT: len(new), VARIANT: len(variants)})
    for draft, key in zip(new, keys[PRODUCT], strict=True):
        draft.key = key
    for (draft, variant), key in zip(variants, keys[VARIANT], strict=True):
        variant.values |= {"id": key, "product_id": draft.key}


async def _write_rows(unit: Unit, drafts: Sequence[ProductDraft]) -> None:
    """The products themselves. One whose variants change has a new version too: whoever edits it with its variants is
    to notice."""
    moment = now()
    for draft in drafts:
        after = sorted(_variants_after(draft), key=lambda v: (v["position"], v["id"]))
        result = draft.result
        named = [(v["title"], v["sku"]) for v in after]
        follows = derived_of(result, after)
        follows["search_text"] = product_search_text(draft.key or 0, result["title"], named)
        # Something has to be named for a new version.
        draft.values = draft.values | differences(draft.row, follows) | {"modified_at": moment}
    new = [{**d.result, "id": d.key} for d in drafts if d.new]
    if new:
        await unit.connection.execute(insert(PRODUCT), new)
    await edit_all(unit.connection, PRODUCT, [(d.row, d.values) for d in drafts if not d.new])


def _variants_after(draft: ProductDraft) -> list[Mapping[str, Any]]:
    changes = {v.row["id"]: v.values for v in draft.variants if v.row is not None}
    kept = [{**row, **changes.get(key, {})} for key, row in draft.present.items()]
    return [*kept, *(v.values for v in draft.variants if v.row is None)]


async def _write_variants(unit: Unit, drafts: Sequence[ProductDraft]) -> None:
    changing = [v for d in drafts for v in d.variants if v.changes]
    await _free_skus(unit, changing)
    # A variant of which only the pictures change gets a new version by naming what stays.
    edits = [(v.row, v.values or {"position": v.row["position"]}) for v in changing if v.row is not None]
    await edit_all(unit.connection, VARIANT, edits)
    await restock_bundles(unit, edits)
    new = [v.values for v in changing if v.row is None]
    if new:
        await unit.connection.execute(insert(VARIANT), new)


async def _free_skus(unit: Unit, changing: Sequence[VariantDraft]) -> None:
    """SKUs that change hands are given up before they are taken: rows are written one after the other, and no two of
    them may have one SKU in between."""
    taken = {v.values["sku_key"] for v in changing if v.values.get("sku_key") is not None}
    giving = [
        v.row["id"] for v in changing if v.row is not None and "sku_key" in v.values and v.row["sku_key"] in taken
    ]
    await empty_all(unit.connection, [VARIANT.c.sku, VARIANT.c.sku_key], giving)


async def _write_pictures(unit: Unit, drafts: Sequence[ProductDraft]) -> None:
    """Of products and of variants, in at most two statements."""
    products = {d.key: d.pictures for d in drafts if d.pictures is not None}
    variants = {_key(v): v.pictures for d in drafts for v in d.variants if v.pictures is not None}
    had = [d.key for d in drafts if not d.new and d.pictures is not None]
    variants_had = [v.row["id"] for d in drafts for v in d.variants if v.row is not None and v.pictures is not None]
    if had or variants_had:
        owned = or_(MEDIA.c.product_id.in_(had), MEDIA.c.variant_id.in_(variants_had))
        await unit.connection.execute(delete(MEDIA).where(owned))
    stamp = {"version": 1, "created_at": now(), "updated_at": now()}
    rows = [
        {**picture, "product_id": product, "variant_id": variant, **stamp, "position": position}
        for product, variant, pictures in (
            *((key, None, pictures) for key, pictures in products.items()),
            *((None, key, pictures) for key, pictures in variants.items()),
        )
        for position, picture in enumerate(pictures or [], start=1)
    ]
    if rows:
        await unit.connection.execute(insert(MEDIA), rows)


async def _write_terms(unit: Unit, drafts: Sequence[ProductDraft], linked: Mapping[tuple[Any, str], set[int]]) -> None:
    wanted = {(d.key, term) for d in drafts for terms in d.links.values() for term in terms}
    had = {(d.key, term) for d in drafts for taxonomy in d.links for term in linked.get((d.key, taxonomy), set())}
    if gone := had - wanted:
        pair = tuple_(LINK.c.product_id, LINK.c.term_id)
        await unit.connection.execute(delete(LINK).where(pair.in_(sorted(gone))))
    if added := wanted - had:
        rows = [{"product_id": product, "term_id": term} for product, term in sorted(added)]
        await unit.connection.execute(insert(LINK), rows)


def _key(variant: VariantDraft) -> int:
    key: int = variant.values["id"] if variant.row is None else variant.row["id"]
    return key


def _tell(unit: Unit, draft: ProductDraft, changed: set[str]) -> None:
    if not draft.new and not changed:
        return
    if draft.new:
        row = {**draft.result, "id": draft.key}
        unit.emit(PRODUCT_CREATED(row))
        if draft.published:
            unit.emit(PRODUCT_PUBLISHED(row))
    else:
        # What follows from its variants was written too, but nobody changed it.
        changes = {name: value for name, value in draft.values.items() if name in changed}
        unit.emit(PRODUCT_UPDATED(draft.row, changes, changed - changes.keys()))
        if draft.published:
            unit.emit(PRODUCT_PUBLISHED(draft.row, changes))
    for variant in draft.variants:
        if variant.changes:
            _tell_variant(unit, variant)


def _tell_variant(unit: Unit, variant: VariantDraft) -> None:
    if variant.row is None:
        unit.emit(VARIANT_CREATED(variant.values))
        return
    pictured = ("media",) if variant.pictures is not None else ()
    emit_variant_changed(unit, variant.row, variant.values, pictured)
