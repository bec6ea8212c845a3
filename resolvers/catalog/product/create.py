"""Products are made: one, or several of which the good ones are kept."""

from collections.abc import Sequence
from typing import Any

from db.store.row import now
from engine.declared.bulk import parted
from engine.declared.mutation import mutation
from engine.declared.payload import Keys, item
from engine.unit.unit import Errors, Unit
from engine.values.errors import ErrorCode
from resolvers.catalog.product.contents import clean, clean_all
from resolvers.catalog.product.draft import draft_new
from resolvers.catalog.product.input import MOST_PRODUCTS, ProductBulkCreateInput, ProductCreateInput
from resolvers.catalog.product.references import look_up
from resolvers.catalog.product.writing import CREATES, write_products

LONGEST_CLIENT_KEY = 255


@mutation(permission="products/create", rest="POST /products", emits=CREATES, prepare=clean)
async def product_create(unit: Unit, input: ProductCreateInput) -> Keys:
    """Make a product with its variants, pictures and terms. Without variants it gets one that is named after it. The
    slug is made of the title; one that is taken gets a number."""
    draft = draft_new(unit.at(), 0, input, now())
    await look_up(unit, [draft])
    unit.settle()
    await write_products(unit, [draft])
    return {"product": draft.key, "variants": [v.values["id"] for v in draft.variants]}


@mutation(
    permission="products/create",
    rest="POST /products/bulk-insert",
    emits=CREATES,
    rate="bulk",
    each="products",
    prepare=clean_all,
)
async def product_bulk_create(unit: Unit, input: ProductBulkCreateInput) -> Keys:
    """Make 1 to 10 products; those that break a rule are left out and told with it, the others are made. Categories are
    named by paths too, and made where they are missing."""
    refuse_count(unit, input.products)
    read, unread = parted(input.products)
    moment = now()
    drafts = [draft_new(of_item(i), i, each, moment, bulk=True) for i, each in read.items()]
    for draft, each in zip(drafts, read.values(), strict=True):
        if each.client_key is not None and (
            len(each.client_key) > LONGEST_CLIENT_KEY or not each.client_key.isprintable()
        ):
            message = f"A key of your own has up to {LONGEST_CLIENT_KEY} printable characters"
            draft.errors.refuse(ErrorCode.VALIDATION, message, "clientKey")
    await look_up(unit, drafts)
    errors = {d.index: d.errors for d in drafts} | {i: each.told(of_item(i)) for i, each in unread.items()}
    keys = {i: each.client_key for i, each in read.items()} | {i: each.text("clientKey") for i, each in unread.items()}
    places = sorted(errors)
    refuse_all_failed(unit, [errors[i] for i in places], [item(i, errors[i], client_key=keys[i]) for i in places])

    good = [d for d in drafts if not d.errors]
    await write_products(unit, good)
    made = {d.index: d.key for d in drafts}
    results = [item(i, errors[i], client_key=keys[i], product=made.get(i)) for i in places]
    return {"products": [d.key for d in good], "results": results}


def refuse_count(unit: Unit, products: Sequence[Any]) -> None:
    if not products:
        unit.refuse(ErrorCode.VALIDATION, "No product is given", "products")
    if len(products) > MOST_PRODUCTS:
        unit.refuse(ErrorCode.VALIDATION, f"At most {MOST_PRODUCTS} products per request", "products")
    unit.settle()


def of_item(index: int) -> Errors:
    return Errors("products", str(index))


def refuse_all_failed(unit: Unit, items: Sequence[Errors], results: list[dict[str, Any]]) -> None:
    """Raises Refused, with the results too, unless an item breaks no rule."""
    if all(items):
        for error in (error for each in items for error in each.found):
            unit.refuse(error.code, error.message, *(error.field or ()))
        unit.settle({"results": results})
