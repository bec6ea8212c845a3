"""What sending costs, in whole cents. Pure: whoever asks has read the method, the goods and their classes.

A method is a row of `db.commerce.shipping_method`, a class one of `db.catalog.shipping`, each as a mapping. Amounts are
minor units, shares are basis points, and half a cent is rounded up. A class charges once: by itself, not through the
method's part as well.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isfinite
from typing import Any, Final, NamedTuple, TypeAlias

from db.catalog.product import FulfillmentType
from db.catalog.shipping import ShippingClassType
from db.commerce.shipping_method import ShippingClassAggregation, ShippingMethodType
from db.commerce.sums.share import share, spread

Method: TypeAlias = Mapping[str, Any]
Class: TypeAlias = Mapping[str, Any]

_GRAMS: Final = {
    **dict.fromkeys(("g", "gram", "grams"), Fraction(1)),
    **dict.fromkeys(("kg", "kgs"), Fraction(1000)),
    **dict.fromkeys(("lb", "lbs"), Fraction("453.59237")),
    **dict.fromkeys(("oz", "ozs"), Fraction("28.349523125")),
}


@dataclass(frozen=True, slots=True)
class Parcel:
    """A line that may have to be sent. `key` tells it from the others; `discount` is off the whole line, `weight` that
    of one piece in the store's unit, 0 where nobody said it. What is not physical costs nothing to send."""

    key: Any
    unit_price: int
    quantity: int
    discount: int
    weight: Fraction
    fulfillment_type: FulfillmentType
    shipping_class_id: int | None

    @property
    def total(self) -> int:
        return max(0, self.unit_price * self.quantity - self.discount)


class Charge(NamedTuple):
    """`by_line` has every line by its key, and adds up to `total`."""

    total: int
    by_line: dict[Any, int]


def applies(method: Method, country: str, state: str | None) -> bool:
    """Whether a method is offered for an address. `country` is two capital letters; states are compared whatever their
    case. Where no state is known, a method for certain states is not offered, and all others are."""
    if not method["enabled"] or (method["countries"] and country not in method["countries"]):
        return False
    return not method["states"] or (state or "").strip().upper() in method["states"]


def charge(method: Method, parcels: Sequence[Parcel], classes: Mapping[int, Class]) -> Charge:
    """What a method charges for these lines; whether it is offered is not looked at (`applies`). `classes` are by their
    keys; one that is not there charges nothing. The method's part is spread by what lines cost after their discounts,
    and cents that no share makes whole are the first lines'; what a class charges stays at its lines."""
    by_line: dict[Any, int] = {parcel.key: 0 for parcel in parcels}
    sent = [parcel for parcel in parcels if parcel.fulfillment_type is FulfillmentType.PHYSICAL]
    if sent and not _free(method, sent):
        for part in (_spread(_own(method, sent), sent), _of_classes(method, sent, classes)):
            for key, cents in part.items():
                by_line[key] += cents
    return Charge(sum(by_line.values()), by_line)


def weight_in(unit: str | None, weight: float | None, of: str | None) -> Fraction:
    """A weight in the unit of the store. One of no unit, or of one that is not known here, is taken to be in it."""
    if weight is None or not isfinite(weight) or weight < 0:
        return Fraction(0)
    exact = Fraction(str(weight))
    grams, own = _GRAMS.get((of or "").strip().lower()), _GRAMS.get((unit or "").strip().lower())
    return exact if grams is None or own is None else exact * grams / own


def _free(method: Method, sent: Iterable[Parcel]) -> bool:
    if method["type"] is ShippingMethodType.FREE:
        return True
    least = method["free_from"]
    return least is not None and sum(parcel.total for parcel in sent) >= least


def _own(method: Method, sent: Sequence[Parcel]) -> int:
    """What the method charges by itself."""
    amount: int = method["amount"]
    match method["type"]:
        case ShippingMethodType.PER_PRICE:
            return share(amount, sum(parcel.total for parcel in sent))
        case ShippingMethodType.PER_ITEM:
            return amount * sum(parcel.quantity for parcel in sent)
        case ShippingMethodType.PER_WEIGHT:
            return _by_weight(method, sum((parcel.weight * parcel.quantity for parcel in sent), Fraction(0)))
        case _:
            return amount


def _by_weight(method: Method, weight: Fraction) -> int:
    """The first tier that the weight is in; a weight that is in none costs nothing."""
    for tier in method["weight_tiers"]:
        most = tier["max"]
        if Fraction(str(tier["min"])) <= weight and (most is None or weight <= Fraction(str(most))):
            cost: int = tier["cost"]
            return cost
    return 0


def _of_classes(method: Method, sent: Iterable[Parcel], classes: Mapping[int, Class]) -> dict[Hashable, int]:
    """By line what its class charges. Where the highest class counts alone, it is that whose lines come to the most
    together; of several the one of the lowest key."""
    found: dict[int, dict[Hashable, int]] = {}
    for parcel in sent:
        key = parcel.shipping_class_id
        if key is not None and key in classes:
            found.setdefault(key, {})[parcel.key] = _of_class(classes[key], parcel)
    if method["class_aggregation"] is ShippingClassAggregation.HIGHEST_CLASS and found:
        return found[min(found, key=lambda key: (-sum(found[key].values()), key))]
    return {line: cents for lines in found.values() for line, cents in lines.items()}


def _of_class(of: Class, parcel: Parcel) -> int:
    times = parcel.quantity if of["per_item"] else 1
    cost: int = of["cost"]
    if of["type"] is ShippingClassType.PERCENTAGE:
        return share(cost, parcel.unit_price * times)
    return cost * times


def _spread(amount: int, sent: Sequence[Parcel]) -> dict[Hashable, int]:
    """All of an amount over lines: by what they cost, or where they cost nothing by their pieces."""
    weights: dict[Hashable, int] = {parcel.key: parcel.total for parcel in sent}
    if not any(weights.values()):
        weights = {parcel.key: parcel.quantity for parcel in sent}
    return spread(amount, weights)
