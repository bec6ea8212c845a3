"""Products as they are to be written: what a caller said of each, checked as far as that needs no look into the store.

A draft of a new product and one of a change are written alike, so that all rules are here once.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeVar

from strawberry.types.maybe import Some

from db.catalog.product import ProductStatus, VariationType
from engine.unit.unit import Errors
from engine.values.errors import ErrorCode
from resolvers.catalog.media import checked_pictures
from resolvers.catalog.product.input import CategoryInput, given, product_columns
from resolvers.catalog.product.rules import blank_product, check_product, slug_of
from resolvers.catalog.variant.input import variant_columns
from resolvers.catalog.variant.rules import check_variant, new_variant
from resolvers.editing.locking import key_of
from resolvers.editing.position import placed
from resolvers.editing.updating import Edited

T = TypeVar("T")

MOST_OF_ONE: Final = 100  # variants, categories of a product, pictures of either: as ids elsewhere
# What a product of one variant may say of it without naming it.
OF_ITS_VARIANT: Final = ("price", "compare_price", "total_stock")


@dataclass(slots=True)
class VariantDraft:
    errors: Errors
    row: Mapping[str, Any] | None  # as it is; None: it is to be made
    values: dict[str, Any]  # what changes of it; of a new one all columns but its key and its product's
    pictures: list[dict[str, Any]] | None = None  # None: those that it has

    @property
    def changes(self) -> bool:
        return self.row is None or bool(self.values) or self.pictures is not None


@dataclass(slots=True)
class ProductDraft:
    index: int
    errors: Errors
    row: dict[str, Any]  # as it is; of a new one without `id`
    values: dict[str, Any]  # what changes of it
    present: Mapping[int, Mapping[str, Any]]  # the variants that it has
    variants: list[VariantDraft] = field(default_factory=list)  # those that change and those to be made
    pictures: list[dict[str, Any]] | None = None
    terms: list[tuple[str, list[int]]] = field(default_factory=list)  # a taxonomy, and the terms that it is to have
    categories: list[CategoryInput] | None = None
    links: dict[str, set[int]] = field(default_factory=dict)  # both of them, looked up
    key: int | None = None
    edited: list[Edited] = field(default_factory=list)  # what the caller knew a version of

    @property
    def new(self) -> bool:
        return "id" not in self.row

    @property
    def result(self) -> dict[str, Any]:
        return {**self.row, **self.values}

    @property
    def published(self) -> bool:
        """Whether it becomes so."""
        now_so = self.result["status"] is ProductStatus.PUBLISH
        return now_so and (self.new or self.row["status"] is not ProductStatus.PUBLISH)


def draft_new(errors: Errors, index: int, input: Any, now: datetime, *, bulk: bool = False) -> ProductDraft:
    """Of any of the inputs that make a product."""
    row = blank_product(now) | {"published_at": now}
    values = check_product(errors, row, product_columns(input), now, bulk=bulk)
    if "title" not in values:
        errors.refuse(ErrorCode.VALIDATION, "A title is required", "title")
    values.setdefault("slug", slug_of(values.get("title", "")))
    draft = ProductDraft(index, errors, row, values, {})
    product = draft.result
    if input.variants:
        for place, variant in _used(draft, input.variants):
            _make(draft, errors.at("variants", str(place)), place + 1, variant, variant_columns(variant), product)
        for name in OF_ITS_VARIANT:
            if getattr(input, name, None) is not None:
                errors.refuse(ErrorCode.VALIDATION, "Say it of the variants", name)
    else:
        terms = {name: value.value for name in OF_ITS_VARIANT if isinstance(value := getattr(input, name, None), Some)}
        _make(draft, errors, 1, None, terms, product)
    _belongings(draft, input)
    return draft


def draft_change(
    errors: Errors,
    index: int,
    input: Any,
    row: dict[str, Any],
    present: Mapping[int, Mapping[str, Any]],
    now: datetime,
    *,
    bulk: bool = False,
) -> ProductDraft:
    """Of any of the inputs that change a product, and the variants that it has. In bulk a title makes a slug."""
    values = check_product(errors, row, product_columns(input), now, bulk=bulk)
    if bulk and values.get("title"):
        values["slug"] = slug_of(values["title"])
    draft = ProductDraft(index, errors, row, values, present, key=row["id"])
    draft.edited.append(Edited(errors, f"Product:{row['id']}", input.expected_version, row["version"]))
    product = draft.result
    default = values.get("default_variant_id")
    if default is not None and default not in present:
        errors.refuse(ErrorCode.NOT_FOUND, "No such variant of this product", "defaultVariantId")
    variants = given(input.variants)
    used = _used(draft, variants or [])
    positions = placed({key: each["position"] for key, each in present.items()}, [_key(each) for _, each in used])
    named: set[int] = set()
    for (place, variant), position in zip(used, positions, strict=True):
        _vary(draft, errors.at("variants", str(place)), position, variant, input, named)
    if input.manage_stock is not None:
        _manage(draft, input.manage_stock.value, named)
    _check_priced(draft, product, variants)
    _belongings(draft, input)
    return draft


def _used(draft: ProductDraft, variants: Sequence[Any]) -> list[tuple[int, Any]]:
    """A simple product uses the first variant only."""
    simple = draft.result["variation_type"] is VariationType.SIMPLE
    return list(enumerate(_few(draft.errors, variants, "variants")))[: 1 if simple else None]


def _few(errors: Errors, given: Sequence[T], name: str) -> Sequence[T]:
    if len(given) > MOST_OF_ONE:
        errors.refuse(ErrorCode.VALIDATION, f"At most {MOST_OF_ONE}", name)
    return given[:MOST_OF_ONE]


def _make(
    draft: ProductDraft, errors: Errors, position: int, input: Any, asked: dict[str, Any], product: Mapping[str, Any]
) -> None:
    inherited: dict[str, Any] = {
        "fulfillment_type": product["fulfillment_type"],
        "manage_stock": product["manage_stock"],
    }
    if input is None or product["variation_type"] is VariationType.SIMPLE:
        inherited["title"] = product["title"] or "untitled"  # that it has none is said of the product
        if not asked.get("title", "").strip():
            asked.pop("title", None)
    asked.pop("position", None)
    if "total_stock" in asked:
        asked.setdefault("available", max(0, asked["total_stock"]))
    elif "available" in asked:
        asked["total_stock"] = asked["available"]
    made = new_variant(errors, asked, product_id=0, position=position, **inherited)
    draft.variants.append(VariantDraft(errors, None, made, _pictures(errors, input)))


def _key(variant: Any) -> int | None:
    """Of the variant that an input names; None: it is to be made."""
    named = variant.id.value if isinstance(variant.id, Some) else variant.id
    return None if named is None else key_of(named)


def _vary(draft: ProductDraft, errors: Errors, position: int, input: Any, of_product: Any, named: set[int]) -> None:
    asked = variant_columns(input)
    key = _key(input)
    if key is None:
        _make(draft, errors, position, input, asked, draft.result)
        return
    row = draft.present.get(key)
    if row is None:
        errors.refuse(ErrorCode.NOT_FOUND, "No such variant of this product", "id")
        return
    if key in named:
        errors.refuse(ErrorCode.VALIDATION, "Named twice", "id")
        return
    named.add(key)
    if input.expected_version is None and of_product.expected_version is not None:
        errors.refuse(
            ErrorCode.VALIDATION, "With a version of the product, say that of each variant", "expectedVersion"
        )
    draft.edited.append(Edited(errors, f"ProductVariant:{key}", input.expected_version, row["version"]))
    asked["position"] = position
    if of_product.manage_stock is not None:
        asked.setdefault("manage_stock", of_product.manage_stock.value)
    managed = asked.get("manage_stock", row["manage_stock"])
    if managed and "total_stock" not in asked and ("available" in asked or not row["manage_stock"]):
        asked["total_stock"] = asked.get("available", row["available"])
    values = check_variant(errors, row, asked)
    draft.variants.append(VariantDraft(errors, row, values, _pictures(errors, input)))


def _manage(draft: ProductDraft, managed: bool, named: Collection[int]) -> None:
    """The variants that this input says nothing of follow their product."""
    for key, row in draft.present.items():
        if key not in named and row["manage_stock"] is not managed:
            asked = {"manage_stock": managed} | ({"total_stock": row["available"]} if managed else {})
            draft.variants.append(VariantDraft(draft.errors, row, check_variant(draft.errors, row, asked)))


def _check_priced(draft: ProductDraft, product: Mapping[str, Any], variants: Any) -> None:
    """C50: refused where it is published, not in every status; what is not named stays."""
    publishing = product["status"] in (ProductStatus.PUBLISH, ProductStatus.FUTURE)
    if product["variation_type"] is VariationType.SIMPLE and publishing:
        none = not draft.present and not draft.variants if variants is None else not variants
        if none:
            draft.errors.refuse(ErrorCode.VALIDATION, "A simple product needs pricing", "variants")


def _pictures(errors: Errors, input: Any) -> list[dict[str, Any]] | None:
    media = given(getattr(input, "media", None))
    return None if media is None else checked_pictures(errors, _few(errors, media, "media"))


def _belongings(draft: ProductDraft, input: Any) -> None:
    gallery = given(input.gallery)
    if gallery is not None:
        draft.pictures = checked_pictures(draft.errors, _few(draft.errors, gallery, "gallery"), "gallery")
    terms = _few(draft.errors, input.terms or [], "terms")
    draft.terms = [(each.taxonomy, [key_of(term) for term in each.terms]) for each in terms]
    categories = getattr(input, "categories", None)
    draft.categories = None if categories is None else list(_few(draft.errors, categories, "categories"))
