"""What a vendor lets through with one credential, by what the vendors have seen: so many calls at once over all feeds
and whoever fills in a form, so many a second, and of another credential as many again."""

import asyncio
from typing import Any, Final

import pytest
from sqlalchemy import func, select

from connectors.providers.mailchimp import Mailchimp
from db.store.row import table
from db.work.clearing import clear
from db.work.functions import milliseconds
from db.work.seat import SEAT
from db.work.target import CredentialRow, TargetRow
from server.startup import furnish
from tests.connectors.feeds.market import FEEDS, SETTINGS, Market, trading
from tests.gateway import Gateway
from tests.vendors import mailchimp
from tests.vendors.serving import Vendor, soon
from tests.work.shop import settled

CREDENTIAL: Final = table(CredentialRow)
TARGET: Final = table(TargetRow)
CAP: Final = Mailchimp.caps.at_once
OTHER_KEY: Final = "fedcba9876543210fedcba9876543210-us21"
LISTS: Final = '{ integrationDynamicOptions(optionKey: "lists", provider: "mailchimp") { id } }'
FIELDS: Final = '{ integrationFeedLists(provider: "mailchimp", listId: "a1b2c3d4e5") { mergeFields { key } } }'
SET: Final = """
mutation Set($key: String!, $settings: JSON!) {
  integrationSettingsUpdate(input: { key: $key, settings: $settings }) { userErrors { code message field } }
}"""


class Accounts(mailchimp.Mailchimp):
    """Two accounts at one vendor, each with a key."""

    def refused(self, call: Any) -> Any:
        given = call.bearer or (call.basic[1] if call.basic else None)
        return None if given == OTHER_KEY else super().refused(call)


class Second(Mailchimp):
    """Another provider of the same vendor: a store has one credential of each."""

    key = "mailchimp_two"


async def most_once_held(market: Market, vendor: Vendor, *credentials: int) -> list[int]:
    """How many calls of each credential are under way when all that can be are."""
    await soon(lambda: sorted(vendor.now_by.values(), reverse=True)[: len(credentials)] == list(credentials))
    return sorted((count for count in vendor.most_by.values() if count > 1), reverse=True)


async def of_targets(market: Market) -> dict[str | None, int]:
    counted = select(TARGET.c.credential, func.count()).where(TARGET.c.kind == "feed").group_by(TARGET.c.credential)
    async with market.gateway.database.read() as connection:
        return {row[0]: row[1] for row in await connection.execute(counted)}


async def seats(market: Market) -> int:
    async with market.gateway.database.read() as connection:
        found: int = (await connection.execute(select(func.count()).select_from(SEAT))).scalar_one()
    return found


async def test_one_credential_is_shared_by_feeds_and_forms_and_two_are_not(gateway: Gateway) -> None:
    there = Accounts()
    async with trading(gateway, 20, Second(), vendors={"mailchimp": there}) as market:
        await market.set("mailchimp", SETTINGS["mailchimp"])
        await market.set("mailchimp_two", {"apiKey": OTHER_KEY})
        for key in ("mailchimp", "mailchimp", "mailchimp_two"):
            await market.feed(key, FEEDS["mailchimp"])
        assert sorted((await of_targets(market)).values()) == [1, 2]
        await market.paid(range(1, 21))
        there.hold()
        async with market.working():
            assert await most_once_held(market, there, CAP, CAP) == [CAP, CAP]
            forms = [asyncio.create_task(gateway(document)) for document in (LISTS, FIELDS)]
            while await seats(market) < 2:
                assert there.at_once == 2 * CAP
                await asyncio.sleep(0)
            there.release()
            await settled(gateway.database, 20 * 4)
            options, fields = await asyncio.gather(*forms)
        assert [one["id"] for one in options["integrationDynamicOptions"]] == ["a1b2c3d4e5"]
        assert "FNAME" in str(fields)
        assert set(there.most_by.values()) == {CAP}
        assert there.crowds == 0
        assert await seats(market) == 0
        assert len(there.newsletter.members) == 20


