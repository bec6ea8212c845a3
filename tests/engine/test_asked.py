"""Only what was asked for is read: which columns a document's selections need, and how many statements they take."""

import re
from collections.abc import Sequence
from typing import Any

import pytest

from db.catalog.media import MediaRow
from db.store.row import Row
from engine.values import identity
from tests import factories
from tests.engine.shelves import catalogue, stored
from tests.gateway import Gateway


def columns(statements: Sequence[str], table: str) -> set[str]:
    """The columns of this table in the SELECT list of the one statement that reads FROM it."""
    (sql,) = (s for s in statements if re.search(rf"\nFROM {table}\b", s.replace("\n\n", "\n")))
    return set(re.findall(rf"\b{table}\.(\w+)", sql.partition(f"\nFROM {table}")[0]))


@pytest.fixture
async def shelf(gateway: Gateway) -> Gateway:
    await stored(gateway, catalogue(3))
    return gateway


PRODUCT = identity.encode("Product", 1)


OF_A_PRODUCT: dict[str, set[str]] = {
    "title": {"title"},
    "title title again: title": {"title"},
    "__typename": set(),
    "__typename title": {"title"},
    "id": {"id"},
    "id databaseId": {"id"},
    "hasPriceRange": {"min_price", "max_price"},
    "minPrice { cents } low: minPrice { formatted }": {"min_price"},
    "metadata": {"extra"},
    "variants { title }": {"id"},
    "defaultVariant { title }": {"default_variant_id"},
    "title variants { title } categories { name } slug": {"id", "title", "slug"},
    "... { title ... { slug } }": {"title", "slug"},
    "... on Product { title }": {"title"},
    "... on Node { id }": {"id"},
    "... on Node { ... on Product { title } ... on ProductVariant { sku } }": {"title"},
    "...Some slug": {"title", "slug", "excerpt"},
    "...Some ... { ...Some }": {"title", "excerpt"},
}


async def test_a_lookup_reads_the_columns_of_its_selections(shelf: Gateway) -> None:
    fragment = " fragment Some on Product { title ...More } fragment More on Node { ... on Product { excerpt } }"
    for selected, asked in OF_A_PRODUCT.items():
        document = f"{{ product(by: {{databaseId: 1}}) {{ {selected} }} }}" + fragment * ("...Some" in selected)

        with shelf.counting() as sql:
            await shelf(document)

        # The key by which it was found belongs to every statement.
        assert (selected, columns(sql, "product")) == (selected, asked | {"id"})


OF_A_LIST: dict[str, set[str]] = {
    "nodes { title }": {"title"},
    "edges { node { title } }": {"title"},
    "edges { cursor }": set(),
    "nodes { title } edges { node { slug } cursor }": {"title", "slug"},
    "nodes { title } edges { ... { node { ... on Product { slug } } } }": {"title", "slug"},
    "few: nodes { title } edges { it: node { slug } }": {"title", "slug"},
    "...Page": {"title", "slug"},
    "... on ProductConnection { nodes { ...Leaf } }": {"title"},
    "pageInfo { hasNextPage }": set(),
    "nodes { __typename }": set(),
    "nodes { variants { id } }": set(),
}


async def test_a_list_reads_the_columns_of_its_selections(shelf: Gateway) -> None:
    fragments = {
        "...Page": "fragment Page on ProductConnection { nodes { ...Leaf } edges { node { slug } } }",
        "...Leaf": "fragment Leaf on Product { title }",
    }
    for selected, asked in OF_A_LIST.items():
        document = f"{{ products(sort: {{field: TITLE}}) {{ {selected} }} }}"
        for spread, fragment in fragments.items():
            document += fragment * (spread in document)

        with shelf.counting() as sql:
            await shelf(document)

        # Its order's columns make the cursors.
        assert (selected, columns(sql, "product")) == (selected, asked | {"title_key", "id"})


