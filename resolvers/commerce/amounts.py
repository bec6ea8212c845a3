"""Amounts inside of values that functions say, which no row holds."""

from collections.abc import Callable
from typing import Any, TypeAlias

Amounts: TypeAlias = Callable[[int], dict[str, Any]]


def amounts(money_format: str | None) -> Amounts:
    """Makes of minor units what `schema.commerce.said.amount` shows as Money. `money_format`: as
    `db.commerce.store.MONEY_FORMAT` is."""
    return lambda cents: {"cents": cents, "format": money_format}
