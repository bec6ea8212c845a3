"""Large answers are worked out in pieces; what they say is the same as without."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest

from engine.declared.connection import Window
from engine.standard import lists, loader
from engine.standard.page import Page
from engine.values.ordering import Order
from tests.engine.shelves import catalogue, stored
from tests.gateway import Gateway

DOCUMENT = """
{
  products(first: 30, sort: [{field: ID}]) {
    nodes { databaseId title minPrice { cents } variants { sku product { title } } defaultVariant { title } }
    edges { cursor node { slug categories { name } } }
    pageInfo { endCursor hasNextPage } totalCount
  }
}
"""


async def test_pieces_say_what_the_whole_says(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    await stored(gateway, catalogue(40))
    whole = await gateway(DOCUMENT)

    monkeypatch.setattr(lists, "MOST_VALUES_AT_ONCE", 20)
    monkeypatch.setattr(loader, "MOST_ROWS_AT_ONCE", 2)

    assert await gateway(DOCUMENT) == whole
    assert len(whole["products"]["nodes"]) == 30


async def test_others_are_served_between_the_pieces() -> None:
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counter = asyncio.create_task(count())
    page = Page(Order(()), Window(40, False, None, None), list(range(40)), False, _none, at_once=4)
    seen = [(item, turns) async for item in cast(AsyncIterator[Any], page.nodes)]
    counter.cancel()

    assert [item for item, _ in seen] == list(range(40))
    assert [turn for _, turn in seen] == [index // 4 for index in range(40)]


async def _none(_up_to: int | None) -> int:
    return 0


async def test_an_error_reaches_everybody_who_waits(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loader, "MOST_ROWS_AT_ONCE", 1)
    failing: loader.Loader[int, int] = loader.Loader(_failing)

    found: list[Any] = await asyncio.gather(*(failing.load(n) for n in range(5)), return_exceptions=True)

    assert [str(error) for error in found] == ["no"] * 5


async def test_who_was_cancelled_keeps_nobody_else_waiting() -> None:
    shared: loader.Loader[int, int] = loader.Loader(_same)
    one, other = shared.load(1), shared.load(1)
    one.cancel()

    assert await other == 1
    assert await shared.load(1) == 1


async def _failing(keys: list[int]) -> list[int]:
    raise ValueError("no")


async def _same(keys: list[int]) -> list[int]:
    return keys
