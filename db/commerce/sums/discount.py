"""What coupons take off, line by line, in whole cents. Pure: whoever asks has read the coupons and the lines.

A coupon is a row of `db.commerce.coupon` as a mapping. Amounts are minor units; shares are basis points.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple, TypeAlias

from db.commerce.coupon import CouponStatus, CouponType, matches, status_at
from db.commerce.sums.share import share, spread

Coupon: TypeAlias = Mapping[str, Any]
Taken: TypeAlias = dict[Hashable, int]  # by the lines' keys: cents, never below 0

ELSEWHERE: Final = "This coupon does not go together with other coupons"


@dataclass(frozen=True, slots=True)
class DiscountedLine:
    """A line that may become cheaper. `key` tells it from the others and says which comes first; `categories` are keys
    of terms, of the line's product; `subtotal` is what coupons take from: the pieces at their price, no setup fee.
    `beside` is due with it, and nothing is taken off that."""

    key: Any
    product_id: int
    variant_id: int
    categories: frozenset[int]
    quantity: int
    unit_price: int
    subtotal: int
    beside: int = 0


class Asked(NamedTuple):
    """Who wants to use a coupon, and when. `uses_by_customer`: in how many other orders of theirs it is already."""

    now: datetime
    customer_id: int | None
    email: str
    uses_by_customer: int


def refused(coupon: Coupon, lines: Sequence[DiscountedLine], asked: Asked, total: int) -> str | None:
    """The sentence that says why a coupon does not apply; None if it does. Its dates decide, whatever word is stored.
    `total` is what least and most purchases are compared with (`purchase`). Other coupons are not looked at: see
    `alone`."""
    return (
        _out_of_time(coupon, asked.now)
        or _used_up(coupon, asked)
        or _not_theirs(coupon, asked.email)
        or _out_of_bounds(coupon, total)
        or _nothing_for_it(coupon, lines)
    )


def purchase(lines: Iterable[DiscountedLine]) -> int:
    """What a purchase comes to that a coupon may ask to be so large: as its customer reads it, before any discount."""
    return sum(line.subtotal + line.beside for line in lines)


def _out_of_time(coupon: Coupon, now: datetime) -> str | None:
    match status_at(coupon["status"], coupon["start_at"], coupon["end_at"], now):
        case CouponStatus.ACTIVE:
            return None
        case CouponStatus.SCHEDULED:
            return "This coupon is not valid yet"
        case CouponStatus.EXPIRED:
            return "This coupon has expired"
        case _:
            return "This coupon is disabled"


def _used_up(coupon: Coupon, asked: Asked) -> str | None:
    most, each = coupon["max_uses"], coupon["max_per_customer"]
    if most is not None and coupon["use_count"] >= most:
        return "This coupon was used as often as it may be"
    if each is None:
        return None
    if asked.customer_id is None and not asked.email:
        return "This coupon needs a customer: how often each may use it is limited"
    return "This customer used this coupon as often as they may" if asked.uses_by_customer >= each else None


def _not_theirs(coupon: Coupon, email: str) -> str | None:
    patterns = coupon["email_restrictions"]
    if not patterns or (email and any(matches(pattern, email) for pattern in patterns)):
        return None
    return "This coupon is for certain e-mail addresses only"


def _out_of_bounds(coupon: Coupon, total: int) -> str | None:
    least, most = coupon["min_purchase"], coupon["max_purchase"]
    if least is not None and total < least:
        return "The purchase is too small for this coupon"
    return "The purchase is too large for this coupon" if most is not None and total > most else None


def _nothing_for_it(coupon: Coupon, lines: Sequence[DiscountedLine]) -> str | None:
    among = [line for line in lines if eligible(coupon, line)]
    if not among:
        return "Nothing of this purchase is eligible for this coupon"
    if coupon["type"] is CouponType.BUY_X_GET_Y and not _free_pieces(coupon, among):
        return "This coupon needs more pieces: those that are bought, and those that are free"
    return None


def eligible(coupon: Coupon, line: DiscountedLine) -> bool:
    """Whether a coupon is meant for a line. What is excluded is out, whatever includes it; a product without a category
    is in none that is included."""
    if line.variant_id in coupon["excluded_variants"] or not line.categories.isdisjoint(coupon["excluded_categories"]):
        return False
    variants, categories = coupon["included_variants"], coupon["included_categories"]
    return (not variants or line.variant_id in variants) and (
        not categories or not line.categories.isdisjoint(categories)
    )


def alone(coupons: Sequence[Coupon]) -> list[Any]:
    """Of several coupons the keys of those that go together with no other."""
    return [coupon["id"] for coupon in coupons if not coupon["stackable"]] if len(coupons) > 1 else []


def discounts(coupons: Sequence[Coupon], lines: Sequence[DiscountedLine]) -> dict[Any, Taken]:
    """What each coupon takes from each line that it takes something from, by their keys. The coupon of the lowest
    priority comes first (of several of one the first key), and the next takes from what it leaves. All of them are
    taken to apply (`refused`, `alone`); the order of the arguments changes nothing. One for free shipping takes nothing
    from lines: the caller takes the shipping off."""
    ordered = sorted(lines, key=lambda line: line.key)
    left = {line.key: line.subtotal for line in ordered}
    found: dict[Any, Taken] = {}
    for coupon in sorted(coupons, key=lambda coupon: (coupon["priority"], coupon["id"])):
        among = [line for line in ordered if eligible(coupon, line)]
        found[coupon["id"]] = taken = _taken(coupon, among, left)
        for key, cents in taken.items():
            left[key] -= cents
    return found


def manual(lines: Sequence[DiscountedLine], kind: CouponType, value: int, so_far: Mapping[Any, int]) -> Taken:
    """What a discount by hand takes from each line, of what `so_far` (by lines, of all coupons: `by_line`) leaves.
    `value` is minor units of a FIXED one, basis points of a PERCENTAGE."""
    ordered = sorted(lines, key=lambda line: line.key)
    rests = {line.key: line.subtotal - so_far.get(line.key, 0) for line in ordered}
    return _spread(value, rests) if kind is CouponType.FIXED else _shares(value, rests)


def by_line(found: Mapping[Any, Mapping[Any, int]]) -> Taken:
    """Of what several coupons take from lines: how much each line loses."""
    total: Taken = {}
    for taken in found.values():
        for key, cents in taken.items():
            total[key] = total.get(key, 0) + cents
    return total


def _taken(coupon: Coupon, among: Sequence[DiscountedLine], left: Mapping[Any, int]) -> Taken:
    rests = {line.key: left[line.key] for line in among}
    match coupon["type"]:
        case CouponType.FIXED:
            return _spread(coupon["amount"], rests)
        case CouponType.PERCENTAGE:
            return _capped(coupon, _shares(coupon["amount"], rests), rests)
        case CouponType.BUY_X_GET_Y:
            free = {
                # All pieces of a line are free to the last cent; of some of them nobody gives a fraction away.
                line.key: rests[line.key] * pieces // line.quantity
                for line, pieces in _free_pieces(coupon, among)
            }
            return _capped(coupon, _some(free), rests)
        case _:
            return {}


def _capped(coupon: Coupon, taken: Taken, rests: Mapping[Any, int]) -> Taken:
    most = coupon["max_discount"]
    if most is None or sum(taken.values()) <= most:
        return taken
    # In proportion to what was to be taken: a line that got nothing gets nothing now.
    return _spread(most, {key: taken[key] for key in rests if key in taken})


def _shares(points: int, rests: Mapping[Any, int]) -> Taken:
    return _some({key: share(points, rest) for key, rest in rests.items()})


def _spread(amount: int, rests: Mapping[Any, int]) -> Taken:
    """An amount in proportion to what is left of each line, or all of that; cents that no share makes whole are the
    first lines'."""
    return _some(spread(min(amount, sum(rests.values())), rests))


