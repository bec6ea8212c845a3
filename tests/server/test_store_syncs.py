"""A walk through a shop, from the mutation that connects it to the rows, by a server and its worker."""

import time
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr
from sqlalchemy import select, update

from connectors.connected_stores import CATALOGUE
from connectors.connected_stores.rounds import ORDERS_SECONDS, PRODUCTS_SECONDS
from db.catalog.product import ProductRow
from db.commerce.order import OrderRow
from db.commerce.store import StoreRow
from db.integration.connected_store import ConnectedStoreRow
from db.store.row import table
from db.work.job import JobRow, PeriodicRow
from server.settings.settings import Settings
from tests.server.running import SECONDS, issued, running
from tests.server.test_inbound import KEY, asked
from tests.vendors.woocommerce import KEY as CONSUMER
from tests.vendors.woocommerce import SECRET, WooCommerce, order, product

CONNECT = """mutation Connect($shop: ProviderConfigureInput!) {
  providerConfigure(input: $shop) { connection { id } userErrors { message field } }
}"""
SYNC = """mutation Sync($input: ProviderSyncInput!) { providerSync(input: $input) { userErrors { code message } } }"""
SYNCS = """{ providerConnections {
  syncs { kind running done total error endedAt report { counts { entity imported } } }
} }"""


def ended(client: Any, headers: dict[str, str], kind: str) -> dict[str, Any]:
    """The walk of this kind, once it is over."""
    end = time.monotonic() + SECONDS
    found: dict[str, Any] = {}
    while time.monotonic() < end:
        (store,) = client.post("/graphql", json={"query": SYNCS}, headers=headers).json()["data"]["providerConnections"]
        found = next((one for one in store["syncs"] if one["kind"] == kind), {})
        if found.get("endedAt") is not None:
            return found
        time.sleep(0.02)
    raise AssertionError(found)


def connected(client: httpx2.Client, headers: dict[str, str], shop: WooCommerce, **settings: bool) -> dict[str, Any]:
    """The shop's connection is made; what the mutation answers."""
    given = {
        "providerId": CATALOGUE["woocommerce"].guid,
        "credentials": {"apiKey": CONSUMER, "apiSecret": SECRET, "storeUrl": shop.url},
        "settings": settings,
    }
    asking = {"query": CONNECT, "variables": {"shop": given}}
    made: dict[str, Any] = client.post("/graphql", json=asking, headers=headers).json()["data"]["providerConfigure"]
    assert made["userErrors"] == []
    return made


def test_products_and_orders_of_a_shop_come_by_themselves(database_url: str, tmp_path: Path) -> None:
    settings = Settings(
        database_url=database_url,
        data_folder=tmp_path,
        secret_keys=(SecretStr(KEY),),
        outbound_networks=(ip_network("127.0.0.0/8"),),
    )
    shop = WooCommerce()
    shop.products |= {one: product(one) for one in range(1, 46)}
    shop.orders |= {1: order(1, customer_id=0, date_modified_gmt="2126-01-01T00:00:00")}
    asked(database_url, update(table(StoreRow)).values(currency="EUR"))
    with shop.in_thread(), running(settings) as client:
        headers = {"Authorization": f"Bearer {issued(database_url, 'integrations/view', 'integrations/manage')}"}
        made = connected(client, headers, shop, syncProducts=True)
        walk = ended(client, headers, "PRODUCTS")
        assert (walk["done"], walk["total"], walk["running"], walk["error"]) == (45, 45, False, None)
        assert {"entity": "products", "imported": 45} in walk["report"]["counts"]
        assert len(asked(database_url, select(table(ProductRow)))) == 45

        asking = {"query": SYNC, "variables": {"input": {"id": made["connection"]["id"], "kind": "ORDERS"}}}
        assert client.post("/graphql", json=asking, headers=headers).json()["data"]["providerSync"]["userErrors"] == []
        assert ended(client, headers, "ORDERS")["done"] == 1
        assert len(asked(database_url, select(table(OrderRow)))) == 1
        jobs = asked(database_url, select(table(JobRow)))
        assert [(one.kind, one.state, one.attempts) for one in jobs] == [("store sync", "done", 1)] * 2
        rounds = {one.name: one.every for one in asked(database_url, select(table(PeriodicRow)))}
        assert rounds["orders of shops"] == ORDERS_SECONDS * 1000
        assert rounds["products of shops"] == PRODUCTS_SECONDS * 1000


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_round_finds_a_shop_whose_calls_were_lost(database_url: str, tmp_path: Path) -> None:
    """Nothing but the setting, and the first round of a server that starts."""
    settings = Settings(
        database_url=database_url,
        data_folder=tmp_path,
        secret_keys=(SecretStr(KEY),),
        outbound_networks=(ip_network("127.0.0.0/8"),),
    )
    shop = WooCommerce()
    shop.orders |= {1: order(1, customer_id=0, date_modified_gmt="2126-01-01T00:00:00")}
    with shop.in_thread():
        headers: dict[str, str] = {}
        with running(settings.model_copy(update={"work": False})) as client:
            headers = {"Authorization": f"Bearer {issued(database_url, 'integrations/view', 'integrations/manage')}"}
            connected(client, headers, shop, autoImportOrders=True)
        assert asked(database_url, select(table(ConnectedStoreRow)))
        with running(settings) as client:
            assert ended(client, headers, "ORDERS")["done"] == 1
        assert len(asked(database_url, select(table(OrderRow)))) == 1
