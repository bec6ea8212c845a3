"""What SQLAlchemy compiled, kept for statements that come again."""

from collections import OrderedDict
from typing import Any, Final

from sqlalchemy.util import LRUCache

# As many as SQLAlchemy keeps.
MOST: Final = 500
# Statements that came once, by their hashes.
MOST_ONCE: Final = 4096


class Compiled(LRUCache[Any, Any]):
    """Statements by their shapes, the least recently used leave. One is kept when it comes a second time: it takes some
    sixty kilobytes, and of a stream of documents that nobody sends twice each asks for columns of its own."""

    def __init__(self, most: int = MOST) -> None:
        super().__init__(most)
        self._once: OrderedDict[int, None] = OrderedDict()

    def __setitem__(self, key: Any, value: Any) -> None:
        place = hash(key)
        if place in self._once:
            del self._once[place]
            super().__setitem__(key, value)
            return
        self._once[place] = None
        if len(self._once) > MOST_ONCE:
            self._once.popitem(last=False)


def compiled_cache() -> LRUCache[Any, Any]:
    """One for a new engine."""
    return Compiled()
