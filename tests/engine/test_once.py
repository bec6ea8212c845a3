"""What a request asks is read once: its document, its arguments, and the statements that follow from them."""

from collections.abc import Callable
from typing import Any

import pytest

from engine.declared import listing, pages
from engine.declared.listing import Connected
from engine.document import documents
from engine.plan.pages import MOST_SIZES
from engine.standard.execution import Executor, Request
from schema.root import schema
from tests import factories
from tests.engine.answers import Nowhere
from tests.engine.shelves import catalogue, stored
from tests.gateway import ADMIN, Gateway


def counted(monkeypatch: pytest.MonkeyPatch, where: Any, name: str) -> list[Any]:
    """The first arguments of the calls from now on."""
    calls: list[Any] = []
    called: Callable[..., Any] = getattr(where, name)

    def calling(first: Any, *rest: Any, **named: Any) -> Any:
        calls.append(first)
        return called(first, *rest, **named)

    monkeypatch.setattr(where, name, calling)
    return calls


async def test_a_document_that_makes_no_sense_is_validated_once(monkeypatch: pytest.MonkeyPatch) -> None:
    validated = counted(monkeypatch, documents, "validate")
    executor = Executor(schema)
    request = Request("{ products { nonsense } }", {})

    assert (await executor.intent(request, ADMIN)).kind is None
    told = [await executor.execute(request, ADMIN, Nowhere(), "test") for _ in range(2)]

    assert len(validated) == 1
    assert "nonsense" in told[0].body["errors"][0]["message"]
    assert told[0].body == told[1].body


async def test_arguments_are_read_once_for_all_parents(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    await stored(gateway, [factories.shipping_class(n) for n in (1, 2, 3)])
    checked = counted(monkeypatch, Connected, "check")
    read = counted(monkeypatch, listing, "read")

    text = "query ($t: String) { shippingClasses { products(filter: {title: {contains: $t}}) { totalCount } } }"
    found = await gateway(text, {"t": "1"})

    assert [one["products"]["totalCount"] for one in found["shippingClasses"]] == [0, 0, 0]
    assert len(checked) == len(read) == 1


async def test_checking_builds_no_sql_and_a_read_builds_it_once(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stored(gateway, catalogue(3))
    built = counted(monkeypatch, pages, "predicate")
    page = '{ products(filter: {title: {contains: "no such title"}}) { nodes { title } } }'

    refused = await gateway.refused(page.replace("filter", "first: 0, filter"))
    assert len(refused) == 1
    assert built == []
    assert (await gateway(page))["products"]["nodes"] == []
    assert len(built) == 1


async def test_a_statement_is_built_once_for_all_requests_of_its_shape(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stored(gateway, catalogue(9))
    text = """query($above: Int, $first: Int) {
                products(first: $first, filter: {databaseId: {gt: $above}}, sort: {field: ID}) {
                  nodes { databaseId } } }"""
    pages.kept_page.cache_clear()
    built = counted(monkeypatch, pages, "predicate")

    answers = [await gateway(text, {"above": above, "first": first}) for above, first in ((0, 2), (5, 3), (8, 3))]

    assert [[node["databaseId"] for node in found["products"]["nodes"]] for found in answers] == [
        [1, 2],
        [6, 7, 8],
        [9],
    ]
    assert len(built) == 1


async def test_the_first_sizes_have_statements_of_their_own_and_all_others_one(gateway: Gateway) -> None:
    await stored(gateway, catalogue(9))
    pages.kept_page.cache_clear()
    text = "query($first: Int) { products(first: $first) { nodes { databaseId } } }"
    sizes = [len((await gateway(text, {"first": first}))["products"]["nodes"]) for first in range(1, 9)]
    assert sizes == list(range(1, 9))
    assert pages.kept_page.cache_info().misses == MOST_SIZES + 1
