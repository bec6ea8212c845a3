"""Shipping classes."""

from typing import TYPE_CHECKING, Annotated

import strawberry

from db.catalog import visibility
from db.catalog.product import ProductRow
from db.catalog.shipping import ShippingClassRow, ShippingClassType
from engine.declared.connection import Connection
from engine.declared.declaration import column, computed
from engine.declared.entity import Node, entity
from engine.declared.listing import connected
from engine.values.scalars import Cents
from resolvers.catalog.product.listing import PRODUCTS
from resolvers.catalog.shipping import SHIPPING_CLASSES
from resolvers.commerce import enums as _registered  # noqa: F401  the annotations below need the enums
from schema.simple import edits

if TYPE_CHECKING:
    from schema.catalog.product import Product


@entity(ShippingClassRow, visible=visibility.staff, description="What sending a product adds to an order.")
class ShippingClass(Node):
    database_id: int = column(ShippingClassRow.id)
    name: str = column(ShippingClassRow.name, description="What the store calls it: 1 to 192 characters.")
    description: str = column(
        ShippingClassRow.description,
        description="A note for those who choose it, up to 500 characters; empty when there is none.",
    )
    type: ShippingClassType = column(
        ShippingClassRow.type, description="What `cost` is: an amount, or a share of the price."
    )
    cost: Cents = computed(
        Cents,
        ShippingClassRow.cost,
        description="FIXED: minor units of the currency; PERCENTAGE: hundredths of a percent.",
    )
    per_item: bool = column(ShippingClassRow.per_item, description="Charged for each item, not once a line.")
    products: Connection[Annotated["Product", strawberry.lazy("schema.catalog.product")]] | None = connected(
        PRODUCTS,
        key=ProductRow.shipping_class_id,
        to=ShippingClassRow.id,
        description="The products of this class. When it is deleted, they have none.",
    )


@edits(ShippingClass, SHIPPING_CLASSES)
class ShippingClassMutations:
    """Its create, update and delete."""
