"""A page of a list as it is answered: what the fields of a connection, its edges and its page info are read from."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from engine.declared.connection import MOST, Window
from engine.values.ordering import Order

V = TypeVar("V")


@dataclass(slots=True)
class Place:
    """What an `Edge` is read from."""

    node: Any
    order: Order

    @property
    def cursor(self) -> str:
        return self.order.cursor(self.node.row)


class Page:
    """What a `Connection` is read from, and its `PageInfo`: the rows of one parent's page. Others are served after each
    `at_once` rows."""

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
        places = [Place(n, self.order) for n in self.rows]
        return places if len(places) <= self.at_once else _paced(places, self.at_once)

    @property
    def page_info(self) -> "Page":
        return self

    @property
    def has_next_page(self) -> bool:
        return self.window.has_next(self.more)

    @property
    def has_previous_page(self) -> bool:
        return self.window.has_previous(self.more)

    @property
    def start_cursor(self) -> str | None:
        return self.order.cursor(self.rows[0].row) if self.rows else None

    @property
    def end_cursor(self) -> str | None:
        return self.order.cursor(self.rows[-1].row) if self.rows else None

    @property
    def page(self) -> int | None:
        return self.window.number

    @property
    def per_page(self) -> int:
        return self.window.size

    @property
    def page_count(self) -> Awaitable[int]:
        return self._page_count()

    async def _page_count(self) -> int:
        return -(-await self.count(None) // self.per_page)


async def _paced(items: list[V], at_once: int) -> AsyncIterator[V]:
    for index, item in enumerate(items):
        if index and index % at_once == 0:
            await asyncio.sleep(0)
        yield item
