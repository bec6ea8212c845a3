"""Lists of products for property tests: random rows, random sorts, one page as asked, and how Python orders them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, TypeAlias

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from db.catalog.product import ProductRow, ProductStatus
from resolvers.catalog.product.listing import PRODUCTS
from tests import factories
from tests.drawing import examples
from tests.engine.answers import asked
from tests.gateway import Gateway

Sort: TypeAlias = list[dict[str, str]]

# A fixture's database is the same for all examples; each example empties it first.
EXAMPLES: Final = settings(
    max_examples=examples(12),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

PAGE: Final = """
query($first: Int, $after: String, $last: Int, $before: String, $page: Int, $sort: [ProductSort!], $upTo: Int,
      $filter: ProductFilter) {
  products(first: $first, after: $after, last: $last, before: $before, page: $page, sort: $sort, filter: $filter) {
    nodes { databaseId }
    edges { cursor node { databaseId } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor page perPage pageCount }
    totalCount(upTo: $upTo)
  }
}
"""

# Case, accents, compatibility forms, and characters whose order differs between UTF-8 and UTF-16.
_TITLES = st.sampled_from(
    ["apple", "Apple", "APPLE", "äpfel", "Äpfel", "ﬁg", "fig", "Straße", "STRASSE", "", "\uffff", "😀"]
)
_MOMENTS = st.sampled_from([datetime(2026, 1, day, tzinfo=UTC) for day in (1, 2)])
_PRODUCTS = st.fixed_dictionaries(
    {
        "title": _TITLES | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5),
        "status": st.sampled_from(ProductStatus),
        "published_at": st.none() | _MOMENTS | st.datetimes(timezones=st.just(UTC)),
        "modified_at": st.none() | _MOMENTS,
    }
)


def products(*, first_id: int = 1, most: int = 12) -> st.SearchStrategy[list[ProductRow]]:
    """Products with distinct ids and slugs, in no order."""

    def made(values: list[dict[str, Any]], ids: list[int], slugs: list[str]) -> list[ProductRow]:
        rows = zip(values, ids, slugs, strict=False)
        return [factories.product(first_id + n, slug=f"{slug}-{first_id + n}", **row) for row, n, slug in rows]

    ids = st.lists(st.integers(0, 99), min_size=most, max_size=most, unique=True)
    slugs = st.lists(st.sampled_from("aAbé"), min_size=most, max_size=most)
    return st.builds(made, st.lists(_PRODUCTS, max_size=most), ids, slugs)


def sorts() -> st.SearchStrategy[Sort]:
    """Up to three fields, each in either direction; none is the default order."""
    names = [field.name for field in PRODUCTS.sorting.columns]
    one = st.fixed_dictionaries({"field": st.sampled_from(names), "direction": st.sampled_from(["ASC", "DESC"])})
    return st.lists(one, max_size=3, unique_by=lambda s: s["field"])


def ordered(rows: Sequence[ProductRow], sort: Sort) -> list[int]:
    """The ids as the contract orders them: nulls last when ascending, first when descending, ties by id."""
    terms = sort or [{"field": "ID", "direction": "DESC"}]
    columns = {field.name: column.key for field, column in PRODUCTS.sorting.columns.items()}
    found = sorted(rows, key=lambda row: row.id, reverse=terms[-1]["direction"] == "DESC")
    for term in reversed(terms):  # the sort is stable: the first term decides last
        found.sort(key=partial(_nulls_last, columns[term["field"]]), reverse=term["direction"] == "DESC")
    return [row.id for row in found]


def _nulls_last(column: str, row: ProductRow) -> tuple[bool, Any]:
    """Python compares strings by code points, which is the order of their UTF-8 bytes."""
    value = getattr(row, column)
    return value is None, 0 if value is None else value


@dataclass(frozen=True)
class Page:
    ids: list[int]
    cursors: list[str]
    info: dict[str, Any]
    total: int


async def page(gateway: Gateway, **variables: Any) -> Page:
    """One page of `products`, whose `nodes` and `edges` tell the same."""
    answer = await asked(gateway, PAGE, variables)
    assert answer.executed, answer.body
    found = answer.body["data"]["products"]
    ids = [node["databaseId"] for node in found["nodes"]]
    assert [edge["node"]["databaseId"] for edge in found["edges"]] == ids
    return Page(ids, [edge["cursor"] for edge in found["edges"]], found["pageInfo"], found["totalCount"])
