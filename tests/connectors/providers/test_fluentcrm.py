"""FluentCRM's provider in front of a site that behaves as its reference and its source say."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from connectors.providers import Asked, Rejected, Skipped, Vendor, VendorFailed
from connectors.providers.fluentcrm import FluentCrm
from connectors.providers.fluentcrm.provider import FluentCrmFeed
from connectors.providers.wordpress.site import WordPressSettings
from tests.vendors import fluentcrm as server
from tests.vendors.asking import EMAIL as ADA
from tests.vendors.asking import reached, run_of
from tests.vendors.serving import HTML
from tests.vendors.wordpress import PASSWORD, USER

PROVIDER = FluentCrm()
SETTINGS = WordPressSettings(site_url="https://crm.example/", username=USER, application_password=SecretStr(PASSWORD))
API = "/wp-json/fluent-crm/v2"


@asynccontextmanager
async def asked(
    there: server.FluentCrm | None = None, **options: Any
) -> AsyncIterator[tuple[server.FluentCrm, Vendor]]:
    crm = there or server.FluentCrm()
    async with reached(crm, PROVIDER, SETTINGS, **options) as way:
        yield crm, way


def feed(**values: Any) -> FluentCrmFeed:
    return FluentCrmFeed.model_validate({"double_opt_in": "no", **values})


def full() -> FluentCrmFeed:
    """Numbers as texts and as numbers: what was imported may hold either."""
    return feed(
        list_ids=[2, "1"], tag_ids=["1"], remove_list_ids=["3"], remove_tag_ids=[3, "1"], note="Order <41> & more"
    )


async def test_the_password_is_verified_by_asking_with_it() -> None:
    async with asked() as (there, way):
        await PROVIDER.verify(SETTINGS, way)
        assert there.calls[0].basic == (USER, PASSWORD.replace(" ", ""))
        there.password = "another"
        with pytest.raises(VendorFailed, match="The provided password is an invalid application password") as failed:
            await PROVIDER.verify(SETTINGS, way)
    assert failed.value.status == 401


@pytest.mark.parametrize(
    ("url", "wrong"),
    [
        ("http://crm.example", "begins with https"),
        ("crm.example", "not whole"),
        ("https://ada:secret@crm.example", "user or a password"),
        ("https://crm.example/?a=b", "no query"),
        ("ftp://crm.example", "only http and https"),
    ],
)
def test_the_site_is_one_that_a_password_can_be_sent_to(url: str, wrong: str) -> None:
    with pytest.raises(ValidationError, match=wrong):
        WordPressSettings.model_validate({"siteUrl": url})


def test_without_a_site_there_is_nobody_to_ask() -> None:
    with pytest.raises(Rejected) as rejected:
        PROVIDER.site(WordPressSettings())
    assert rejected.value.field == "siteUrl"
    below = WordPressSettings.model_validate({"siteUrl": "https://shop.example/blog/"})
    assert PROVIDER.site(below).base == f"https://shop.example/blog{API}"


@pytest.mark.parametrize("flat", [False, True])
async def test_lists_and_tags_come_to_the_last_page_in_either_form(flat: bool) -> None:
    there = server.FluentCrm(flat=flat)
    there.lists = {number: f"List {number:04}" for number in range(1, 231)}
    async with asked(there) as (_, way):
        lists = await PROVIDER.options(Asked("lists"), SETTINGS, way)
        tags = await PROVIDER.options(Asked("tags", search="whole"), SETTINGS, way)

    assert [one.id for one in lists] == [str(number) for number in range(1, 231)]
    assert [call.query["page"] for call in there.of("GET", f"{API}/lists")] == ["1", "2", "3"]
    assert [(one.id, one.title) for one in tags] == [("2", "Wholesale")]


async def test_a_run_makes_a_contact_on_lists_with_tags_and_a_note() -> None:
    async with asked() as (there, way):
        await PROVIDER.run(run_of(full()), SETTINGS, way)

    contact = there.contact(ADA)
    assert (contact.status, contact.lists, contact.tags) == ("subscribed", {1, 2}, {1})
    assert contact.values == {
        "first_name": "Ada",
        "last_name": "Byron",
        "address_line_1": "Lindenstr. 9",
        "city": "Berlin",
        "state": "BE",
        "postal_code": "10969",
        "country": "DE",
        "phone": "+49 30 1",
        "timezone": "Europe/Berlin",
    }
    assert [(note["title"], note["description"]) for note in contact.notes] == [
        ("Order 41", "Order &lt;41&gt; &amp; more")
    ]
    assert there.paths == [
        f"POST {API}/subscribers",
        f"POST {API}/subscribers/sync-segments",
        f"POST {API}/subscribers/sync-segments",
        f"GET {API}/subscribers/1/notes",
        f"POST {API}/subscribers/1/notes",
    ]


async def test_a_second_run_changes_nothing() -> None:
    async with asked() as (there, way):
        await PROVIDER.run(run_of(full()), SETTINGS, way)
        first = repr(there.contacts)
        # The site has written the note down in its own way.
        there.contact(ADA).notes[0]["description"] = "<p>Order &lt;41&gt; &#38; more</p>"
        await PROVIDER.run(run_of(full()), SETTINGS, way)
        there.contact(ADA).notes[0]["description"] = "Order &lt;41&gt; &amp; more"
        assert repr(there.contacts) == first


@pytest.mark.parametrize(
    ("before", "double", "after", "letters"),
    [
        (None, "yes", "pending", 1),
        (None, "no", "subscribed", 0),
        ("subscribed", "yes", "subscribed", 0),
        ("unsubscribed", "yes", "pending", 1),
        ("unsubscribed", "no", "subscribed", 0),
        ("bounced", "no", "bounced", 0),
    ],
)
async def test_who_is_asked_before_they_are_subscribed(
    before: str | None, double: str, after: str, letters: int
) -> None:
    async with asked() as (there, way):
        if before is not None:
            there.add_contact(ADA, before)
        for _ in range(2):
            await PROVIDER.run(run_of(feed(double_opt_in=double)), SETTINGS, way)
            assert (there.contact(ADA).status, there.contact(ADA).letters) == (after, letters)


async def test_what_an_order_leaves_empty_is_not_sent() -> None:
    async with asked() as (there, way):
        there.add_contact(ADA, city="Paris")
        await PROVIDER.run(run_of(feed(), order={}), SETTINGS, way)
    assert there.contact(ADA).values == {"city": "Paris", "first_name": "Ada", "last_name": "Byron"}


@pytest.mark.parametrize("email", [None, "", "ada", "ada@@example.com"])
async def test_without_an_address_nothing_is_asked(email: str | None) -> None:
    async with asked() as (there, way):
        for work in (PROVIDER.run, PROVIDER.revoke):
            with pytest.raises(Skipped, match="e-mail address"):
                await work(run_of(full(), email=email), SETTINGS, way)
    assert there.calls == []


async def test_revoking_takes_lists_and_tags_back() -> None:
    async with asked() as (there, way):
        await PROVIDER.run(run_of(full()), SETTINGS, way)
        there.contact(ADA).tags.add(2)
        for _ in range(2):
            await PROVIDER.revoke(run_of(full(), revoke=True), SETTINGS, way)
        with pytest.raises(Skipped, match="no contact"):
            await PROVIDER.revoke(run_of(full(), email="grace@example.com"), SETTINGS, way)
    contact = there.contact(ADA)
    assert (contact.status, contact.lists, contact.tags) == ("subscribed", set(), {2})


async def test_a_dry_run_shows_all_calls_and_makes_none() -> None:
    async with asked(dry=True) as (there, way):
        await PROVIDER.run(run_of(full()), SETTINGS, way)
        await PROVIDER.revoke(run_of(full()), SETTINGS, way)
    assert there.calls == []
    assert [call.line.partition(API)[2].partition("?")[0] for call in way.calls] == [
        "/subscribers",
        "/subscribers/sync-segments",
        "/subscribers/sync-segments",
        "/subscribers/1/notes",
        "/subscribers/1/notes",
        "/subscribers/0",
        "/subscribers/sync-segments",
        "/subscribers/sync-segments",
    ]
    assert PASSWORD.replace(" ", "") not in repr(way.calls)


@pytest.mark.parametrize("status", [429, 500, 502])
async def test_what_passes_is_worth_another_try(status: int) -> None:
    async with asked() as (there, way):
        there.fail(status, b"<p>Critical error</p>", headers={"Retry-After": "9"}, kind=HTML)
        with pytest.raises(VendorFailed) as failed:
            await PROVIDER.run(run_of(full()), SETTINGS, way)
        await PROVIDER.run(run_of(full()), SETTINGS, way)
    assert (failed.value.retryable, failed.value.retry_after) == (True, 9)
    assert there.contact(ADA).lists == {1, 2}


@pytest.mark.parametrize(
    "body", [b"<html>", b"{}", b"[]", b'{"contact": null}', b'{"contact": {"id": "1; DROP"}}', b'{"contact": []}']
)
async def test_odd_answers_are_failures_and_not_tried_again(body: bytes) -> None:
    async with asked() as (there, way):
        there.fail(200, body)
        with pytest.raises(VendorFailed) as failed:
            await PROVIDER.run(run_of(full()), SETTINGS, way)
    assert not failed.value.retryable


async def test_what_the_crm_refuses_is_said_in_its_words() -> None:
    async with asked() as (there, way):
        there.fail(422, {"message": "<b>Email</b> is &quot;blocked&quot;", "errors": {}})
        with pytest.raises(VendorFailed, match='FluentCRM answers 422: Email is "blocked"') as failed:
            await PROVIDER.run(run_of(full()), SETTINGS, way)
    assert not failed.value.retryable
