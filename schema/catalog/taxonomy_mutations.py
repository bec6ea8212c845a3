"""What can be done to terms, and to which of them a product carries."""

import strawberry

from db.catalog.product import ProductRow
from db.catalog.tax import TaxClassRow
from db.catalog.taxonomy import TaxonomyRow, TermRow
from engine.declared.mutation import performed
from engine.declared.payload import Payload, changed, deleted
from resolvers.catalog.product.terms import product_term_remove, product_terms_sync
from resolvers.catalog.term_editing import product_terms_add, term_create, term_delete, term_update
from schema.catalog.product import Product
from schema.catalog.tax import TaxClass
from schema.catalog.taxonomy import Taxonomy, Term


@strawberry.type(description="The terms, and the tree that they stand in.")
class ProductTermsAddPayload(Payload):
    terms: list[Term] = changed(TermRow.id, description="Of each name, in their order; also those there already.")
    taxonomy: Taxonomy | None = changed(TaxonomyRow.name)


@strawberry.type(description="The product with its terms.")
class ProductTermsSyncPayload(Payload):
    product: Product | None = changed(ProductRow.id)


@strawberry.type(description="The product with the terms that it has left.")
class ProductTermRemovePayload(Payload):
    product: Product | None = changed(ProductRow.id)


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
    tax_classes: list[TaxClass] = changed(TaxClassRow.id, description="Those that were meant for it.")
    taxonomy: Taxonomy | None = changed(TaxonomyRow.name)


@strawberry.type
class TaxonomyMutations:
    product_terms_add: ProductTermsAddPayload | None = performed(product_terms_add)
    product_terms_sync: ProductTermsSyncPayload | None = performed(product_terms_sync)
    product_term_remove: ProductTermRemovePayload | None = performed(product_term_remove)
    term_create: TermCreatePayload | None = performed(term_create)
    term_update: TermUpdatePayload | None = performed(term_update)
    term_delete: TermDeletePayload | None = performed(term_delete)