def _some(taken: Taken) -> Taken:
    return {key: cents for key, cents in taken.items() if cents > 0}


def _free_pieces(coupon: Coupon, among: Iterable[DiscountedLine]) -> list[tuple[DiscountedLine, int]]:
    """Which pieces are free, the cheapest first: so many that those that are paid for are enough for them. A piece that
    is free is none that is bought. Without lists of what is bought or free it is whatever is eligible."""
    among = list(among)
    bought = {line.key for line in among if _listed(coupon["buy_variants"], line)}
    given = sorted(
        (line for line in among if _listed(coupon["get_variants"], line)),
        # Of those at one price the ones that count for nothing else.
        key=lambda line: (line.unit_price, line.key in bought, line.key),
    )
    buy, get = max(coupon["buy_quantity"], 1), max(coupon["get_quantity"], 1)
    paid = sum(line.quantity for line in among if line.key in bought)

    def picked(count: int) -> list[tuple[DiscountedLine, int]]:
        found = []
        for line in given:
            if count <= 0:
                break
            pieces = min(count, line.quantity)
            found.append((line, pieces))
            count -= pieces
        return found

    def enough(count: int) -> bool:
        used = sum(pieces for line, pieces in picked(count) if line.key in bought)
        needed: int = -(-count // get) * buy
        return paid - used >= needed

    # With each free piece more has to be paid for, and less is left for that: halving finds the most.
    least, most = 0, sum(line.quantity for line in given)
    while least < most:
        middle = (least + most + 1) // 2
        least, most = (middle, most) if enough(middle) else (least, middle - 1)
    return picked(least)


def _listed(keys: Sequence[int], line: DiscountedLine) -> bool:
    return not keys or line.variant_id in keys
