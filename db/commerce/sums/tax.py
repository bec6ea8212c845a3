"""Tax on lines and on their shipping, in whole cents. Pure: whoever asks has read the rates.

A rate is a row of `db.catalog.tax_rate` as a mapping, or what an order has kept of one under its key; its points are
whole ten-thousandths of a percent. Amounts are minor units and everything between is a fraction: no float, and no
rounding but the last.

As the documented system does: all rates of a class that match an address apply, by their priority; a compound one is
on the price and on the taxes before it; the tax of a line is rounded up once, over all of its rates; an order's is the
sum of its lines'. The base is what a line costs after its discount. Shipping is taxed at `for_shipping` in place of
`rate`, or not at all where that is not set.

What it does and what is not done here:
- Where prices hold their tax, it takes a compound rate from the gross price and earlier taxes on top of that, and each
  of several rates as if it were alone: what is left is no price to which these rates give that gross price. Here the
  net price is worked out first, and each tax is of that. One rate alone comes to the same in both.
- It shows each rate rounded up by itself, so that they come to more than is charged (229 + 64 of 292). Here a rate's
  part is what the sum rounded up grows by with it: each is within a cent of its own, and they add up.
- It taxes what a shipping class charges twice. Here each line's share of the shipping is taxed once.
- It keeps an order's rates by the first of each line, one for all lines. Here all rates are, with what each came to.
- It takes any text for a rate. Here a rate is a number of points (`db.catalog.tax_rate`)."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Any, Final, NamedTuple, TypeAlias

from db.catalog.tax_rate import ALL, RANGE
from db.commerce.order import TaxBehavior
from db.commerce.sums.share import spread

Rate: TypeAlias = Mapping[str, Any]

_ZIP: Final = 5  # digits of a US postal code that say where it is; four more say which side of the street


class Place(NamedTuple):
    """Where something is taxed: the columns of an address."""

    country: str
    state: str = ""
    city: str = ""
    postcode: str = ""

    @classmethod
    def of(cls, address: Mapping[str, Any]) -> "Place":
        country, state = address["country"].strip().upper(), address["state"].strip().upper()
        return cls(country, state, address["city"], address["postcode"])


@dataclass(frozen=True, slots=True)
class TaxedLine:
    """`base` is what it costs after its discount, `shipping` its share of what sending costs; `rates` are those that
    apply, in their order. `key` tells it from the others."""

    key: Any
    base: int
    shipping: int
    rates: Sequence[Rate]


class Charged(NamedTuple):
    """What one rate came to: on lines, and on their shipping."""

    rate: Rate
    amount: int
    shipping_amount: int


@dataclass(frozen=True, slots=True)
class Taxes:
    """`by_line` has the tax of every line by its key, and adds up to `total`; so does what is `charged`, of every rate
    that applied to a line, whatever it came to."""

    by_line: Mapping[Any, int]
    charged: Sequence[Charged]

    @property
    def total(self) -> int:
        return sum(self.by_line.values())

    @property
    def shipping(self) -> int:
        return sum(each.shipping_amount for each in self.charged)


def matches(rate: Rate, place: Place) -> bool:
    """Whether a rate is for an address: what it does not say may be anything."""
    return (
        rate["country"] == place.country
        and rate["state"] in ("", place.state)
        and (not rate["city"] or _plain(rate["city"]) == _plain(place.city))
        and (not rate["postcodes"] or any(_within(each, place) for each in rate["postcodes"]))
    )


def applying(rates: Iterable[Rate], place: Place) -> list[Rate]:
    """Those that are for an address, in the order in which they are reckoned."""
    found = [rate for rate in rates if matches(rate, place)]
    return sorted(found, key=lambda rate: (rate["priority"], rate["id"]))


def class_of(own: int | None, categories: Collection[int], classes: Iterable[Mapping[str, Any]]) -> int | None:
    """The tax class of a product by its key: its `own`, else of the classes that are meant for one of its categories
    the one of the lowest priority (of several the first key); None of a product that has neither, which is not
    taxed."""
    if own is not None:
        return own
    meant = [each for each in classes if not set(categories).isdisjoint(each["categories"])]
    found: int | None = min(meant, key=lambda each: (each["priority"], each["id"]))["id"] if meant else None
    return found


def parts(base: int, rates: Sequence[Rate], behavior: TaxBehavior, column: str = "rate") -> list[int]:
    """What each of these rates (their `column`) takes of an amount, in their order: whole cents that add up to the tax
    on it. Of INCLUSIVE prices the tax is inside, and never more than there is."""
    shares, taken = [], Fraction(0)
    for rate in rates:
        share = Fraction(rate[column] or 0, ALL) * (1 + taken if rate["compound"] else 1)
        shares.append(share)
        taken += share
    if behavior is TaxBehavior.NONE:
        net = Fraction(0)
    else:
        net = max(0, base) / (1 + taken) if behavior is TaxBehavior.INCLUSIVE else Fraction(max(0, base))
    found, before, exact = [], 0, Fraction(0)
    for share in shares:
        exact += net * share
        found.append(ceil(exact) - before)
        before = ceil(exact)
    return found


def taxes(lines: Iterable[TaxedLine], behavior: TaxBehavior) -> Taxes:
    """The tax on lines and on their shipping. Of two rates with one key the first is meant."""
    by_line: dict[Any, int] = {}
    rates: dict[Any, Rate] = {}
    goods: dict[Any, int] = {}
    sending: dict[Any, int] = {}
    for line in lines:
        of_goods = parts(line.base, line.rates, behavior)
        of_shipping = parts(line.shipping, line.rates, behavior, "for_shipping")
        by_line[line.key] = sum(of_goods)
        for rate, amount, shipping in zip(line.rates, of_goods, of_shipping, strict=True):
            key = rate["id"]
            rates.setdefault(key, rate)
            goods[key] = goods.get(key, 0) + amount
            sending[key] = sending.get(key, 0) + shipping
    ordered = sorted(rates.values(), key=lambda rate: (rate["priority"], rate["id"]))
    return Taxes(by_line, [Charged(rate, goods[rate["id"]], sending[rate["id"]]) for rate in ordered])


def sent_shares(total: int, *weights: Mapping[Any, int]) -> dict[Any, int]:
    """What sending costs by lines, where nobody says it of each: in proportion to the first of these weights of which
    there are any."""
    for each in weights:
        if any(weight > 0 for weight in each.values()):
            return spread(max(0, total), each)
    return {}


def _plain(city: str) -> str:
    return " ".join(city.split()).casefold()


def _within(wanted: str, place: Place) -> bool:
    first, is_range, last = wanted.partition(RANGE)
    codes = codes_of(place)
    if not is_range:
        return wanted in codes
    return any(each.isdecimal() and len(each) == len(first) and first <= each <= last for each in codes)


def codes_of(place: Place) -> set[str]:
    """The postal codes, as they are compared, any of which a rate has to name."""
    code = plain_postcode(place.postcode)
    return {code, code[:_ZIP]} if place.country == "US" else {code}


def plain_postcode(code: str) -> str:
    """A postal code as it is compared: in capitals, without what is written between."""
    return code.replace(" ", "").replace("-", "").upper()
