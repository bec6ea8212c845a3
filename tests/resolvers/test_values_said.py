"""What values mean: null, variables inside of literals, fields that follow others."""

from typing import Any, Final

import pytest

from connectors.storage.path import LONGEST_SEGMENT_BYTES, UnsafePath, safe, unique
from engine.values import identity
from tests import factories
from tests.gateway import Gateway
from tests.resolvers.performing import done, refused

PRODUCT: Final = identity.encode("Product", 1)
FILE: Final = identity.encode("ProductDownload", 1)
PLACE: Final = "download { fileName filePath fileUrl version }"


@pytest.fixture
async def shop(gateway: Gateway) -> Gateway:
    kept = {"file_name": "guide.pdf", "file_path": "guide__stored-00000000000000aa.pdf", "file_url": "guide.pdf"}
    rows = [factories.product(1), factories.variant(11, 1), factories.download(1, 1, driver="local", **kept)]
    await factories.store_rows(gateway, rows)
    return gateway


# Fields that follow others


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"fileName": "other.pdf"}, ("other.pdf", "other.pdf", "other.pdf")),
        (
            {"fileName": "new__stored-00000000000000bb.pdf"},
            ("new.pdf", "new__stored-00000000000000bb.pdf", "new__stored-00000000000000bb.pdf"),
        ),
        ({"fileName": "other.pdf", "filePath": "2026/x.pdf"}, ("other.pdf", "2026/x.pdf", "other.pdf")),
        ({"filePath": None, "fileUrl": "y"}, ("guide.pdf", "guide.pdf", "y")),
        # What a form sends back of a file that stays.
        ({"fileName": "guide.pdf"}, ("guide.pdf", "guide__stored-00000000000000aa.pdf", "guide.pdf")),
    ],
)
async def test_another_file_replaces_where_it_is(
    shop: Gateway, asked: dict[str, Any], expected: tuple[str, str, str]
) -> None:
    shop.put("guide.pdf", "other.pdf", "new__stored-00000000000000bb.pdf", "2026/x.pdf")
    found = (await done(shop, "downloadUpdate", {"id": FILE, **asked}, PLACE))["download"]
    assert (found["fileName"], found["filePath"], found["fileUrl"]) == expected


async def test_a_name_that_is_no_path_is_refused_where_it_becomes_one(shop: Gateway) -> None:
    assert await refused(shop, "downloadUpdate", {"id": FILE, "fileName": "../x.pdf"}) == [("VALIDATION", "fileName")]


# Variables inside of a literal


async def test_a_variable_inside_of_a_json_literal(shop: Gateway) -> None:
    document = """
    mutation M($id: ID!, $x: String, $n: Int = 5, $status: ProductStatus, $cents: Cents, $deep: JSON, $none: Int) {
      productUpdate(input: { id: $id, metadata: { a: $x, b: [1, $x, $none], n: $n, c: $none, d: { e: $deep, f: $cents },
        s: $status, t: "x", u: null, v: true } }) { product { metadata } userErrors { message } }
    }"""
    deep = {"z": [None, {"y": 1.5}]}
    given = {"id": PRODUCT, "x": "hey", "status": "PUBLISH", "cents": 199, "deep": deep}
    expected: dict[str, Any] = {"a": "hey", "b": [1, "hey", None], "n": 5, "d": {"e": deep, "f": 199}}
    expected |= {"s": "PUBLISH", "t": "x", "u": None, "v": True}
    for x in ("hey", "again"):  # the document is kept, the values are not
        found = (await shop(document, {**given, "x": x}))["productUpdate"]
        assert found["userErrors"] == []
        assert found["product"]["metadata"] == expected | {"a": x, "b": [1, x, None]}
    (error,) = await shop.refused(
        "mutation M($x: Nothing) { productUpdate(input: { id: 1, metadata: { a: $x } }) { userErrors { code } } }"
    )
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


# Null


async def test_a_scheduled_product_keeps_its_date(gateway: Gateway) -> None:
    future = {"title": "Later", "status": "FUTURE", "publishedAt": "2100-01-01T00:00:00Z"}
    made = (await done(gateway, "productCreate", future, "product { id }"))["product"]["id"]
    cleared = {"id": made, "publishedAt": None}
    field = [("VALIDATION", "publishedAt")]
    assert await refused(gateway, "productUpdate", cleared) == field
    assert await refused(gateway, "productUpdate", {**cleared, "status": "FUTURE", "title": "Soon"}) == field
    assert await refused(gateway, "productCreate", {**future, "publishedAt": None}) == field
    # Another status has its date from the gateway, and takes that for said.
    shown = "product { status publishedAt }"
    found = (await done(gateway, "productUpdate", {**cleared, "status": "DRAFT"}, shown))["product"]
    assert (found["status"], found["publishedAt"][:2]) == ("DRAFT", "20")
    assert not found["publishedAt"].startswith("2100")
    assert await refused(gateway, "productUpdate", cleared) == field
    await done(gateway, "productCreate", {"title": "Draft", "publishedAt": None})


async def test_null_in_a_filter_asks_nothing(shop: Gateway) -> None:
    document = "query Q($f: ProductFilter) { products(filter: $f) { totalCount } }"
    for asked in (
        None,
        {},
        {"title": None},
        {"status": {"eq": None}, "minPrice": {"gte": None}, "publishedAt": {"isNull": None}},
        {"and": None, "or": None, "not": None, "variants": None},
        {"variants": {"sku": {"eq": None, "in": None}}},
    ):
        assert (await shop(document, {"f": asked}))["products"]["totalCount"] == 1, asked


# Names


@pytest.mark.parametrize("letter", ["a", "é", "ж", "ก", "字", "क", "😀"])
def test_a_name_of_160_characters_is_kept_in_every_script(letter: str) -> None:
    name = letter * 156 + ".pdf"
    kept = unique(safe(name, cut=True), "0" * 16)
    assert safe(kept) == kept
    assert kept.endswith(f"__stored-{'0' * 16}.pdf")
    if len(name.encode()) > LONGEST_SEGMENT_BYTES:
        with pytest.raises(UnsafePath, match="bytes"):
            safe(name)
