"""A gateway to a store of the test's own, and what a test asks it to know what a program must have seen."""

from typing import Any, Final

import httpx2

TOKEN: Final = "known-admin-token"

_SHELF: Final = """
query ($first: Int) {
  products(first: $first, sort: [{ field: TITLE }]) {
    nodes { id title minPrice { cents } variants { id version price { cents } } }
  }
}
"""
_ORDERED: Final = "{ products(first: 1, sort: [{ field: ID }], filter: { orderCount: { gt: 1 } }) { nodes { id } } }"
_LINES: Final = "query ($id: ID!) { product(by: { id: $id }) { orderItems(first: 2) { nodes { id } } } }"
_LAMP: Final = '{ products(filter: { slug: { eq: "dusky-lamp" } }) { nodes { id variants { id } } } }'
_COUNT: Final = "mutation ($input: InventoryUpdateInput!) { inventoryUpdate(input: $input) { userErrors { code } } }"


def endpoint(gateway: httpx2.Client) -> str:
    return str(gateway.base_url.join("/graphql"))


class Shop:
    def __init__(self, gateway: httpx2.Client) -> None:
        self._gateway = gateway

    def environment(self, **given: str) -> dict[str, str]:
        """What tells a program where to go."""
        return {"STOREGRAPH_URL": endpoint(self._gateway), "STOREGRAPH_TOKEN": TOKEN, **given}

    def titles(self, first: int) -> list[str]:
        """The list that every program looks at."""
        return [product["title"] for product in self._shelf(first)]

    def glance(self) -> dict[str, Any]:
        """The first product of that list with its first variant, as the gateway has them now."""
        product = self._shelf(1)[0]
        variant = product["variants"][0]
        return {
            "id": product["id"],
            "title": product["title"],
            "minPrice": product["minPrice"]["cents"],
            "variant": variant["id"],
            "price": variant["price"]["cents"],
            "version": variant["version"],
        }

    def ordered(self) -> tuple[str, list[str]]:
        """A product with more than one order, and the first two lines of its orders."""
        product: str = self._ask(_ORDERED)["products"]["nodes"][0]["id"]
        lines = self._ask(_LINES, id=product)["product"]["orderItems"]["nodes"]
        return product, [line["id"] for line in lines]

    def counted(self, pieces: int) -> str:
        """A lamp, of which there are so many."""
        (product,) = self._ask(_LAMP)["products"]["nodes"]
        variant: str = product["variants"][0]["id"]
        stock = {"productId": product["id"], "variantId": variant, "totalStock": pieces, "available": pieces}
        assert self._ask(_COUNT, input=stock)["inventoryUpdate"] == {"userErrors": []}
        return variant

    def _shelf(self, first: int) -> list[dict[str, Any]]:
        nodes: list[dict[str, Any]] = self._ask(_SHELF, first=first)["products"]["nodes"]
        return nodes

    def _ask(self, document: str, **variables: Any) -> dict[str, Any]:
        body = {"query": document, "variables": variables}
        answer = self._gateway.post("/graphql", json=body, headers={"Authorization": f"Bearer {TOKEN}"}).json()
        assert "errors" not in answer, answer
        data: dict[str, Any] = answer["data"]
        return data
