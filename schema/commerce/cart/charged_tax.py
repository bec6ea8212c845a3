"""Taxes as carts and receipts tell them."""

from decimal import Decimal
from typing import Any

import strawberry

from engine.declared.declaration import derived
from schema.catalog.tax import percent
from schema.commerce.said import said_money
from schema.money import Money


@strawberry.type(description="What one tax rate comes to.")
class ChargedTax:
    name: str = derived(lambda said: said.name, description="What the rate is called: `VAT`.")
    rate: Decimal = derived(lambda said: percent(said.points), description='Percent of the price, exact: "8.25".')
    amount: Money = said_money("amount", "What it comes to.")
    row: strawberry.Private[Any]
