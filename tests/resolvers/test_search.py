"""Search finds the same on both databases, by the text as it is now."""

from collections.abc import AsyncIterator
from typing import Any, Final

import pytest
from sqlalchemy import select
from sqlalchemy import text as text_

from db.catalog.product import ProductRow
from db.catalog.variant import VariantStatus
from db.store.row import table
from db.text.search import containing, sought
from tests import factories
from tests.gateway import ANONYMOUS, Gateway, opened
from tests.resolvers.shelf import derive, updated

PRODUCT: Final = table(ProductRow)
DOCUMENT: Final = """
query Search($text: String) {
  products(search: $text, first: 100, sort: [{ field: ID }]) { totalCount nodes { databaseId } }
  productVariants(search: $text, first: 100) { totalCount nodes { databaseId } }
}
"""
TITLES: Final = {
    1: "Crème brûlée",
    2: "CREME FRAICHE",
    3: "Straße",
    4: "STRASSE",
    5: "İstanbul",
    6: "ﬁsh & chips",  # the ligature
    7: "100% cotton",
    8: "100 cotton",
    9: "under_score",
    10: "underscore",
    11: "O'Brien's \"Deluxe\" kit",
    12: "back\\slash",
    13: "Ω ohm",  # the sign of the unit, one with the Greek letter
    14: "Два слова",
    15: "日本語の商品 🎉",
    16: "two  spaces",
    17: "Cre\u0301me",  # an accent of its own
    18: "*[glob]? NEAR(x) OR y: -z ^",
    19: "x" * 200,
    20: "Ørsted",
    21: "שָׁלוֹם",  # pointed
    22: "مَرحَبا",
    23: "हिन्दी किताब",
}


async def fill(gateway: Gateway) -> None:
    """Products of every odd title, and product 50 with two variants."""
    rows: list[Any] = [factories.product(i, title=title) for i, title in TITLES.items()]
    rows += [
        factories.product(50, title="Zebra"),
        factories.variant(51, 50, title="Small quill", sku="QUI-SMA"),
        factories.variant(52, 50, title="Large", sku=None, position=2),
    ]
    await factories.store_rows(gateway, rows)
    await derive(gateway, *TITLES, 50)


@pytest.fixture
async def shelf(module_database_url: str) -> AsyncIterator[Gateway]:
    """For reading: one for all tests."""
    async with opened(module_database_url) as gateway:
        if not (await gateway("{ products { totalCount } }"))["products"]["totalCount"]:
            await fill(gateway)
        yield gateway


@pytest.fixture
async def own_shelf(gateway: Gateway) -> Gateway:
    await fill(gateway)
    return gateway


async def found(gateway: Gateway, text: str | None) -> list[int]:
    """The numbers of the products, and that counting agrees with listing."""
    products = (await gateway(DOCUMENT, {"text": text}))["products"]
    numbers = [node["databaseId"] for node in products["nodes"]]
    assert products["totalCount"] == len(numbers)
    return numbers


async def found_variants(gateway: Gateway, text: str) -> list[int]:
    variants = (await gateway(DOCUMENT, {"text": text}))["productVariants"]
    return [node["databaseId"] for node in variants["nodes"]]


