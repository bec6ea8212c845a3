"""SKUs: the rules hold for the result of a request, whatever the case, and what is folded on writing is folded on
looking up."""

import random
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.catalog.product import VariationType
from db.catalog.sku import key_of_stored, sku_key, suggestion, written
from engine.values import identity
from engine.values.errors import Errors
from resolvers.catalog.variant.rules import SkuWanted, _taken
from tests import factories
from tests.gateway import Gateway
from tests.resolvers.performing import done, perform, refused
from tests.resolvers.shelf import id_of

SHOWN: Final = "product { variants { databaseId sku } }"
INVISIBLE: Final = "\u200b\u2060\ufeff\u00ad\u200e\ufe0f\U000e0041\u3164"


def product_id(key: int) -> str:
    return identity.encode("Product", key)


@pytest.fixture
async def shop(gateway: Gateway) -> Gateway:
    """Product 1 with variants 11 (A), 12 (B) and 13 (none), product 2 with 21 (C)."""
    several = VariationType.SIMPLE_VARIATIONS
    rows = [
        *(factories.product(key, variation_type=several) for key in (1, 2)),
        *(factories.variant(10 + n, 1, sku=sku, position=n) for n, sku in enumerate(("A", "B", None), start=1)),
        factories.variant(21, 2, sku="C"),
    ]
    await factories.store_rows(gateway, rows)
    return gateway


def change(product: int, **skus: str | None) -> dict[str, Any]:
    """An update of variants: `v11="B"`."""
    variants = [{"id": id_of(int(name[1:])), "sku": sku} for name, sku in skus.items()]
    return {"id": product_id(product), "variants": variants}


async def skus(gateway: Gateway) -> dict[int, str | None]:
    found = (await gateway("{ productVariants(sort: [{ field: ID }]) { nodes { databaseId sku } } }"))[
        "productVariants"
    ]
    return {each["databaseId"]: each["sku"] for each in found["nodes"]}


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"v11": "B", "v12": "A"}, ("B", "A", None)),
        ({"v11": None, "v12": "A"}, (None, "A", None)),
        ({"v13": "A", "v11": ""}, (None, "B", "A")),
        ({"v11": "N", "v12": "A", "v13": "B"}, ("N", "A", "B")),
        ({"v11": "b", "v12": "a"}, ("b", "a", None)),
        ({"v11": "a"}, ("a", "B", None)),
    ],
)
async def test_what_is_given_up_in_a_request_is_free(
    shop: Gateway, asked: dict[str, str | None], expected: tuple[str | None, ...]
) -> None:
    payload = await done(shop, "productUpdate", change(1, **asked), SHOWN)
    assert tuple(v["sku"] for v in payload["product"]["variants"]) == expected
    for sku in expected:
        if sku is not None:
            assert await done(shop, "productUpdate", change(2, v21=None)) is not None
            assert await refused(shop, "variantUpdate", {"id": id_of(21), "sku": sku.swapcase()}) == [
                ("CONFLICT", "sku")
            ]


async def test_between_the_products_of_a_bulk(shop: Gateway) -> None:
    results = "results { userErrors { code field } }"
    moved = {"products": [change(1, v11="C"), change(2, v21="A")]}
    await done(shop, "productBulkUpdate", moved, results)
    assert await skus(shop) == {11: "C", 12: "B", 13: None, 21: "A"}
    # What is refused gives nothing up, and whoever wanted it is refused too.
    chain = {"products": [change(2, v21="C"), {**change(1, v11="New"), "title": ""}]}
    payload = await perform(shop, "productBulkUpdate", chain, results)
    assert [[tuple(e.values()) for e in result["userErrors"]] for result in payload["results"]] == [
        [("CONFLICT", ["products", "0", "variants", "0", "sku"])],
        [("VALIDATION", ["products", "1", "title"])],
    ]
    made = {"products": [change(1, v12="Z"), {"id": product_id(2), "variants": [{"title": "New", "sku": "b"}]}]}
    await done(shop, "productBulkUpdate", made, results)
    assert list((await skus(shop)).values()) == ["C", "Z", None, "A", "b"]


