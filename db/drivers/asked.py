"""What was asked lately. What is kept of a statement is kept when it comes a second time: a stream of documents that
nobody sends twice would push out what front ends ask."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Final

# A front end has some hundred.
MOST: Final = 4096


class Asked:
    """Remembered by hashes, MOST of them; what was asked longest ago leaves."""

    def __init__(self) -> None:
        self._hashes: OrderedDict[int, None] = OrderedDict()

    def before(self, what: Hashable) -> bool:
        """Whether it was; from now on it was."""
        place = hash(what)
        if place in self._hashes:
            self._hashes.move_to_end(place)
            return True
        self._hashes[place] = None
        if len(self._hashes) > MOST:
            self._hashes.popitem(last=False)
        return False
