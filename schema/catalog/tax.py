"""Tax classes."""

from datetime import datetime
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
from engine.declared.mutation import performed
from engine.declared.payload import Payload, changed, deleted
from resolvers.catalog.product.listing import PRODUCTS
from resolvers.catalog.tax import tax_class_create, tax_class_delete, tax_class_update

if TYPE_CHECKING:
    from schema.catalog.product import Product
    from schema.catalog.taxonomy import Term


@entity(TaxClassRow, visible=visibility.tax_classes, description="Which tax rates apply to a product.")
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
    version: int = column(TaxClassRow.version)
    created_at: datetime | None = column(TaxClassRow.created_at)
    updated_at: datetime | None = column(TaxClassRow.updated_at)


@strawberry.type(description="The tax class.")
class TaxClassCreatePayload(Payload):
    tax_class: TaxClass | None = changed(TaxClassRow.id)


@strawberry.type(description="The tax class.")
class TaxClassUpdatePayload(Payload):
    tax_class: TaxClass | None = changed(TaxClassRow.id)


@strawberry.type(description="The tax class that is gone; products that had it have none.")
class TaxClassDeletePayload(Payload):
    deleted_id: strawberry.ID | None = deleted("TaxClass")


@strawberry.type
class TaxClassMutations:
    tax_class_create: TaxClassCreatePayload | None = performed(tax_class_create)
    tax_class_update: TaxClassUpdatePayload | None = performed(tax_class_update)
    tax_class_delete: TaxClassDeletePayload | None = performed(tax_class_delete)