async def test_what_is_not_given_up_is_taken_whatever_the_case(shop: Gateway) -> None:
    new = {"title": "New", "fulfillmentType": "PHYSICAL", "paymentType": "ONETIME"}
    numbers = dict.fromkeys(("totalStock", "available", "committed", "onHold"), 0)
    place = "variants.0.sku"
    assert await refused(shop, "variantUpdate", {"id": id_of(13), "sku": "a"}) == [("CONFLICT", "sku")]
    assert await refused(shop, "variantUpdate", {"id": id_of(13), "sku": " \uff21\u200b"}) == [("CONFLICT", "sku")]
    created = {"productId": product_id(1), **new, **numbers, "sku": "c"}
    assert await refused(shop, "variantCreate", created) == [("CONFLICT", "sku")]
    assert await refused(shop, "productUpdate", change(1, v13="b")) == [("CONFLICT", place)]
    assert await refused(shop, "productCreate", {"title": "X", "variants": [{"sku": "c"}]}) == [("CONFLICT", place)]
    twice = change(1, v12="q", v13="Q")
    assert await refused(shop, "productUpdate", twice) == [("CONFLICT", "variants.1.sku")]
    # All that is wrong at once, and nothing that the same change would mend.
    both = {**change(1, v11="B", v12="A", v13="c"), "title": ""}
    assert await refused(shop, "productUpdate", both) == [("VALIDATION", "title"), ("CONFLICT", "variants.2.sku")]


@given(st.randoms(use_true_random=False))
def test_what_is_let_pass_leaves_all_different(chance: random.Random) -> None:
    """Of changes at random some are good; what they leave is what they say, and no two are alike."""
    stored: dict[int, str | None] = {key: chance.choice([f"k{key}", None]) for key in range(6)}
    keys = [*(f"k{key}" for key in range(6)), "new", None]
    wanted = [
        SkuWanted(Errors(), chance.choice([None, key]), chance.choice(keys))
        for key in chance.sample(range(6), chance.randint(0, 6))
    ]
    owners = {sku: key for key, sku in stored.items() if sku is not None}
    good = wanted
    while taken := _taken(good, owners):
        good = [each for each in good if each not in taken]
    after = stored | {each.variant: each.key for each in good if each.variant is not None}
    left = [*after.values(), *(each.key for each in good if each.variant is None)]
    assert len({*left} - {None}) == len([each for each in left if each is not None])


# Looking up


@pytest.mark.parametrize("asked", ["ab c\u00e9", "AB  C\u00c9", " Ab\tCe\u0301\u200b", "\uff21B C\u00c9"])
async def test_looked_up_as_it_is_written(shop: Gateway, asked: str) -> None:
    payload = await done(shop, "variantUpdate", {"id": id_of(13), "sku": "Ab \t Ce\u0301\u200b"}, "variant { sku }")
    assert payload["variant"]["sku"] == "Ab C\u00e9"
    query = """query Q($sku: String!) {
      productVariant(by: { sku: $sku }) { databaseId }
      productVariants(filter: { sku: { eq: $sku } }) { nodes { databaseId } }
      products(filter: { variants: { sku: { in: [$sku] } } }) { nodes { databaseId } }
      found: productVariants(search: $sku) { nodes { databaseId } }
    }"""
    found = await shop(query, {"sku": asked})
    assert found["productVariant"] == {"databaseId": 13}
    assert found["productVariants"]["nodes"] == [{"databaseId": 13}]
    assert found["products"]["nodes"] == [{"databaseId": 1}]


