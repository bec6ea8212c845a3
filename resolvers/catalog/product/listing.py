"""How products are found and listed."""

from collections.abc import Sequence
from typing import Any

import strawberry
from sqlalchemy import ColumnElement, String, and_, cast, exists, func, not_, or_, select

from db.catalog import visibility
from db.catalog.product import FulfillmentType, ProductRow, ProductStatus, StockStatus, VariationType, asked_title
from db.catalog.slug import asked
from db.catalog.taxonomy import ProductTermRow, TermRow
from db.catalog.variant import VariantRow
from db.commerce.order import OrderItemRow
from db.store.row import table
from db.text.search import PHRASES, contained, proposed, sought
from engine.declared.filter_input import filter_input
from engine.declared.input import finds
from engine.declared.listing import Listing, Search
from engine.declared.sorting import sortable
from engine.values.filtering import counted, filters, has_any
from engine.values.operators import CentsOperators, DateTimeOperators, EnumOperators, IntOperators, TextOperators
from engine.values.ordering import SortDirection
from engine.values.statement import holding
from engine.values.viewer import Viewer
from resolvers.catalog import enums as _registered  # noqa: F401  the annotations below need the enums
from resolvers.catalog.term.listing import TermFilter
from resolvers.catalog.variant.listing import ProductVariantFilter

PRODUCT = table(ProductRow)
VARIANT = table(VariantRow)
TERM = table(TermRow)
LINK = table(ProductTermRow)
ITEM = table(OrderItemRow)


@strawberry.input(one_of=True, description="Exactly one of these.")
class ProductBy:
    id: strawberry.Maybe[strawberry.ID] = finds(ProductRow.id, identifies="Product")
    database_id: strawberry.Maybe[int] = finds(ProductRow.id, description="The store's own number.")
    detail_database_id: strawberry.Maybe[int] = finds(ProductRow.detail_id, description="The product detail's number.")
    slug: strawberry.Maybe[str] = finds(ProductRow.slug, fold=asked)


def _of_product(statement: Any) -> Any:
    return statement.correlate(PRODUCT).scalar_subquery()


_orders = _of_product(select(func.count(ITEM.c.order_id.distinct())).where(ITEM.c.product_id == PRODUCT.c.id))
_available = _of_product(
    select(func.coalesce(func.sum(VARIANT.c.available), 0)).where(
        VARIANT.c.product_id == PRODUCT.c.id, VARIANT.c.manage_stock
    )
)


def _of_managed(operator: str, comparison: ColumnElement[bool]) -> ColumnElement[bool]:
    """Unmanaged stock has no end: it is more than any number, and equal to none."""
    managed: ColumnElement[bool] = PRODUCT.c.manage_stock
    return or_(~managed, comparison) if operator in ("gt", "gte") else and_(managed, comparison)


@filter_input()
class ProductFilter:
    database_id: IntOperators | None = filters(ProductRow.id)
    title: TextOperators | None = filters(
        ProductRow.title_key, fold=asked_title, description="Whatever the case and accents."
    )
    slug: TextOperators | None = filters(ProductRow.slug, fold=asked)
    status: EnumOperators[ProductStatus] | None = filters(ProductRow.status)
    fulfillment_type: EnumOperators[FulfillmentType] | None = filters(ProductRow.fulfillment_type)
    variation_type: EnumOperators[VariationType] | None = filters(ProductRow.variation_type)
    stock_availability: EnumOperators[StockStatus] | None = filters(ProductRow.stock_availability)
    available_quantity: IntOperators | None = filters(
        _available.label("available_quantity"),
        within=_of_managed,
        permission="products/view",
        description="The sum over its variants; stock that is not managed has no end.",
    )
    published_at: DateTimeOperators | None = filters(ProductRow.published_at)
    modified_at: DateTimeOperators | None = filters(ProductRow.modified_at)
    min_price: CentsOperators | None = filters(ProductRow.min_price)
    max_price: CentsOperators | None = filters(ProductRow.max_price)
    is_bundle: bool | None = filters(ProductRow.is_bundle)
    has_subscription: bool | None = filters(ProductRow.has_subscription)
    variant_count: IntOperators | None = counted(
        VARIANT,
        VARIANT.c.product_id == PRODUCT.c.id,
        of=PRODUCT,
        visible=visibility.variants,
        description="How many variants it has, of those that you see.",
    )
    order_count: IntOperators | None = filters(
        _orders.label("order_count"), permission="products/view", description="Orders with the product."
    )
    variants: ProductVariantFilter | None = has_any(
        VARIANT,
        VARIANT.c.product_id == PRODUCT.c.id,
        of=PRODUCT,
        visible=visibility.variants,
        description="Some variant of it passes.",
    )
    terms: TermFilter | None = has_any(
        TERM.join(LINK, LINK.c.term_id == TERM.c.id),
        LINK.c.product_id == PRODUCT.c.id,
        of=PRODUCT,
        visible=visibility.terms,
        description="Some category or brand of it passes; `and` several for all of them, `not` for none.",
    )


def _found(names: Sequence[str], viewer: Viewer) -> ColumnElement[bool]:
    """The text of a product holds those of all its variants: a word that only a hidden one says finds nothing."""
    found = contained(PRODUCT.c.search_text, names)
    if visibility.sees_catalog(viewer):
        return found
    return and_(found, *(_said_in_sight(name, viewer) for name in names if name != PHRASES))


def _said_in_sight(name: str, viewer: Viewer) -> ColumnElement[bool]:
    seen, said = visibility.variants(viewer), holding(VARIANT.c.search_text, name)
    of_product = select(1).where(VARIANT.c.product_id == PRODUCT.c.id, said)
    by_hidden = exists(of_product.where(not_(seen)).correlate(PRODUCT))
    by_seen = exists(of_product.where(seen).correlate(PRODUCT))
    of_its_own = holding(PRODUCT.c.title_key, name) | holding(cast(PRODUCT.c.id, String), name)
    return or_(not_(by_hidden), by_seen, of_its_own)


PRODUCTS = Listing(
    sorting=sortable(
        "Product",
        description="What products can be sorted by. A single field is answered from an index.",
        default=("ID", SortDirection.DESC),  # the documented default
        ID=ProductRow.id,
        TITLE=ProductRow.title_key,
        STATUS=ProductRow.status,
        PUBLISHED_AT=ProductRow.published_at,
        SLUG=ProductRow.slug,
        MODIFIED_AT=ProductRow.modified_at,
        MIN_PRICE=ProductRow.min_price,
        MAX_PRICE=ProductRow.max_price,
    ),
    filter=ProductFilter,
    search=Search(
        sought,
        condition=_found,
        proposed=lambda names, dialect: proposed(PRODUCT.c.search_text, names, dialect),
        said="Each word, in any order, is looked for in titles, numbers, variant titles and SKUs, whatever the case "
        "and the accents; an index helps with words of three characters on.",
    ),
)
