"""Advanced variations: what is combined anew keeps what is still there. And what they are combined from."""

import asyncio
from typing import Any, Final

from sqlalchemy import select

from db.access.viewer import Viewer
from db.catalog.attribute import VariantAttributeRow
from db.catalog.variant import BillingInterval, PaymentType
from db.commerce.order import OrderStatus
from db.store.row import Row, table
from engine.values import identity
from tests import factories
from tests.gateway import Gateway
from tests.patience import PATIENCE
from tests.resolvers.performing import done, perform, refused
from tests.resolvers.shelf import derive, dump, events, id_of

COLOUR, SIZE = 1, 2
RED, BLUE, GREEN = 1, 2, 3
SMALL, LARGE = 11, 12
SHOWN: Final = """
product {
  version variationType defaultVariant { databaseId } minPrice { cents } maxPrice { cents } stockAvailability
  variants { databaseId version title identifier position sku price { cents } status attributes { title } }
}
variants { title } deletedVariantIds
"""


def term(key: int) -> str:
    return identity.encode("AttributeTerm", key)


def group(key: int) -> str:
    return identity.encode("AttributeGroup", key)


def options(*chosen: tuple[int, list[int]]) -> list[dict[str, Any]]:
    return [{"groupId": group(key), "termIds": [term(one) for one in terms]} for key, terms in chosen]


def sync(*chosen: tuple[int, list[int]], **more: Any) -> dict[str, Any]:
    product = {"productId": identity.encode("Product", 1), "variationType": "ADVANCED_VARIATIONS"}
    return {**product, "options": options(*chosen), **more}


async def attributes(gateway: Gateway, *more: Row) -> None:
    """Colours and sizes, and a shirt (1) that is one plain variant (100) until now."""
    rows = [
        factories.attribute_group(COLOUR, title="Colour"),
        factories.attribute_group(SIZE, title="Size"),
        *(factories.attribute_term(k, COLOUR, title=t) for k, t in ((RED, "Red"), (BLUE, "Blue"), (GREEN, "Green"))),
        *(factories.attribute_term(k, SIZE, title=t) for k, t in ((SMALL, "S"), (LARGE, "L"))),
        factories.product(1, title="Shirt", default_variant_id=None),
        factories.variant(100, 1, title="Shirt", price=1900, compare_price=2500, identifier="1-11"),
    ]
    await factories.store_rows(gateway, [*rows, *more])
    await derive(gateway, 1)


async def combined(gateway: Gateway, *chosen: tuple[int, list[int]]) -> list[dict[str, Any]]:
    payload = await done(gateway, "productVariantOptionsSync", sync(*chosen), SHOWN)
    variants: list[dict[str, Any]] = payload["product"]["variants"]
    return variants


async def test_a_plain_product_becomes_its_combinations(gateway: Gateway) -> None:
    await attributes(gateway)
    payload = await done(
        gateway, "productVariantOptionsSync", sync((COLOUR, [BLUE, RED]), (SIZE, [SMALL, LARGE])), SHOWN
    )
    product = payload["product"]
    assert [(v["title"], v["identifier"], v["position"], v["price"]["cents"]) for v in product["variants"]] == [
        ("Blue / S", "2-11", 1, 1900),
        ("Blue / L", "2-12", 2, 1900),
        ("Red / S", "1-11", 3, 1900),
        ("Red / L", "1-12", 4, 1900),
    ]
    assert [a["title"] for a in product["variants"][0]["attributes"]] == ["Blue", "S"]
    assert {variant["sku"] for variant in product["variants"]} == {None}
    assert product["variationType"] == "ADVANCED_VARIATIONS"
    # Its identifier said so, but that is another store's.
    assert payload["deletedVariantIds"] == [id_of(100)]
    assert len(payload["variants"]) == 4
    names = [(event["name"], event["entity"]) for event in await events(gateway)]
    assert names[4:] == [("variant.deleted", "ProductVariant:100"), ("product.updated", "Product:1")]
    assert {name for name, _ in names[:4]} == {"variant.created"}


