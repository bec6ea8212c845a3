"""ActiveCampaign's provider in front of a server that behaves as its reference says."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from connectors.providers import Asked, Rejected, Scope, Skipped, Vendor, VendorFailed
from connectors.providers.activecampaign import ActiveCampaign
from connectors.providers.activecampaign.provider import EMAIL, ActiveCampaignFeed, ActiveCampaignSettings
from tests.vendors import activecampaign as server
from tests.vendors.activecampaign import TOKEN
from tests.vendors.asking import EMAIL as ADA
from tests.vendors.asking import reached, run_of
from tests.vendors.serving import HTML, JSON

PROVIDER = ActiveCampaign()
SETTINGS = ActiveCampaignSettings(account_url="https://posters.api-us1.com", api_token=SecretStr(TOKEN))
API = "/api/3"


@asynccontextmanager
async def asked(**options: Any) -> AsyncIterator[tuple[server.ActiveCampaign, Vendor]]:
    there = server.ActiveCampaign()
    async with reached(there, PROVIDER, SETTINGS, **options) as way:
        yield there, way


def feed(**values: Any) -> ActiveCampaignFeed:
    mapped = {EMAIL: ADA, "first_name": "Ada", "last_name": "Byron", "phone": "", "1": "green"}
    return ActiveCampaignFeed.model_validate(
        {"list_id": "1", "tag_ids": ["2"], "merge_fields": mapped | values.pop("fields", {}), **values}
    )


async def test_a_key_is_verified_by_asking_with_it() -> None:
    async with asked() as (there, way):
        assert (await PROVIDER.verify(SETTINGS, way)).sentence == "Connected as ada"
        assert there.calls[0].headers["api-token"] == TOKEN
        there.fail(403, {"message": "You do not have permission"})
        with pytest.raises(VendorFailed, match="You do not have permission") as failed:
            await PROVIDER.verify(SETTINGS, way)
    assert failed.value.status == 403
    assert TOKEN not in failed.value.message


def test_where_an_account_is() -> None:
    assert PROVIDER.site(SETTINGS).base == "https://posters.api-us1.com/api/3"
    whole = ActiveCampaignSettings.model_validate({"accountUrl": "https://posters.api-us1.com/api/3/"})
    assert PROVIDER.site(whole).base == "https://posters.api-us1.com/api/3"
    for url in ("http://posters.api-us1.com", "posters", "https://posters.api-us1.com/?x"):
        with pytest.raises(ValidationError):
            ActiveCampaignSettings.model_validate({"accountUrl": url})
    with pytest.raises(Rejected):
        PROVIDER.site(ActiveCampaignSettings())


def test_what_the_account_is_held_to() -> None:
    assert PROVIDER.caps.per_second == 5
    assert PROVIDER.scopes == frozenset({Scope.GLOBAL})


async def test_options_come_to_the_last_page() -> None:
    async with asked() as (there, way):
        there.lists = {number: f"List {number}" for number in range(1, 231)}
        lists = await PROVIDER.options(Asked("lists"), SETTINGS, way)
        pages = [call.query["offset"] for call in there.calls]
        tags = await PROVIDER.options(Asked("tags", search="whole"), SETTINGS, way)
        fields = await PROVIDER.merge_fields("1", SETTINGS, way)
    assert [one.id for one in lists] == [str(number) for number in range(1, 231)]
    assert pages == ["0", "100", "200"]
    assert [(one.id, one.title) for one in tags] == [("2", "wholesale")]
    assert [(field.key, field.label) for field in fields] == [("1", "Favourite colour")]


async def test_a_run_makes_a_contact_on_a_list_with_tags() -> None:
    async with asked() as (there, way):
        for _ in range(2):
            await PROVIDER.run(run_of(feed(fields={EMAIL: " Ada@Example.com"})), SETTINGS, way)
    contact = there.contact(ADA)
    assert contact.values == {"firstName": "Ada", "lastName": "Byron", "1": "green"}
    assert (contact.lists, set(contact.tags)) == ({1: 1}, {2})
    assert len(there.of("POST", f"{API}/contactLists")) == 1
    assert len(there.of("POST", f"{API}/contactTags")) == 1


@pytest.mark.parametrize(("resubscribe", "status"), [("no", 2), ("yes", 1)])
async def test_who_has_left_the_list(resubscribe: str, status: int) -> None:
    async with asked() as (there, way):
        await PROVIDER.run(run_of(feed()), SETTINGS, way)
        there.contact(ADA).lists[1] = 2
        run = run_of(feed(resubscribe=resubscribe))
        await PROVIDER.run(run, SETTINGS, way)
    assert there.contact(ADA).lists == {1: status}
    again = there.of("POST", f"{API}/contactLists")[1:]
    assert [call.json["contactList"]["sourceid"] for call in again] == ([4] if status == 1 else [])


async def test_revoking_takes_the_tags_back() -> None:
    async with asked() as (there, way):
        await PROVIDER.run(run_of(feed()), SETTINGS, way)
        there.contact(ADA).tags[1] = 99
        for _ in range(2):
            await PROVIDER.revoke(run_of(feed(), revoke=True), SETTINGS, way)
        with pytest.raises(Skipped, match="no contact"):
            await PROVIDER.revoke(run_of(feed(fields={EMAIL: "grace@example.com"})), SETTINGS, way)
        with pytest.raises(Skipped, match="no tags"):
            await PROVIDER.revoke(run_of(feed(tag_ids=[])), SETTINGS, way)
    assert (there.contact(ADA).lists, there.contact(ADA).tags) == ({1: 1}, {1: 99})


@pytest.mark.parametrize("email", ["", "ada", "ada@example"])
async def test_without_an_address_nothing_is_asked(email: str) -> None:
    async with asked() as (there, way):
        for work in (PROVIDER.run, PROVIDER.revoke):
            with pytest.raises(Skipped, match="e-mail address"):
                await work(run_of(feed(fields={EMAIL: email})), SETTINGS, way)
    assert there.calls == []


async def test_a_dry_run_shows_all_calls_and_makes_none() -> None:
    async with asked(dry=True) as (there, way):
        await PROVIDER.run(run_of(feed()), SETTINGS, way)
        await PROVIDER.revoke(run_of(feed()), SETTINGS, way)
    assert there.calls == []
    assert [call.line.partition(API)[2].partition("?")[0] for call in way.calls] == [
        "/contact/sync",
        "/contacts/1/contactLists",
        "/contactLists",
        "/contacts/1/contactTags",
        "/contactTags",
        "/contacts",
        "/contacts/1/contactTags",
        "/contactTags/1",
    ]
    assert TOKEN not in repr(way.calls)


async def test_what_is_refused_is_said_in_its_words() -> None:
    async with asked() as (_, way):
        with pytest.raises(VendorFailed, match="The related list does not exist") as failed:
            await PROVIDER.run(run_of(feed(list_id="9")), SETTINGS, way)
    assert (failed.value.status, failed.value.retryable) == (422, False)


async def test_too_many_calls_are_made_later() -> None:
    async with asked() as (there, way):
        told = there.too_many(30)
        there.fail(told.status, told.body, headers=told.headers)
        with pytest.raises(VendorFailed, match="Too Many Requests") as failed:
            await PROVIDER.run(run_of(feed()), SETTINGS, way)
        await PROVIDER.run(run_of(feed()), SETTINGS, way)
    assert (failed.value.retryable, failed.value.retry_after) == (True, 30)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, b"<html>", HTML),
        (200, b"{}", JSON),
        (200, b'{"contact": {"id": null}}', JSON),
        (200, b'{"contact": [1]}', JSON),
        (422, b'{"errors": [7, {"title": 1}]}', JSON),
        (404, b"", HTML),
    ],
)
async def test_odd_answers_are_failures_and_not_tried_again(status: int, body: bytes, kind: str) -> None:
    async with asked() as (there, way):
        there.fail(status, body, kind=kind)
        with pytest.raises(VendorFailed) as failed:
            await PROVIDER.run(run_of(feed()), SETTINGS, way)
    assert (failed.value.status, failed.value.retryable) == (status, False)
