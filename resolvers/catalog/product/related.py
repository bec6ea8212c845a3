"""Products related by what they are sorted under (S5 GET /products/{productId}/related-products)."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, false, select
from sqlmodel import col

from db.catalog.product import ProductRow, ProductStatus
from db.catalog.taxonomy import BRANDS, CATEGORIES, ProductTermRow, TermRow
from db.store.row import among, table
from engine.declared.batch import Argument
from engine.declared.listing import Narrowing

PRODUCT = table(ProductRow)
TERM = table(TermRow)
RELATED_TO = PRODUCT.alias("related_to")  # the product that was asked
_MINE, _OTHERS = table(ProductTermRow).alias("mine"), table(ProductTermRow).alias("others")


def _sharing(asked: Mapping[str, Any], _dialect: str) -> ColumnElement[bool]:
    """Published products with a term in common; neither kind of term gives none."""
    kinds = [(CATEGORIES, asked["by_categories"]), (BRANDS, asked["by_brands"])]
    wanted = [taxonomy for taxonomy, given in kinds if given]
    if not wanted:
        return false()
    shared = (
        select(1)
        .select_from(_MINE.join(_OTHERS, _OTHERS.c.term_id == _MINE.c.term_id).join(TERM, TERM.c.id == _MINE.c.term_id))
        .where(
            _MINE.c.product_id == RELATED_TO.c.id,
            _OTHERS.c.product_id == PRODUCT.c.id,
            among(TERM.c.taxonomy, wanted),
        )
        .correlate(RELATED_TO, PRODUCT)
    )
    return and_(col(ProductRow.status) == ProductStatus.PUBLISH, exists(shared))


RELATED = Narrowing(
    arguments=(
        Argument("by_categories", bool, "Count shared categories.", default=True),
        Argument("by_brands", bool, "Count shared brands.", default=True),
    ),
    condition=_sharing,
)
