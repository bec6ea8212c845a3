"""The route that connected shops tell at, over real HTTP."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any

import httpx2
import orjson
import pytest
from pydantic import SecretStr
from sqlalchemy import insert, select, update

from connectors.connected_stores import CATALOGUE
from connectors.connected_stores.declared import Credentials
from connectors.connected_stores.keeping import kept
from connectors.inbound.receiving import INBOUND
from db.integration.connected_store import ConnectedStoreRow, ConnectionState
from db.secrets.encrypted import Keyring, Secret, unlock
from db.store.database import Database
from db.store.outbox import EventRow
from db.store.row import table
from db.work.delivery import DeliveryRow
from db.work.job import JobRow, JobState
from server.settings.limits import RateProfile
from server.settings.settings import Settings
from tests import factories
from tests.connectors.fluentcart_store import PASSWORD, USER, few, loopback
from tests.connectors.test_inbound_schemes import ORDER, SECRET, cart
from tests.server.running import SECONDS, issued, running

GUID = "0b9f6f1c-2a8e-4a53-a8b8-f7d3c9e01a77"
PATH = f"/inbound/{GUID}"
KEY = "b3Blbi1zZXNhbWUtb3Blbi1zZXNhbWUtb3Blbi1zZXM="
SHOP = table(ConnectedStoreRow)
JOB = table(JobRow)


def asked(url: str, *statements: Any) -> list[Any]:
    """The rows of the last statement."""

    async def work() -> list[Any]:
        database = Database.open(url)
        unlock(database, lambda: Keyring([KEY]))
        found: list[Any] = []
        async with database.write() as connection:
            for statement in statements:
                result = await connection.execute(statement)
                found = list(result.all()) if result.returns_rows else []
            await connection.commit()
        await database.close()
        return found

    return asyncio.run(work())


@pytest.fixture
def server(database_url: str, tmp_path: Path) -> Iterator[httpx2.Client]:
    secrets = {"credentials": kept(Credentials("a", "b", "")), "inbound_secret": Secret(SECRET)}
    row = factories.connected_store(GUID, auto_import_orders=True, **secrets)
    asked(database_url, insert(SHOP).values(row.model_dump()))
    settings = Settings(
        database_url=database_url,
        data_folder=tmp_path,
        secret_keys=(SecretStr(KEY),),
        work=False,
        rates=RateProfile.DOCUMENTED,
        inbound_hourly=4,
        inbound_body_bytes=2048,
    )
    with running(settings) as client:
        yield client


def tell(server: httpx2.Client, path: str = PATH, *, document: Any = ORDER, **changed: str) -> httpx2.Response:
    call = cart(document)
    return server.post(path, content=call.body, headers={**call.headers, **changed})


def test_a_shop_tells(server: httpx2.Client, database_url: str) -> None:
    first, again = tell(server), tell(server)
    assert (first.status_code, first.json()) == (202, {"status": "accepted"})
    assert (again.status_code, again.json()) == (200, {"status": "repeated"})
    ignored = tell(server, document={"event": "license.renewed"}, **{"x-fluentcart-event": "license.renewed"})
    assert (ignored.status_code, ignored.json()) == (200, {"status": "ignored"})
    assert [row.kind for row in asked(database_url, select(table(JobRow)))] == ["inbound"]

    for refused, status, code in (
        (server.get(PATH), 405, "BAD_REQUEST"),
        (tell(server, "/inbound/nothing"), 404, "NOT_FOUND"),
        (tell(server, f"/inbound/{'a' * 500}"), 404, "NOT_FOUND"),
        (tell(server, **{"x-fluentcart-signature": "00"}), 401, "UNAUTHENTICATED"),
        (tell(server, document={"order": "x" * 4096}), 413, "BAD_REQUEST"),
        (tell(server, document={"order": {}}), 400, "BAD_REQUEST"),
        (tell(server, **{"content-encoding": "gzip"}), 415, "BAD_REQUEST"),
    ):
        assert (refused.status_code, refused.json()["errors"][0]["extensions"]["code"]) == (status, code)
        assert SECRET not in refused.text

    asked(database_url, update(SHOP).values(state=ConnectionState.DISABLED))
    resting = tell(server)
    assert (resting.status_code, resting.headers["retry-after"]) == (503, "3600")
    assert tell(server, **{"x-fluentcart-signature": "00"}).status_code == 401  # a stranger does not learn it
    asked(database_url, update(SHOP).values(state=ConnectionState.ACTIVE))
    assert tell(server).status_code == 200  # the fourth of this hour
    spent = tell(server)
    assert (spent.status_code, spent.json()["errors"][0]["extensions"]["code"]) == (429, "RATE_LIMITED")
    assert len(asked(database_url, select(table(JobRow)))) == 1


SET_UP = """mutation SetUp($shop: ProviderConfigureInput!, $webhook: WebhookCreateInput!) {
  providerConfigure(input: $shop) { connection { inboundPath } inboundSecret userErrors { message field } }
  webhookCreate(input: $webhook) { userErrors { message field } }
}"""


@contextmanager
def partner() -> Iterator[tuple[str, "SimpleQueue[bytes]"]]:
    """Who hears of orders: the address, and the bodies that came."""
    came: SimpleQueue[bytes] = SimpleQueue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            came.put(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        thread = Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.server_port}/orders", came
        finally:
            listening.shutdown()
            thread.join()


def jobs_are_done(url: str, count: int) -> None:
    end = time.monotonic() + SECONDS
    states: list[JobState] = []
    while time.monotonic() < end:
        # Beside those of rounds.
        states = [row.state for row in asked(url, select(JOB).where(JOB.c.kind == INBOUND))]
        if states == [JobState.DONE] * count:
            return
        time.sleep(0.02)
    raise AssertionError(states)


def test_an_order_that_a_shop_tells_of_is_read_there_and_told_to_partners_once(
    database_url: str, tmp_path: Path
) -> None:
    """From the shop's call to the partner's, with nothing in between but this server and its worker."""
    settings = Settings(
        database_url=database_url,
        data_folder=tmp_path,
        secret_keys=(SecretStr(KEY),),
        outbound_networks=(ip_network("127.0.0.0/8"),),
    )
    with loopback(few(1)) as shop, partner() as (address, came), running(settings) as client:
        token = issued(database_url, "integrations/view", "integrations/manage", "orders/view", "customers/view")
        given = {
            "shop": {
                "providerId": CATALOGUE["fluentcart"].guid,
                "credentials": {"apiKey": USER, "apiSecret": PASSWORD, "storeUrl": shop.url},
                "settings": {"autoImportOrders": True},
                "inboundSecret": SECRET,
            },
            "webhook": {"name": "Partner", "url": address, "eventTriggers": ["order.paid"]},
        }
        headers = {"Authorization": f"Bearer {token}"}
        made = client.post("/graphql", json={"query": SET_UP, "variables": given}, headers=headers).json()["data"]
        assert made["providerConfigure"]["userErrors"] == made["webhookCreate"]["userErrors"] == []
        path = made["providerConfigure"]["connection"]["inboundPath"]
        # The recorded orders are older than this test.
        asked(database_url, update(SHOP).values(connected_at=datetime(2020, 1, 1, tzinfo=UTC)))

        paid = {"event": "order.paid", "data": {"order": {"id": 1}}}
        assert tell(client, path, document=paid).json() == {"status": "accepted"}
        heard = orjson.loads(came.get(timeout=SECONDS))
        assert (heard["event"], heard["data"]["order"]["id"]) == ("order.paid", 1)
        jobs_are_done(database_url, 1)
        told = [(row.name, row.entity) for row in asked(database_url, select(table(EventRow)))]
        assert told.count(("order.paid", "Order:1")) == 1
        asked_for = len(shop.requests)

        assert tell(client, path, document=paid).json() == {"status": "repeated"}
        # Another call about the same order is read again, and changes nothing.
        late = paid | {"event": "payment.success"}
        assert tell(client, path, document=late, **{"x-fluentcart-event": "payment.success"}).status_code == 202
        jobs_are_done(database_url, 2)
        assert "/orders/1" in "".join(shop.requests[asked_for:])
        assert [(row.name, row.entity) for row in asked(database_url, select(table(EventRow)))] == told
        assert len(asked(database_url, select(table(DeliveryRow)))) == 1
        assert came.empty()