@pytest.mark.parametrize(
    ("text", "products"),
    [
        # Case, accents and compatibility forms are one.
        ("crème", [1, 2, 17]),
        ("CRÈME BRÛ", [1]),
        ("cre\u0300me", [1, 2, 17]),
        ("creme", [1, 2, 17]),
        ("creme brulee", [1]),
        ("istanbul", [5]),
        ("ıstanbul", [5]),
        ("orsted", [20]),
        ("ØRSTED", [20]),
        ("שלום", [21]),
        ("שָׁלוֹם", [21]),
        ("مرحبا", [22]),
        ("किताब", [23]),
        ("कताब", []),  # another word: a vowel is no accent
        ("\u200bcotton", [7, 8]),
        ("O’Brien’s", [11]),
        ("strasse", [3, 4]),
        ("STRAßE", [3, 4]),
        ("ß", [3, 4]),
        ("i\u0307stanbul", [5]),
        ("İSTANBUL", [5]),
        ("stanbul", [5]),
        ("fish", [6]),
        ("ﬁs", [6]),
        ("ＦＩＳＨ", [6]),  # full width
        ("ω", [13]),
        ("Ω", [13]),
        ("ДВА", [14]),
        ("слова", [14]),
        ("日本", [15]),
        ("語の商", [15]),
        ("🎉", [15]),
        # Signs are taken literally.
        ("100%", [7]),
        ("%", [7]),
        ("0% c", [7]),
        ("100 c", [7, 8]),
        ("100 cotton", [7, 8]),
        ("r_s", [9]),
        ("_", [9]),
        ("rsc", [10]),
        ("o'brien's", [11]),
        ("'", [11]),
        ('"deluxe"', [11]),
        ('"', [11]),
        ('s "d', [11]),
        ("k\\s", [12]),
        ("\\", [12]),
        ("&", [6]),
        ("*[glob]?", [18]),
        ("near(x)", [18]),
        ("or y: -z ^", [18]),
        ("-z", [18]),
        ("*", [18]),
        # One letter and two, in every row.
        ("z", [18, 50]),
        ("ze", [50]),
        ("q", [50]),
        # White space is one space, and none around it.
        ("two spaces", [16]),
        ("  two \t\n spaces ", [16]),
        ("TWO", [16]),
        # Numbers, titles of variants, SKUs.
        ("50", [50]),
        ("QUILL", [50]),
        ("qui-sma", [50]),
        ("large", [50]),
        # Words in any order, wherever they stand; no word across two texts.
        ("chips fish", [6]),
        ("brulee creme", [1]),
        ("small zebra", [50]),
        ("quill small", [50]),
        ("q ze", [50]),
        ("fish zebra", []),
        ("zebra50", []),
        ("quill qui", [50]),
        ("a\nqui", [50]),
        ("a b c d e f g h i j", []),
        ("nothing like it", []),
        ("x" * 200, [19]),
        ("x" * 199 + "y", []),
    ],
)
async def test_products(shelf: Gateway, text: str, products: list[int]) -> None:
    assert await found(shelf, text) == products


@pytest.mark.parametrize("text", [None, "", " ", "\t\n", "\u3000"])
async def test_nothing_is_no_search(shelf: Gateway, text: str | None) -> None:
    assert await found(shelf, text) == [*TITLES, 50]


@pytest.mark.parametrize("text", ["x" * 201, "a\0b"])
async def test_what_no_text_holds_is_refused(shelf: Gateway, text: str) -> None:
    errors = await shelf.refused(DOCUMENT, {"text": text})
    assert {e["extensions"]["code"] for e in errors} == {"BAD_USER_INPUT"}


@pytest.mark.parametrize(
    ("text", "variants"),
    [
        ("quill", [51]),
        ("QUI-", [51]),
        ("la", [52]),
        ("l", [51, 52]),
        ("zebra", []),
        ("51", []),
        ("quill qui", [51]),
        ("quill small", [51]),
    ],
)
async def test_variants(shelf: Gateway, text: str, variants: list[int]) -> None:
    """By their own titles and SKUs alone."""
    assert await found_variants(shelf, text) == variants


async def test_after_an_update(own_shelf: Gateway) -> None:
    """By the new text and no longer by the old one, at once, product and variant."""
    await updated(own_shelf, 51, {"title": "Tiny fountain pen", "sku": "TIN-FOU"})
    for old in ("quill", "QUI-SMA", "qu"):
        assert (await found(own_shelf, old), await found_variants(own_shelf, old)) == ([], [])
    for new in ("fountain", "tin-fou", "ou"):
        assert (await found(own_shelf, new), await found_variants(own_shelf, new)) == ([50], [51])
    assert await found(own_shelf, "large") == [50]


