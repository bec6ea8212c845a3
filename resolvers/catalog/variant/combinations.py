"""Advanced variations: a product has one variant for each combination of one term out of each attribute group.

A variant stands for the terms that it is linked to; its `identifier` says the same in one word. What is combined anew
keeps the variants of combinations that are still there, with their ids, prices, SKUs and pictures.
"""

from collections.abc import Mapping, Sequence
from itertools import product as combinations
from math import prod
from typing import Any, Final, TypeAlias

import strawberry
from sqlalchemy import insert, select

from db.catalog import visibility
from db.catalog.attribute import AttributeGroupRow, AttributeTermRow, VariantAttributeRow
from db.catalog.derivations import mark_modified, refresh_products, refresh_products_search
from db.catalog.events import VARIANT_CREATED, VARIANT_UPDATED
from db.catalog.product import VariationType
from db.store.row import now, table
from db.store.writing import add_all, edit_all
from engine.declared.input import identifies
from engine.declared.mutation import mutation
from engine.declared.payload import Keys
from engine.unit.unit import Errors, Unit
from engine.values.errors import ErrorCode
from resolvers.catalog import enums as _registered  # noqa: F401  the annotations below need the enums
from resolvers.catalog.locking import VARIANT, locked_for_removal, locked_variants
from resolvers.catalog.variant.removal import REMOVED, RemovedVariants, refuse_sold_variants, remove_variants
from resolvers.catalog.variant.rules import LONGEST, check_new_variant
from resolvers.catalog.writing import change_product
from resolvers.editing.locking import key_of, not_found
from resolvers.editing.updating import differences, refuse_outdated

GROUP = table(AttributeGroupRow)
TERM = table(AttributeTermRow)
LINK = table(VariantAttributeRow)
# All of them are a plain list of their product, in one answer and in one transaction.
MOST_COMBINATIONS: Final = 200
# A group of one term adds no combination, so that those alone would bound nothing.
MOST_OPTIONS: Final = 10
# What a new variant has of the one that stood for the product until now. Not its stock: nobody counted the new one.
INHERITED: Final = (
    *("fulfillment_type", "sold_individually", "downloadable", "shipping_class_id"),
    *("price", "compare_price", "manage_cost", "cost", "payment_type", "interval", "billing_times", "trial_days"),
    *("billing_summary", "has_setup_fee", "setup_fee", "setup_fee_label", "setup_fee_per_item", "installment"),
    *("licensed", "license_limit", "license_months"),
    *("package_slug", "weight", "weight_unit", "length", "width", "height"),
)
Combination: TypeAlias = tuple[int, ...]  # keys of terms, ascending


@strawberry.input(description="A group and the choices of it that are sold: the documented `id` and `variants`.")
class VariantOptionInput:
    group_id: strawberry.ID = identifies("AttributeGroup")
    term_ids: list[strawberry.ID] = identifies("AttributeTerm")


@strawberry.input(description="What the variants of a product are combined from.")
class ProductVariantOptionsSyncInput:
    product_id: strawberry.ID = identifies("Product")
    expected_version: int | None = strawberry.field(
        default=None, description="The product's version; a newer one makes a CONFLICT and nothing is written."
    )
    variation_type: VariationType = strawberry.field(description="Options need ADVANCED_VARIATIONS.")
    options: list[VariantOptionInput] = strawberry.field(
        description=f"At most {MOST_OPTIONS} with {MOST_COMBINATIONS} combinations. An empty list changes nothing."
    )


