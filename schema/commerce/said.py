"""Values that functions work out: amounts as `cents` says them, and objects that hold them."""

from collections.abc import Iterable, Mapping
from functools import partial
from types import SimpleNamespace
from typing import Any

from db.commerce.money import Amount, money_format
from engine.declared.declaration import declare, derived
from engine.declared.payload import Said, previewed
from schema.money import Money, amount


def money_said(said: Mapping[str, Any]) -> Money:
    """Of `{"cents": 1999, "format": db.commerce.store.MONEY_FORMAT}`: JSON, as what a mutation answers has to be."""
    return amount(Amount(said["cents"], money_format(said["format"])))


def said_money(name: str, description: str) -> Any:
    """A field of a value that a function said."""
    return derived(lambda said: money_said(getattr(said, name)), description=description)


def maybe_said_money(name: str, description: str) -> Any:
    """As `said_money`, of an amount that may be None."""

    def money(said: Any) -> Money | None:
        one = getattr(said, name)
        return None if one is None else money_said(one)

    return derived(money, description=description)


def said_values(type_: type[Any], said: Iterable[Mapping[str, Any]]) -> list[Any]:
    """What a function said, as values of this type."""
    return [said_value(type_, each) for each in said]


def said_value(type_: type[Any], said: Mapping[str, Any]) -> Any:
    return held(type_, SimpleNamespace(**said))


def held(type_: type[Any], row: object) -> Any:
    """A value of this type, whose fields read what a row of no table has."""
    one = object.__new__(type_)
    one.row = row
    return one


def told_money(description: str) -> Any:
    """A field of a payload."""
    return declare(Said(money_said), description=description)


def told_values(type_: type[Any], description: str) -> Any:
    """A list in a payload."""
    return declare(Said(partial(said_values, type_)), description=description)


def previewed_value(type_: type[Any], of: str, description: str) -> Any:
    """What a dry run would have said in the field `of` of the same payload, as a value of this type."""
    return previewed(of, partial(said_value, type_), description=description)


def told_value(type_: type[Any], description: str) -> Any:
    """An object in a payload."""
    return declare(Said(partial(said_value, type_)), description=description)
