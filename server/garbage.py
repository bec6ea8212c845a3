"""How often a process looks for garbage."""

import gc
from typing import Final

# So many objects made and not yet given up let Python look through the young ones. A page of products alone is more
# than its own 700, and everything in it is given up a moment later; many more are looked through too long at once.
OBJECTS: Final = 5_000


def collected_seldom() -> None:
    """What the process has made by now stays: no collection looks through it."""
    gc.freeze()
    gc.set_threshold(OBJECTS)
