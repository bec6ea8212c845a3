"""Mailchimp's provider in front of a server that behaves as Mailchimp's reference says."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pydantic import SecretStr

from connectors.outbound.client import Outbound
from connectors.providers import Asked, Rejected, Skipped, Token, Vendor, VendorFailed
from connectors.providers.mailchimp import Mailchimp
from connectors.providers.mailchimp.forms import EMAIL, MailchimpFeed, MailchimpSettings
from tests.vendors import mailchimp as server
from tests.vendors.asking import EMAIL as ADA
from tests.vendors.asking import TLS, reached, run_of
from tests.vendors.mailchimp import KEY, Audience, Member, hashed, newsletter
from tests.vendors.serving import HTML, LOOPBACK, Redirected, soon

PROVIDER = Mailchimp()
SETTINGS = MailchimpSettings(api_key=SecretStr(KEY))
LIST = newsletter().id
MEMBER = f"/3.0/lists/{LIST}/members/{hashed(ADA)}"


@asynccontextmanager
async def asked(
    there: server.Mailchimp | None = None, **options: Any
) -> AsyncIterator[tuple[server.Mailchimp, Vendor]]:
    vendor = there or server.Mailchimp()
    async with reached(vendor, PROVIDER, SETTINGS, **options) as way:
        yield vendor, way


def feed(**values: Any) -> MailchimpFeed:
    fields = {EMAIL: ADA, "FNAME": "Ada", "LNAME": "Byron"} | values.pop("fields", {})
    return MailchimpFeed.model_validate({"list_id": LIST, "merge_fields": fields, **values})


def full() -> MailchimpFeed:
    interests = {"category": "c0ffee0001", "sub_category": ["1a2b3c4d01"]}
    more = {"tags": ["customer", "Poster lover"], "note": "Order 41", "marked_as_vip": "yes"}
    return feed(interests=interests, **more)


async def test_a_key_is_verified_by_asking_with_it() -> None:
    async with asked() as (there, way):
        verified = await PROVIDER.verify(SETTINGS, way)

    assert verified.sentence == "Connected to the account Storegraph Posters"
    assert there.paths == ["GET /3.0/ping", "GET /3.0/"]
    assert there.calls[0].basic == ("storegraph", KEY)


async def test_a_key_that_is_not_accepted_is_said_in_mailchimps_words() -> None:
    async with asked(server.Mailchimp(key="another-us21")) as (_, way):
        with pytest.raises(VendorFailed, match="API Key Invalid: Your API key may be invalid") as failed:
            await PROVIDER.verify(SETTINGS, way)

    assert (failed.value.status, failed.value.retryable) == (401, False)
    assert KEY not in failed.value.message


@pytest.mark.parametrize("key", ["", "0123", "0123-", "0123-us21.evil.example/", "0123-US21", "0123-us2134"])
def test_a_key_names_the_host_and_nothing_else_does(key: str) -> None:
    with pytest.raises(Rejected, match="data centre") as rejected:
        PROVIDER.site(MailchimpSettings(api_key=SecretStr(key)))
    assert rejected.value.field == "apiKey"


def test_the_host_is_the_data_centres() -> None:
    assert PROVIDER.site(SETTINGS).base == "https://us21.api.mailchimp.com/3.0"


async def test_a_token_is_used_where_its_account_is() -> None:
    """The metadata of a token says in which data centre that is."""
    there = server.Mailchimp(token="oauth-token")
    settings = MailchimpSettings()
    async with there.serving(), Outbound(LOOPBACK, tls=TLS) as outbound:
        sends = Redirected(outbound, {"https://login.mailchimp.com": there.url, there.public: there.url})
        nowhere = Vendor(None, sends, title=PROVIDER.title)
        kept = await PROVIDER.connected(settings, Token("oauth-token"), nowhere)
        site = PROVIDER.authorized(settings, Token("oauth-token", kept=kept))
        await PROVIDER.verify(settings, nowhere.to(site))

    assert kept == {"dc": "us21"}
    assert there.calls[0].headers["authorization"] == "OAuth oauth-token"
    assert there.calls[1].bearer == "oauth-token"


async def test_audiences_come_to_the_last_page() -> None:
    many = [Audience(f"{number:010x}", f"List {number}") for number in range(1203)]
    async with asked(server.Mailchimp(*many)) as (there, way):
        found = await PROVIDER.options(Asked("lists"), SETTINGS, way)

    assert [option.title for option in found] == [f"List {number}" for number in range(1203)]
    assert [call.query["offset"] for call in there.calls] == ["0", "1000"]


async def test_nobody_is_shown_more_than_5000_options() -> None:
    many = [Audience(f"{number:010x}", f"List {number}") for number in range(5400)]
    async with asked(server.Mailchimp(*many)) as (there, way):
        found = await PROVIDER.options(Asked("lists"), SETTINGS, way)

    assert len(found) == 5000
    assert len(there.calls) == 5


async def test_tags_and_groups_hang_on_the_audience() -> None:
    async with asked() as (_, way):

        async def options(*arguments: Any, **values: Any) -> list[str]:
            return [one.title for one in await PROVIDER.options(Asked(*arguments, **values), SETTINGS, way)]

        route = "mailchimp_interest_groups"
        assert await options("tags", values={"list_id": LIST}) == ["customer", "wholesale", "press"]
        assert await options("list", search="who", parent=LIST) == ["wholesale"]
        assert await options(route, values={"list_id": LIST}) == ["Topics", "Frequency"]
        assert await options(route, parent=LIST, values={"list_id": LIST}) == ["Topics", "Frequency"]
        assert await options("interest_groups", parent=LIST) == ["Topics", "Frequency"]
        chosen = {"list_id": LIST, "interests": {"category": "c0ffee0001"}}
        assert await options(route, values=chosen) == ["Posters", "Fonts"]
        assert await options(route, parent="c0ffee0002", values={"list_id": LIST}) == ["Weekly"]
        assert await options("tags") == []
        assert await options(route) == []


async def test_an_unknown_audience_is_said_to_be_unknown() -> None:
    async with asked() as (_, way):
        with pytest.raises(VendorFailed, match="Resource Not Found") as failed:
            await PROVIDER.options(Asked("tags", values={"list_id": "../lists"}), SETTINGS, way)
    assert failed.value.status == 404


async def test_merge_fields_are_those_of_the_audience() -> None:
    async with asked() as (_, way):
        fields = {field.key: field for field in await PROVIDER.merge_fields(LIST, SETTINGS, way)}

    assert [key for key in fields if key.startswith("ADDRESS.")] == [
        f"ADDRESS.{part}" for part in ("addr1", "city", "state", "zip", "addr2", "country")
    ]
    assert (fields["SINCE"].type, fields["SINCE"].required, fields["SINCE"].label) == ("date", True, "Customer since")


async def test_a_run_makes_a_member_with_tags_groups_and_a_note() -> None:
    async with asked() as (there, way):
        run = run_of(full())
        await PROVIDER.run(run, SETTINGS, way)

    member = there.newsletter.member(ADA)
    assert member == Member(
        ADA,
        "subscribed",
        merge_fields={"FNAME": "Ada", "LNAME": "Byron"},
        interests={"1a2b3c4d01": True},
        vip=True,
        tags=["customer", "Poster lover"],
        notes=["Order 41"],
    )
    assert there.paths == [f"PUT {MEMBER}", f"POST {MEMBER}/tags", f"GET {MEMBER}/notes", f"POST {MEMBER}/notes"]
    assert run.lines == ["The member is written; their status is subscribed"]


async def test_a_second_run_changes_nothing() -> None:
    async with asked() as (there, way):
        await PROVIDER.run(run_of(full()), SETTINGS, way)
        first = repr(there.newsletter.members)
        await PROVIDER.run(run_of(full(), email="ignored@example.com"), SETTINGS, way)

    assert repr(there.newsletter.members) == first


async def test_a_run_goes_on_where_an_answer_was_lost() -> None:
    """What was done before the connection broke is done once."""
    async with asked() as (there, way):
        there.drop(path=f"{MEMBER}/notes", method="POST", after=True)
        with pytest.raises(VendorFailed) as failed:
            await PROVIDER.run(run_of(full()), SETTINGS, way)
        await PROVIDER.run(run_of(full()), SETTINGS, way)

    assert failed.value.retryable
    assert there.newsletter.member(ADA).notes == ["Order 41"]


async def test_the_address_is_normalised() -> None:
    async with asked() as (there, way):
        await PROVIDER.run(run_of(feed(fields={EMAIL: "  Ada@Example.COM "})), SETTINGS, way)
    assert list(there.newsletter.members) == [hashed(ADA)]
    assert there.newsletter.member(ADA).email == ADA


@pytest.mark.parametrize("email", ["", "   ", "ada", "ada@", "@example.com", "ada@example", "a b@example.com"])
async def test_without_an_address_nothing_is_asked(email: str) -> None:
    async with asked() as (there, way):
        for work in (PROVIDER.run, PROVIDER.revoke):
            with pytest.raises(Skipped, match="e-mail address"):
                await work(run_of(feed(fields={EMAIL: email})), SETTINGS, way)
    assert there.calls == []


async def test_who_has_left_stays_away() -> None:
    async with asked() as (there, way):
        there.newsletter.members[hashed(ADA)] = Member(ADA, "unsubscribed")
        await PROVIDER.run(run_of(feed(tags=["customer"])), SETTINGS, way)
    assert there.newsletter.member(ADA).status == "unsubscribed"
    assert there.newsletter.member(ADA).tags == ["customer"]


@pytest.mark.parametrize(
    ("before", "compliance", "double", "after"),
    [
        ("unsubscribed", False, "no", "subscribed"),
        ("unsubscribed", False, "yes", "pending"),
        # Who left by themselves is only asked; Mailchimp accepts nothing else.
        ("unsubscribed", True, "no", "pending"),
        ("subscribed", False, "yes", "subscribed"),
        ("pending", False, "no", "pending"),
        ("cleaned", True, "no", "cleaned"),
    ],
)
async def test_who_is_subscribed_again_and_how(before: str, compliance: bool, double: str, after: str) -> None:
    async with asked() as (there, way):
        there.newsletter.members[hashed(ADA)] = Member(ADA, before, compliance=compliance)
        await PROVIDER.run(run_of(feed(resubscribe="yes", double_opt_in=double)), SETTINGS, way)
    assert there.newsletter.member(ADA).status == after


async def test_who_is_new_is_asked_when_the_feed_says_so() -> None:
    async with asked() as (there, way):
        await PROVIDER.run(run_of(feed(double_opt_in=True, resubscribe=True)), SETTINGS, way)
    assert there.newsletter.member(ADA).status == "pending"


async def test_values_become_what_their_fields_take_and_others_are_left_out() -> None:
    fields = {
        "BIRTHDAY": "1815-12-10",
        "SINCE": "2026-12-02T18:05:00Z",
        "SPENT": "59.90",
        "PHONE": "+49 30 1",
        "ADDRESS.addr1": "Lindenstr. 9",
        "ADDRESS.city": "Berlin",
        "ADDRESS.state": "BE",
        "ADDRESS.zip": "10969",
        "ADDRESS.country": "DE",
        "ADDRESS.planet": "Earth",
        "LNAME": "",
    }
    async with asked() as (there, way):
        await PROVIDER.run(run_of(feed(fields=fields)), SETTINGS, way)
        held = dict(there.newsletter.member(ADA).merge_fields)
        wrong = {"BIRTHDAY": "soon", "SINCE": "soon", "SPENT": "much", "ADDRESS.city": "Berlin", "NOPE": "x"}
        run = run_of(feed(fields=wrong))
        await PROVIDER.run(run, SETTINGS, way)

    address = {"addr1": "Lindenstr. 9", "city": "Berlin", "state": "BE", "zip": "10969", "country": "DE"}
    assert held == {
        "FNAME": "Ada",
        "BIRTHDAY": "12/10",
        "SINCE": "2026-12-02",
        "SPENT": 59.9,
        "PHONE": "+49 30 1",
        "ADDRESS": address,
    }
    left = ["BIRTHDAY", "SINCE", "SPENT", "NOPE", "ADDRESS"]
    assert [line.split(":")[0] for line in run.lines[:-1]] == [f"Left out {tag}" for tag in left]
    assert "soon" not in repr(run.lines)


async def test_revoking_takes_back_what_the_feed_gave_and_no_more() -> None:
    async with asked() as (there, way):
        await PROVIDER.run(run_of(full()), SETTINGS, way)
        there.newsletter.member(ADA).tags.append("press")
        for _ in range(2):
            await PROVIDER.revoke(run_of(full(), revoke=True), SETTINGS, way)

    member = there.newsletter.member(ADA)
    assert (member.status, member.tags, member.interests) == ("subscribed", ["press"], {"1a2b3c4d01": False})


async def test_there_is_nothing_to_take_back_from_who_is_no_member() -> None:
    async with asked() as (there, way):
        groups = {"category": "c0ffee0001", "sub_category": "1a2b3c4d01"}
        for given in (full(), feed(interests=groups)):
            with pytest.raises(Skipped, match="no member with this address"):
                await PROVIDER.revoke(run_of(given), SETTINGS, way)
        with pytest.raises(Skipped, match="neither tags nor groups"):
            await PROVIDER.revoke(run_of(feed()), SETTINGS, way)
    assert there.newsletter.members == {}


async def test_a_dry_run_shows_all_calls_and_makes_none() -> None:
    async with asked(dry=True) as (there, way):
        await PROVIDER.run(run_of(full().model_copy(update={"resubscribe": True})), SETTINGS, way)
        shown = [call.line.replace("https://us21.api.mailchimp.com", "") for call in way.calls]
        await PROVIDER.revoke(run_of(full()), SETTINGS, way)

    assert there.calls == []
    assert shown == [
        f"GET {MEMBER}?fields=status",
        f"PUT {MEMBER}?skip_merge_validation=true",
        f"POST {MEMBER}/tags",
        f"GET {MEMBER}/notes?count=1000&fields=notes.note&sort_field=created_at&sort_dir=DESC",
        f"POST {MEMBER}/notes",
    ]
    assert [call.method for call in way.calls[5:]] == ["POST", "PATCH"]
    assert '"status":"subscribed"' in (way.calls[1].body or "")
    assert KEY not in repr(way.calls)


async def test_what_mailchimp_refuses_is_said_in_its_words() -> None:
    async with asked() as (there, way):
        there.newsletter.forgotten.add(ADA)
        with pytest.raises(VendorFailed, match="Forgotten Email Not Subscribed") as failed:
            await PROVIDER.run(run_of(feed()), SETTINGS, way)
        assert (failed.value.status, failed.value.retryable) == (400, False)
        there.newsletter.forgotten.clear()
        interests = {"category": "c0ffee0001", "sub_category": "nope"}
        with pytest.raises(VendorFailed, match=r"interests: Invalid interest ID: 'nope'"):
            await PROVIDER.run(run_of(feed(interests=interests)), SETTINGS, way)


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_what_passes_is_worth_another_try(status: int) -> None:
    async with asked() as (there, way):
        body = server.problem(status, "Too Many Requests", "Slow down").body
        there.fail(status, body, headers={"Retry-After": "7"}, kind=server.PROBLEM)
        with pytest.raises(VendorFailed, match="Too Many Requests: Slow down") as failed:
            await PROVIDER.run(run_of(feed()), SETTINGS, way)
        await PROVIDER.run(run_of(feed()), SETTINGS, way)

    assert (failed.value.retryable, failed.value.retry_after) == (True, 7)
    assert there.newsletter.member(ADA).status == "subscribed"


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, b"<html>Maintenance</html>", HTML),
        (200, b"[]", server.PROBLEM),
        (200, b'"yes"', server.PROBLEM),
        (200, b'{"status": [1]}', server.PROBLEM),
        (400, b"<html>Bad</html>", HTML),
        (400, b'{"title": {"a": 1}, "errors": 7}', server.PROBLEM),
        (403, b"\xff\xfe", HTML),
    ],
)
async def test_odd_answers_are_failures_and_not_tried_again(status: int, body: bytes, kind: str) -> None:
    async with asked() as (there, way):
        there.fail(status, body, kind=kind)
        with pytest.raises(VendorFailed) as failed:
            await PROVIDER.run(run_of(feed()), SETTINGS, way)
    assert (failed.value.status, failed.value.retryable) == (status, False)


async def test_an_answer_without_an_end_is_not_read() -> None:
    async with asked() as (there, way):
        there.fail(200, b" " * (9 * 1024 * 1024))
        with pytest.raises(VendorFailed, match="did not answer"):
            await PROVIDER.options(Asked("lists"), SETTINGS, way)


async def test_who_does_not_answer_is_left_after_a_while() -> None:
    async with asked(seconds=0.05) as (there, way):
        there.hold()
        with pytest.raises(VendorFailed, match="without an answer") as failed:
            await PROVIDER.verify(SETTINGS, way)
    assert failed.value.retryable


async def test_an_eleventh_call_at_once_is_refused() -> None:
    """What the provider's cap of eight stays clear of."""
    assert PROVIDER.caps.at_once == 8
    async with asked() as (there, way):
        there.hold()
        calls = [asyncio.create_task(way.get("/ping")) for _ in range(11)]
        await soon(lambda: there.at_once == 11)
        there.release()
        outcomes = await asyncio.gather(*calls, return_exceptions=True)

    refused = [one for one in outcomes if isinstance(one, VendorFailed)]
    assert [one.status for one in refused] == [429]
    assert there.most_at_once == 11
