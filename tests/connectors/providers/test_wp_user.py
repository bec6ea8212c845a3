"""The provider of WordPress users in front of a site that behaves as WordPress does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from connectors.providers import Asked, Rejected, Skipped, Vendor, VendorFailed
from connectors.providers.wordpress.site import WordPressSettings
from connectors.providers.wp_user import WordPressUser
from connectors.providers.wp_user.provider import WordPressUserFeed
from db.secrets.confidential import MASK
from tests.vendors.asking import EMAIL as ADA
from tests.vendors.asking import Granted, reached, run_of
from tests.vendors.serving import HTML
from tests.vendors.wordpress import PASSWORD, USER, WordPress

PROVIDER = WordPressUser()
SETTINGS = WordPressSettings(
    site_url="https://members.example", username=USER, application_password=SecretStr(PASSWORD)
)
USERS = "/wp-json/wp/v2/users"


@asynccontextmanager
async def asked(**options: Any) -> AsyncIterator[tuple[WordPress, Vendor]]:
    site = WordPress()
    async with reached(site, PROVIDER, SETTINGS, **options) as way:
        yield site, way


def feed(**values: Any) -> WordPressUserFeed:
    return WordPressUserFeed.model_validate({"roles": ["member"], **values})


async def test_who_asks_must_be_allowed_to_do_it() -> None:
    async with asked() as (there, way):
        assert (await PROVIDER.verify(SETTINGS, way)).sentence == "Connected as admin"
        there.caller.roles = ["editor"]
        with pytest.raises(Rejected, match="list_users, create_users, edit_users, promote_users"):
            await PROVIDER.verify(SETTINGS, way)
        there.user = "grace"
        with pytest.raises(VendorFailed, match="Unknown username") as failed:
            await PROVIDER.verify(SETTINGS, way)
    assert failed.value.status == 401


async def test_roles_are_those_that_somebody_has() -> None:
    async with asked() as (there, way):
        for number in range(120):
            there.add(f"user{number}", f"user{number}@example.com", "shop_manager" if number > 115 else "customer")
        found = [one.id for one in await PROVIDER.options(Asked("roles"), SETTINGS, way)]
    assert found == ["subscriber", "contributor", "author", "editor", "customer", "shop_manager"]
    assert [call.query["page"] for call in there.calls] == ["1", "2"]


def test_nobody_buys_the_administrators_role() -> None:
    with pytest.raises(ValidationError, match="administrators"):
        feed(roles=["member", "administrator"])


async def test_a_run_makes_a_user() -> None:
    async with asked() as (there, way):
        run = run_of(feed(send_password_link="yes"))
        await PROVIDER.run(run, SETTINGS, way)
        await PROVIDER.run(run_of(feed(send_password_link="yes")), SETTINGS, way)

    person = there.by_email(ADA)
    assert (person.roles, person.first_name, person.last_name) == (["member"], "Ada", "Byron")
    assert person.username.startswith("ada")
    assert len(person.password) >= 24
    assert there.asked_for_links == [ADA]
    assert there.paths == [f"GET {USERS}", f"POST {USERS}", "POST /wp-login.php", f"GET {USERS}"]
    assert run.lines == ["The user is made", "The password link is sent"]


async def test_the_password_is_in_no_record_of_a_dry_run() -> None:
    async with asked(dry=True) as (there, way):
        await PROVIDER.run(run_of(feed(send_password_link=True)), SETTINGS, way)
        await PROVIDER.revoke(run_of(feed()), SETTINGS, way)
    assert there.calls == []
    assert [call.line.partition("?")[0] for call in way.calls] == [
        f"GET https://members.example{USERS}",
        f"POST https://members.example{USERS}",
        "POST https://members.example/wp-login.php",
        f"GET https://members.example{USERS}",
        f"POST https://members.example{USERS}/1",
    ]
    assert f'"password":"{MASK}"' in (way.calls[1].body or "")
    assert way.calls[4].body == '{"roles":[]}'


async def test_a_site_without_letters_loses_nothing_but_the_letter() -> None:
    async with asked() as (there, way):
        there.fail(503, b"", kind=HTML, path="/wp-login.php")
        run = run_of(feed(send_password_link=True))
        await PROVIDER.run(run, SETTINGS, way)
    assert there.by_email(ADA).roles == ["member"]
    assert run.lines == ["The user is made", "The password link could not be asked for: WordPress user answers 503"]


async def test_the_login_does_not_go_to_the_form_that_everybody_may_use() -> None:
    async with asked() as (there, way):
        await PROVIDER.run(run_of(feed(send_password_link=True)), SETTINGS, way)
    assert there.of("POST", "/wp-login.php")[0].basic is None


async def test_roles_are_given_beside_those_that_somebody_has() -> None:
    async with asked() as (there, way):
        person = there.add("ada", ADA, "customer", "subscriber", first_name="Augusta", last_name="Byron")
        for _ in range(2):
            await PROVIDER.run(run_of(feed(remove_roles=["subscriber"])), SETTINGS, way)
    assert (person.roles, person.first_name) == (["customer", "member"], "Ada")
    assert there.paths == [f"GET {USERS}", f"POST {USERS}/2", f"GET {USERS}"]


async def test_exactly_the_address_counts() -> None:
    """A search finds all that hold it."""
    async with asked() as (there, way):
        other = there.add("canada", "canada@example.com.example", "customer")
        there.add("xada", "x" + ADA, "customer")
        await PROVIDER.run(run_of(feed(), email=" ADA@example.com"), SETTINGS, way)
    assert there.by_email(ADA).roles == ["member"]
    assert other.roles == ["customer"]


async def test_a_name_that_somebody_has_is_no_obstacle() -> None:
    async with asked() as (there, way):
        there.add("lovelace", "other@example.com", "customer")
        await PROVIDER.run(run_of(feed(), email="lovelace@example.com"), SETTINGS, way)
    person = there.by_email("lovelace@example.com")
    assert person.username.startswith("lovelace")
    assert person.username != "lovelace"


async def test_who_was_made_meanwhile_is_found() -> None:
    """WordPress answers 500 to an address that it knows."""
    async with asked() as (there, way):
        there.add("ada", ADA, "customer")
        there.fail(200, [], method="GET", path=USERS)
        await PROVIDER.run(run_of(feed()), SETTINGS, way)
    assert there.by_email(ADA).roles == ["customer", "member"]
    assert [call.method for call in there.calls] == ["GET", "POST", "GET", "POST"]


async def test_a_role_goes_with_the_last_order_that_gives_it() -> None:
    grants = Granted()
    async with asked() as (there, way):
        await PROVIDER.run(run_of(feed(), grants=grants), SETTINGS, way)
        await PROVIDER.run(run_of(feed(), grants=grants.of(42)), SETTINGS, way)
        person = there.by_email(ADA)
        with pytest.raises(Skipped, match="another order gives it"):
            await PROVIDER.revoke(run_of(feed(), grants=grants), SETTINGS, way)
        assert person.roles == ["member"]
        for _ in range(2):
            await PROVIDER.revoke(run_of(feed(), grants=grants.of(42)), SETTINGS, way)
    assert person.roles == []


async def test_what_no_order_gave_is_not_taken() -> None:
    async with asked() as (there, way):
        there.add("ada", ADA, "member")
        with pytest.raises(Skipped):
            await PROVIDER.revoke(run_of(feed(), grants=Granted()), SETTINGS, way)
    assert there.calls == []


async def test_who_is_no_user_has_nothing_to_lose() -> None:
    async with asked() as (_, way):
        with pytest.raises(Skipped, match="no user with this address"):
            await PROVIDER.revoke(run_of(feed()), SETTINGS, way)


@pytest.mark.parametrize("email", [None, "", "ada"])
async def test_without_an_address_nothing_is_asked(email: str | None) -> None:
    async with asked() as (there, way):
        for work in (PROVIDER.run, PROVIDER.revoke):
            with pytest.raises(Skipped, match="e-mail address"):
                await work(run_of(feed(), email=email), SETTINGS, way)
    assert there.calls == []


async def test_a_role_that_the_site_does_not_have_is_said() -> None:
    async with asked() as (_, way):
        with pytest.raises(VendorFailed, match="The role boss does not exist") as failed:
            await PROVIDER.run(run_of(feed(roles=["boss"])), SETTINGS, way)
    assert (failed.value.status, failed.value.retryable) == (400, False)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("status", [429, 500, 503])
async def test_what_passes_is_worth_another_try(status: int, method: str) -> None:
    async with asked() as (there, way):
        there.fail(status, b"<p>Critical error</p>", headers={"Retry-After": "9"}, kind=HTML, method=method)
        with pytest.raises(VendorFailed) as failed:
            await PROVIDER.run(run_of(feed()), SETTINGS, way)
        await PROVIDER.run(run_of(feed()), SETTINGS, way)
    assert failed.value.retryable
    assert there.by_email(ADA).roles == ["member"]


@pytest.mark.parametrize("body", [b"<html>", b"{}", b"[1]", b'{"code": "rest_no_route"}', b'[{"email": 7}, null]'])
async def test_odd_answers_are_failures_and_not_tried_again(body: bytes) -> None:
    async with asked() as (there, way):
        there.fail(200, body, times=2)
        with pytest.raises(VendorFailed) as failed:
            await PROVIDER.run(run_of(feed()), SETTINGS, way)
    assert not failed.value.retryable


async def test_a_user_without_an_id_is_none() -> None:
    async with asked() as (there, way):
        there.fail(200, [{"email": ADA}])
        with pytest.raises(VendorFailed, match="without an id"):
            await PROVIDER.run(run_of(feed()), SETTINGS, way)
