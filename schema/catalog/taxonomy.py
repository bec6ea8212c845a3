"""Categories and brands: taxonomies and their trees of terms."""

from typing import TYPE_CHECKING, Annotated

import strawberry
from sqlmodel import col

from db.catalog import visibility
from db.catalog.product import ProductRow
from db.catalog.tax import TaxClassRow
from db.catalog.taxonomy import ProductTermRow, TaxonomyRow, TermRow
from engine.declared.connection import Connection
from engine.declared.declaration import column, related
from engine.declared.entity import Node, entity
from engine.declared.listing import connected
from engine.declared.mutation import performed
from engine.declared.payload import Payload, changed, deleted
from resolvers.catalog.product.listing import PRODUCTS
from resolvers.catalog.product.terms import product_term_remove, product_terms_sync
from resolvers.catalog.term.writing import product_terms_add, term_create, term_delete, term_update

if TYPE_CHECKING:
    from schema.catalog.product import Product
    from schema.catalog.tax import TaxClass


@entity(TaxonomyRow, visible=visibility.taxonomies, description="A way of sorting products: by category, by brand.")
class Taxonomy(Node):
    name: str = column(TaxonomyRow.name, description="`product-categories` or `product-brands`.")
    label: str = column(TaxonomyRow.label, description="What a shop calls it: `Product Categories`.")
    plural_label: str = column(
        TaxonomyRow.plural_label, description="What several of its terms are called: `Categories`."
    )
    singular_label: str = column(TaxonomyRow.singular_label, description="What one of its terms is called: `Category`.")
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
    name: str = column(TermRow.name, description="What shoppers see: 1 to 200 characters, unique under its parent.")
    slug: str = column(
        TermRow.slug, description="Its name in addresses, unique in its taxonomy, up to 200 characters: `mens-shoes`."
    )
    description: str = column(
        TermRow.description, description="A text for its page, up to 2000 characters; empty when there is none."
    )
    taxonomy: Taxonomy | None = related(
        TaxonomyRow.name, to=TermRow.taxonomy, description="What it is a term of, which never changes."
    )
    parent: "Term | None" = related(
        TermRow.id, to=TermRow.parent_id, description="The term above it, of the same taxonomy; null for a root."
    )
    children: list["Term"] = related(
        TermRow.parent_id,
        to=TermRow.id,
        order=[TermRow.name_key],
        size=3,  # trees of categories are wide at the root and thin out
        rest=["POST /products/fetch-term-by-parent"],
        description="The terms right below it, by their names.",
    )
    products: Connection[Annotated["Product", strawberry.lazy("schema.catalog.product")]] | None = connected(
        PRODUCTS,
        key=ProductTermRow.term_id,
        to=TermRow.id,
        on=col(ProductTermRow.product_id) == ProductRow.id,
        description="The products that carry this term itself; those of its children are theirs.",
    )


@strawberry.type(description="The terms, and the tree that they stand in.")
class ProductTermsAddPayload(Payload):
    terms: list[Term] = changed(TermRow.id, description="Of each name, in their order; also those there already.")
    taxonomy: Taxonomy | None = changed(TaxonomyRow.name)


@strawberry.type(description="The product with its terms.")
class ProductTermsSyncPayload(Payload):
    product: Annotated["Product", strawberry.lazy("schema.catalog.product")] | None = changed(ProductRow.id)


@strawberry.type(description="The product with the terms that it has left.")
class ProductTermRemovePayload(Payload):
    product: Annotated["Product", strawberry.lazy("schema.catalog.product")] | None = changed(ProductRow.id)


@strawberry.type(description="The term, and the tree that it stands in.")
class TermCreatePayload(Payload):
    term: Term | None = changed(TermRow.id)
    taxonomy: Taxonomy | None = changed(TaxonomyRow.name)


@strawberry.type(description="The term, and the tree that it stands in.")
class TermUpdatePayload(Payload):
    term: Term | None = changed(TermRow.id)
    taxonomy: Taxonomy | None = changed(TaxonomyRow.name)


@strawberry.type(description="What is gone, and what changed with it.")
class TermDeletePayload(Payload):
    deleted_id: strawberry.ID | None = deleted("Term")
    moved_terms: list[Term] = changed(TermRow.id, description="Those that stood below it.")
    tax_classes: list[Annotated["TaxClass", strawberry.lazy("schema.catalog.tax")]] = changed(
        TaxClassRow.id, description="Those that were meant for it."
    )
    taxonomy: Taxonomy | None = changed(TaxonomyRow.name)


@strawberry.type
class TaxonomyMutations:
    product_terms_add: ProductTermsAddPayload | None = performed(product_terms_add)
    product_terms_sync: ProductTermsSyncPayload | None = performed(product_terms_sync)
    product_term_remove: ProductTermRemovePayload | None = performed(product_term_remove)
    term_create: TermCreatePayload | None = performed(term_create)
    term_update: TermUpdatePayload | None = performed(term_update)
    term_delete: TermDeletePayload | None = performed(term_delete)
