"""docs/feeds.md: every document on the page, in its order, on a store of its own."""

import re
from pathlib import Path
from typing import Any, Final

import orjson

from connectors.connected_stores.asking import Stores
from connectors.delivery.sender import Sender
from connectors.feeds.account import StoredAccounts
from connectors.feeds.matching import Matching
from connectors.feeds.sender import Feeds
from connectors.inbound.taking import Taking
from connectors.outbound.client import Outbound
from connectors.providers.access import Providers
from connectors.providers.limits import Limits
from db.access.viewer import Viewer, ViewerKind
from engine.values import identity
from server.work.worker import Worker
from tests import factories
from tests.connectors.feeds.selling import PERMISSIONS, SAVER
from tests.connectors.fluentcart_store import Exchanges, in_process
from tests.connectors.test_inbound import GUID, Job, connect, the_order
from tests.gateway import Gateway
from tests.resolvers.test_providers import furnish
from tests.vendors.mailchimp import KEY, Mailchimp
from tests.vendors.serving import LOOPBACK
from tests.work.shop import PACE, QUICK, settled

PAGE: Final = (Path(__file__).parents[3] / "docs" / "feeds.md").read_text()
DOCUMENTS: Final = {
    text.split()[1]: text for text in re.findall(r"^```graphql\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
}


async def test_a_shop_comes_from_a_key_to_a_member(gateway: Gateway, sold: Exchanges, tmp_path: Path) -> None:
    async with Mailchimp().serving() as mailchimp, Outbound(LOOPBACK) as outbound:
        gateway.providers = Providers(gateway.registry, mailchimp.redirected(outbound), Limits(gateway.database))
        gateway.units = gateway.made_units()
        await furnish(gateway, gateway.registry)
        await factories.store_rows(gateway, [factories.token(SAVER, permissions=sorted(PERMISSIONS))])
        await connect(gateway.database)
        product = 4  # the mug
        mug = sold[f"/products/{product}/pricing", "1"]["response"]["product"]
        the_order(sold)["order_items"][0] |= {"post_id": product, "object_id": mug["variants"][0]["id"]}
        shop = in_process(sold, tmp_path)

        async def comes(kind: str, number: int) -> None:
            job = Job({"connection": GUID, "kind": kind, "id": number, "topic": f"{kind}.updated"})
            await Taking(gateway.units, Stores(shop))(job)

        saver = Viewer(f"token:{SAVER}", "saver", PERMISSIONS, ViewerKind.TOKEN)
        documents = dict(DOCUMENTS)
        places = {"YOUR-KEY-us21": KEY, "LIST": mailchimp.newsletter.id}

        async def asked(name: str) -> dict[str, Any]:
            document = documents.pop(name)
            for placeholder, value in places.items():
                document = document.replace(placeholder, value)
            answer = await gateway(document, {}, saver)
            assert all(not told["userErrors"] for told in answer.values() if "userErrors" in (told or ())), answer
            return answer

        await comes("product", product)
        places["PRODUCT"] = identity.encode("Product", product)
        settings = (await asked("Set"))["integrationSettingsUpdate"]["settings"]
        assert (settings["valid"], settings["provider"]) == (True, {"enabled": True})
        form = await asked("Form")
        assert {"list_id", "merge_fields", "event_trigger"} <= set(form["productIntegrationSettings"]["settings"])
        assert mailchimp.newsletter.id in [one["id"] for one in form["integrationDynamicOptions"]]
        places["FEED"] = (await asked("Save"))["productIntegrationSave"]["feed"]["id"]
        before = len(mailchimp.calls)
        dry = documents["Try"]
        await asked("Try")  # of a store without orders
        await comes("order", 1)
        documents["Try"] = dry
        tested = (await asked("Try"))["integrationFeedTest"]
        assert (tested["problem"], tested["order"], len(mailchimp.calls)) == (None, {"databaseId": 1}, before)
        assert [call["method"] for call in tested["calls"]][-2:] == ["PUT", "POST"]
        assert KEY not in str(tested)

        accounts = StoredAccounts(gateway.units, gateway.providers)
        senders: list[Sender] = [
            Matching(gateway.database, gateway.registry),
            Feeds(gateway.units, gateway.registry, gateway.runs, accounts),
        ]
        worker = Worker(gateway.database, senders, policy=QUICK, pace=PACE)
        async with worker.going_on():
            await settled(gateway.database, 2)
        (run,) = (await asked("Log"))["integrationFeedRuns"]["nodes"]
        assert (run["state"], run["feed"], run["order"]) == ("DELIVERED", {"name": "Buyers"}, {"databaseId": 1})
        assert run["event"] == {"name": "order.paid", "cause": f"inbound:{GUID}/1"}
        (member,) = mailchimp.newsletter.members.values()
        assert (member.tags, KEY in str(run), orjson.dumps(run).count(b"@")) == (["buyer"], False, 0)
        assert documents == {}