async def test_another_key_is_held_to_caps_of_its_own(gateway: Gateway) -> None:
    there = Accounts()
    async with trading(gateway, 20, vendors={"mailchimp": there}) as market:
        await market.set("mailchimp", SETTINGS["mailchimp"])
        await market.feed("mailchimp", FEEDS["mailchimp"])
        (before,) = await of_targets(market)
        # The same key once more is the same account.
        said = await gateway(SET, {"key": "mailchimp", "settings": {"apiKey": mailchimp.KEY}})
        assert said["integrationSettingsUpdate"]["userErrors"] == []
        assert set(await of_targets(market)) == {before}
        await market.paid(range(1, 21))
        there.hold()
        async with market.working():
            await most_once_held(market, there, CAP)
            saving = asyncio.create_task(gateway(SET, {"key": "mailchimp", "settings": {"apiKey": OTHER_KEY}}))
            # The other key is verified although the first has all of its calls under way.
            await soon(lambda: there.at_once == CAP + 1)
            there.release()
            assert (await saving)["integrationSettingsUpdate"]["userErrors"] == []
            await settled(gateway.database, 40)
        (after,) = await of_targets(market)
        assert after != before
        assert max(there.most_by.values()) == CAP
        assert len(there.newsletter.members) == 20
        assert mailchimp.KEY not in f"{before} {after}"
        # What nothing goes out by any more is not kept for ever.
        async with gateway.database.write() as connection:
            await connection.execute(CREDENTIAL.update().values(free_at=milliseconds() - 3_600_000))
            await clear(connection)
            assert list((await connection.execute(select(CREDENTIAL.c.name))).scalars()) == [after]
            await connection.commit()


async def test_a_start_brings_the_caps_of_feeds_in_line(gateway: Gateway) -> None:
    """With a version whose provider is held to something else, and with settings that an import has written."""
    async with trading(gateway, 1) as market:
        await market.set("mailchimp", SETTINGS["mailchimp"])
        await market.feed("mailchimp", FEEDS["mailchimp"])
        (right,) = await of_targets(market)
        async with gateway.database.write() as connection:
            await connection.execute(CREDENTIAL.insert().values(name="mailchimp", cap=1, free_at=0))
            await connection.execute(
                TARGET.update().where(TARGET.c.kind == "feed").values(credential="mailchimp", cap=1)
            )
            await connection.commit()
        await furnish(gateway.database, gateway.registry)
        await furnish(gateway.database, gateway.registry)
        assert set(await of_targets(market)) == {right}
        async with gateway.database.read() as connection:
            caps = select(TARGET.c.cap, CREDENTIAL.c.cap).join_from(TARGET, CREDENTIAL).where(TARGET.c.kind == "feed")
            assert (await connection.execute(caps)).all() == [(CAP, CAP)]


async def test_a_form_does_not_wait_for_ever(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.providers.limits._LOOKS", 2)
    there = Accounts()
    async with trading(gateway, 20, vendors={"mailchimp": there}) as market:
        await market.set("mailchimp", SETTINGS["mailchimp"])
        await market.feed("mailchimp", FEEDS["mailchimp"])
        await market.paid(range(1, 21))
        there.hold()
        async with market.working():
            await most_once_held(market, there, CAP)
            (error,) = (await gateway.answer(LISTS)).body["errors"]
            there.release()
            await settled(gateway.database, 40)
    assert error["extensions"]["code"] == "PROVIDER_ERROR"
    assert error["extensions"]["retryable"] is True
    assert error["message"] == f"Mailchimp is busy: all {CAP} calls that may be made at once are taken"
    assert await seats(market) == 0


async def test_each_call_takes_its_turn_where_a_vendor_bounds_those_of_a_second(gateway: Gateway) -> None:
    """Runs of several calls, a verification and a form: all of them are in the one account of the credential."""
    async with trading(gateway, 4) as market:
        async with gateway.database.read() as connection:
            began: int = (await connection.execute(select(milliseconds()))).scalar_one()
        there = market.vendors["activecampaign"]
        await market.set("activecampaign", SETTINGS["activecampaign"])
        await market.feed("activecampaign", FEEDS["activecampaign"])
        await market.paid(range(1, 5))
        async with market.working():
            await gateway('{ integrationDynamicOptions(optionKey: "tags", provider: "activecampaign") { id } }')
            await settled(gateway.database, 8)
        async with gateway.database.read() as connection:
            free_at = (await connection.execute(select(CREDENTIAL.c.free_at))).scalars().all()
    assert len(there.calls) >= 4 * 3 + 2
    assert max(free_at) >= began + 200 * len(there.calls)
    assert there.most_by.total() <= 5
