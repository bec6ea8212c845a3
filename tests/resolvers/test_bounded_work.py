"""What a change works on is bounded, or worked on beside the loop: HTML, mistaken names, titles, trees."""

import threading
import time
from difflib import get_close_matches
from typing import Any

import pytest

from db.access.permission import KNOWN
from db.catalog import html
from db.catalog.html import QUICK, Safe, cleaned, safe
from db.catalog.slug import LONGEST, derived
from db.store.unit import Units
from engine.unit.perform import perform
from engine.unit.unit import Errors
from resolvers.access import token
from resolvers.access.token import MOST_HINTS, check_permissions
from schema.root import schema
from tests.gateway import ADMIN, Gateway

BULK = (
    "mutation ($input: ProductBulkCreateInput!) { productBulkCreate(input: $input) "
    "{ results { product { content categories { name } } userErrors { message } } } }"
)


async def test_a_long_content_is_cleaned_beside_the_loop(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    here: list[int] = []
    clean = html._CLEANER.clean

    class Watched:
        def clean(self, text: str) -> str:
            if threading.current_thread() is threading.main_thread():
                here.append(len(text))
            return clean(text)

    monkeypatch.setattr(html, "_CLEANER", Watched())
    items = [
        {"title": "a", "fulfillmentType": "DIGITAL", "content": content}
        for content in ("&" * 256 * 1024, "<div>" * 10_000 + "<script>x</script>", "<p onclick='x'>Hi</p>")
    ]
    results = (await gateway(BULK, {"input": {"products": items}}))["productBulkCreate"]["results"]

    assert [len(r["product"]["content"]) >= 9 for r in results] == [True] * 3
    assert results[0]["product"]["content"] == "&amp;" * 256 * 1024
    assert results[2]["product"]["content"] == "<p>Hi</p>"
    assert not any("script" in r["product"]["content"] for r in results)
    assert all(length <= QUICK for length in here)


@pytest.mark.parametrize("name", ["productCreate", "productBulkCreate"])
async def test_nobody_else_waits_for_a_writer_who_cleans(gateway: Gateway, name: str) -> None:
    item = {"title": "a", "fulfillmentType": "DIGITAL", "content": "<p onclick='x'>Hi</p>" * 1000}
    asked = item if name == "productCreate" else {"products": [item]}
    known = schema.mutations[name]
    given = known.coerce(asked)
    product = given if name == "productCreate" else given.products[0]
    found: list[bool] = []

    class Watched(Units):
        def unit(self, *of: Any, **more: Any) -> Any:
            found.append(isinstance(product.content.value, Safe))
            return super().unit(*of, **more)

    units = Watched(gateway.database)
    first = await perform(known, given, ADMIN, units, key="k")
    again = await perform(known, asked, ADMIN, units, key="k")

    assert found[0]
    assert (first.errors, again.errors, again.repeated) == ((), (), True)


async def test_what_was_cleaned_is_not_cleaned_again() -> None:
    long = "<p onclick='x'>Hi</p>" * 1000
    once = await cleaned(long)

    assert isinstance(once, Safe)
    assert once == safe(long)
    assert await cleaned(once) is once
    assert type(safe(once)) is str
    assert await cleaned("<p onclick='x'>Hi</p>") == "<p onclick='x'>Hi</p>"  # for `safe` to clean


def test_what_mistaken_permissions_may_have_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    near = get_close_matches

    def watched(name: str, *given: Any, **more: Any) -> list[str]:
        asked.append(name)
        return near(name, *given, **more)

    monkeypatch.setattr(token, "get_close_matches", watched)
    some, many = Errors(), Errors()

    check_permissions(some, ["products/viw", "x" * 100_000, "products/edti", "products/view"], "permissions")
    check_permissions(many, [f"products/viw{n}" for n in range(3000)], "permissions")

    assert [e.message for e in some.found] == [
        "There is no such permission; did you mean products/view?",
        "There is no such permission",
        "There is no such permission",
    ]
    assert len(asked) == MOST_HINTS
    assert max(map(len, asked)) <= token.LONGEST_MISTAKE
    assert [e.message for e in many.found] == [f"There are {len(KNOWN)} permissions; name each once"]


@pytest.mark.parametrize("text", ["äb ", "a-", "漢", "ä"])
def test_a_slug_of_a_long_title(text: str) -> None:
    started = time.thread_time()
    slug = derived(text * (256 * 1024 // len(text)))

    assert time.thread_time() - started < 0.5
    assert 0 < len(slug) <= LONGEST
