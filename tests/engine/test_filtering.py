"""Filters mean what Python would mean by them, on both databases: random filters over random rows."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

import pytest
from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLList, GraphQLNonNull
from hypothesis import given
from hypothesis import strategies as st

from db.catalog.product import ProductRow, ProductStatus, sort_key
from db.catalog.variant import VariantRow
from engine.values.filtering import MOST_PARTS
from engine.values.scalars import moment, rendered
from schema.root import schema
from tests import factories
from tests.engine.answers import asked
from tests.engine.lists import EXAMPLES
from tests.engine.shelves import catalogue, cleared, stored
from tests.gateway import Gateway

Filter: TypeAlias = dict[str, Any]

LIST: Final = """
query ($filter: ProductFilter) {
  products(first: 100, filter: $filter, sort: {field: ID}) { nodes { databaseId } totalCount }
}
"""

# What each operator says of a value that may be None, which passes no comparison but `not` and `isNull`.
OPERATORS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "eq": lambda value, given: value == given,
    "in": lambda value, given: value in given,
    "not": lambda value, given: value != given,
    "gt": lambda value, given: value is not None and value > given,
    "gte": lambda value, given: value is not None and value >= given,
    "lt": lambda value, given: value is not None and value < given,
    "lte": lambda value, given: value is not None and value <= given,
    "contains": lambda value, given: value is not None and given in value,
    "startsWith": lambda value, given: value is not None and value.startswith(given),
    "endsWith": lambda value, given: value is not None and value.endswith(given),
    "isNull": lambda value, given: (value is None) == given,
}

# Rows and filters share a few values, so that they meet.
TEXTS: Final = [
    "",
    "a",
    "A",
    "ab",
    "ABC",
    "%",
    "a_b",
    "a%",
    "\\",
    "É",
    "é",
    "ﬁ",
    "fi",
    "ß",
    "SS",
    "😀",
    "'",
    "\uffff",
    "\ud7ff",
    "\U0010ffff",
]
MOMENTS: Final = [datetime(2026, 1, 1, 12, minute, tzinfo=UTC) for minute in range(3)]
PRICES: Final = [0, 1, 100, 2**53 - 1]

text, number, cents = st.sampled_from(TEXTS), st.integers(-1, 9), st.sampled_from(PRICES)
status = st.sampled_from([s.name for s in ProductStatus])
date = st.sampled_from([rendered(m) for m in MOMENTS])


def some_of(every: Mapping[str, st.SearchStrategy[Any]], *, most: int = 2) -> st.SearchStrategy[Filter]:
    names = st.lists(st.sampled_from(sorted(every)), max_size=most, unique=True)
    return names.flatmap(lambda chosen: st.fixed_dictionaries({name: every[name] for name in chosen}))


def operators(values: st.SearchStrategy[Any], *names: str) -> st.SearchStrategy[Filter]:
    known = {"in": st.lists(values, max_size=3), "isNull": st.booleans()}
    return some_of({name: known.get(name, values) for name in names})


COMPARED = ("gt", "gte", "lt", "lte")
WORDS = ("eq", "in", "not", "contains", "startsWith", "endsWith", "isNull")


def combined(fields: Mapping[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Filter]:
    """Filters of these fields, and their combinations."""
    return st.recursive(
        some_of(fields),
        lambda inner: some_of(
            {"and": st.lists(inner, max_size=2), "or": st.lists(inner, max_size=2), "not": inner, **fields}, most=3
        ),
        max_leaves=6,
    )


VARIANT_FILTERS = combined(
    {
        "sku": operators(text, *WORDS),
        "description": operators(text, *WORDS),
        "price": operators(cents, "eq", "in", "not", *COMPARED),
    }
)
FILTERS = combined(
    {
        "databaseId": operators(number, "eq", "in", "not", "isNull", *COMPARED),
        "title": operators(text, *WORDS),
        "slug": operators(text, *WORDS),
        "status": operators(status, "eq", "in", "not", "isNull"),
        "publishedAt": operators(date, "eq", "isNull", *COMPARED),
        "minPrice": operators(cents, "eq", "in", "not", *COMPARED),
        "isBundle": st.booleans(),
        "variants": VARIANT_FILTERS,
    }
)


@st.composite
def shelves(draw: st.DrawFn) -> tuple[list[ProductRow], list[VariantRow]]:
    products: list[ProductRow] = []
    variants: list[VariantRow] = []
    for number in range(1, draw(st.integers(1, 7)) + 1):
        price = draw(cents)
        products.append(
            factories.product(
                number,
                title=draw(text),
                slug=f"{draw(text)}{number}",
                status=draw(st.sampled_from(ProductStatus)),
                published_at=draw(st.none() | st.sampled_from(MOMENTS)),
                min_price=price,
                max_price=price,
                is_bundle=draw(st.booleans()),
            )
        )
        for _ in range(draw(st.integers(0, 2))):
            key = len(variants) + 1
            sku = draw(st.none() | text)
            variants.append(
                factories.variant(
                    key, number, sku=None if sku is None else f"{key}{sku}", description=draw(text), price=draw(cents)
                )
            )
    return products, variants


def passes(filter_: Filter, values: Mapping[str, Any]) -> bool:
    """Everything given holds; of `or` one part unless it has none; of `not` none."""
    for name, wanted in filter_.items():
        if name == "and":
            held = all(passes(part, values) for part in wanted)
        elif name == "or":
            held = not wanted or any(passes(part, values) for part in wanted)
        elif name == "not":
            held = not passes(wanted, values)
        elif name == "variants":
            held = any(passes(wanted, variant) for variant in values[name])
        elif isinstance(wanted, bool):
            held = values[name] == wanted
        else:
            held = all(OPERATORS[operator](values[name], _meant(name, wanted[operator])) for operator in wanted)
        if not held:
            return False
    return True


def _meant(name: str, given: Any) -> Any:
    """What the column holds for what a caller writes."""
    if isinstance(given, list):
        return [_meant(name, one) for one in given]
    if name == "title" and isinstance(given, str):
        return sort_key(given)
    return moment(given) if name == "publishedAt" and isinstance(given, str) else given


def values_of(product: ProductRow, variants: list[VariantRow]) -> dict[str, Any]:
    return {
        "databaseId": product.id,
        "title": product.title_key,
        "slug": product.slug,
        "status": product.status.name,
        "publishedAt": product.published_at,
        "minPrice": product.min_price,
        "isBundle": product.is_bundle,
        "variants": [
            {"sku": v.sku, "description": v.description, "price": v.price}
            for v in variants
            if v.product_id == product.id
        ],
    }


async def found(gateway: Gateway, filter_: Any) -> list[int]:
    answer = await asked(gateway, LIST, {"filter": filter_})
    assert answer.executed, answer.body
    list_ = answer.body["data"]["products"]
    assert list_["totalCount"] == len(list_["nodes"])
    return [node["databaseId"] for node in list_["nodes"]]


@EXAMPLES
@given(shelf=shelves(), filters=st.lists(FILTERS, min_size=1, max_size=6))
async def test_a_filter_passes_what_python_would(
    gateways: tuple[Gateway, Gateway], shelf: tuple[list[ProductRow], list[VariantRow]], filters: list[Filter]
) -> None:
    products, variants = shelf
    for gateway in gateways:
        await cleared(gateway, "product")
        await stored(gateway, [*products, *variants])
        for filter_ in filters:
            expected = [p.id for p in products if passes(filter_, values_of(p, variants))]
            assert (filter_, await found(gateway, filter_)) == (filter_, expected)


async def test_what_is_not_given_does_not_filter(gateway: Gateway) -> None:
    await stored(gateway, [factories.product(n) for n in (1, 2)])
    every: list[Any] = [
        None,
        {},
        {"and": []},
        {"or": []},
        {"and": [{}]},
        {"or": [{}]},
        {"or": [{}, {"databaseId": {"eq": 9}}]},
        {"databaseId": {}},
        {"databaseId": {"eq": None, "in": None, "isNull": None}},
        {"databaseId": None, "and": None, "or": None, "not": None, "isBundle": None},
        {"not": {"databaseId": {"eq": 9}}},
        {"not": {"not": {}}},
    ]
    none: list[Any] = [
        {"not": {}},
        {"not": {"or": []}},
        {"databaseId": {"in": []}},
        {"or": [{"databaseId": {"in": []}}]},
        {"and": [{}, {"databaseId": {"eq": 9}}]},
    ]

    for filter_ in every:
        assert (filter_, await found(gateway, filter_)) == (filter_, [1, 2])
    for filter_ in none:
        assert (filter_, await found(gateway, filter_)) == (filter_, [])


async def test_not_is_the_rest_nulls_included(gateway: Gateway) -> None:
    """SQL's NOT would leave out what has no date: neither later nor not later."""
    await stored(gateway, [factories.product(1), factories.product(2, published_at=MOMENTS[1])])
    later = {"publishedAt": {"gt": rendered(MOMENTS[0])}}

    assert await found(gateway, later) == [2]
    assert await found(gateway, {"not": later}) == [1]
    assert await found(gateway, {"not": {"not": later}}) == [2]
    assert await found(gateway, {"not": {"publishedAt": {"eq": rendered(MOMENTS[1])}}}) == [1]


