"""Terms: names under a parent, slugs of a taxonomy, trees without circles; also with several writers at once."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import select

from db.catalog.tax import TaxClassRow
from db.store.row import table
from engine.values import identity
from tests import factories
from tests.gateway import ADMIN, CLERK, Gateway
from tests.patience import PATIENCE
from tests.resolvers.shelf import events

ERRORS = "userErrors { code field message }"
SHOWN = "databaseId name slug description version parent { name } children { name } taxonomy { name }"
CREATE = f"mutation Create($input: TermCreateInput!) {{ termCreate(input: $input) {{ term {{ {SHOWN} }} {ERRORS} }} }}"
UPDATE = f"mutation Update($input: TermUpdateInput!) {{ termUpdate(input: $input) {{ term {{ {SHOWN} }} {ERRORS} }} }}"
DELETE = f"""
mutation Delete($input: TermDeleteInput!) {{
  termDelete(input: $input) {{
    deletedId movedTerms {{ name parent {{ name }} version }} taxClasses {{ categoryDatabaseIds version }}
    taxonomy {{ roots {{ name }} }} {ERRORS}
  }}
}}
"""
ADD = (
    f"mutation Add($input: ProductTermsAddInput!) {{ productTermsAdd(input: $input) {{ terms {{ name }} {ERRORS} }} }}"
)
CATEGORIES, BRANDS = "product-categories", "product-brands"


def id_of(term: int) -> str:
    return identity.encode("Term", term)


async def create(gateway: Gateway, **input: Any) -> Any:
    return (await gateway(CREATE, {"input": {"taxonomy": CATEGORIES, **input}}))["termCreate"]


async def update(gateway: Gateway, term: int, **input: Any) -> Any:
    return (await gateway(UPDATE, {"input": {"id": id_of(term), **input}}))["termUpdate"]


async def delete(gateway: Gateway, term: int, **input: Any) -> Any:
    return (await gateway(DELETE, {"input": {"id": id_of(term), **input}}))["termDelete"]


def wrong(payload: Any) -> list[tuple[str, str]]:
    return [(error["code"], ".".join(error["field"])) for error in payload["userErrors"]]


@pytest.fixture
async def tree(gateway: Gateway) -> Gateway:
    """Home (1) > Kitchen (2) > Knives (3); Garden (4) > Kitchen (5); the brand Acme (6)."""
    await factories.store_rows(
        gateway,
        [
            factories.categories(),
            factories.brands(),
            factories.term(1, name="Home"),
            factories.term(2, name="Kitchen", parent_id=1),
            factories.term(3, name="Knives", parent_id=2),
            factories.term(4, name="Garden"),
            factories.term(5, name="Kitchen", parent_id=4),
            factories.term(6, BRANDS, name="Acme"),
            factories.product(1),
            factories.product_term(1, 2),
            factories.product_term(1, 3),
            TaxClassRow(id=1, title="Food", slug="food", categories=[2, 4]),
        ],
    )
    return gateway


async def test_create(tree: Gateway) -> None:
    made = await create(tree, name=" Küche <b>und</b>\tBad ", parentId=id_of(1), description="One\r\nTwo\0")
    assert made == {
        "term": {
            "databaseId": 7,
            "name": "Küche und Bad",
            "slug": "kuche-und-bad",
            "description": "One\nTwo",
            "version": 1,
            "parent": {"name": "Home"},
            "children": [],
            "taxonomy": {"name": CATEGORIES},
        },
        "userErrors": [],
    }
    again = await create(tree, name="Küche und Bad", parentId=id_of(4))
    assert again["term"]["slug"] == "kuche-und-bad-2"
    assert (await create(tree, name="!!!"))["term"]["slug"] == "term"
    assert (await create(tree, name="Own", slug="My Own Slug"))["term"]["slug"] == "my-own-slug"
    first = (await events(tree))[0]
    assert (first["name"], first["entity"], first["version"]) == ("term.created", "Term:7", 1)


@pytest.mark.parametrize(
    ("input", "expected"),
    [
        ({"name": "KITCHEN", "parentId": id_of(1)}, [("CONFLICT", "name")]),
        ({"name": "home"}, [("CONFLICT", "name")]),
        ({"name": " <i></i> ", "parentId": id_of(6)}, [("NOT_FOUND", "parentId"), ("VALIDATION", "name")]),
        ({"name": "x" * 201, "slug": "?", "description": "y" * 2001},
         [("VALIDATION", "name"), ("VALIDATION", "slug"), ("VALIDATION", "description")]),
        ({"name": "New", "slug": "Term 3"}, [("CONFLICT", "slug")]),
        ({"name": "New", "taxonomy": "tags"}, [("VALIDATION", "taxonomy")]),
        ({"name": "New", "taxonomy": "a\0b"}, [("VALIDATION", "taxonomy")]),
    ],
)  # fmt: skip
async def test_create_refuses(tree: Gateway, input: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert wrong(await create(tree, **input)) == expected
    assert await events(tree) == []


async def test_update(tree: Gateway) -> None:
    moved = await update(tree, 2, name="Cooking", parentId=None, slug=None, description="Pots", expectedVersion=1)
    assert moved["term"] == {
        "databaseId": 2,
        "name": "Cooking",
        "slug": "cooking",
        "description": "Pots",
        "version": 2,
        "parent": None,
        "children": [{"name": "Knives"}],
        "taxonomy": {"name": CATEGORIES},
    }
    assert (await update(tree, 2, name="Cooking"))["term"]["version"] == 2  # nothing changes
    (event,) = await events(tree)
    assert (event["name"], event["version"], event["changed"]) == (
        "term.updated",
        2,
        ["description", "name", "parent", "slug"],
    )
    assert (await update(tree, 2, name="COOKING"))["term"]["name"] == "COOKING"  # its own name is not taken
    stale = await update(tree, 2, name="Old", expectedVersion=2)
    assert wrong(stale) == [("CONFLICT", "expectedVersion")]
    assert stale["userErrors"][0]["message"].endswith("changed since: name")


@pytest.mark.parametrize(
    ("term", "input", "expected"),
    [
        (99, {"name": "New"}, [("NOT_FOUND", "id")]),
        (1, {"parentId": id_of(1)}, [("VALIDATION", "parentId")]),
        (1, {"parentId": id_of(3)}, [("VALIDATION", "parentId")]),
        (1, {"parentId": id_of(6)}, [("NOT_FOUND", "parentId")]),
        (2, {"parentId": id_of(4)}, [("CONFLICT", "name")]),
        (3, {"name": ""}, [("VALIDATION", "name")]),
        (3, {"slug": "term-2"}, [("CONFLICT", "slug")]),
    ],
)
async def test_update_refuses(tree: Gateway, term: int, input: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert wrong(await update(tree, term, **input)) == expected
    assert await events(tree) == []


async def test_delete(tree: Gateway) -> None:
    gone = await delete(tree, 2)
    assert gone == {
        "deletedId": id_of(2),
        "movedTerms": [{"name": "Knives", "parent": {"name": "Home"}, "version": 2}],
        "taxClasses": [{"categoryDatabaseIds": [4], "version": 2}],
        "taxonomy": {"roots": [{"name": "Garden"}, {"name": "Home"}]},
        "userErrors": [],
    }
    product = (await tree("{ product(by: { databaseId: 1 }) { version categories { name } } }"))["product"]
    assert product == {"version": 1, "categories": [{"name": "Knives"}]}
    written = [(e["name"], e["entity"], e["version"], e["changed"]) for e in await events(tree)]
    assert sorted(written) == [
        ("tax_class.updated", "TaxClass:1", 2, ["categories"]),
        ("term.deleted", "Term:2", None, []),
        ("term.updated", "Term:3", 2, ["parent"]),
    ]


async def test_delete_refuses(tree: Gateway) -> None:
    assert wrong(await delete(tree, 99)) == [("NOT_FOUND", "id")]
    assert wrong(await delete(tree, 2, expectedVersion=5)) == [("CONFLICT", "expectedVersion")]
    await create(tree, name="Knives", parentId=id_of(1))
    # Knives of the kitchen would stand beside Knives of the home.
    assert wrong(await delete(tree, 2)) == [("CONFLICT", "id")]
    answer = await tree.answer(DELETE, {"input": {"id": id_of(3)}}, CLERK)
    assert answer.body["errors"][0]["extensions"]["permission"] == "products/delete"


async def test_a_dry_run_tells_and_writes_nothing(tree: Gateway) -> None:
    document = """
    mutation Dry($input: TermDeleteInput!) {
      termDelete(input: $input, validateOnly: true) { deletedId events { name } userErrors { code } }
    }
    """
    dry = (await tree(document, {"input": {"id": id_of(2)}}))["termDelete"]
    assert dry["deletedId"] is None
    assert {event["name"] for event in dry["events"]} == {"term.deleted", "term.updated", "tax_class.updated"}
    assert (await tree("{ term(by: { databaseId: 2 }) { name } }"))["term"] == {"name": "Kitchen"}


async def test_statements_do_not_grow_with_the_names(tree: Gateway) -> None:
    def added(names: str) -> dict[str, Any]:
        return {"input": {"taxonomy": BRANDS, "name": names}}

    with tree.counting() as few:
        await tree(ADD, added("A, B"))
    with tree.counting() as many:
        await tree(ADD, added(",".join(f"C{n}" for n in range(50))))
    # The lock, the names, the slugs, the terms (SQLite asks for their ids first), the events, what the payload shows.
    assert len(many) == len(few) == (7 if tree.units.dialect == "sqlite" else 6)


async def test_one_name_is_given_once_however_many_ask_at_once(tree: Gateway) -> None:
    variables = {"input": {"taxonomy": BRANDS, "name": "Borealis, Cinder, Drift"}}
    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(*(tree(ADD, variables) for _ in range(6)))
    brands = (await tree("{ taxonomies { name terms { name slug } } }"))["taxonomies"][0]
    assert brands["terms"] == [{"name": n, "slug": n.lower() if n != "Acme" else "term-6"}
                               for n in ("Acme", "Borealis", "Cinder", "Drift")]  # fmt: skip
    assert len(await events(tree)) == 3


async def test_two_moves_at_once_close_no_circle(tree: Gateway) -> None:
    """Each is right alone."""
    for _ in range(3):
        async with asyncio.timeout(PATIENCE):
            both = await asyncio.gather(
                update(tree, 1, parentId=id_of(4)),
                update(tree, 4, parentId=id_of(1)),
            )
        assert sorted(map(str, (wrong(payload) for payload in both))) == ["[('VALIDATION', 'parentId')]", "[]"]
        await update(tree, 1, parentId=None)
        await update(tree, 4, parentId=None)


async def test_a_category_that_goes_is_in_no_tax_class(tree: Gateway) -> None:
    """Whoever puts it there at the same time is either found by the deletion, or finds it gone."""
    save = f"mutation Save($input: TaxClassUpdateInput!) {{ taxClassUpdate(input: $input) {{ {ERRORS} }} }}"
    for term in (5, 3, 2):
        variables = {"input": {"id": identity.encode("TaxClass", 1), "categoryIds": [id_of(4), id_of(term)]}}
        async with asyncio.timeout(PATIENCE):
            saved, gone = await asyncio.gather(tree(save, variables), delete(tree, term))
        assert gone["userErrors"] == []
        assert wrong(saved["taxClassUpdate"]) in ([], [("NOT_FOUND", "categoryIds.1")])
        async with tree.database.read() as connection:
            found = await connection.execute(select(table(TaxClassRow).c.categories))
        assert term not in found.scalar_one()


async def test_namesakes_of_an_imported_store_can_be_told_apart(tree: Gateway) -> None:
    """WordPress allows them to terms with slugs of their own."""
    await factories.store_rows(tree, [factories.term(20, name="home")])
    again = await tree(ADD, {"input": {"taxonomy": CATEGORIES, "name": "HOME"}}, ADMIN)
    assert again["productTermsAdd"]["terms"] == [{"name": "Home"}]  # the older one
    assert (await update(tree, 20, name="Dwelling"))["term"]["name"] == "Dwelling"


async def test_an_accent_makes_another_name_but_no_other_place_in_the_order(tree: Gateway) -> None:
    made = await tree(
        ADD, {"input": {"taxonomy": CATEGORIES, "name": "Etude, Crème, Creme, CRÈME, Dune, Éclair"}}, ADMIN
    )
    assert [term["name"] for term in made["productTermsAdd"]["terms"]] == ["Etude", "Crème", "Creme", "Dune", "Éclair"]
    for name in ("crème", "creme"):
        assert wrong(await create(tree, name=name)) == [("CONFLICT", "name")]
    rows = (await tree("{ taxonomies { name roots { databaseId name } } }"))["taxonomies"]
    roots = {term["name"]: term["databaseId"] for taxonomy in rows for term in taxonomy["roots"]}
    assert [name for name in roots if name[0] in "CDEÉ"] == ["Crème", "Creme", "Dune", "Éclair", "Etude"]
    assert wrong(await update(tree, roots["Creme"], name="Crème")) == [("CONFLICT", "name")]
    assert (await update(tree, roots["Creme"], name="CREME"))["userErrors"] == []