@mutation(
    permission="products/edit",
    rest="POST /products/{postId}/update-variant-option",
    emits=(VARIANT_CREATED, *REMOVED),
)
async def product_variant_options_sync(unit: Unit, input: ProductVariantOptionsSyncInput) -> Keys:
    """Make a product's variants the combinations of these options, in their order. Those that are there stay as they
    are, missing ones are made (active, with the price and terms of the default variant, none in stock where stock is
    managed), all others are deleted, with what `variantDelete` says of that; refused while an unfinished order
    (PROCESSING, ON_HOLD) holds one of those. No options, no change."""
    key = key_of(input.product_id)
    products = await locked_for_removal(unit, [key])
    product = products.get(key) or not_found(unit, "product", "productId")
    await refuse_outdated(unit, f"Product:{key}", input.expected_version, product["version"])
    if not input.options:
        return {"product": key}
    variants = await locked_variants(unit, [key])
    titles = await _titles(unit, input)

    standing = await _standing(unit, variants)
    doomed = [v for v in variants if v not in {standing[c] for c in standing.keys() & titles.keys()}]
    sold = await refuse_sold_variants(unit, {variant: Errors() for variant in doomed})
    if sold:
        names = ", ".join(variants[variant]["title"] for variant in doomed if variant in sold)
        unit.refuse(ErrorCode.CONFLICT, f"Unfinished orders hold {names}; complete or cancel first", "options")
    missing = [combination for combination in titles if combination not in standing]
    places = {combination: place for place, combination in enumerate(titles, start=1)}
    template = _inherited(product, variants)
    rows = [
        check_new_variant(
            unit.at("options"),
            {},
            **template,
            product_id=key,
            title=titles[combination],
            identifier=_identifier(combination),
            position=places[combination],
        )
        for combination in missing
    ]
    unit.settle()

    kept = {combination: standing[combination] for combination in titles if combination in standing}
    changes = {
        variant: differences(variants[variant], {"position": places[c], "identifier": _identifier(c)})
        for c, variant in kept.items()
    }
    made = dict(zip(missing, await add_all(unit.connection, rows), strict=True))
    if made:
        links = [{"variant_id": v, "term_id": term} for combination, v in made.items() for term in combination]
        await unit.connection.execute(insert(LINK), links)
    await edit_all(unit.connection, VARIANT, [(variants[v], values) for v, values in changes.items()])
    for row, created in zip(rows, made.values(), strict=True):
        unit.emit(VARIANT_CREATED({**row.model_dump(), "id": created}))
    for variant, values in changes.items():
        if values:
            unit.emit(VARIANT_UPDATED(variants[variant], values))

    removed = RemovedVariants()
    if doomed:
        removed = await remove_variants(unit, product, variants, doomed)
    elif made:
        await refresh_products(unit.connection, [key], modified=True)
        await refresh_products_search(unit.connection, [key])
    elif any(changes.values()):
        await mark_modified(unit.connection, list(kept.values()))
    asked: dict[str, Any] = {"variation_type": VariationType.ADVANCED_VARIATIONS}
    if product["default_variant_id"] in doomed:
        first = next(iter(titles))
        asked["default_variant_id"] = kept.get(first) or made[first]
    of_product = differences(product, asked)
    await change_product(unit, product, of_product | ({"modified_at": now()} if of_product else {}))
    touched = [*made.values(), *(variant for variant, values in changes.items() if values)]
    return {"product": key, "variants": touched, "deleted_variant_ids": doomed, **removed.keys}