async def test_after_clearing_a_sku(own_shelf: Gateway) -> None:
    await updated(own_shelf, 51, {"sku": None})
    assert (await found(own_shelf, "qui-sma"), await found_variants(own_shelf, "qui-sma")) == ([], [])
    assert (await found(own_shelf, "quill"), await found_variants(own_shelf, "quill")) == ([50], [51])


async def test_after_an_update_of_something_else(own_shelf: Gateway) -> None:
    await updated(own_shelf, 51, {"price": 700})
    assert (await found(own_shelf, "quill"), await found_variants(own_shelf, "quill")) == ([50], [51])


async def test_beside_a_filter_and_a_sort(shelf: Gateway) -> None:
    """Pages by cursor through what is found."""
    document = """
    query Page($after: String) {
      products(search: "cotton", first: 1, after: $after, sort: [{ field: TITLE }]) {
        nodes { databaseId } pageInfo { endCursor hasNextPage } totalCount } }
    """
    first = (await shelf(document))["products"]
    second = (await shelf(document, {"after": first["pageInfo"]["endCursor"]}))["products"]
    assert [first["nodes"], second["nodes"]] == [[{"databaseId": 8}], [{"databaseId": 7}]]
    assert (first["totalCount"], second["pageInfo"]["hasNextPage"]) == (2, False)


async def test_titles_are_sorted_and_compared_without_accents(gateway: Gateway) -> None:
    titles = ["Zebra", "Éclair", "eclair 2", "Ecru", "Øre", "pan", "Ａmber", "İris", "ink"]
    await factories.store_rows(gateway, [factories.product(i, title=title) for i, title in enumerate(titles, 1)])
    document = """
    query Sorted($title: String) {
      sorted: products(sort: [{ field: TITLE }]) { nodes { title } }
      named: products(filter: { title: { eq: $title } }) { nodes { title } }
    }
    """
    answer = await gateway(document, {"title": "ECLAIR"})
    assert [node["title"] for node in answer["sorted"]["nodes"]] == [
        *("Ａmber", "Éclair", "eclair 2", "Ecru", "ink", "İris", "Øre", "pan", "Zebra")
    ]
    assert [node["title"] for node in answer["named"]["nodes"]] == ["Éclair"]


async def test_a_visitor_finds_no_word_of_a_hidden_variant(gateway: Gateway) -> None:
    hidden = factories.variant(12, 1, title="Secret", status=VariantStatus.INACTIVE, position=2)
    rows = [factories.product(1, title="Amber mug"), factories.variant(11, 1, title="Large"), hidden]
    await factories.store_rows(gateway, rows)
    await derive(gateway, 1)
    document = "query Search($text: String) { products(search: $text) { nodes { databaseId } } }"
    for text, seen in (("mug amber", 1), ("large amber", 1), ("secret", 0), ("amber secret", 0)):
        answer = await gateway(document, {"text": text}, viewer=ANONYMOUS)
        assert len(answer["products"]["nodes"]) == seen, text
        assert len((await gateway(document, {"text": text}))["products"]["nodes"]) == 1


async def test_an_index_answers_for_all_words(gateway: Gateway) -> None:
    """However small the table is."""
    async with gateway.database.write() as connection:
        dialect = connection.dialect
        words = sought("mug amber")
        keys = select(PRODUCT.c.id).where(containing(PRODUCT.c.search_text, words, dialect.name)).params(**words)
        if dialect.name == "postgresql":
            await connection.execute(text_("SET LOCAL enable_seqscan = off"))
        compiled = str(keys.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
        explain = "EXPLAIN QUERY PLAN" if dialect.name == "sqlite" else "EXPLAIN"
        rows = await connection.exec_driver_sql(f"{explain} {compiled.replace('%%', '%')}")
        plan = "\n".join(str(row) for row in rows)
    assert ("VIRTUAL TABLE INDEX" if dialect.name == "sqlite" else "ix_product_search") in plan, plan
