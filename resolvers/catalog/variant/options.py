"""Variants to choose from, grouped by product (S5 GET /products/search-product-variant-options)."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from sqlalchemy import and_, false, or_, select, true

from db.catalog import visibility
from db.catalog.product import ProductRow, ProductStatus, StockStatus
from db.catalog.variant import PaymentType, VariantRow, VariantStatus
from db.store.row import table
from db.text.search import containing, sought
from engine.declared.statements import Seen
from engine.standard.context import Context
from engine.values import identity
from engine.values.statement import AnySelect, among

PRODUCT = table(ProductRow)
VARIANT = table(VariantRow)
MOST_PRODUCTS: Final = 20
INCLUDED: Final = "included"


@lru_cache(maxsize=64)
def _statement(
    seen: Seen, dialect: str, words: tuple[str, ...], payment_type: PaymentType | None, including: bool
) -> AnySelect:
    """`words` are parameters, and with `including` there is another, INCLUDED."""
    in_stock = and_(
        or_(~PRODUCT.c.manage_stock, PRODUCT.c.stock_availability == StockStatus.IN_STOCK),
        or_(~VARIANT.c.manage_stock, VARIANT.c.stock_status == StockStatus.IN_STOCK),
    )
    offered = and_(
        PRODUCT.c.status == ProductStatus.PUBLISH,
        VARIANT.c.status == VariantStatus.ACTIVE,
        in_stock,
        VARIANT.c.payment_type == payment_type if payment_type else true(),
    )
    if words:
        offered = and_(offered, containing(PRODUCT.c.search_text, words, dialect))
    included = among(VARIANT.c.id, INCLUDED, dialect) if including else false()
    wanted = or_(offered, included)
    visible = and_(visibility.products(seen.viewer), visibility.variants(seen.viewer))
    joined = VARIANT.join(PRODUCT, PRODUCT.c.id == VARIANT.c.product_id)
    first = (
        select(PRODUCT.c.id)
        .select_from(joined)
        .where(wanted, visible)
        .group_by(PRODUCT.c.id)
        .order_by(PRODUCT.c.title_key, PRODUCT.c.id)
        .limit(MOST_PRODUCTS)
    )
    return (
        select(PRODUCT.c.id.label("product"), VARIANT.c.id.label("variant"))
        .select_from(joined)
        .where(wanted, visible, or_(PRODUCT.c.id.in_(first), included))
        .order_by(PRODUCT.c.title_key, PRODUCT.c.id, VARIANT.c.position, VARIANT.c.id)
    )


async def variant_options(
    context: Context,
    search: str | None = None,
    include_ids: Sequence[str] = (),
    payment_type: PaymentType | None = None,
) -> list[tuple[int, list[int]]]:
    """Up to 20 published products by title, each with its variants that can be bought, both in stock where stock is
    managed. `include_ids` are there whatever their stock or payment type, as long as the caller may see them."""
    included = [k for k in (identity.number(identity.decode(i, "ProductVariant").key) for i in include_ids) if k]
    words = sought(search or "")
    statement = _statement(Seen(context.viewer), context.dialect, tuple(words), payment_type, bool(included))
    options: dict[int, list[int]] = {}
    for row in await context.rows(statement, {**words, INCLUDED: included} if included else words):
        options.setdefault(row.product, []).append(row.variant)
    return list(options.items())
