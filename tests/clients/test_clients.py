"""The tools of front ends take the schema as it is: they generate, compile, page and normalise, at a real gateway."""

import json
import sys
from pathlib import Path
from typing import Any, Final

import pytest
from graphql import build_schema

from tests.clients.conftest import Shop
from tests.clients.workspace import Workspace, run

DOCUMENTS: Final = "tests/clients/documents"
LINT: Final = (
    "--config",
    "tests/clients/eslint.config.mjs",
    "--max-warnings",
    "0",
    "schema",
    "tests/clients/documents",
)
SHELF: Final = """
query ($first: Int) {
  products(first: $first, sort: [{ field: TITLE }]) {
    nodes { id slug title minPrice { cents } variants { id version price { cents } } }
  }
}
"""


def glance(shop: Shop) -> dict[str, Any]:
    """The first product of the list with its first variant, as the gateway has them now."""
    product = shop.ask(SHELF, first=1)["products"]["nodes"][0]
    variant = product["variants"][0]
    return {
        "id": product["id"],
        "title": product["title"],
        "minPrice": product["minPrice"]["cents"],
        "variant": variant["id"],
        "price": variant["price"]["cents"],
        "version": variant["version"],
    }


def titles(shop: Shop, first: int) -> list[str]:
    return [product["title"] for product in shop.ask(SHELF, first=first)["products"]["nodes"]]


def ordered(shop: Shop) -> tuple[str, list[str]]:
    """A product that was ordered more than once, where there is one, and the first two lines of its orders."""
    most = "{ products(first: 1, sort: [{ field: ID }], filter: { orderCount: { gt: 1 } }) { nodes { id } } }"
    nodes = shop.ask(most)["products"]["nodes"]
    product = nodes[0]["id"] if nodes else glance(shop)["id"]
    lines = "query ($id: ID!) { product(by: { id: $id }) { orderItems(first: 2) { nodes { id } } } }"
    return product, [line["id"] for line in shop.ask(lines, id=product)["product"]["orderItems"]["nodes"]]


# Lint


def test_graphql_eslint_finds_nothing(workspace: Workspace) -> None:
    workspace.tool("eslint", *LINT, cwd=workspace.root)


def test_graphql_eslint_would_find_something(workspace: Workspace) -> None:
    with workspace.sdl.open("a") as sdl:
        sdl.write("type hat { hat_size: Int }")
    (workspace.folder / "documents" / "worse.graphql").write_text('query { product(by: { slug: "a" }) { title } }')

    with pytest.raises(pytest.fail.Exception) as found:
        workspace.tool("eslint", *LINT, cwd=workspace.root)

    for rule in ("require-description", "naming-convention", "strict-id-in-types", "no-unreachable-types"):
        assert f"@graphql-eslint/{rule}" in str(found.value)
    for rule in ("no-anonymous-operations", "require-selections"):
        assert f"@graphql-eslint/{rule}" in str(found.value)


# TypeScript


def test_what_codegen_makes_compiles_strictly(typescript: Workspace) -> None:
    typescript.tool("tsc", "--noEmit", "--project", ".")


def test_the_entity_named_subscription_is_no_root(typescript: Workspace, sdl: str) -> None:
    """A cache that takes it for one keeps all subscriptions in one place."""
    generated = (typescript.folder / "generated" / "introspection.json").read_text(encoding="utf-8")
    roots = {name: root and root["name"] for name, root in json.loads(generated)["__schema"].items() if "Type" in name}

    assert roots == {"queryType": "Query", "mutationType": "Mutation", "subscriptionType": None}
    assert build_schema(sdl).subscription_type is None


@pytest.mark.parametrize("client", ["apollo", "urql"])
def test_a_change_reaches_the_cached_list(client: str, typescript: Workspace, shop: Shop) -> None:
    before, (product, lines) = glance(shop), ordered(shop)
    built = f"built-{client}"
    typescript.tool("tsc", "--project", ".", "--outDir", built)

    saw = json.loads(typescript.node(f"{built}/web/{client}/walk.js", STOREGRAPH_PRODUCT=product, **shop.environment()))

    now = glance(shop)
    assert before["price"] != now["price"] == now["minPrice"] == 1
    assert saw == {
        "asked": [
            *("ProductList", "ProductList"),  # two pages
            "VariantUpdate",
            "VariantUpdate",  # refused
            *("ProductSearch", "ProductSearch"),  # the first page again comes out of the cache
            "NodeRefetch",
            *["ProductOrders"] * max(1, len(lines)),
        ],
        "titles": titles(shop, 6),
        "before": before,
        "after": now,
        "kept": now,
        "changed": {},
        "refused": {"title": "A title is required"},
        "refetched": before["id"],
        "lines": lines,
    }


def test_relay_pages_refetches_and_updates_its_store(workspace: Workspace, shop: Shop) -> None:
    before = glance(shop)
    workspace.tool("relay-compiler", "relay.config.json")
    workspace.tool("tsc", "--project", "web/relay")

    saw = json.loads(workspace.node("web/relay/walk.js", **shop.environment()))

    now = glance(shop)
    assert saw == {
        "asked": ["shelfQuery", "shelfPageQuery", "shelfUpdateMutation", "shelfUpdateMutation", "shelfCardQuery"],
        "titles": titles(shop, 6),
        "before": before,
        "after": now,
        "kept": now,
        "changed": {},
        "refused": {"title": "A title is required"},
        "refetched": before["id"],
    }


# Python


def test_gql_checks_every_document_and_asks_it(workspace: Workspace, client_python: Path, shop: Shop) -> None:
    before, (product, lines) = glance(shop), ordered(shop)

    python = workspace.folder / "python"
    saw = json.loads(
        run(client_python, python / "gql_walk.py", cwd=python, STOREGRAPH_PRODUCT=product, **shop.environment())
    )

    now = glance(shop)
    assert saw == {
        "unasked": [],
        "titles": titles(shop, 3),
        "before": before,
        "changed": [],
        "after": now,
        "refetched": before["id"],
        "page": now,
        "found": [before["title"]],
        "taxonomies": {"product-brands": 6, "product-categories": 5},
        "lines": lines,
        "mistake": "Cannot query field 'prize' on type 'Product'.",
    }


def test_ariadne_codegen_makes_a_typed_client(
    workspace: Workspace, client_python: Path, shop: Shop, kept_folder: Path
) -> None:
    before = glance(shop)
    python = workspace.folder / "python"
    run(client_python, "-m", "ariadne_codegen", "--config", "ariadne-codegen.toml", cwd=python)

    mypy = ("-m", "mypy", "--python-executable", client_python, "--cache-dir", kept_folder / "mypy")
    run(sys.executable, *mypy, ".", cwd=python)
    saw = json.loads(run(client_python, python / "ariadne_walk.py", cwd=python, **shop.environment()))

    assert saw == {
        "titles": titles(shop, 3),
        "prices": [before["price"], 1, 1],
        "min_prices": [before["minPrice"], 1, 1],
        "refused": ["CONFLICT"],
        "conflict": True,
        "published": saw["published"],
    }
    assert saw["published"].endswith("+00:00")