async def test_what_is_still_there_stays(gateway: Gateway) -> None:
    await attributes(gateway)
    first = {v["title"]: v for v in await combined(gateway, (COLOUR, [RED, BLUE]), (SIZE, [SMALL]))}
    kept = first["Blue / S"]["databaseId"]
    await done(gateway, "variantUpdate", {"id": id_of(kept), "price": 5, "sku": "BLUE", "title": "Sky"})
    second = await combined(gateway, (SIZE, [LARGE, SMALL]), (COLOUR, [BLUE, GREEN]))
    assert [(v["title"], v["sku"]) for v in second] == [
        ("L / Blue", None),
        ("L / Green", None),
        ("Sky", "BLUE"),
        ("S / Green", None),
    ]
    assert (second[2]["databaseId"], second[2]["price"], second[2]["position"]) == (kept, {"cents": 5}, 3)
    assert second[2]["version"] == 3
    # Said again it changes nothing.
    before = await dump(gateway)
    assert await combined(gateway, (SIZE, [LARGE, SMALL]), (COLOUR, [BLUE, GREEN])) == second
    assert await dump(gateway) == before


async def test_no_options_change_nothing(gateway: Gateway) -> None:
    """As the documents' own example sends it."""
    await attributes(gateway)
    before = await dump(gateway)
    for variation_type in ("SIMPLE", "SIMPLE_VARIATIONS", "ADVANCED_VARIATIONS"):
        await done(gateway, "productVariantOptionsSync", sync(variationType=variation_type))
    assert await dump(gateway) == before


async def test_refusals(gateway: Gateway) -> None:
    many = [factories.attribute_group(9, title="Many")]
    numbers = [factories.attribute_term(900 + n, 9) for n in range(201)]
    long = factories.attribute_term(40, SIZE, title="x" * 192)
    orders = [factories.order(1, status=OrderStatus.ON_HOLD), factories.order_item(1, 1, variant_id=100)]
    await attributes(gateway, *many, *numbers, long, *orders)
    before = await dump(gateway)
    all_of_them = [900 + n for n in range(201)]
    cases: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
        (sync((COLOUR, [RED]), variationType="SIMPLE_VARIATIONS"), [("VALIDATION", "variationType")]),
        (sync((COLOUR, []), (SIZE, [])), [("VALIDATION", "options.0.termIds"), ("VALIDATION", "options.1.termIds")]),
        (
            sync((COLOUR, [RED, RED]), (COLOUR, [BLUE])),
            [("VALIDATION", "options.0.termIds.1"), ("VALIDATION", "options.1.groupId")],
        ),
        (
            sync((COLOUR, [RED, SMALL, 99]), (77, [SMALL])),
            [("NOT_FOUND", f"options.{place}") for place in ("0.termIds.1", "0.termIds.2", "1.groupId")],
        ),
        (sync((9, all_of_them)), [("VALIDATION", "options")]),
        (sync((9, all_of_them[:101]), (SIZE, [SMALL, LARGE])), [("VALIDATION", "options")]),
        (sync(*[(COLOUR, [RED])] * 11), [("VALIDATION", "options")]),
        (sync((SIZE, [40]), (9, [900, 901]), (COLOUR, [GREEN])), [("VALIDATION", "options")]),
        (sync((COLOUR, [RED])), [("CONFLICT", "options")]),
        (sync((COLOUR, [RED]), expectedVersion=2), [("CONFLICT", "expectedVersion")]),
        (sync((COLOUR, [RED])) | {"productId": identity.encode("Product", 9)}, [("NOT_FOUND", "productId")]),
    ]
    for given, errors in cases:
        assert await refused(gateway, "productVariantOptionsSync", given) == errors, given
    editor = Viewer("token:editor", "editor", frozenset({"products/edit"}))
    assert await refused(gateway, "productVariantOptionsSync", sync((COLOUR, [RED])), viewer=editor) == [
        ("NOT_FOUND", "options.0.groupId")
    ]
    assert await dump(gateway) == before


async def test_the_default_and_the_terms_are_handed_on(gateway: Gateway) -> None:
    terms: dict[str, Any] = {"payment_type": PaymentType.SUBSCRIPTION, "interval": BillingInterval.MONTHLY}
    shirts = [
        factories.product(2, title="Club", manage_stock=True),
        factories.variant(200, 2, price=1),
        factories.variant(201, 2, price=700, position=2, manage_stock=True, available=5, **terms),
    ]
    await attributes(gateway, *shirts)
    product = identity.encode("Product", 2)
    await done(gateway, "productDetailUpdate", {"id": product, "defaultVariantId": id_of(201)})
    given = sync((COLOUR, [RED, BLUE])) | {"productId": product}
    found = (await done(gateway, "productVariantOptionsSync", given, SHOWN))["product"]
    assert found["defaultVariant"]["databaseId"] == found["variants"][0]["databaseId"]
    assert (found["minPrice"]["cents"], found["maxPrice"]["cents"]) == (700, 700)
    # Nobody has counted the new ones.
    assert found["stockAvailability"] == "OUT_OF_STOCK"
    rows = [row for row in (await dump(gateway))["product_variant"] if row["product_id"] == 2]
    assert {(row["payment_type"], row["interval"], row["manage_stock"], row["available"]) for row in rows} == {
        ("subscription", "monthly", True, 0)
    }


