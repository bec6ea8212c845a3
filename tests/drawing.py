"""How much is drawn: little in a run of all tests, `make soak` draws as much more as STOREGRAPH_DRAWN says."""

import os
from typing import Final

_TIMES: Final = int(os.environ.get("STOREGRAPH_DRAWN", "1"))


# A run of all tests draws the same of the same code, so that what fails is what was changed; `make soak` draws anew.
REPEATED: Final = _TIMES == 1


def examples(few: int) -> int:
    """So many of a test that draws what it tries."""
    return few * _TIMES
