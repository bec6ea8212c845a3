"""Shares of amounts. One basis point is a hundredth of a percent."""

from typing import Final

WHOLE: Final = 10_000  # all of an amount, in basis points


def share(points: int, of: int) -> int:
    """So many basis points of an amount, in whole minor units: half a one is rounded up."""
    return (of * points + WHOLE // 2) // WHOLE
