"""When an attempt is repeated, and when no more: arithmetic alone."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

# A call has so long, whatever its sender does; the outbound client gives up after 30 s.
SEND_SECONDS: Final = 40.0
_HOUR: Final = 3600.0
# After the first attempt, the second, and so on: a receiver that is down for a day misses nothing.
PAUSES: Final = (5.0, 300.0, 1800.0, 2 * _HOUR, 5 * _HOUR, 10 * _HOUR, 10 * _HOUR)
# What a receiver may ask for at most: nobody knows what it will be in a week.
LONGEST_AFTER: Final = 24 * _HOUR
# The share of a pause that it may be longer: what failed together does not come back together.
JITTER: Final = 0.2
RETRIED: Final = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True)
class Policy:
    pauses: tuple[float, ...] = PAUSES  # seconds
    jitter: float = JITTER
    # A target without a success for so long is disabled.
    patience: timedelta = timedelta(days=5)
    # Before an attempt whose worker died is repeated, times the attempts so far: what kills workers kills few.
    recovery: float = 5.0

    @property
    def attempts(self) -> int:
        """How many there are at most, the first included."""
        return len(self.pauses) + 1

    def pause(self, attempt: int, after: float | None, chance: Callable[[], float] = random.random) -> float | None:
        """Seconds before the attempt that follows this one (from 1 on); None: there is no other. `after` is what the
        receiver asked for, `chance` between 0 and 1."""
        if attempt >= self.attempts:
            return None
        asked = min(max(after or 0.0, 0.0), LONGEST_AFTER)
        return max(self.pauses[attempt - 1], asked) * (1.0 + self.jitter * chance())


def retried(status: int) -> bool:
    """Whether an attempt that was answered with this HTTP status may succeed later."""
    return status in RETRIED or 500 <= status <= 599
