"""What a client reads of a list: Relay's connection, edges and page info, and the window that it asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

import strawberry
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument

from engine.declared.declaration import LONGEST, LOOKED_UP, Declaration, DeclaredField, declare
from engine.declared.directives import Cost
from engine.values.errors import BadUserInput
from engine.values.ordering import Order
from engine.values.viewer import Viewer

T = TypeVar("T")

FIRST: Final = 10  # the documented default of per_page (S2)
MOST: Final = LONGEST
# OFFSET reads what it skips; beyond this a cursor is the honest way.
MOST_PAGES: Final = 1000


@dataclass(slots=True)  # not frozen, as what each request makes: that takes three times as long
class Window:
    """The part of a list that was asked for: `size` rows after (before, when `backwards`) a place or an offset."""

    size: int
    backwards: bool
    place: tuple[Any, ...] | None
    page: int | None

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.size if self.page else 0

    @property
    def number(self) -> int | None:
        """The page's; None where a cursor was followed, or the list is read from its end."""
        return self.page or (1 if self.place is None and not self.backwards else None)

    def has_next(self, more: bool) -> bool:
        """Whether rows follow the page; `more`: whether there were more than it holds."""
        return self._behind if self.backwards else more

    def has_previous(self, more: bool) -> bool:
        return more if self.backwards else self._behind

    @property
    def _behind(self) -> bool:
        # Beyond a cursor or an offset there was a row when it was given; that costs no statement to say.
        return self.place is not None or self.offset > 0

    @classmethod
    def of(cls, order: Order, arguments: Mapping[str, Any]) -> "Window":
        """Raises BadUserInput for arguments that contradict each other or leave their bounds."""
        first, last, page = arguments.get("first"), arguments.get("last"), arguments.get("page")
        after, before = arguments.get("after"), arguments.get("before")
        for name, size in (("first", first), ("last", last)):
            if size is not None and not 1 <= size <= MOST:
                raise BadUserInput(f"`{name}` is from 1 to {MOST}")
        if first is not None and last is not None:
            raise BadUserInput("Give `first` or `last`, not both")
        if after is not None and before is not None:
            raise BadUserInput("Give `after` or `before`, not both")
        if page is not None:
            if after is not None or before is not None:
                raise BadUserInput("`page` counts from the start of the list; it excludes `after` and `before`")
            if last is not None:
                raise BadUserInput("`page` goes with `first`, not with `last`")
            if not 1 <= page <= MOST_PAGES:
                raise BadUserInput(f"`page` is from 1 to {MOST_PAGES}; beyond that use `after`")
        if last is not None and after is not None:
            raise BadUserInput("`after` goes with `first`; use `before` with `last`")
        if before is not None and first is not None:
            raise BadUserInput("`before` goes with `last`; use `after` with `first`")
        cursor = after if after is not None else before
        place = None if cursor is None else tuple(order.place(cursor))
        backwards = last is not None or before is not None
        return cls((last if backwards else first) or FIRST, backwards, place, page)


@dataclass(frozen=True, eq=False)
class OfPage(Declaration):
    """What a page of a list, or an item of it, says of itself under that name."""

    name: str
    paged: bool = False
    weight: int = 1


@dataclass(frozen=True, eq=False)
class Counted(Declaration):
    """How many rows a list has; a statement of its own, run when it is selected."""

    weight = LOOKED_UP
    shared = True

    def check(self, field: DeclaredField, arguments: dict[str, Any], viewer: Viewer) -> None:
        if (arguments.get("up_to") or 0) < 0:
            raise BadUserInput("`upTo` is not below 0")


def counted() -> Any:
    """The `totalCount` of what is read from something that has a `count`."""
    # Strawberry registers what directives it meets when it makes a schema; `priced` adds those of other fields later.
    field = declare(
        Counted(),
        description="How many there are in all. With `upTo`, counting stops there.",
        directives=[Cost(weight=str(LOOKED_UP))],
    )
    field.arguments = [StrawberryArgument("up_to", None, StrawberryAnnotation(int | None), default=None)]
    return field


def _of_page(name: str, *, paged: bool = False, weight: int = 1, description: str | None = None) -> Any:
    return declare(OfPage(name, paged=paged, weight=weight), description=description)


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    has_next_page: bool = _of_page("has_next_page")
    has_previous_page: bool = _of_page("has_previous_page")
    start_cursor: str | None = _of_page("start_cursor")
    end_cursor: str | None = _of_page("end_cursor")
    page: int | None = _of_page("page", description="The page's number; null when a cursor was followed.")
    per_page: int = _of_page("per_page")
    page_count: int = _of_page(
        "page_count",
        weight=LOOKED_UP,
        description="How many pages there are. Counts the whole list; leave it out where you can.",
    )


@strawberry.type(description="An item of a list, with its place in it.")
class Edge(Generic[T]):
    node: T = _of_page("node")
    cursor: str = _of_page("cursor", description="For `after` and `before`, with the same sort.")


@strawberry.type(description="A page of a list.")
class Connection(Generic[T]):
    nodes: list[T] = _of_page("nodes", paged=True)
    edges: list[Edge[T]] = _of_page("edges", paged=True)
    page_info: PageInfo = _of_page("page_info")
    total_count: int = counted()
