"""What a client reads of a list: Relay's connection, edges and page info, and the window that it asked for."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, cast

import strawberry
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument

from engine.declared.declaration import LOOKED_UP, Declaration, DeclaredField, declare
from engine.declared.directives import Cost
from engine.values.errors import BadUserInput
from engine.values.ordering import Order

if TYPE_CHECKING:
    from strawberry.types.info import Info

    from engine.standard.context import Context

T = TypeVar("T")
V = TypeVar("V")

FIRST: Final = 10  # the documented default and maximum of per_page (S2)
MOST: Final = 100
# OFFSET reads what it skips; beyond this a cursor is the honest way.
MOST_PAGES: Final = 1000


@dataclass(frozen=True)
class Window:
    """The part of a list that was asked for: `size` rows after (before, when `backwards`) a place or an offset."""

    size: int
    backwards: bool
    place: tuple[Any, ...] | None
    page: int | None

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.size if self.page else 0

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


async def _page_count(root: strawberry.Parent["PageInfo"]) -> int:
    return -(-await root.source.count(None) // root.per_page)


class Counted(Declaration):
    """How many rows a list has; a statement of its own, run when it is selected."""

    weight = LOOKED_UP

    def check(self, field: DeclaredField, arguments: dict[str, Any]) -> None:
        if (arguments.get("up_to") or 0) < 0:
            raise BadUserInput("`upTo` is not below 0")

    async def resolve(
        self, field: DeclaredField, source: Any, info: "Info[Context, Any]", arguments: dict[str, Any]
    ) -> int:
        return cast(int, await source.count(arguments.get("up_to")))


def counted() -> Any:
    """The `totalCount` of what is read from something that has a `count`."""
    field = declare(Counted(), description="How many there are in all. With `upTo`, counting stops there.")
    field.arguments = [StrawberryArgument("up_to", None, StrawberryAnnotation(int | None), default=None)]
    return field


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None
    page: int | None = strawberry.field(description="The page's number; null when a cursor was followed.")
    per_page: int
    source: strawberry.Private["Page"]
    page_count: int = strawberry.field(
        resolver=_page_count,
        directives=[Cost(weight=str(LOOKED_UP))],
        description="How many pages there are. Counts the whole list; leave it out where you can.",
    )


@strawberry.type(description="An item of a list, with its place in it.")
class Edge(Generic[T]):
    node: T
    cursor: str = strawberry.field(description="For `after` and `before`, with the same sort.")


@strawberry.type(description="A page of a list.")
class Connection(Generic[T]):
    nodes: list[T]
    edges: list[Edge[T]]
    page_info: PageInfo
    total_count: int = counted()


@dataclass
class Place:
    """What an `Edge` is read from."""

    node: Any
    cursor: str


class Page:
    """What a `Connection` is read from: the rows of one parent's page. Others are served after each `at_once` rows."""

    def __init__(
        self,
        order: Order,
        window: Window,
        rows: list[Any],
        more: bool,
        count: Callable[[int | None], Awaitable[int]],
        at_once: int = MOST,
    ) -> None:
        self.order = order
        self.window = window
        self.rows = rows
        self.more = more
        self.count = count
        self.at_once = at_once

    @property
    def nodes(self) -> list[Any] | AsyncIterator[Any]:
        return self.rows if len(self.rows) <= self.at_once else _paced(self.rows, self.at_once)

    @property
    def edges(self) -> list[Place] | AsyncIterator[Place]:
        places = [Place(n, self.order.cursor(n.row)) for n in self.rows]
        return places if len(places) <= self.at_once else _paced(places, self.at_once)

    @property
    def page_info(self) -> PageInfo:
        window = self.window
        # Beyond a cursor or an offset there was a row when it was given; that costs no statement to say.
        behind = window.place is not None or window.offset > 0
        return PageInfo(
            has_next_page=behind if window.backwards else self.more,
            has_previous_page=self.more if window.backwards else behind,
            start_cursor=self.order.cursor(self.rows[0].row) if self.rows else None,
            end_cursor=self.order.cursor(self.rows[-1].row) if self.rows else None,
            page=window.page or (1 if window.place is None and not window.backwards else None),
            per_page=window.size,
            source=self,
        )


async def _paced(items: list[V], at_once: int) -> AsyncIterator[V]:
    for index, item in enumerate(items):
        if index and index % at_once == 0:
            await asyncio.sleep(0)
        yield item
