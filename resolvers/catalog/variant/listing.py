"""How variants are listed."""

from enum import Enum

import strawberry
from sqlalchemy import and_
from sqlmodel import col

from db.catalog.product import FulfillmentType, StockStatus
from db.catalog.search import contained, proposed
from db.catalog.variant import PaymentType, VariantRow, VariantStatus
from db.store.row import table
from engine.declared.listing import Listing
from engine.values.columns import expression
from engine.values.filtering import filters
from engine.values.operators import CentsOperators, EnumOperators, IntOperators, TextOperators
from engine.values.ordering import SortDirection
from resolvers.catalog import enums as _registered  # noqa: F401  the annotations below need the enums

VARIANT = table(VariantRow)


@strawberry.enum(description="What variants can be sorted by.")
class ProductVariantSortField(Enum):
    ID = "ID"
    POSITION = "POSITION"
    PRICE = "PRICE"


@strawberry.input(description="A field to sort by, and which way.")
class ProductVariantSort:
    field: ProductVariantSortField
    direction: SortDirection = SortDirection.ASC


@strawberry.input(description="Everything given must hold; `or` needs one of its parts, `not` none.")
class ProductVariantFilter:
    database_id: IntOperators | None = filters(VariantRow.id)
    product_database_id: IntOperators | None = filters(
        VariantRow.product_id, description="By the `databaseId` of its product."
    )
    sku: TextOperators | None = filters(VariantRow.sku, description="Case counts; `search` ignores it.")
    description: TextOperators | None = filters(VariantRow.description, description="Case counts.")
    status: EnumOperators[VariantStatus] | None = filters(VariantRow.status)
    payment_type: EnumOperators[PaymentType] | None = filters(VariantRow.payment_type)
    fulfillment_type: EnumOperators[FulfillmentType] | None = filters(VariantRow.fulfillment_type)
    stock_status: EnumOperators[StockStatus] | None = filters(VariantRow.stock_status)
    price: CentsOperators | None = filters(VariantRow.price)
    on_sale: bool | None = filters(
        expression(
            and_(col(VariantRow.compare_price) > col(VariantRow.price), col(VariantRow.compare_price) > 0), "on_sale"
        ),
        description="Whether a higher price is crossed out.",
    )
    and_: list["ProductVariantFilter"] | None = strawberry.field(default=None, name="and")
    or_: list["ProductVariantFilter"] | None = strawberry.field(default=None, name="or")
    not_: "ProductVariantFilter | None" = strawberry.field(default=None, name="not")


VARIANTS = Listing(
    sorts={
        ProductVariantSortField.ID: VariantRow.id,
        ProductVariantSortField.POSITION: VariantRow.position,
        ProductVariantSortField.PRICE: VariantRow.price,
    },
    sort=ProductVariantSort,
    filter=ProductVariantFilter,
    default=((ProductVariantSortField.ID, SortDirection.ASC),),
    search=lambda text, _viewer: contained(VARIANT.c.search_text, text),
    proposed=lambda text, dialect: proposed(VARIANT.c.search_text, text, dialect),
    searched="Looked for in titles and SKUs, whatever the case; an index helps from three characters on.",
)