async def test_a_relation_reads_the_columns_of_its_selections(shelf: Gateway) -> None:
    with shelf.counting() as sql:
        await shelf(
            "{ products { nodes { variants { sku price { cents } product { slug } } categories { name } } } }",
        )

    assert columns(sql, "product_variant") == {"sku", "price", "product_id"}
    assert columns(sql, "term") == {"name"}
    assert [columns([s], "product") for s in sql if re.search(r"\nFROM product \n", s)] == [{"id"}, {"id", "slug"}]


async def test_what_is_computed_reads_what_it_is_computed_from(shelf: Gateway) -> None:
    """`thumbnailUrl` and `hasSubscription` are subqueries; nobody pays for them who does not ask."""
    with shelf.counting() as plain:
        await shelf("{ products { nodes { title } } }")
    with shelf.counting() as computed:
        await shelf("{ products { nodes { thumbnailUrl hasSubscription } } }")

    assert "media" not in plain[0]
    assert "EXISTS" not in plain[0].upper().partition("\nFROM PRODUCT")[0]
    assert "media" in computed[0]
    assert len(computed) == 1


async def test_what_a_directive_leaves_out_is_not_answered(shelf: Gateway) -> None:
    document = """query($yes: Boolean!) { product(by: {databaseId: 1}) {
        title @include(if: $yes)
        slug @skip(if: $yes)
        variants @include(if: $yes) { sku }
        ... @skip(if: $yes) { excerpt categories { name } }
    } }"""

    for yes, answered in {True: {"title", "variants"}, False: {"slug", "excerpt", "categories"}}.items():
        with shelf.counting() as sql:
            data = await shelf(document, {"yes": yes})

        assert set(data["product"]) == answered
        assert len(sql) == 2
        assert columns(sql, "product") == {"id"} | (answered - {"variants", "categories"})


async def test_node_reads_what_is_asked_of_its_type(shelf: Gateway) -> None:
    document = """query($ids: [ID!]!) { nodes(ids: $ids) {
        id __typename
        ... on Product { title variants { sku } }
        ... on ProductVariant { sku product { title } }
        ... on Node { ... on Term { name } }
    } }"""
    variables = {"ids": [PRODUCT, identity.encode("ProductVariant", 1), identity.encode("Term", 1), PRODUCT]}

    with shelf.counting() as sql:
        data = await shelf(document, variables)

    assert [n["__typename"] for n in data["nodes"]] == ["Product", "ProductVariant", "Term", "Product"]
    assert data["nodes"][0] == data["nodes"][3]
    assert columns(sql, "term") == {"id", "name"}
    assert len(sql) == 5  # three types; the variants of one, the product of the other


async def test_two_names_of_one_relation_share_a_statement(shelf: Gateway) -> None:
    with shelf.counting() as sql:
        data = await shelf(
            "{ products { nodes { a: variants { sku title } b: variants { title sku } c: variants { sku } } } }"
        )

    assert len(sql) == 3  # the products, {sku, title} for two of them, {sku} for the third
    for node in data["products"]["nodes"]:
        assert node["a"] == [{"sku": v["sku"], "title": v["title"]} for v in node["b"]]
        assert node["c"] == [{"sku": v["sku"]} for v in node["a"]]


async def test_nodes_and_edges_of_one_list_share_statements(shelf: Gateway) -> None:
    with shelf.counting() as sql:
        data = await shelf("{ products { nodes { variants { sku } } edges { node { variants { sku } } } } }")

    assert len(sql) == 2
    assert data["products"]["nodes"] == [edge["node"] for edge in data["products"]["edges"]]


async def test_two_fields_of_one_name_are_one(shelf: Gateway) -> None:
    """graphql-core merges them, and so do the columns."""
    with shelf.counting() as sql:
        data = await shelf(
            "{ products { nodes { variants { sku } } } products { nodes { variants { title } title } } }"
        )

    assert len(sql) == 2
    assert columns(sql, "product_variant") == {"sku", "title", "product_id"}
    assert set(data["products"]["nodes"][0]) == {"variants", "title"}


