# mypy: disable-error-code="import-not-found"
"""Shops with gql at a real gateway and prints what it saw; a test says what that has to be."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

from gql import GraphQLRequest, gql
from gql_client import gql_client, operations
from graphql import GraphQLError

CLIENTS = Path(__file__).parent.parent
SDL = CLIENTS.parent.parent / "schema" / "schema.graphql"


async def main() -> None:
    documents = operations(CLIENTS / "documents")
    client = gql_client(os.environ["STOREGRAPH_URL"], os.environ["STOREGRAPH_TOKEN"], SDL.read_text(encoding="utf-8"))

    async with client as session:

        async def ask(operation: str, **variables: Any) -> dict[str, Any]:
            answer: dict[str, Any] = await session.execute(
                GraphQLRequest(documents.pop(operation), variable_values=variables)
            )
            return answer

        shelf = await ask("ProductList", first=3, sort=[{"field": "TITLE"}])
        product = shelf["products"]["edges"][0]["node"]
        variant = product["variants"][0]
        change = {"id": variant["id"], "price": 1, "expectedVersion": variant["version"]}
        changed = (await ask("VariantUpdate", input=change))["variantUpdate"]
        refetched = (await ask("NodeRefetch", id=product["id"]))["node"]
        page = (await ask("ProductPage", slug=product["slug"]))["product"]
        found = (await ask("ProductSearch", search=variant["sku"]))["products"]
        tree = (await ask("CategoryTree"))["taxonomies"]
        orders = (await ask("ProductOrders", id=os.environ["STOREGRAPH_PRODUCT"]))["product"]["orderItems"]

        mistake = ""
        try:
            await session.execute(gql("{ products { nodes { prize } } }"))
        except GraphQLError as error:
            mistake = error.message

    saw = {
        "unasked": list(documents),
        "titles": [edge["node"]["title"] for edge in shelf["products"]["edges"]],
        "before": glance(product),
        "changed": changed["userErrors"],
        "after": glance({**product, **changed["product"], "variants": [changed["variant"]]}),
        "refetched": refetched["id"],
        "page": glance(page),
        "found": [node["title"] for node in found["nodes"]],
        "taxonomies": {taxonomy["name"]: len(taxonomy["roots"]) for taxonomy in tree},
        "lines": [edge["node"]["id"] for edge in orders["edges"]],
        "mistake": mistake,
    }
    sys.stdout.write(json.dumps(saw))


def glance(product: dict[str, Any]) -> dict[str, Any]:
    variant = product["variants"][0]
    return {
        "id": product["id"],
        "title": product["title"],
        "minPrice": product["minPrice"]["cents"],
        "variant": variant["id"],
        "price": variant["price"]["cents"],
        "version": variant["version"],
    }


asyncio.run(main())
