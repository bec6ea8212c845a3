"""A list finds few rows by their keys and meets many on a walk; which of the two it was must not show."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Integer, literal_column

from db.catalog.product import product_search_text
from db.text.search import search_text
from engine.declared import pages
from tests import factories
from tests.gateway import Gateway

PAGE = """
query($after: String, $before: String, $first: Int, $last: Int, $page: Int, $search: String, $filter: ProductFilter,
      $sort: [ProductSort!]) {
  products(after: $after, before: $before, first: $first, last: $last, page: $page, search: $search, filter: $filter,
           sort: $sort) {
    nodes { databaseId } pageInfo { startCursor endCursor hasNextPage hasPreviousPage } totalCount
  }
}
"""
ASKED: dict[str, dict[str, Any]] = {
    "search": {"search": "mug"},
    "search that finds nothing": {"search": "jug"},
    "category": {"filter": {"terms": {"databaseId": {"eq": 1}}}},
    "categories": {"filter": {"terms": {"slug": {"in": ["term-1", "term-2"]}}}},
    "SKU": {"filter": {"variants": {"sku": {"eq": "SKU-5"}}}},
    "search and category": {"search": "mug", "filter": {"terms": {"databaseId": {"eq": 2}}}},
}


async def walked(gateway: Gateway, asked: dict[str, Any]) -> list[Any]:
    """The whole list forwards and backwards by cursor, and its second page."""
    pages: list[Any] = []
    for size, place, further, cursor in (
        ("first", "after", "hasNextPage", "endCursor"),
        ("last", "before", "hasPreviousPage", "startCursor"),
    ):
        window: dict[str, Any] = {size: 2}
        while True:
            found = (await gateway(PAGE, asked | window))["products"]
            pages.append(found)
            if not found["pageInfo"][further]:
                break
            window[place] = found["pageInfo"][cursor]
    pages.append((await gateway(PAGE, asked | {"first": 2, "page": 2}))["products"])
    return pages


@pytest.fixture
def kept() -> Iterator[None]:
    """No statement outlives the test, or is older: they are made for what FEW says."""
    pages.kept_page.cache_clear()
    yield
    pages.kept_page.cache_clear()


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize("sort", ["ID", "TITLE", "PUBLISHED_AT"])
@pytest.mark.parametrize("asked", ASKED)
async def test_few_and_many_are_found_alike(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, asked: str, sort: str
) -> None:
    rows: list[Any] = [factories.categories(), *(factories.term(n) for n in (1, 2))]
    for n in range(1, 10):
        title = ("Mug", "mug", "Pan")[n % 3]
        rows.append(factories.product(n, title=title, search_text=product_search_text(n, title, [])))
        rows.append(factories.variant(n, n, search_text=search_text(f"Variant {n}", f"SKU-{n}")))
        rows += [factories.product_term(n, t) for t in (1, 2) if n % (t + 1)]
    await factories.store_rows(gateway, rows)
    question = ASKED[asked] | {"sort": [{"field": sort, "direction": "DESC"}, {"field": "SLUG"}]}

    few = await walked(gateway, question)
    monkeypatch.setattr(pages, "_FEW", literal_column("0", Integer()))
    pages.kept_page.cache_clear()
    many = await walked(gateway, question)

    assert few == many
