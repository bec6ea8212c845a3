"""A store whose feeds reach every bundled vendor that has any, each of them on loopback, with a worker in between."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select

from connectors.feeds.account import StoredAccounts
from connectors.feeds.matching import Matching
from connectors.feeds.runs import Runs
from connectors.feeds.sender import Feeds
from connectors.outbound.client import Outbound
from connectors.providers.access import Providers
from connectors.providers.activecampaign import ActiveCampaign
from connectors.providers.fluent_community import FluentCommunity
from connectors.providers.fluentcrm import FluentCrm
from connectors.providers.limits import Limits
from connectors.providers.mailchimp import Mailchimp
from connectors.providers.registry import AnyProvider, Registry
from connectors.providers.wp_user import WordPressUser
from db.access.viewer import SYSTEM, Viewer, ViewerKind
from db.commerce.events import ORDER_PAID
from db.commerce.order import OrderRow
from db.store.row import table
from engine.unit.unit import Cause
from server.work.worker import Worker
from tests import factories
from tests.connectors.feeds.selling import PERMISSIONS, SAVE, SAVER
from tests.gateway import Gateway
from tests.patience import PATIENCE
from tests.resolvers.test_providers import furnish
from tests.vendors import activecampaign, fluent_community, fluentcrm, mailchimp, wordpress
from tests.vendors.serving import LOOPBACK, Vendor
from tests.work.shop import PACE, QUICK, settled

SET: Final = """
mutation Set($key: String!, $settings: JSON!) {
  integrationAddonInstall(input: { addonKey: $key }) { provider { key } userErrors { code message field } }
  integrationSettingsUpdate(input: { key: $key, settings: $settings }) {
    settings { valid provider { enabled } }
    userErrors { code message field }
  }
}"""
ORDERS: Final = table(OrderRow)
CUSTOMER: Final = "{{order.customer.email}}"
# What each provider is set to, and what its feed says.
WORDPRESS: Final = {"username": wordpress.USER, "applicationPassword": wordpress.PASSWORD}
SETTINGS: Final[Mapping[str, dict[str, Any]]] = {
    "mailchimp": {"apiKey": mailchimp.KEY},
    "fluentcrm": {"siteUrl": fluentcrm.FluentCrm.public, **WORDPRESS},
    "fluent_community": {"siteUrl": fluent_community.FluentCommunity.public, **WORDPRESS},
    "wp_user": {"siteUrl": wordpress.WordPress.public, **WORDPRESS},
    "activecampaign": {"accountUrl": activecampaign.ActiveCampaign.public, "apiToken": activecampaign.TOKEN},
}
FEEDS: Final[Mapping[str, dict[str, Any]]] = {
    "mailchimp": {"list_id": "a1b2c3d4e5", "merge_fields": {"fieldEmailAddress": CUSTOMER}, "tags": ["buyer"]},
    "fluentcrm": {"list_ids": ["1"], "tag_ids": ["2"], "double_opt_in": False},
    "fluent_community": {"space_ids": ["11"]},
    "wp_user": {"roles": ["customer"]},
    "activecampaign": {"list_id": "1", "merge_fields": {"fieldEmailAddress": CUSTOMER}},
}


@dataclass
class Market:
    gateway: Gateway
    saver: Viewer
    vendors: Mapping[str, Vendor]
    senders: Sequence[Any]

    async def set(self, key: str, settings: Mapping[str, Any]) -> None:
        said = await self.gateway(SET, {"key": key, "settings": settings})
        assert said["integrationAddonInstall"]["userErrors"] == []
        assert said["integrationSettingsUpdate"]["userErrors"] == []
        assert said["integrationSettingsUpdate"]["settings"] == {"valid": True, "provider": {"enabled": True}}

    async def feed(self, key: str, settings: Mapping[str, Any]) -> str:
        given = {"provider": key, "name": key, "eventTriggers": ["order_paid_done"], "settings": settings}
        said = (await self.gateway(SAVE, {"input": given}, self.saver))["integrationFeedSave"]
        assert said["userErrors"] == []
        made: str = said["feed"]["id"]
        return made

    async def paid(self, orders: Sequence[int]) -> None:
        async with self.gateway.database.read() as connection:
            found = select(ORDERS).where(ORDERS.c.id.in_(orders)).order_by(ORDERS.c.id)
            rows = (await connection.execute(found)).mappings().all()
        async with self.gateway.units.unit(SYSTEM, cause=Cause("request:paid")) as unit:
            for row in rows:
                unit.emit(ORDER_PAID({**row, "transaction_id": None, "subscription_id": None}))
            await unit.commit("test", None, None, audited=False)

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        async with Worker(self.gateway.database, self.senders, policy=QUICK, pace=PACE).going_on():
            yield

    async def work(self, deliveries: int, seconds: float = PATIENCE) -> None:
        async with self.working():
            await settled(self.gateway.database, deliveries, seconds)


@asynccontextmanager
async def trading(
    gateway: Gateway, orders: int, *more: AnyProvider, vendors: Mapping[str, Vendor] | None = None
) -> AsyncIterator[Market]:
    """Orders from 1 on, each of a customer of its own. `more` are providers beside the bundled ones, `vendors` those in
    place of others."""
    there: dict[str, Vendor] = {
        "mailchimp": mailchimp.Mailchimp(),
        "fluentcrm": fluentcrm.FluentCrm(),
        "fluent_community": fluent_community.FluentCommunity(),
        "wp_user": wordpress.WordPress(),
        "activecampaign": activecampaign.ActiveCampaign(),
    }
    there |= vendors or {}
    registry = Registry([Mailchimp(), FluentCrm(), FluentCommunity(), WordPressUser(), ActiveCampaign(), *more])
    async with AsyncExitStack() as stack:
        sends: Any = await stack.enter_async_context(Outbound(LOOPBACK))
        gateway.outbound = sends
        for vendor in there.values():
            await stack.enter_async_context(vendor.serving())
            sends = vendor.redirected(sends)
        gateway.registry, gateway.providers = registry, Providers(registry, sends, Limits(gateway.database))
        gateway.units = gateway.made_units()
        await furnish(gateway, registry)
        rows = [factories.store(), factories.token(SAVER, permissions=sorted(PERMISSIONS))]
        for number in range(1, orders + 1):
            rows.append(factories.customer(number, email=f"reader-{number}@example.com", first_name="Ada"))
            rows.append(factories.order(number, customer_id=number))
        await factories.store_rows(gateway, rows)
        saver = Viewer(f"token:{SAVER}", "saver", PERMISSIONS, ViewerKind.TOKEN)
        accounts = StoredAccounts(gateway.units, gateway.providers)
        runs = Runs(gateway.database, gateway.links)
        senders = (Matching(gateway.database, registry), Feeds(gateway.units, registry, runs, accounts))
        yield Market(gateway, saver, there, senders)