async def test_as_large_as_allowed(gateway: Gateway) -> None:
    await stored(gateway, [factories.product(n) for n in range(1, 4)])
    ids = [{"databaseId": {"eq": n}} for n in range(1, MOST_PARTS // 2 + 1)]

    assert await found(gateway, {"or": ids}) == [1, 2, 3]
    assert await found(gateway, {"databaseId": {"in": list(range(2, 102))}}) == [2, 3]


INPUTS = [t for t in schema.core.type_map.values() if isinstance(t, GraphQLInputObjectType)]


@pytest.mark.parametrize("name", sorted(t.name for t in INPUTS if t.name.endswith("Operators")))
def test_every_operator_has_its_meaning_here(name: str) -> None:
    type_ = schema.core.type_map[name]
    assert isinstance(type_, GraphQLInputObjectType)

    assert set(type_.fields) <= set(OPERATORS)


SAMPLES: Final[Mapping[str, Any]] = {
    "Int": 1,
    "Cents": 100,
    "String": "a_%'\\",
    "Boolean": True,
    "DateTime": "2026-01-01T00:00:00Z",
    "ID": "UHJvZHVjdDox",
}


def samples(type_: Any, depth: int) -> list[Any]:
    """Values of an input type, each of them with one of its parts."""
    if isinstance(type_, GraphQLNonNull):
        return samples(type_.of_type, depth)
    if isinstance(type_, GraphQLList):
        return [[value] for value in samples(type_.of_type, depth)]
    if isinstance(type_, GraphQLInputObjectType):
        inner = ((name, samples(field.type, depth - 1)) for name, field in type_.fields.items()) if depth else ()
        return [{name: value} for name, values in inner for value in values] or [{}]
    return [next(iter(type_.values)) if isinstance(type_, GraphQLEnumType) else SAMPLES[type_.name]]


LISTS = {
    name: field.args["filter"].type
    for name, field in schema.core.query_type.fields.items()  # type: ignore[union-attr]
    if "filter" in field.args
}


async def test_every_part_of_every_filter_runs(gateway: Gateway) -> None:
    """On both databases: an operator that one of them has no function for would be found here."""
    await stored(gateway, catalogue(1))
    for name, type_ in LISTS.items():
        filters = samples(type_, depth=2)
        assert len(filters) > len(type_.fields)
        # Many at once, each under a name of its own: one request parses and checks them all.
        for part in (filters[n : n + 20] for n in range(0, len(filters), 20)):
            declared = ", ".join(f"$f{n}: {type_}" for n in range(len(part)))
            lists = " ".join(f"a{n}: {name}(filter: $f{n}) {{ totalCount }}" for n in range(len(part)))
            variables = {f"f{n}": filter_ for n, filter_ in enumerate(part)}
            assert (await asked(gateway, f"query ({declared}) {{ {lists} }}", variables)).executed
