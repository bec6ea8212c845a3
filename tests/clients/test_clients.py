"""The tools of front ends take the schema as it is: they generate, compile, page and normalise, at a real gateway."""

import json
import sys
from pathlib import Path
from typing import Final

import pytest
from graphql import build_schema

from tests.clients.shop import Shop
from tests.clients.workspace import Workspace, run

CONFIG: Final = ("--config", "tests/clients/eslint.config.mjs", "--max-warnings", "0")
LINT: Final = ("eslint", *CONFIG, "schema", "tests/clients/documents")


# Lint


def test_graphql_eslint_finds_nothing(workspace: Workspace) -> None:
    workspace.tool(*LINT, cwd=workspace.root)


def test_graphql_eslint_would_find_something(workspace: Workspace) -> None:
    with (workspace.root / "schema" / "schema.graphql").open("a") as sdl:
        sdl.write("type hat { hat_size: Int }")
    (workspace.folder / "documents" / "worse.graphql").write_text('query { product(by: { slug: "a" }) { title } }')

    with pytest.raises(pytest.fail.Exception) as found:
        workspace.tool(*LINT, cwd=workspace.root)

    for rule in ("require-description", "naming-convention", "strict-id-in-types", "no-unreachable-types"):
        assert f"@graphql-eslint/{rule}" in str(found.value)
    for rule in ("no-anonymous-operations", "require-selections"):
        assert f"@graphql-eslint/{rule}" in str(found.value)


# TypeScript


def test_what_codegen_makes_compiles_strictly(typescript: Workspace) -> None:
    typescript.tool("tsc", "--noEmit", "--project", ".")


def test_no_entity_is_taken_for_a_root(typescript: Workspace, sdl: str) -> None:
    """A cache that takes subscriptions for one keeps all subscriptions in one place."""
    generated = (typescript.folder / "generated" / "introspection.json").read_text(encoding="utf-8")
    roots = {name: root and root["name"] for name, root in json.loads(generated)["__schema"].items() if "Type" in name}

    assert roots == {"queryType": "Query", "mutationType": "Mutation", "subscriptionType": "Subscription"}
    subscription = build_schema(sdl).subscription_type
    assert subscription is not None
    assert "id" not in subscription.fields


@pytest.mark.parametrize("client", ["apollo", "urql"])
def test_a_change_reaches_the_cached_list(client: str, typescript: Workspace, shop: Shop) -> None:
    before, (product, lines) = shop.glance(), shop.ordered()
    built = f"built-{client}"
    typescript.tool("tsc", "--project", ".", "--outDir", built)

    saw = json.loads(typescript.node(f"{built}/web/{client}/walk.js", **shop.environment(STOREGRAPH_PRODUCT=product)))

    now = shop.glance()
    assert before["price"] != now["price"] == now["minPrice"] == 1
    assert saw == {
        "asked": [
            *("ProductList", "ProductList"),  # two pages
            "VariantUpdate",
            "VariantUpdate",  # refused
            *("ProductSearch", "ProductSearch"),  # the first page again comes out of the cache
            "NodeRefetch",
            *("ProductOrders", "ProductOrders"),  # a line a page
        ],
        "titles": shop.titles(6),
        "before": before,
        "after": now,
        "kept": now,
        "changed": {},
        "refused": {"title": "A title is required"},
        "refetched": before["id"],
        "lines": lines,
    }


def test_relay_pages_refetches_and_updates_its_store(workspace: Workspace, shop: Shop) -> None:
    before = shop.glance()
    workspace.tool("relay-compiler", "relay.config.json")
    workspace.tool("tsc", "--project", "web/relay")

    saw = json.loads(workspace.node("web/relay/walk.js", **shop.environment()))

    now = shop.glance()
    assert before["price"] != now["price"] == now["minPrice"] == 1
    assert saw == {
        "asked": ["shelfQuery", "shelfPageQuery", "shelfUpdateMutation", "shelfUpdateMutation", "shelfCardQuery"],
        "titles": shop.titles(6),
        "before": before,
        "after": now,
        "kept": now,
        "changed": {},
        "refused": {"title": "A title is required"},
        "refetched": before["id"],
    }


# Python


def test_gql_checks_every_document_and_asks_it(python_folder: Path, client_python: Path, shop: Shop) -> None:
    before, (product, lines) = shop.glance(), shop.ordered()

    saw = json.loads(
        run(
            client_python,
            python_folder / "gql_walk.py",
            cwd=python_folder,
            **shop.environment(STOREGRAPH_PRODUCT=product),
        )
    )

    now = shop.glance()
    assert before["price"] != now["price"] == now["minPrice"] == 1
    assert saw == {
        "unasked": [],
        "titles": shop.titles(3),
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
    python_folder: Path, client_python: Path, shop: Shop, kept_folder: Path
) -> None:
    before = shop.glance()
    run(client_python, "-m", "ariadne_codegen", "--config", "ariadne-codegen.toml", cwd=python_folder)

    mypy = ("-m", "mypy", "--python-executable", client_python, "--cache-dir", kept_folder / "mypy")
    run(sys.executable, *mypy, ".", cwd=python_folder)
    saw = json.loads(run(client_python, python_folder / "ariadne_walk.py", cwd=python_folder, **shop.environment()))

    assert saw == {
        "titles": shop.titles(3),
        "prices": [before["price"], 1, 1],
        "min_prices": [before["minPrice"], 1, 1],
        "refused": ["CONFLICT"],
        "conflict": True,
        "published": saw["published"],
    }
    assert saw["published"].endswith("+00:00")
