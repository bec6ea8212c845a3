"""Variants to choose from."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from db.catalog.product import ProductRow
from db.catalog.variant import PaymentType
from engine.declared.declaration import related
from engine.declared.lookup import picked
from engine.standard.context import Context
from resolvers.catalog.variant.options import variant_options

if TYPE_CHECKING:
    from schema.catalog.product import Product
    from schema.catalog.variant import ProductVariant


@strawberry.type(description="A product with those of its variants that can be chosen.")
class VariantOption:
    product: Annotated["Product", strawberry.lazy("schema.catalog.product")] | None = related(
        ProductRow.id, to="product", description="What the variants belong to, for the heading of the group."
    )
    variants: list[Annotated["ProductVariant", strawberry.lazy("schema.catalog.variant")]] = picked(
        "variants", description="Those of its variants that can be chosen, by their position."
    )
    row: strawberry.Private[Any]


async def options(
    context: Context,
    search: str | None = None,
    include_ids: Sequence[str] = (),
    payment_type: PaymentType | None = None,
) -> list[VariantOption]:
    found = await variant_options(context, search, include_ids, payment_type)
    return [_shown(product, variants) for product, variants in found]


def _shown(product: int, variants: list[int]) -> VariantOption:
    one = object.__new__(VariantOption)
    one.row = SimpleNamespace(product=product, variants=variants)
    return one
