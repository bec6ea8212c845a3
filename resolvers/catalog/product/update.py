"""Products are changed, with what belongs to them: one, or several of which the good changes are kept."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from db.catalog.events import TERM_CREATED, VARIANT_CREATED
from db.store.row import now
from engine.declared.bulk import parted
from engine.declared.mutation import mutation
from engine.declared.payload import Keys, item
from engine.unit.unit import Errors, Unit
from engine.values.errors import ErrorCode
from resolvers.catalog.locking import locked_product, locked_products, locked_variants
from resolvers.catalog.product.contents import clean, clean_all
from resolvers.catalog.product.create import of_item, refuse_all_failed, refuse_count
from resolvers.catalog.product.draft import ProductDraft, draft_change
from resolvers.catalog.product.input import ProductBulkUpdateInput, ProductUpdateInput
from resolvers.catalog.product.references import look_up
from resolvers.catalog.product.writing import CHANGES, write_products
from resolvers.editing.locking import key_of
from resolvers.editing.updating import refuse_all_outdated, refuse_outdated


@mutation(permission="products/edit", rest="POST /products/{postId}/pricing", emits=CHANGES, prepare=clean)
async def product_update(unit: Unit, input: ProductUpdateInput) -> Keys:
    """Change a product, its variants in place, its pictures and terms. It has a new version when any of them changes;
    prices and availability follow. With `expectedVersion` each variant that is named has its own. A simple product that
    is published needs a variant."""
    row = await locked_product(unit, input.id, "id")
    await refuse_outdated(unit, f"Product:{row['id']}", input.expected_version, row["version"])
    present = await locked_variants(unit, [row["id"]])
    draft = draft_change(unit.at(), 0, input, row, present, now())
    await refuse_all_outdated(unit.connection, draft.edited)
    await look_up(unit, [draft])
    unit.settle()
    await write_products(unit, [draft])
    return {"product": draft.key, "variants": _touched(draft)}


@mutation(
    permission="products/edit",
    rest="POST /products/bulk-update",
    emits=(*CHANGES, VARIANT_CREATED, TERM_CREATED),
    rate="bulk",
    each="products",
    prepare=clean_all,
)
async def product_bulk_update(unit: Unit, input: ProductBulkUpdateInput) -> Keys:
    """Change 1 to 10 products; changes that break a rule are left out and told with it, the others are made. A new
    title makes a new slug, variants without an id are made, categories are named by ids or by paths."""
    refuse_count(unit, input.products)
    read, unread = parted(input.products)
    moment = now()
    keys = [key_of(each.id) for each in read.values()]
    rows = await locked_products(unit, keys)
    present = await _variants(unit, list(rows))
    drafts: list[ProductDraft] = []
    missing = {index: each.told(of_item(index)) for index, each in unread.items()}
    for place, (key, (index, each)) in enumerate(zip(keys, read.items(), strict=True)):
        errors = of_item(index)
        if key in keys[:place]:
            errors.refuse(ErrorCode.VALIDATION, "Named twice", "id")
        elif key not in rows:
            errors.refuse(ErrorCode.NOT_FOUND, "No such product", "id")
        if errors:
            missing[index] = errors
        else:
            draft = draft_change(errors, index, each, rows[key], present.get(key, {}), moment, bulk=True)
            drafts.append(draft)
    await refuse_all_outdated(unit.connection, [edited for d in drafts for edited in d.edited])
    await look_up(unit, drafts)
    failed = missing | {d.index: d.errors for d in drafts if d.errors}
    results = {d.index: item(d.index, product=d.key) for d in drafts}
    results |= {index: item(index, errors) for index, errors in failed.items()}
    told = [results[index] for index in sorted(results)]
    refuse_all_failed(unit, [failed.get(index, Errors()) for index in sorted(results)], told)

    good = [d for d in drafts if not d.errors]
    await write_products(unit, good)
    return {"products": [d.key for d in good], "variants": [v for d in good for v in _touched(d)], "results": told}


async def _variants(unit: Unit, products: Sequence[int]) -> Mapping[int, Mapping[int, dict[str, Any]]]:
    found = (await locked_variants(unit, products)).items() if products else ()
    return {product: dict(of_it) for product, of_it in groupby(found, key=lambda each: each[1]["product_id"])}


def _touched(draft: ProductDraft) -> list[int]:
    """The variants that changed or were made."""
    return [v.values["id"] if v.row is None else v.row["id"] for v in draft.variants if v.changes]
