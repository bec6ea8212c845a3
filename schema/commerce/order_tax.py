"""What orders were taxed by."""

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import strawberry

from db.catalog.tax_rate import TaxRateRow
from db.commerce import visibility
from db.commerce.order import OrderRow, OrderTaxRow
from engine.declared.declaration import column, computed, related
from engine.declared.entity import Node, entity
from schema.catalog.tax import TaxRate, percent
from schema.money import Money, currency_of_order, order_money

if TYPE_CHECKING:
    from schema.commerce.order import Order

_CURRENCY: str = currency_of_order(OrderTaxRow.order_id)


@entity(
    OrderTaxRow,
    visible=visibility.order_taxes,
    description="A tax rate as it was when an order was taxed by it, with what it came to.",
)
class OrderTax(Node):
    database_id: int = column(OrderTaxRow.id)
    name: str = column(OrderTaxRow.name, description="What the rate was called.")
    rate: Decimal = computed(percent, OrderTaxRow.rate, description='Percent of the price, exact: "8.25".')
    for_shipping: Decimal | None = computed(
        lambda points: None if points is None else percent(points),
        OrderTaxRow.for_shipping,
        description="Percent of what sending cost; null: that was not taxed by it.",
    )
    compound: bool = column(
        OrderTaxRow.compound, description="Whether it was on the price together with the taxes before it."
    )
    amount: Money = order_money(
        OrderTaxRow.amount, _CURRENCY, description="What it came to on the lines: together the order's `taxTotal`."
    )
    shipping_amount: Money = order_money(
        OrderTaxRow.shipping_amount,
        _CURRENCY,
        description="What it came to on the shipping: together the order's `shippingTax`.",
    )
    tax_rate: TaxRate | None = related(
        TaxRateRow.id,
        to=OrderTaxRow.tax_rate_id,
        description="The rate as it is now; null once it is deleted, and without products/view.",
    )
    order: Annotated["Order", strawberry.lazy("schema.commerce.order")] | None = related(
        OrderRow.id, to=OrderTaxRow.order_id, description="The order that was taxed by it."
    )
