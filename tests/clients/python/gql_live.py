# mypy: disable-error-code="import-not-found"
"""Follows a product with gql at a real gateway and prints what it saw; a test says what that has to be."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from typing import Any

from gql import Client, GraphQLRequest
from gql.transport.websockets import WebsocketsTransport

LIVE = """
subscription LivePrice($id: ID!, $after: Int) {
  productChanged(by: { id: $id }, after: $after) { position gone product { id title } }
}
"""
RETITLE = """
mutation Retitle($input: ProductUpdateInput!) { productUpdate(input: $input) { userErrors { message } } }
"""


def live_client(url: str, token: str) -> Client:
    return Client(
        transport=WebsocketsTransport(
            url=url.replace("http", "ws", 1),
            init_payload={"Authorization": f"Bearer {token}"},
            subprotocols=[WebsocketsTransport.GRAPHQLWS_SUBPROTOCOL],
        )
    )


async def followed(session: Any, product: str, after: int | None = None) -> AsyncIterator[tuple[int, dict[str, Any]]]:
    """Each answer with its position: the `after` to come back with."""
    request = GraphQLRequest(LIVE, variable_values={"id": product, "after": after})
    async for answer in session.subscribe(request, get_execution_result=True):
        yield answer.extensions["position"], answer.data["productChanged"]


async def main() -> None:
    product = os.environ["STOREGRAPH_PRODUCT"]
    seen: list[str] = []
    async with live_client(os.environ["STOREGRAPH_URL"], os.environ["STOREGRAPH_TOKEN"]) as session:
        async for position, change in followed(session, product):
            assert position == change["position"]
            if change["product"]["title"] not in seen:
                seen.append(change["product"]["title"])
            if len(seen) == 3:
                break
            given = {"id": product, "title": f"gql {len(seen)}"}
            await session.execute(GraphQLRequest(RETITLE, variable_values={"input": given}))
    sys.stdout.write(json.dumps(seen[1:]))


asyncio.run(main())