async def test_titles_slugs_and_logins_too(gateway: Gateway) -> None:
    title = {"title": "Caf\u00e9  \u0e01\u0e32\tx", "slug": "\u0434\u043e\u043c\u0439"}
    await done(gateway, "productCreate", title)
    await factories.store_rows(gateway, [factories.user(1, login="m\u00fcller")])
    query = """query Q($title: String!, $part: String!, $slug: String!, $login: String!) {
      titled: products(filter: { title: { eq: $title } }) { totalCount }
      parted: products(filter: { title: { startsWith: $part } }) { totalCount }
      slugged: products(filter: { slug: { in: [$slug] } }) { totalCount }
      product(by: { slug: $slug }) { title }
      user(by: { login: $login }) { login }
    }"""
    for titled, part in ((title["title"], "Caf\u00e9  "), ("cafe\u0301 \u0e01\u0e32 X", "cafe\u0301\t\t\u0e01")):
        for slug in (title["slug"], "\u0434\u043e\u043c\u0438\u0306"):
            asked = {"title": titled, "part": part, "slug": slug, "login": " Mu\u0308ller"}
            found = await gateway(query, asked)
            assert found["product"] is not None
            assert found["user"] == {"login": "m\u00fcller"}
            assert [found[name]["totalCount"] for name in ("titled", "parted", "slugged")] == [1, 1, 1]


async def test_a_suggestion_is_free_whatever_the_case(shop: Gateway) -> None:
    await done(shop, "productUpdate", change(1, v11="pro-pln", v12="Pro-Pln-1"))
    assert (await shop('{ suggestSku(title: "Pro Pln") }'))["suggestSku"] == "PRO-PLN-2"
    assert suggestion("PRO-PLN", {"pro-pln"}) == "PRO-PLN-1"


# What nobody sees


async def test_what_nobody_sees_is_no_title_and_is_not_kept_in_a_sku(shop: Gateway) -> None:
    for invisible in (INVISIBLE, "\u2800", " \u200b "):
        assert await refused(shop, "productCreate", {"title": invisible}) == [("VALIDATION", "title")]
        assert await refused(shop, "productUpdate", {"id": product_id(1), "title": invisible}) == [
            ("VALIDATION", "title")
        ]
        assert await refused(shop, "variantUpdate", {"id": id_of(11), "title": invisible}) == [("VALIDATION", "title")]
        assert ("VALIDATION", "title") in await refused(shop, "attributeGroupCreate", {"title": invisible})
    payload = await done(shop, "variantUpdate", {"id": id_of(11), "sku": f"X{INVISIBLE}Y"}, "variant { sku }")
    assert payload["variant"]["sku"] == "XY"
    payload = await done(shop, "variantUpdate", {"id": id_of(11), "sku": INVISIBLE}, "variant { sku }")
    assert payload["variant"]["sku"] is None
    # Joined emoji and letters of other scripts stay as they are.
    family = "\U0001f469\u200d\U0001f467 क्\u200dष"
    payload = await done(shop, "productUpdate", {"id": product_id(1), "title": family}, "product { title }")
    assert payload["product"]["title"] == family


@given(st.text(max_size=30))
def test_what_is_written_stays_as_it_is(sku: str) -> None:
    assert written(written(sku)) == written(sku)
    assert sku_key(written(sku)) == sku_key(sku) == sku_key(sku_key(sku))
    assert key_of_stored(None) is None


# Attributes


async def test_titles_of_attributes_differ_by_more_than_their_case(gateway: Gateway) -> None:
    made = await done(gateway, "attributeGroupCreate", {"title": "Größe"}, "attributeGroup { id }")
    group = made["attributeGroup"]["id"]
    for title in ("größe", "GRÖSSE", "Gro\u0308ße"):
        assert ("CONFLICT", "title") in await refused(
            gateway, "attributeGroupCreate", {"title": title, "slug": "other"}
        )
    term = {"groupId": group, "title": "Red"}
    made = await done(gateway, "attributeTermCreate", term, "attributeTerm { id }")
    assert await refused(gateway, "attributeTermCreate", {**term, "title": "RED", "slug": "x"}) == [
        ("CONFLICT", "title")
    ]
    other = await done(gateway, "attributeTermCreate", {**term, "title": "Blue"}, "attributeTerm { id }")
    renamed = {"id": other["attributeTerm"]["id"], "title": "red"}
    assert await refused(gateway, "attributeTermUpdate", renamed) == [("CONFLICT", "title")]
    await done(gateway, "attributeTermUpdate", {"id": made["attributeTerm"]["id"], "title": "RED"})