THE_PAGE = """
  products(first: 20) { nodes {
    databaseId title slug status excerpt publishedAt minPrice { cents formatted } maxPrice { cents }
    variants { databaseId title sku price { cents formatted } available }
    categories { databaseId name slug }
    brands { databaseId name slug }
    downloads { databaseId title fileName fileSize }
  } %s }
"""


async def test_a_page_is_one_statement_a_relation_and_one(gateway: Gateway) -> None:
    """The number that everything else is built for: 20 products with variants, categories, brands and downloads."""
    await stored(gateway, catalogue(25))

    with gateway.counting() as page:
        data = await gateway(f"{{ {THE_PAGE % ''} }}")
    with gateway.counting() as counted:
        await gateway(f"{{ {THE_PAGE % 'totalCount'} }}")

    assert (len(page), len(counted)) == (5, 6)
    nodes = data["products"]["nodes"]
    assert len(nodes) == 20
    for node in nodes:
        assert [len(node[r]) for r in ("variants", "brands", "downloads")] == [3, 1, 2]
        assert len(node["categories"]) >= 1


LEVELS = ("variants { sku", "product { slug", "variants { title", "product { title", "variants { position")


async def test_the_way_back_is_one_statement_a_level(gateway: Gateway) -> None:
    """However many variants lead back to one product."""
    await stored(gateway, catalogue(20))
    data: dict[str, Any] = {}

    for depth in range(1, len(LEVELS) + 1):
        with gateway.counting() as sql:
            data = await gateway(f"{{ products(first: 20) {{ nodes {{ {' '.join(LEVELS[:depth])} {'}' * (depth + 3)}")
        assert len(sql) == depth + 1

    assert data
    for node in data["products"]["nodes"]:
        for variant in node["variants"]:
            titles = [v["title"].removeprefix("Variant ") for v in variant["product"]["variants"]]
            assert len(titles) == 3
            assert variant["sku"].removeprefix("SKU-") in titles


async def test_going_in_circles_reads_nothing_twice(gateway: Gateway) -> None:
    """The same rows with the same columns are there already."""
    await stored(gateway, catalogue(20))

    with gateway.counting() as sql:
        await gateway("{ products { nodes { " + "variants { sku product { title " * 3 + "} } " * 3 + "} } }")

    assert len(sql) == 4  # the page; variants; their products; the products' variants, which are known


async def test_every_way_to_a_term_and_back(gateway: Gateway) -> None:
    await stored(gateway, catalogue(20, terms=5))

    with gateway.counting() as sql:
        data = await gateway(
            """{ products(first: 20) { nodes { terms { name taxonomy { label } parent { name }
                 products(first: 2) { totalCount nodes { title variants { product { databaseId } } } } } } } }"""
        )

    # Products, terms, taxonomies, the terms' products, their count, variants, their product; no term has a parent.
    assert len(sql) == 7
    assert all(len(node["terms"]) >= 2 for node in data["products"]["nodes"])


async def test_nothing_is_asked_for_nobody(gateway: Gateway) -> None:
    """An empty page has no relations to load; a null key finds nothing without asking."""
    rows: list[Row] = [factories.product(1), factories.variant(1, 1)]
    rows += [MediaRow(id=1, product_id=1, url="https://images.example.com/1.jpg")]

    with gateway.counting() as empty:
        await gateway("{ products { nodes { variants { sku } } } }")
    await stored(gateway, rows)
    with gateway.counting() as null:
        data = await gateway("{ products { nodes { defaultVariant { sku } gallery { variant { sku } } } } }")

    assert (len(empty), len(null)) == (1, 2)
    assert data == {"products": {"nodes": [{"defaultVariant": None, "gallery": [{"variant": None}]}]}}
