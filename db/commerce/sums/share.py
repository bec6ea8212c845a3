"""Shares of amounts. One basis point is a hundredth of a percent."""

from collections.abc import Hashable, Mapping
from typing import Final, TypeVar

K = TypeVar("K", bound=Hashable)

WHOLE: Final = 10_000  # all of an amount, in basis points
DECIMALS: Final = 2  # of a percentage of whole ones


def share(points: int, of: int) -> int:
    """So many basis points of an amount, in whole minor units: half a one is rounded up."""
    return (of * points + WHOLE // 2) // WHOLE


def spread(amount: int, weights: Mapping[K, int]) -> dict[K, int]:
    """All of an amount in proportion to weights, by their keys; units that no share makes whole are the first ones',
    one each. What weighs nothing is left out. Of an amount that is not above the sum of the weights nothing gets more
    than it weighs."""
    among = {key: weight for key, weight in weights.items() if weight > 0}
    whole = sum(among.values())
    shares = {key: amount * weight // whole for key, weight in among.items()}
    missing = amount - sum(shares.values())  # less than there are of them
    for key in list(shares)[:missing]:
        shares[key] += 1
    return shares
