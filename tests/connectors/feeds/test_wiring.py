"""As `storegraph serve` and `storegraph worker` put it together of their settings (both take `opened_ports` and
`assembly.worker`): a provider that takes settings runs with those that are stored, encrypted, and with another key once
that is saved."""

from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from connectors.providers.access import Providers
from db.access.viewer import Viewer, ViewerKind
from db.secrets.encrypted import unlock
from db.store.database import Database
from server.graphql.executor import executor as made_executor
from server.ports import opened_ports
from server.settings.settings import Settings, describe
from server.work import assembly
from server.work.worker import Nobody
from tests import factories
from tests.connectors.feeds.market import FEEDS, SETTINGS, Market
from tests.connectors.feeds.selling import PERMISSIONS, SAVER
from tests.gateway import KEYRING, Gateway
from tests.vendors.mailchimp import Mailchimp
from tests.work.shop import settled

OTHER_KEY = "fedcba9876543210fedcba9876543210-us21"


async def test_a_member_arrives(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for setting in describe():
        monkeypatch.delenv(setting.variable, raising=False)
    there, made = Mailchimp(), Providers.__init__

    def led(self: Providers, registry: Any, sends: Any, limits: Any) -> None:
        made(self, registry, there.redirected(sends), limits)

    monkeypatch.setattr(Providers, "__init__", led)
    database = Database.open(database_url, pool_size=5)
    unlock(database, lambda: KEYRING)
    settings = Settings(database_url=database_url, outbound_networks=(ip_network("127.0.0.0/8"),))
    executor = made_executor(settings)
    async with there.serving(), opened_ports(settings, database, executor) as ports:
        gateway = Gateway(database, tmp_path)
        gateway.executor, gateway.units = executor, ports.units
        people = [factories.customer(number, email=f"reader-{number}@example.com") for number in (1, 2)]
        orders = [factories.order(number, customer_id=number) for number in (1, 2)]
        await factories.store_rows(
            gateway, [factories.store(), factories.token(SAVER, permissions=sorted(PERMISSIONS)), *people, *orders]
        )
        worker = assembly.worker(settings, database, ports.units, Nobody())
        ports.units.committed = worker.wake
        saver = Viewer(f"token:{SAVER}", "saver", PERMISSIONS, ViewerKind.TOKEN)
        market = Market(gateway, saver, {"mailchimp": there}, ())
        await market.set("mailchimp", SETTINGS["mailchimp"])
        await market.feed("mailchimp", FEEDS["mailchimp"])
        async with worker.going_on():
            await market.paid([1])
            await settled(database, 2)
            there.key = OTHER_KEY
            await market.set("mailchimp", {"apiKey": OTHER_KEY})
            await market.paid([2])
            await settled(database, 4)
    await database.close()
    members = there.newsletter.members.values()
    assert [(one.email, one.tags) for one in members] == [(f"reader-{n}@example.com", ["buyer"]) for n in (1, 2)]
    assert {call.path for call in there.calls if call.method == "PUT"}
    assert all(call.credential for call in there.calls)
