"""Categories and brands: taxonomies and their trees of terms."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from sqlmodel import col

from db.catalog import visibility
from db.catalog.product import ProductRow
from db.catalog.taxonomy import ProductTermRow, TaxonomyRow, TermRow
from engine.declared.connection import Connection
from engine.declared.declaration import column, related
from engine.declared.entity import Node, entity
from engine.declared.listing import connected
from resolvers.catalog.product.listing import PRODUCTS

if TYPE_CHECKING:
    from schema.catalog.product import Product


@entity(TaxonomyRow, visible=visibility.taxonomies, description="A way of sorting products: by category, by brand.")
class Taxonomy(Node):
    name: str = column(TaxonomyRow.name, description="`product-categories` or `product-brands`.")
    label: str = column(TaxonomyRow.label)
    plural_label: str = column(TaxonomyRow.plural_label)
    singular_label: str = column(TaxonomyRow.singular_label)
    terms: list["Term"] = related(
        TermRow.taxonomy, to=TaxonomyRow.name, order=[TermRow.name_key], description="All of them, by name."
    )
    roots: list["Term"] = related(
        TermRow.taxonomy,
        to=TaxonomyRow.name,
        where=col(TermRow.parent_id).is_(None),
        order=[TermRow.name_key],
        description="Those without a parent: the tree starts here.",
    )


@entity(TermRow, visible=visibility.terms, description="One category or brand.")
class Term(Node):
    database_id: int = column(TermRow.id)
    name: str = column(TermRow.name)
    slug: str = column(TermRow.slug)
    description: str = column(TermRow.description)
    taxonomy: Taxonomy | None = related(TaxonomyRow.name, to=TermRow.taxonomy)
    parent: "Term | None" = related(TermRow.id, to=TermRow.parent_id)
    children: list["Term"] = related(
        TermRow.parent_id,
        to=TermRow.id,
        order=[TermRow.name_key],
        size=3,  # trees of categories are wide at the root and thin out
        rest=["POST /products/fetch-term-by-parent"],
    )
    products: Connection[Annotated["Product", strawberry.lazy("schema.catalog.product")]] = connected(
        PRODUCTS,
        key=ProductTermRow.term_id,
        to=TermRow.id,
        on=col(ProductTermRow.product_id) == ProductRow.id,
        description="The products that carry this term itself; those of its children are theirs.",
    )
    version: int = column(TermRow.version)
    created_at: datetime | None = column(TermRow.created_at)
    updated_at: datetime | None = column(TermRow.updated_at)
