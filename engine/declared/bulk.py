"""Items of a bulk that could not be read: each is told of at its place, and the others are carried out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from engine.values.errors import ErrorCode, Errors

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Unread:
    """Stands in a declared list of an input (`mutation(each=…)`) where an item was given that GraphQL makes nothing of.
    `mistakes` are messages, each with its path inside the item; `given` is what was sent."""

    mistakes: tuple[tuple[str, tuple[str, ...]], ...]
    given: Any

    def text(self, name: str) -> str | None:
        """What was sent by this name, if it is a text."""
        value = self.given.get(name) if isinstance(self.given, Mapping) else None
        return value if isinstance(value, str) else None

    def told(self, errors: Errors) -> Errors:
        for message, path in self.mistakes:
            errors.refuse(ErrorCode.VALIDATION, message, *path)
        return errors


def parted(items: Sequence[T | Unread]) -> tuple[dict[int, T], dict[int, Unread]]:
    """The items that were read and those that were not, by their places."""
    read: dict[int, T] = {}
    unread: dict[int, Unread] = {}
    for index, each in enumerate(items):
        if isinstance(each, Unread):
            unread[index] = each
        else:
            read[index] = each
    return read, unread
