"""What is made of documents, kept for those that are sent again."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Final, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

# A quarter is for what was asked for once, but no more than this: whoever sends a document again soon meets it.
NEW: Final = 32
# Of those that left, so many are remembered by their marks: one that comes back stays.
MARKS: Final = 8192


class _Entry(Generic[V]):
    __slots__ = ("asked", "mark", "size", "value")

    def __init__(self, value: V, size: int, mark: int) -> None:
        self.value = value
        self.size = size
        self.mark = mark
        self.asked = 0


class _Part(Generic[K, V]):
    """The least recently used leave first."""

    def __init__(self) -> None:
        self.entries: OrderedDict[K, _Entry[V]] = OrderedDict()
        self.bytes = 0

    def put(self, key: K, entry: _Entry[V]) -> None:
        self.entries[key] = entry
        self.bytes += entry.size

    def take(self, key: K) -> _Entry[V]:
        entry = self.entries.pop(key)
        self.bytes -= entry.size
        return entry


class Kept(Generic[K, V]):
    """Values by their keys, `most` of them and `most_bytes` together; always the last. What was asked for again, so
    `often`, stays, and what is new passes through a small part: a stream of documents that nobody sends twice takes the
    memory of that part, and pushes nothing else out. (2Q: Johnson and Shasha, 1994.)"""

    def __init__(self, most: int, most_bytes: int, *, often: int = 1) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._most_new = max(1, min(NEW, most // 4))
        self._often = often
        self._new: _Part[K, V] = _Part()
        self._proven: _Part[K, V] = _Part()
        self._gone: OrderedDict[int, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._new.entries) + len(self._proven.entries)

    def get(self, key: K) -> V | None:
        entry = self._proven.entries.get(key)
        if entry is not None:
            self._proven.entries.move_to_end(key)
            return entry.value
        entry = self._new.entries.get(key)
        if entry is None:
            return None
        entry.asked += 1
        if entry.asked >= self._often:
            self._proven.put(key, self._new.take(key))
        return entry.value

    def put(self, key: K, value: V, size: int, mark: int) -> None:
        """Under a key that is not kept. `size` are bytes, about; `mark` is the same whenever the same comes again, as a
        text's hash is, and another's by accident alone."""
        new, proven = self._new, self._proven
        comes_back = mark in self._gone
        self._gone.pop(mark, None)
        (proven if comes_back else new).put(key, _Entry(value, size, mark))
        while len(new.entries) > 1 and (len(new.entries) > self._most_new or new.bytes > self._most_bytes // 4):
            self._forget(new)
        while len(self) > 1 and (len(self) > self._most or new.bytes + proven.bytes > self._most_bytes):
            # The one that came does not make room for itself.
            self._forget(proven if len(proven.entries) > comes_back else new)

    def _forget(self, part: _Part[K, V]) -> None:
        oldest = part.take(next(iter(part.entries)))
        self._gone[oldest.mark] = None
        if len(self._gone) > MARKS:
            self._gone.popitem(last=False)
