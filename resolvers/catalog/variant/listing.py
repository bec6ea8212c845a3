"""How variants are listed."""

from sqlalchemy import and_
from sqlmodel import col

from db.catalog.product import FulfillmentType, StockStatus
from db.catalog.sku import sku_key
from db.catalog.variant import PaymentType, VariantRow, VariantStatus
from db.store.row import table
from engine.declared.filter_input import filter_input
from engine.declared.listing import Listing
from engine.declared.sorting import sortable
from engine.values.columns import expression
from engine.values.filtering import filters
from engine.values.operators import CentsOperators, EnumOperators, IntOperators, TextOperators
from engine.values.ordering import SortDirection
from resolvers.catalog import enums as _registered  # noqa: F401  the annotations below need the enums
from resolvers.editing.searching import of_text

VARIANT = table(VariantRow)


@filter_input()
class ProductVariantFilter:
    database_id: IntOperators | None = filters(VariantRow.id)
    product_database_id: IntOperators | None = filters(
        VariantRow.product_id, description="By the `databaseId` of its product."
    )
    sku: TextOperators | None = filters(VariantRow.sku_key, fold=sku_key, description="Case is ignored.")
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


VARIANTS = Listing(
    sorting=sortable(
        "ProductVariant",
        description="What variants can be sorted by.",
        default=("ID", SortDirection.ASC),
        ID=VariantRow.id,
        POSITION=VariantRow.position,
        PRICE=VariantRow.price,
    ),
    filter=ProductVariantFilter,
    search=of_text(VARIANT.c.search_text, "titles and SKUs"),
)