async def _titles(unit: Unit, input: ProductVariantOptionsSyncInput) -> dict[Combination, str]:
    """Every combination with the title of a variant that stands for it, in the order of the options. Raises Refused
    when the options are none."""
    options = unit.at("options")
    if input.variation_type is not VariationType.ADVANCED_VARIATIONS:
        unit.refuse(ErrorCode.VALIDATION, "Options need ADVANCED_VARIATIONS", "variationType")
    count = prod(len(option.term_ids) for option in input.options)
    if len(input.options) > MOST_OPTIONS:
        options.refuse(ErrorCode.VALIDATION, f"At most {MOST_OPTIONS} attribute groups")
    elif count > MOST_COMBINATIONS:
        options.refuse(ErrorCode.VALIDATION, f"At most {MOST_COMBINATIONS} combinations; these are {count}")
    for index, option in enumerate(input.options[:MOST_OPTIONS]):
        if not option.term_ids:
            options.refuse(ErrorCode.VALIDATION, "An option needs at least one term", str(index), "termIds")
    if not 1 <= count <= MOST_COMBINATIONS or len(input.options) > MOST_OPTIONS:
        unit.settle()
    groups = [key_of(option.group_id) for option in input.options]
    terms = [[key_of(term) for term in option.term_ids] for option in input.options]
    _refuse_repeated(unit, groups, terms)
    known = await _known_terms(unit, groups, terms)
    for index, (group, chosen) in enumerate(zip(groups, terms, strict=True)):
        if group not in known:
            options.refuse(ErrorCode.NOT_FOUND, "No such attribute group", str(index), "groupId")
            continue
        for place, term in enumerate(chosen):
            if term not in known[group]:
                message = "The attribute group has no such term"
                options.refuse(ErrorCode.NOT_FOUND, message, str(index), "termIds", str(place))
    unit.settle()
    titles = {}
    for chosen_ in combinations(*terms):
        words = [known[group][term] for group, term in zip(groups, chosen_, strict=True)]
        titles[tuple(sorted(chosen_))] = " / ".join(words)
    if any(len(title) > LONGEST["title"] for title in titles.values()):
        options.refuse(ErrorCode.VALIDATION, f"The terms of a combination have at most {LONGEST['title']} characters")
        unit.settle()
    return titles


def _refuse_repeated(unit: Unit, groups: Sequence[int], terms: Sequence[Sequence[int]]) -> None:
    for index, group in enumerate(groups):
        if group in groups[:index]:
            unit.refuse(ErrorCode.VALIDATION, "Each attribute group once", "options", str(index), "groupId")
        for place, term in enumerate(terms[index]):
            if term in terms[index][:place]:
                message = "Each term once"
                unit.refuse(ErrorCode.VALIDATION, message, "options", str(index), "termIds", str(place))


async def _known_terms(unit: Unit, groups: Sequence[int], terms: Sequence[Sequence[int]]) -> dict[int, dict[int, str]]:
    """The titles of these terms, by the groups that are there and visible; none of them can go meanwhile."""
    seen = visibility.staff(unit.viewer)
    there = select(GROUP.c.id).where(GROUP.c.id.in_(groups), seen)
    known: dict[int, dict[int, str]] = {group: {} for group in (await unit.connection.execute(there)).scalars()}
    statement = (
        select(TERM.c.group_id, TERM.c.id, TERM.c.title)
        .where(TERM.c.id.in_([term for chosen in terms for term in chosen]), TERM.c.group_id.in_(list(known)))
        .order_by(TERM.c.id)
        .with_for_update(read=True, key_share=True)
    )
    for group, term, title in await unit.connection.execute(statement):
        known[group][term] = title
    return known


async def _standing(unit: Unit, variants: Mapping[int, Mapping[str, Any]]) -> dict[Combination, int]:
    """The variant that stands for each combination; of several, the first by position. What an identifier says alone
    does not count: an import brings those of the store it comes from."""
    statement = select(LINK.c.variant_id, LINK.c.term_id).where(LINK.c.variant_id.in_(list(variants)))
    links: dict[int, set[int]] = {}
    for variant, term in await unit.connection.execute(statement):
        links.setdefault(variant, set()).add(term)
    standing: dict[Combination, int] = {}
    for variant in variants:
        if variant in links:
            standing.setdefault(tuple(sorted(links[variant])), variant)
    return standing


def _identifier(combination: Combination) -> str:
    return "-".join(str(term) for term in combination)


def _inherited(product: Mapping[str, Any], variants: Mapping[int, Mapping[str, Any]]) -> dict[str, Any]:
    first = variants.get(product["default_variant_id"]) or next(iter(variants.values()), {})
    stock = {"total_stock": 0, "available": 0} if product["manage_stock"] else {}
    return {name: first[name] for name in INHERITED if first} | {"manage_stock": product["manage_stock"], **stock}
