"""Which tax class and which shipping class a product has. What changes nothing writes nothing: all of them may be
repeated."""

from collections.abc import Mapping
from typing import Any

import strawberry
from sqlalchemy import Table, select

from db.catalog import visibility
from db.catalog.events import PRODUCT_UPDATED
from db.catalog.shipping import ShippingClassRow
from db.catalog.tax import TaxClassRow
from db.store.row import now, table
from engine.declared.input import identifies
from engine.declared.mutation import mutation
from engine.declared.payload import Keys
from engine.unit.unit import Unit
from engine.values.errors import ErrorCode
from resolvers.catalog.product.rules import check_product
from resolvers.catalog.writing import change_product, product_to_edit
from resolvers.editing.editable import edited_version
from resolvers.editing.locking import key_of

TAX_CLASS = table(TaxClassRow)
SHIPPING_CLASS = table(ShippingClassRow)


@strawberry.input(description="A product, and the tax class that it gets.")
class ProductTaxClassSetInput:
    id: strawberry.ID = identifies("Product")
    tax_class_id: strawberry.ID = identifies("TaxClass")
    expected_version: int | None = edited_version()


@strawberry.input(description="A product that is to have no tax class.")
class ProductTaxClassRemoveInput:
    id: strawberry.ID = identifies("Product")
    expected_version: int | None = edited_version()


@strawberry.input(description="A product, and the shipping class that it gets.")
class ProductShippingClassSetInput:
    id: strawberry.ID = identifies("Product")
    shipping_class_id: strawberry.ID = identifies("ShippingClass")
    expected_version: int | None = edited_version()


@strawberry.input(description="A product that is to have no shipping class of its own.")
class ProductShippingClassRemoveInput:
    id: strawberry.ID = identifies("Product")
    expected_version: int | None = edited_version()


@mutation(permission="products/edit", rest="POST /products/{postId}/tax-class", emits=(PRODUCT_UPDATED,))
async def product_tax_class_set(unit: Unit, input: ProductTaxClassSetInput) -> Keys:
    """Give a product a tax class, in place of the one that it had."""
    row = await product_to_edit(unit, input.id, input.expected_version)
    tax_class = await _class(unit, TAX_CLASS, visibility.staff(unit.viewer), input.tax_class_id)
    if tax_class is None:
        unit.refuse(ErrorCode.NOT_FOUND, "No such tax class", "taxClassId")
    unit.settle()
    return await _give(unit, row, "tax_class_id", tax_class)


@mutation(permission="products/edit", rest="POST /products/{postId}/tax-class/remove", emits=(PRODUCT_UPDATED,))
async def product_tax_class_remove(unit: Unit, input: ProductTaxClassRemoveInput) -> Keys:
    """Take a product's tax class away; no change where it has none."""
    row = await product_to_edit(unit, input.id, input.expected_version)
    return await _give(unit, row, "tax_class_id", None)


@mutation(permission="products/edit", rest="POST /products/{postId}/shipping-class", emits=(PRODUCT_UPDATED,))
async def product_shipping_class_set(unit: Unit, input: ProductShippingClassSetInput) -> Keys:
    """Give a product a shipping class, in place of the one that it had. Variants with a class of their own keep it."""
    row = await product_to_edit(unit, input.id, input.expected_version)
    seen = visibility.staff(unit.viewer)
    shipping_class = await _class(unit, SHIPPING_CLASS, seen, input.shipping_class_id)
    if shipping_class is None:
        unit.refuse(ErrorCode.NOT_FOUND, "No such shipping class", "shippingClassId")
    unit.settle()
    return await _give(unit, row, "shipping_class_id", shipping_class)


@mutation(permission="products/edit", rest="POST /products/{postId}/shipping-class/remove", emits=(PRODUCT_UPDATED,))
async def product_shipping_class_remove(unit: Unit, input: ProductShippingClassRemoveInput) -> Keys:
    """Take a product's shipping class away; no change where it has none. Variants with a class of their own keep it."""
    row = await product_to_edit(unit, input.id, input.expected_version)
    return await _give(unit, row, "shipping_class_id", None)


async def _class(unit: Unit, of: Table, seen: Any, id: str) -> int | None:
    """The key of a class that is there and visible. It may go before the commit: its foreign key tells."""
    statement = select(of.c.id).where(of.c.id == key_of(id), seen)
    return (await unit.connection.execute(statement)).scalar_one_or_none()


async def _give(unit: Unit, row: Mapping[str, Any], name: str, key: int | None) -> Keys:
    return await change_product(unit, row, check_product(unit, row, {name: key}, now()))
