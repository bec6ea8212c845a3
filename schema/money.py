"""Money as callers read it. Amounts are stored in minor units of the store's one currency."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final, cast

import strawberry
from sqlalchemy import select

from db.commerce.money import Amount, money_format
from db.commerce.order import OrderRow
from db.commerce.store import MONEY_FORMAT
from db.store.row import table
from engine.declared.declaration import Leaf, declare, derived
from engine.values.columns import element, expression
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


def _currency(packed: str | None) -> str:
    return money_format(packed).currency


_FORMAT: Any = expression(cast(Any, MONEY_FORMAT), "money_format")
_STORES_OWN: Final = Leaf((_FORMAT,), _currency)


def _declared(
    function: Callable[..., Money | None],
    columns: Sequence[object],
    currency: Leaf,
    permission: str | None,
    description: str | None,
) -> Any:
    """Whoever asks for the cents alone reads the one column, and nothing of the store."""
    cents, *others = (element(column) for column in columns)
    parts = MappingProxyType({"cents": Leaf((cents,)), "currency": currency})
    return declare(Leaf((cents, *others), function, permission, parts), description=description)


def money(cents: int, *, description: str | None = None) -> Money:
    """A leaf over a column of cents."""
    return cast(Money, _declared(_of_cents, (cents, _FORMAT), _STORES_OWN, None, description))


def maybe_money(cents: int | None, *, permission: str | None = None, description: str | None = None) -> Money | None:
    """A leaf over a column of cents that may be null, or may not be shown."""
    return cast("Money | None", _declared(_maybe, (cents, _FORMAT), _STORES_OWN, permission, description))


def _ordered(cents: int, currency: str, packed: str | None) -> Money:
    return amount(Amount(cents, money_format(packed)._replace(currency=currency)))


def order_money(cents: int, currency: str, *, description: str | None = None) -> Money:
    """A leaf over a column of cents in a currency of its own: an order keeps the one it was made in."""
    own = Leaf((element(currency),))
    return cast(Money, _declared(_ordered, (cents, currency, _FORMAT), own, None, description))


def maybe_order_money(cents: int, currency: str, *, permission: str, description: str | None = None) -> Money | None:
    """The same, where not everyone who sees the order may see it."""
    own = Leaf((element(currency),))
    return cast("Money | None", _declared(_ordered, (cents, currency, _FORMAT), own, permission, description))


def currency_of_order(order_id: object) -> str:
    """The currency of what has none of its own: that of the order that a column of its row names."""
    of, orders = element(order_id), table(OrderRow)
    found = select(orders.c.currency).where(orders.c.id == of).correlate(of.table).scalar_subquery()
    return cast(str, expression(cast(Any, found), "currency"))
