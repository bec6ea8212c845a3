"""What SQLAlchemy compiled, kept for statements that come again."""

from typing import Any, Final

from sqlalchemy.util import LRUCache

from db.drivers.asked import Asked

# As many as SQLAlchemy keeps.
MOST: Final = 500


class Compiled(LRUCache[Any, Any]):
    """Statements by their shapes, the least recently used leave. One is kept when it comes a second time: it takes some
    sixty kilobytes, and of a stream of documents that nobody sends twice each asks for columns of its own."""

    def __init__(self, most: int = MOST) -> None:
        super().__init__(most)
        self._asked = Asked()

    def __setitem__(self, key: Any, value: Any) -> None:
        if self._asked.before(key):
            super().__setitem__(key, value)


def compiled_cache() -> LRUCache[Any, Any]:
    """One for a new engine."""
    return Compiled()