async def test_statements_do_not_grow(gateway: Gateway) -> None:
    more = [factories.attribute_group(9, title="Many"), *(factories.attribute_term(900 + n, 9) for n in range(200))]
    await attributes(gateway, *more)
    counts = []
    for terms in ([900], [900 + n for n in range(1, 200)]):
        with gateway.counting() as counted:
            await done(gateway, "productVariantOptionsSync", sync((9, terms)))
        counts.append(len(counted))
    assert counts[0] <= 25
    assert counts[1] <= counts[0]


async def test_combined_at_once(gateway: Gateway) -> None:
    """Of several, one comes last: the product has its combinations, each once."""
    await attributes(gateway)
    wanted = [(COLOUR, [RED, BLUE]), (COLOUR, [BLUE, GREEN]), (COLOUR, [GREEN])]
    async with asyncio.timeout(PATIENCE):
        payloads = await asyncio.gather(
            *(perform(gateway, "productVariantOptionsSync", sync(each, (SIZE, [SMALL, LARGE]))) for each in wanted * 3)
        )
    assert [payload["userErrors"] for payload in payloads] == [[]] * 9
    link = table(VariantAttributeRow)
    async with gateway.database.read() as connection:
        found: dict[int, set[int]] = {}
        for variant, one in await connection.execute(select(link.c.variant_id, link.c.term_id)):
            found.setdefault(variant, set()).add(one)
    standing = sorted(sorted(terms) for terms in found.values())
    assert standing in [sorted([c, s] for c in colours for s in (SMALL, LARGE)) for _, colours in wanted]


# What they are combined from


async def test_groups_and_terms_are_made(gateway: Gateway) -> None:
    shown = "attributeGroup { id version title slug terms { title slug position } }"
    payload = await done(gateway, "attributeGroupCreate", {"title": " Kleidergröße "}, shown)
    made = payload["attributeGroup"]
    assert (made["title"], made["slug"], made["version"]) == ("Kleidergröße", "kleidergrosse", 1)
    for given in ({"title": "Small"}, {"title": "Large", "slug": "Extra L"}, {"title": "Tiny", "position": 0}):
        payload = await done(gateway, "attributeTermCreate", {"groupId": made["id"], **given}, shown)
    assert payload["attributeGroup"]["terms"] == [
        {"title": "Tiny", "slug": "tiny", "position": 0},
        {"title": "Small", "slug": "small", "position": 1},
        {"title": "Large", "slug": "extra-l", "position": 2},
    ]
    # The slug follows the title only while it is free.
    payload = await done(
        gateway, "attributeTermCreate", {"groupId": made["id"], "title": "small!"}, "attributeTerm { slug }"
    )
    assert payload["attributeTerm"] == {"slug": "small-2"}
    listed = await gateway(
        '{ attributeGroups { title terms { title } } attributeGroup(by: { slug: "kleidergrosse" }) { title } }'
    )
    assert listed["attributeGroup"] == {"title": "Kleidergröße"}
    assert [len(each["terms"]) for each in listed["attributeGroups"]] == [4]
    assert [event["name"] for event in await events(gateway)] == ["attribute_group.created"] + [
        "attribute_term.created"
    ] * 4


async def test_groups_and_terms_are_changed(gateway: Gateway) -> None:
    await attributes(gateway)
    shown = "attributeGroup { version title slug }"
    payload = await done(
        gateway, "attributeGroupUpdate", {"id": group(COLOUR), "title": "Color", "expectedVersion": 1}, shown
    )
    assert payload["attributeGroup"] == {"version": 2, "title": "Color", "slug": "group-1"}
    shown = "attributeTerm { version title slug position }"
    given = {"id": term(RED), "slug": "Crimson", "position": 9}
    for _ in range(2):
        payload = await done(gateway, "attributeTermUpdate", given, shown)
        assert payload["attributeTerm"] == {"version": 2, "title": "Red", "slug": "crimson", "position": 9}
    told = [(event["entity"], event["version"], event["changed"]) for event in await events(gateway)]
    assert told == [("AttributeGroup:1", 2, ["title"]), ("AttributeTerm:1", 2, ["position", "slug"])]


