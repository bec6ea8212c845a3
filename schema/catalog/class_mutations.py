"""What can be done to tax and shipping classes."""

import strawberry

from db.catalog.shipping import ShippingClassRow
from db.catalog.tax import TaxClassRow
from engine.declared.mutation import performed
from engine.declared.payload import Payload, changed, deleted
from resolvers.catalog.shipping import shipping_class_create, shipping_class_delete, shipping_class_update
from resolvers.catalog.tax import tax_class_create, tax_class_delete, tax_class_update
from schema.catalog.shipping import ShippingClass
from schema.catalog.tax import TaxClass


@strawberry.type(description="The tax class.")
class TaxClassCreatePayload(Payload):
    tax_class: TaxClass | None = changed(TaxClassRow.id)


@strawberry.type(description="The tax class.")
class TaxClassUpdatePayload(Payload):
    tax_class: TaxClass | None = changed(TaxClassRow.id)


@strawberry.type(description="The tax class that is gone; products that had it have none.")
class TaxClassDeletePayload(Payload):
    deleted_id: strawberry.ID | None = deleted("TaxClass")


@strawberry.type(description="The shipping class.")
class ShippingClassCreatePayload(Payload):
    shipping_class: ShippingClass | None = changed(ShippingClassRow.id)


@strawberry.type(description="The shipping class.")
class ShippingClassUpdatePayload(Payload):
    shipping_class: ShippingClass | None = changed(ShippingClassRow.id)


@strawberry.type(description="The shipping class that is gone; what had it has none.")
class ShippingClassDeletePayload(Payload):
    deleted_id: strawberry.ID | None = deleted("ShippingClass")


@strawberry.type
class ClassMutations:
    tax_class_create: TaxClassCreatePayload | None = performed(tax_class_create)
    tax_class_update: TaxClassUpdatePayload | None = performed(tax_class_update)
    tax_class_delete: TaxClassDeletePayload | None = performed(tax_class_delete)
    shipping_class_create: ShippingClassCreatePayload | None = performed(shipping_class_create)
    shipping_class_update: ShippingClassUpdatePayload | None = performed(shipping_class_update)
    shipping_class_delete: ShippingClassDeletePayload | None = performed(shipping_class_delete)
