"""A store with a partner's token and webhooks, and a sender that may ask this machine."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import select, update
from sqlmodel import col

from connectors.delivery.sender import Claimed, Outcome
from connectors.outbound.client import Outbound
from connectors.webhooks.sender import Webhooks
from db.access.token import TokenRow
from db.access.viewer import Viewer, ViewerKind
from db.integration.feed import FeedRow
from db.store.outbox import EventRow, number_events
from db.store.row import table
from engine.values import identity
from tests import factories
from tests.connectors.outbound.receiver import LOOPBACK
from tests.gateway import Gateway

PARTNER: Final = 7  # a token
PERMISSIONS: Final = frozenset(
    {"integrations/view", "integrations/manage", "integrations/delete", "products/view", "products/edit"}
)
PRODUCT: Final = identity.encode("Product", 1)
CREATE: Final = """
mutation Create($input: WebhookCreateInput!) {
  webhookCreate(input: $input) { webhook { id } secret userErrors { code message field } }
}"""
UPDATE: Final = """
mutation Update($input: WebhookUpdateInput!) {
  webhookUpdate(input: $input) { webhook { target { disabled } } userErrors { code message field } }
}"""
EDIT: Final = """
mutation Edit($input: ProductUpdateInput!) {
  productUpdate(input: $input) { product { title } userErrors { code message field } }
}"""


@dataclass
class Subscriber:
    gateway: Gateway
    sender: Webhooks
    partner: Viewer

    async def subscribe(self, url: str, **input: Any) -> tuple[str, str]:
        """The id and the secret of a new webhook of the partner's."""
        given = {"name": "Warehouse", "url": url, "eventTriggers": ["product.updated"], **input}
        made = (await self.gateway(CREATE, {"input": given}, self.partner))["webhookCreate"]
        assert made["userErrors"] == []
        return made["webhook"]["id"], made["secret"]

    async def happen(self, title: str) -> int:
        """The product is called so from now on; the event's id."""
        said = await self.gateway(EDIT, {"input": {"id": PRODUCT, "title": title}})
        assert said["productUpdate"]["userErrors"] == []
        await number_events(self.gateway.database)
        async with self.gateway.database.read() as connection:
            found = select(col(EventRow.id)).where(col(EventRow.name) == "product.updated")
            return int((await connection.execute(found.order_by(col(EventRow.id).desc()).limit(1))).scalar_one())

    def claimed(self, webhook: str, event: int, delivery: int = 1) -> Claimed:
        key = identity.decode(webhook).key
        return Claimed(delivery, event, 1, key, f"{delivery:032x}", 1, 0, datetime.now(UTC))

    async def deliver(self, webhook: str, event: int) -> Outcome:
        """One attempt, as a worker makes it."""
        claimed = self.claimed(webhook, event)
        prepared = (await self.sender.prepare([claimed]))[claimed.delivery_id]
        return prepared if isinstance(prepared, Outcome) else await self.sender.send(claimed, prepared)

    async def change_token(self, **values: Any) -> None:
        await self._change(update(table(TokenRow)).where(col(TokenRow.id) == PARTNER).values(values))

    async def change_feeds(self, values: Mapping[str, Any]) -> None:
        await self._change(update(table(FeedRow)).values(values))

    async def _change(self, statement: Any) -> None:
        async with self.gateway.database.write() as connection:
            await connection.execute(statement)
            await connection.commit()

    async def held(self, webhook: str) -> str | None:
        """Why nothing is sent."""
        document = "query ($id: ID!) { webhook(by: {id: $id}) { target { disabled } } }"
        asked = await self.gateway(document, {"id": webhook})
        reason: str | None = asked["webhook"]["target"]["disabled"]
        return reason


@asynccontextmanager
async def subscribing(gateway: Gateway) -> AsyncIterator[Subscriber]:
    async with Outbound(LOOPBACK) as outbound:
        gateway.outbound = outbound
        gateway.units = gateway.made_units()
        await factories.store_rows(
            gateway,
            [
                factories.store(),
                factories.product(1, title="Linen shirt", slug="linen-shirt"),
                factories.variant(1, 1, sku="SHIRT"),
                factories.token(PARTNER, permissions=sorted(PERMISSIONS)),
            ],
        )
        partner = Viewer(f"token:{PARTNER}", "partner", PERMISSIONS, ViewerKind.TOKEN)
        yield Subscriber(gateway, Webhooks(gateway.units, outbound, gateway.making), partner)
