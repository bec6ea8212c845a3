"""Money as callers read it. Amounts are stored in minor units of the store's one currency."""

from decimal import Decimal
from typing import Any, cast

import strawberry

from db.commerce.money import Amount, money_format
from db.commerce.store import MONEY_FORMAT
from engine.declared.declaration import computed, derived
from engine.values.columns import expression
from engine.values.scalars import Cents, CurrencyCode


@strawberry.type(description="An amount of the store's currency.")
class Money:
    cents: Cents = derived(lambda m: Cents(m.cents), description="In minor units: 1999 for $19.99.")
    amount: Decimal = derived(lambda m: m.decimal, description='In major units, exact: "19.99".')
    currency: CurrencyCode = derived(
        lambda m: CurrencyCode(m.format.currency),
        description="The store's, or of amounts of an order the one that it was made in.",
    )
    formatted: str = derived(lambda m: m.formatted, description="For people, as the store writes it: $19.99.")
    row: strawberry.Private[Any]


def amount(row: Amount) -> Money:
    """What a client reads of an amount."""
    one = object.__new__(Money)
    one.row = row
    return one


def _of_cents(cents: int, packed: str | None) -> Money:
    return amount(Amount(cents, money_format(packed)))


def _maybe(cents: int | None, packed: str | None) -> Money | None:
    return None if cents is None else _of_cents(cents, packed)


_FORMAT = expression(cast(Any, MONEY_FORMAT), "money_format")


def money(cents: int, *, description: str | None = None) -> Money:
    """A leaf over a column of cents."""
    return computed(_of_cents, cents, _FORMAT, description=description)


def maybe_money(cents: int | None, *, permission: str | None = None, description: str | None = None) -> Money | None:
    """A leaf over a column of cents that may be null, or may not be shown."""
    return computed(_maybe, cents, _FORMAT, permission=permission, description=description)


def _ordered(cents: int, currency: str, packed: str | None) -> Money:
    return amount(Amount(cents, money_format(packed)._replace(currency=currency)))


def order_money(cents: int, currency: str, *, description: str | None = None) -> Money:
    """A leaf over a column of cents in a currency of its own: an order keeps the one it was made in."""
    return computed(_ordered, cents, currency, _FORMAT, description=description)


def maybe_order_money(cents: int, currency: str, *, permission: str, description: str | None = None) -> Money | None:
    """The same, where not everyone who sees the order may see it."""
    return computed(_ordered, cents, currency, _FORMAT, permission=permission, description=description)
