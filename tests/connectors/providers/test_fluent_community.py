"""FluentCommunity's provider in front of a site that behaves as its reference and its source say."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from connectors.providers import Asked, Skipped, Vendor, VendorFailed
from connectors.providers.fluent_community import FluentCommunity
from connectors.providers.fluent_community.provider import FluentCommunityFeed
from connectors.providers.wordpress.site import WordPressSettings
from tests.vendors import fluent_community as server
from tests.vendors.asking import EMAIL as ADA
from tests.vendors.asking import Granted, reached, run_of
from tests.vendors.serving import HTML
from tests.vendors.wordpress import PASSWORD, USER

PROVIDER = FluentCommunity()
SETTINGS = WordPressSettings(
    site_url="https://community.example", username=USER, application_password=SecretStr(PASSWORD)
)
API = "/wp-json/fluent-community/v2"
LOUNGE, MAKERS, ALUMNI = 11, 12, 13
LETTERPRESS, BOOKBINDING = 21, 22


@asynccontextmanager
async def asked(**options: Any) -> AsyncIterator[tuple[server.FluentCommunity, Vendor]]:
    site = server.FluentCommunity()
    async with reached(site, PROVIDER, SETTINGS, **options) as way:
        yield site, way


def feed(**values: Any) -> FluentCommunityFeed:
    return FluentCommunityFeed.model_validate({"space_ids": [LOUNGE], "course_ids": [LETTERPRESS], **values})


async def test_the_community_and_its_users_are_asked_before_it_counts_as_connected() -> None:
    async with asked() as (there, way):
        await PROVIDER.verify(SETTINGS, way)
        there.caller.roles = ["editor"]
        with pytest.raises(VendorFailed, match="not allowed to edit users") as failed:
            await PROVIDER.verify(SETTINGS, way)
    assert failed.value.status == 403


async def test_spaces_and_courses_come_to_the_last_page() -> None:
    async with asked() as (there, way):
        there.spaces = {number: (f"space-{number}", f"Space {number}") for number in range(1, 231)}
        spaces = await PROVIDER.options(Asked("spaces"), SETTINGS, way)
        courses = await PROVIDER.options(Asked("courses"), SETTINGS, way)
        there.fail(404, {"code": "rest_no_route", "message": "No route"})
        none = await PROVIDER.options(Asked("courses"), SETTINGS, way)
    assert [one.id for one in spaces] == [str(number) for number in range(1, 231)]
    assert [(one.id, one.title) for one in courses] == [("21", "Letterpress"), ("22", "Bookbinding")]
    assert none == []  # a site whose courses are switched off


async def test_who_buys_is_made_and_joins() -> None:
    async with asked() as (there, way):
        await PROVIDER.run(run_of(feed(mark_as_verified="yes")), SETTINGS, way)

    person = there.by_email(ADA)
    assert there.held_by(person) == {LOUNGE: "member", LETTERPRESS: "student"}
    assert there.profile_of(person).is_verified


async def test_a_second_run_asks_for_nothing_more() -> None:
    async with asked() as (there, way):
        await PROVIDER.run(run_of(feed(mark_as_verified=True)), SETTINGS, way)
        state, calls = repr((there.people, there.members, there.profiles)), len(there.calls)
        await PROVIDER.run(run_of(feed(mark_as_verified=True)), SETTINGS, way)
    assert repr((there.people, there.members, there.profiles)) == state
    assert {call.method for call in there.calls[calls:]} == {"GET"}


async def test_who_moderates_a_space_goes_on_doing_so() -> None:
    async with asked() as (there, way):
        person = there.add("ada", ADA, first_name="Ada", last_name="Byron")
        there.profile_of(person)
        there.members[LOUNGE, person.id] = "moderator"
        await PROVIDER.run(run_of(feed(course_ids=[])), SETTINGS, way)
    assert there.held_by(person) == {LOUNGE: "moderator"}


async def test_who_is_called_otherwise_there_is_found_by_their_login() -> None:
    async with asked() as (there, way):
        person = there.add("adabyron", ADA, first_name="Ada", last_name="Byron")
        there.profile_of(person).display_name = "Countess"
        there.members[LOUNGE, person.id] = "admin"
        await PROVIDER.run(run_of(feed(course_ids=[])), SETTINGS, way)
    assert there.held_by(person) == {LOUNGE: "admin"}


async def test_a_verified_profile_keeps_all_that_it_says() -> None:
    async with asked() as (there, way):
        person = there.add("ada", ADA, first_name="Ada", last_name="Byron")
        profile = there.profile_of(person)
        profile.short_description, profile.website, profile.headline = "Counts", "https://ada.example", "First"
        profile.badge_slugs, profile.social_links = ["founder"], {"github": "ada"}
        await PROVIDER.run(run_of(feed(mark_as_verified=True)), SETTINGS, way)
    assert profile == server.Profile(
        person.id,
        "ada",
        "Ada Byron",
        is_verified=True,
        short_description="Counts",
        website="https://ada.example",
        headline="First",
        badge_slugs=["founder"],
        social_links={"github": "ada"},
    )


async def test_places_are_left_before_others_are_joined() -> None:
    async with asked() as (there, way):
        person = there.add("ada", ADA, first_name="Ada", last_name="Byron")
        there.profile_of(person)
        there.members |= {(MAKERS, person.id): "member", (BOOKBINDING, person.id): "student"}
        there.members[ALUMNI, person.id] = "member"
        away = {"remove_space_ids": [MAKERS, LOUNGE], "remove_course_ids": [BOOKBINDING]}
        await PROVIDER.run(run_of(feed(**away)), SETTINGS, way)
        await PROVIDER.run(run_of(feed(**away)), SETTINGS, way)
    assert there.held_by(person) == {ALUMNI: "member", LOUNGE: "member", LETTERPRESS: "student"}
    changes = [call.path.removeprefix(API) for call in there.calls if call.method != "GET"]
    assert changes == [
        "/spaces/makers/members/remove",
        f"/admin/courses/{BOOKBINDING}/students/{person.id}",
        "/spaces/lounge/members",
        f"/admin/courses/{LETTERPRESS}/students",
    ]


async def test_a_place_is_left_with_the_last_order_that_gives_it() -> None:
    grants = Granted()
    async with asked() as (there, way):
        await PROVIDER.run(run_of(feed(), grants=grants), SETTINGS, way)
        await PROVIDER.run(run_of(feed(space_ids=[LOUNGE, MAKERS]), grants=grants.of(42)), SETTINGS, way)
        person = there.by_email(ADA)
        await PROVIDER.revoke(run_of(feed(space_ids=[LOUNGE, MAKERS]), grants=grants.of(42)), SETTINGS, way)
        assert there.held_by(person) == {LOUNGE: "member", LETTERPRESS: "student"}
        for _ in range(2):
            await PROVIDER.revoke(run_of(feed(), grants=grants), SETTINGS, way)
        assert there.held_by(person) == {}


async def test_revoking_goes_on_where_it_was_broken_off() -> None:
    grants = Granted()
    async with asked() as (there, way):
        await PROVIDER.run(run_of(feed(), grants=grants), SETTINGS, way)
        there.fail(503, {}, method="DELETE")
        with pytest.raises(VendorFailed):
            await PROVIDER.revoke(run_of(feed(), grants=grants), SETTINGS, way)
        await PROVIDER.revoke(run_of(feed(), grants=grants), SETTINGS, way)
    assert there.held_by(there.by_email(ADA)) == {}


async def test_what_no_order_gave_is_left_alone() -> None:
    async with asked() as (there, way):
        with pytest.raises(Skipped, match="this one gave nothing"):
            await PROVIDER.revoke(run_of(feed(), grants=Granted()), SETTINGS, way)
        with pytest.raises(Skipped, match="no user"):
            await PROVIDER.revoke(run_of(feed()), SETTINGS, way)
    assert [call.method for call in there.calls] == ["GET"]


async def test_what_was_joined_meanwhile_is_no_failure() -> None:
    """Two feeds of one order run at once: one of them is refused."""
    async with asked() as (there, way):
        person = there.add("ada", ADA, first_name="Ada", last_name="Byron")
        there.profile_of(person)
        there.members |= {(LOUNGE, person.id): "member", (LETTERPRESS, person.id): "student"}
        there.fail(200, {"memberships": []}, path=".*/memberships")
        await PROVIDER.run(run_of(feed()), SETTINGS, way)
    assert there.held_by(person) == {LOUNGE: "member", LETTERPRESS: "student"}


async def test_who_may_not_join_is_said_in_the_sites_words() -> None:
    async with asked() as (there, way):
        person = there.add("ada", ADA, first_name="Ada", last_name="Byron")
        there.profile_of(person).status = "blocked"
        with pytest.raises(VendorFailed, match="FluentCommunity answers 422: Selected user is not active") as failed:
            await PROVIDER.run(run_of(feed()), SETTINGS, way)
    assert not failed.value.retryable


async def test_a_space_that_is_gone_costs_nothing_else() -> None:
    async with asked() as (there, way):
        await PROVIDER.run(run_of(feed(space_ids=[99, MAKERS], course_ids=[])), SETTINGS, way)
    assert there.held_by(there.by_email(ADA)) == {MAKERS: "member"}


async def test_a_dry_run_shows_all_calls_and_makes_none() -> None:
    async with asked(dry=True) as (there, way):
        values = {"remove_space_ids": [MAKERS], "mark_as_verified": True}
        await PROVIDER.run(run_of(feed(**values)), SETTINGS, way)
        changes = [call.line.partition("/v2")[2] for call in way.calls if call.method != "GET"]
        before = len(way.calls)
        await PROVIDER.revoke(run_of(feed()), SETTINGS, way)
    assert there.calls == []
    assert changes == [
        "/users",
        "/spaces/space-12/members/remove",
        "/spaces/space-11/members",
        "/admin/courses/21/students",
        "/profile/member",
    ]
    assert [call.method for call in way.calls[before:] if call.method != "GET"] == ["POST", "DELETE"]
    assert PASSWORD.replace(" ", "") not in repr(way.calls)


@pytest.mark.parametrize("email", [None, "", "ada"])
async def test_without_an_address_nothing_is_asked(email: str | None) -> None:
    async with asked() as (there, way):
        with pytest.raises(Skipped, match="e-mail address"):
            await PROVIDER.run(run_of(feed(), email=email), SETTINGS, way)
    assert there.calls == []


@pytest.mark.parametrize("status", [429, 503])
async def test_what_passes_is_worth_another_try(status: int) -> None:
    async with asked() as (there, way):
        there.fail(status, b"<p>Busy</p>", headers={"Retry-After": "9"}, kind=HTML, path=f"{API}/admin/.*")
        with pytest.raises(VendorFailed) as failed:
            await PROVIDER.run(run_of(feed()), SETTINGS, way)
        await PROVIDER.run(run_of(feed()), SETTINGS, way)
    assert (failed.value.retryable, failed.value.retry_after) == (True, 9)
    assert there.held_by(there.by_email(ADA)) == {LOUNGE: "member", LETTERPRESS: "student"}


@pytest.mark.parametrize(
    "body", [b"<html>", b"[]", b"7", b'{"members": 7}', b'{"memberships": {"a": 1}, "members": {"data": [1]}}']
)
async def test_odd_answers_are_failures_and_not_tried_again(body: bytes) -> None:
    async with asked() as (there, way):
        there.add("ada", ADA, first_name="Ada", last_name="Byron")
        there.fail(200, body, path=f"{API}/members")
        with pytest.raises(VendorFailed) as failed:
            await PROVIDER.run(run_of(feed()), SETTINGS, way)
    assert not failed.value.retryable
    assert there.members == {}


def test_places_are_numbers() -> None:
    with pytest.raises(ValidationError):
        feed(space_ids=["lounge/../admin"])
