"""How products are found and listed."""

from enum import Enum

import strawberry

from db.catalog.product import FulfillmentType, ProductRow, ProductStatus
from engine.filtering import DateTimeOperators, EnumOperators, IntOperators, filters
from engine.input import finds
from engine.listing import Listing
from engine.ordering import SortDirection
from resolvers.catalog import enums as _registered  # noqa: F401  the annotations below need the enums


@strawberry.input(one_of=True, description="Exactly one of these.")
class ProductBy:
    id: strawberry.Maybe[strawberry.ID] = finds(ProductRow.id, identifies="Product")
    database_id: strawberry.Maybe[int] = finds(ProductRow.id, description="The store's own number.")
    slug: strawberry.Maybe[str] = finds(ProductRow.slug)


@strawberry.enum(description="What products can be sorted by. A single field is answered from an index.")
class ProductSortField(Enum):
    ID = "ID"
    TITLE = "TITLE"
    STATUS = "STATUS"
    PUBLISHED_AT = "PUBLISHED_AT"
    SLUG = "SLUG"
    MODIFIED_AT = "MODIFIED_AT"


@strawberry.input
class ProductSort:
    field: ProductSortField
    direction: SortDirection = SortDirection.ASC


@strawberry.input(description="Everything given must hold; `or` needs one of its parts, `not` none.")
class ProductFilter:
    database_id: IntOperators | None = filters(ProductRow.id)
    status: EnumOperators[ProductStatus] | None = filters(ProductRow.status)
    fulfillment_type: EnumOperators[FulfillmentType] | None = filters(ProductRow.fulfillment_type)
    published_at: DateTimeOperators | None = filters(ProductRow.published_at)
    and_: list["ProductFilter"] | None = strawberry.field(default=None, name="and")
    or_: list["ProductFilter"] | None = strawberry.field(default=None, name="or")
    not_: "ProductFilter | None" = strawberry.field(default=None, name="not")


PRODUCTS = Listing(
    sorts={
        ProductSortField.ID: ProductRow.id,
        ProductSortField.TITLE: ProductRow.title_key,
        ProductSortField.STATUS: ProductRow.status,
        ProductSortField.PUBLISHED_AT: ProductRow.published_at,
        ProductSortField.SLUG: ProductRow.slug,
        ProductSortField.MODIFIED_AT: ProductRow.modified_at,
    },
    sort=ProductSort,
    filter=ProductFilter,
    default=((ProductSortField.ID, SortDirection.DESC),),  # the documented default
)
