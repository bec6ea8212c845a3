"""Variables that look like settings and are none: one letter missing, and the server runs with the default."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Final

from server.settings.settings import PREFIX, Settings

# Read by others than the settings.
OTHERS: Final = frozenset({"STOREGRAPH_USER_PASSWORD", "STOREGRAPH_TEST_ALL", "STOREGRAPH_SOAK_MINUTES"})
# Environments are short; what is longer than any name of ours is like none of them.
LONGEST: Final = 64


def unknown(names: Iterable[str]) -> Iterator[tuple[str, str | None]]:
    """Those of an environment's names that begin as settings do and that nobody reads, each with the setting that is
    likely to be meant."""
    known = {name.upper() for name in Settings.model_fields}
    for name in sorted(names):
        # Settings are found in any case.
        asked = name.upper().removeprefix(PREFIX) if name.upper().startswith(PREFIX) else None
        if asked is not None and asked not in known and PREFIX + asked not in OTHERS:
            near = get_close_matches(asked[:LONGEST], known, n=1)
            yield name, PREFIX + near[0] if near else None
