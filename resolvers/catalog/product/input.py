"""What callers say of a product, whether they make it or change it, one or several at once.

The classes whose names do not end in `Input` are parts that inputs are put together from; they are no GraphQL types.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any, Final, cast

import strawberry
from strawberry.scalars import JSON
from strawberry.types.base import get_object_definition
from strawberry.types.maybe import Some

from db.catalog.product import FulfillmentType, GroupPricing, ProductRow, ProductStatus, VariationType
from db.catalog.variant import PaymentType
from db.store.row import table
from engine.declared.input import identifies
from engine.values.scalars import HTML, Cents
from resolvers.catalog import enums as _registered  # noqa: F401  the annotations below need the enums
from resolvers.catalog.variant.input import MediaInput, VariantDisplay, VariantTerms
from resolvers.editing.locking import key_of

# `metadata` is SQLModel's own name.
COLUMNS: Final[Mapping[str, str]] = {c.name: c.name for c in table(ProductRow).columns if c.name != "id"} | {
    "metadata": "extra"
}
KEYS: Final = frozenset({"shipping_class_id", "tax_class_id", "default_variant_id"})
MOST_PRODUCTS: Final = 10
EXPECTED: Final = "The version you edited; a newer one makes a CONFLICT and nothing of it is written."
EXPECTED_OF_VARIANT: Final = f"{EXPECTED} Needed where the product has one."


@strawberry.input(description="The terms of one taxonomy: those and no others.")
class ProductTermsInput:
    taxonomy: str = strawberry.field(description="`product-categories` or `product-brands`.")
    terms: list[strawberry.ID] = identifies("Term", description="An empty list removes all of this taxonomy.")


@strawberry.input(one_of=True, description="Exactly one of these.")
class CategoryInput:
    id: strawberry.Maybe[strawberry.ID] = identifies("Term")
    path: strawberry.Maybe[str] = strawberry.field(
        default=None, description="Names from the root down: `Clothing > Shirts`. What is missing is made."
    )


@strawberry.input
class ProductContents:
    """What every operation that writes products takes, and may be left out in all of them."""

    excerpt: strawberry.Maybe[str | None]
    content: strawberry.Maybe[HTML | None] = strawberry.field(
        default=None, description="A safe subset of HTML is kept: no scripts, styles, forms and frames."
    )
    variation_type: strawberry.Maybe[VariationType] = strawberry.field(
        default=None, description="ADVANCED_VARIATIONS are made of attributes by `productVariantOptionsSync`."
    )
    manage_stock: strawberry.Maybe[bool] = strawberry.field(
        default=None, description="Holds for all variants that do not say otherwise here."
    )
    terms: list[ProductTermsInput] | None = strawberry.field(
        default=None, description="By taxonomy; one that is not named keeps its terms."
    )
    gallery: strawberry.Maybe[list[MediaInput] | None] = strawberry.field(
        default=None,
        description="Replaces the pictures. The first is the featured image; an empty list removes them all.",
    )


@strawberry.input
class ProductSettings:
    """What the operations on single products take beside the contents, and may be left out."""

    published_at: strawberry.Maybe[datetime | None] = strawberry.field(
        default=None,
        description="For FUTURE alone: when it is published. Other statuses do not take it.",
    )
    slug: strawberry.Maybe[str | None] = strawberry.field(
        default=None, description="Made of the title where none is given; one that is taken gets a number."
    )
    comment_status: strawberry.Maybe[str | None]
    manage_downloadable: strawberry.Maybe[bool]
    group_pricing_by: strawberry.Maybe[GroupPricing | None]
    sold_individually: strawberry.Maybe[bool]
    use_pricing_table: strawberry.Maybe[bool]
    shipping_class_id: strawberry.Maybe[strawberry.ID | None] = identifies("ShippingClass")
    tax_class_id: strawberry.Maybe[strawberry.ID | None] = identifies("TaxClass")
    active_editor: strawberry.Maybe[str | None]
    metadata: strawberry.Maybe[JSON | None] = strawberry.field(default=None, description="Your own, up to 16 kB.")


@strawberry.input
class ProductEdited:
    id: strawberry.ID = identifies("Product")
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)
    title: strawberry.Maybe[str]
    status: strawberry.Maybe[ProductStatus]
    fulfillment_type: strawberry.Maybe[FulfillmentType]


@strawberry.input
class OfProduct:
    """What a variant that is written with its product may leave out."""

    title: strawberry.Maybe[str]
    fulfillment_type: strawberry.Maybe[FulfillmentType]
    payment_type: strawberry.Maybe[PaymentType]


@strawberry.input(
    description="A variant of a product that is made with it. Its place in the list is its position, whatever is said "
    "here. A simple product's takes the product's title where it has none of its own."
)
class ProductVariantCreateInput(VariantTerms, VariantDisplay, OfProduct):
    total_stock: strawberry.Maybe[int]
    available: strawberry.Maybe[int] = strawberry.field(
        default=None, description="As many as `totalStock` unless said; and the other way round."
    )
    committed: strawberry.Maybe[int]
    on_hold: strawberry.Maybe[int]


@strawberry.input(
    description="A variant of the product, to be changed: what is named changes, null clears, what is absent stays. "
    "A list that names all variants is their order; otherwise naming one does not move it."
)
class ProductVariantUpdateInput(VariantTerms, OfProduct):
    id: strawberry.ID = identifies("ProductVariant")
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED_OF_VARIANT)
    position: strawberry.Maybe[int] = strawberry.field(
        default=None, description="Taken as documented; the list decides, where it names all variants."
    )


@strawberry.input(
    description="With an id a variant of the product, to be changed; without one a variant to be made. A list that "
    "names all variants is their order; otherwise naming one does not move it, and new ones come last. `position` is "
    "taken as documented, and means nothing."
)
class ProductBulkUpdateVariantInput(ProductVariantCreateInput):
    id: strawberry.Maybe[strawberry.ID] = identifies("ProductVariant")
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED_OF_VARIANT)


@strawberry.input(description="A product with all that belongs to it; only its title is needed.")
class ProductCreateInput(ProductContents, ProductSettings):
    title: str = strawberry.field(description="Up to 200 characters.")
    status: ProductStatus = strawberry.field(
        default=ProductStatus.DRAFT, description="DRAFT, PUBLISH, or FUTURE with a `publishedAt` to come."
    )
    fulfillment_type: FulfillmentType = FulfillmentType.DIGITAL
    is_bundle: bool = strawberry.field(default=False, description="Fixed from now on.")
    variants: list[ProductVariantCreateInput] | None = strawberry.field(
        default=None, description="None makes one of the product's title. A simple product takes the first only."
    )


@strawberry.input(
    description="What is named changes, null clears, what is absent stays. The rules hold for the result."
)
class ProductUpdateInput(ProductEdited, ProductContents, ProductSettings):
    default_variant_id: strawberry.Maybe[strawberry.ID | None] = identifies("ProductVariant")
    variants: strawberry.Maybe[list[ProductVariantUpdateInput] | None] = strawberry.field(
        default=None, description="Those to be changed; the others stay. A simple product takes the first only."
    )


@strawberry.input(
    description="`price`, `comparePrice` and `totalStock` are those of the one variant of a product without `variants`."
)
class ProductBulkCreateItemInput(ProductContents):
    client_key: str | None = strawberry.field(default=None, description="Your own name for it, told in its result.")
    title: str = strawberry.field(description="Up to 200 characters.")
    status: ProductStatus = strawberry.field(default=ProductStatus.DRAFT, description="DRAFT or PUBLISH.")
    fulfillment_type: FulfillmentType
    price: strawberry.Maybe[Cents | None] = strawberry.field(
        default=None, description="Of the one variant, not below 0; absent and null are 0."
    )
    compare_price: strawberry.Maybe[Cents | None] = strawberry.field(
        default=None, description="Of the one variant: 0 and null are none, otherwise not below the price."
    )
    total_stock: strawberry.Maybe[int] = strawberry.field(
        default=None, description="Of the one variant, not below 0; as many are `available`."
    )
    categories: list[CategoryInput] | None = strawberry.field(
        default=None,
        description="By id, or by a path, which is made where it is missing; in place of these in `terms`.",
    )
    variants: list[ProductVariantCreateInput] | None = strawberry.field(
        default=None, description="None makes one of the product's title. A simple product takes the first only."
    )


@strawberry.input(description="What is named changes, null clears, what is absent stays. A new title makes a new slug.")
class ProductBulkUpdateItemInput(ProductEdited, ProductContents):
    categories: list[CategoryInput] | None = strawberry.field(
        default=None, description="Those and no others; an empty list removes them all."
    )
    variants: strawberry.Maybe[list[ProductBulkUpdateVariantInput] | None] = strawberry.field(
        default=None,
        description="Those to be changed and those to be made; the others stay. A simple product takes the first only.",
    )


@strawberry.input(description="Several products to be made; the good ones are kept.")
class ProductBulkCreateInput:
    products: list[ProductBulkCreateItemInput] = strawberry.field(description=f"1 to {MOST_PRODUCTS}.")


@strawberry.input(description="Several products to be changed; the good changes are kept.")
class ProductBulkUpdateInput:
    products: list[ProductBulkUpdateItemInput] = strawberry.field(
        description=f"1 to {MOST_PRODUCTS}, none of them twice."
    )


def product_columns(input: Any) -> dict[str, Any]:
    """The columns that an input names: null clears, absent stays out. Ids are keys by then, of rows that may not be
    there."""
    values = {}
    for name in _named(cast(Any, type(input))):
        value = getattr(input, name)
        if value is not None:
            values[COLUMNS[name]] = value.value if isinstance(value, Some) else value
    for name in KEYS & values.keys():
        values[name] = None if values[name] is None else key_of(values[name])
    return values


def given(value: Any) -> Any:
    """What a `Maybe` list names: null is an empty one; None where it is absent."""
    return (value.value or []) if isinstance(value, Some) else value


@cache
def _named(type_: Any) -> list[str]:
    fields = get_object_definition(type_, strict=True).fields
    return [f.python_name for f in fields if f.python_name in COLUMNS]