async def test_refused_groups_and_terms(gateway: Gateway) -> None:
    await attributes(gateway)
    before = await dump(gateway)
    cases: list[tuple[str, dict[str, Any], list[tuple[str, str]]]] = [
        ("attributeGroupCreate", {"title": " "}, [("VALIDATION", "title")]),
        ("attributeGroupCreate", {"title": "x" * 193, "slug": "!"}, [("VALIDATION", "title"), ("VALIDATION", "slug")]),
        ("attributeGroupCreate", {"title": "Colour", "slug": "group-2"}, [("CONFLICT", "title"), ("CONFLICT", "slug")]),
        ("attributeGroupUpdate", {"id": group(COLOUR), "title": "Size"}, [("CONFLICT", "title")]),
        ("attributeGroupUpdate", {"id": group(COLOUR), "slug": " "}, [("VALIDATION", "slug")]),
        ("attributeGroupUpdate", {"id": group(8), "title": "x"}, [("NOT_FOUND", "id")]),
        ("attributeGroupUpdate", {"id": group(1), "expectedVersion": 3}, [("CONFLICT", "expectedVersion")]),
        ("attributeTermCreate", {"groupId": group(8), "title": "x"}, [("NOT_FOUND", "groupId")]),
        ("attributeTermCreate", {"groupId": group(COLOUR), "title": "Red"}, [("CONFLICT", "title")]),
        (
            "attributeTermUpdate",
            {"id": term(RED), "title": "Blue", "slug": "term-2"},
            [("CONFLICT", "title"), ("CONFLICT", "slug")],
        ),
        ("attributeTermDelete", {"id": term(99)}, [("NOT_FOUND", "id")]),
    ]
    for name, given, errors in cases:
        assert sorted(await refused(gateway, name, given)) == sorted(errors), (name, given)
    assert await dump(gateway) == before
    # Equal in another group is nothing wrong.
    await done(gateway, "attributeTermCreate", {"groupId": group(SIZE), "title": "Red", "slug": "term-1"})


async def test_what_tells_variants_apart_stays(gateway: Gateway) -> None:
    await attributes(gateway)
    await combined(gateway, (COLOUR, [RED, BLUE]), (SIZE, [SMALL]))
    for name, given, variants in (
        ("attributeTermDelete", {"id": term(RED)}, "1 variant is"),
        ("attributeTermDelete", {"id": term(SMALL)}, "2 variants are"),
        ("attributeGroupDelete", {"id": group(COLOUR)}, "2 variants are"),
    ):
        (error,) = (await perform(gateway, name, given))["userErrors"]
        assert (error["code"], error["field"]) == ("BUSINESS_RULE", ["id"])
        assert error["message"].startswith(variants)
    payload = await done(
        gateway, "attributeTermDelete", {"id": term(LARGE)}, "deletedId attributeGroup { terms { title } }"
    )
    assert payload["deletedId"] == term(LARGE)
    assert payload["attributeGroup"] == {"terms": [{"title": "S"}]}
    await combined(gateway, (SIZE, [SMALL]))
    payload = await done(gateway, "attributeGroupDelete", {"id": group(COLOUR)}, "deletedId deletedTermIds")
    assert payload["deletedTermIds"] == [term(RED), term(BLUE), term(GREEN)]
    names = [event["name"] for event in await events(gateway)][-4:]
    assert names == ["attribute_term.deleted"] * 3 + ["attribute_group.deleted"]


async def test_a_term_deleted_while_it_is_combined(gateway: Gateway) -> None:
    """Either the variants were first, and it stays, or it was, and there are none."""
    await attributes(gateway)
    for round_ in range(6):
        made = await done(
            gateway, "attributeTermCreate", {"groupId": group(SIZE), "title": f"New {round_}"}, "attributeTerm { id }"
        )
        new = made["attributeTerm"]["id"]
        given = sync() | {"options": [{"groupId": group(SIZE), "termIds": [new, term(SMALL)]}]}
        synced, gone = await asyncio.gather(
            perform(gateway, "productVariantOptionsSync", given), perform(gateway, "attributeTermDelete", {"id": new})
        )
        codes = {error["code"] for payload in (synced, gone) for error in payload["userErrors"]}
        assert codes in ({"NOT_FOUND"}, {"BUSINESS_RULE"}), round_
        await combined(gateway, (SIZE, [SMALL]))
