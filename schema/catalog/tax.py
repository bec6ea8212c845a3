"""Tax classes."""

from typing import TYPE_CHECKING, Annotated

import strawberry

from db.catalog import visibility
from db.catalog.product import ProductRow
from db.catalog.tax import TaxClassRow
from engine.declared.connection import Connection
from engine.declared.declaration import column, computed
from engine.declared.entity import Node, entity
from engine.declared.listing import connected
from engine.declared.lookup import picked
from resolvers.catalog.product.listing import PRODUCTS
from resolvers.catalog.tax import TAX_CLASSES
from schema.simple import edits

if TYPE_CHECKING:
    from schema.catalog.product import Product
    from schema.catalog.taxonomy import Term


@entity(TaxClassRow, visible=visibility.staff, description="Which tax rates apply to a product.")
class TaxClass(Node):
    database_id: int = column(TaxClassRow.id)
    title: str = column(TaxClassRow.title, description="What the store calls it: 1 to 192 characters.")
    slug: str = column(
        TaxClassRow.slug,
        description="Its name for programs, unique among tax classes, up to 100 characters: `reduced-rate`.",
    )
    description: str = column(
        TaxClassRow.description,
        description="A note for those who choose it, up to 500 characters; empty when there is none.",
    )
    priority: int = column(
        TaxClassRow.priority, description="Of several classes that apply, the lowest comes first. Not below 0."
    )
    category_database_ids: list[int] = computed(list, TaxClassRow.categories, description="Categories it is meant for.")
    categories: list[Annotated["Term", strawberry.lazy("schema.catalog.taxonomy")]] = picked(
        TaxClassRow.categories, description="Categories it is meant for."
    )
    products: Connection[Annotated["Product", strawberry.lazy("schema.catalog.product")]] | None = connected(
        PRODUCTS,
        key=ProductRow.tax_class_id,
        to=TaxClassRow.id,
        description="The products of this class. When it is deleted, they have none.",
    )


@edits(TaxClass, TAX_CLASSES)
class TaxClassMutations:
    """Its create, update and delete."""
