"""Providers that have settings and no feeds: what their forms take, and what the vendor makes of what they say."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from connectors.outbound.client import Outbound, Times
from connectors.providers import Provider, Rejected, Token, Vendor, VendorFailed, Verified, forms
from connectors.providers.google_calendar.provider import GoogleCalendar
from connectors.providers.stripe.provider import Stripe
from connectors.providers.zoom.provider import Zoom
from tests.vendors import google_calendar, stripe, zoom
from tests.vendors.asking import TLS, reached
from tests.vendors.serving import LOOPBACK

NOON: Final = datetime(2026, 12, 1, 12, tzinfo=UTC)
STRIPE: Final = {"mode": "test", "publishable_key": "pk_test_51H8example", "secret_key": "sk_test_51H8example"}
ZOOM: Final = {"account_id": zoom.ACCOUNT, "client_id": zoom.CLIENT, "client_secret": zoom.SECRET}
GOOGLE: Final = {"client_id": google_calendar.CLIENT, "client_secret": google_calendar.SECRET}


def filled(provider: Provider[Any, Any], given: Mapping[str, Any]) -> forms.Filled:
    assert provider.settings is not None
    return forms.read(provider.settings, given, stored={}, secrets={}, complete=True, now=NOON)


def made(provider: Provider[Any, Any], given: Mapping[str, Any]) -> Any:
    assert provider.settings is not None
    form = filled(provider, given)
    assert form.problems == ()
    return forms.made(provider.settings, form.values, form.secrets)


async def verified(server: Any, provider: Provider[Any, Any], given: Mapping[str, Any]) -> Verified:
    settings = made(provider, given)
    async with reached(server, provider, settings) as vendor:
        return await provider.verify(settings, vendor)


# Forms


@pytest.mark.parametrize(
    ("provider", "given", "wrong"),
    [
        (Stripe(), {}, {("publishable_key",), ("secret_key",)}),
        (Stripe(), {**STRIPE, "mode": "live"}, {("publishable_key",), ("secret_key",)}),
        (Stripe(), {**STRIPE, "mode": "both"}, {("mode",)}),
        (Stripe(), {**STRIPE, "secret_key": "sk_live_51H8example"}, {("secret_key",)}),
        (Stripe(), {**STRIPE, "secret_key": STRIPE["publishable_key"]}, {("secret_key",)}),
        (Stripe(), {**STRIPE, "publishable_key": STRIPE["secret_key"]}, {("publishable_key",)}),
        (Stripe(), {**STRIPE, "webhook_secret": "sk_test_51H8example"}, {("webhook_secret",)}),
        (Stripe(), {**STRIPE, "secret_key": 17}, {("secret_key",)}),
        (Zoom(), {}, {("account_id",), ("client_id",), ("client_secret",)}),
        (Zoom(), {**ZOOM, "account_id": "../users"}, {("account_id",)}),
        (GoogleCalendar(), {**GOOGLE, "client_id": "123-abc.apps.example.com"}, {("client_id",)}),
        (GoogleCalendar(), {**GOOGLE, "client_secret": " "}, {("client_secret",)}),
    ],
)
def test_what_a_form_refuses(provider: Provider[Any, Any], given: dict[str, Any], wrong: set[tuple[str, ...]]) -> None:
    problems = filled(provider, given).problems
    assert {problem.path for problem in problems} == wrong
    assert all("51H8example" not in problem.message for problem in problems)


@pytest.mark.parametrize(("provider", "given"), [(Stripe(), STRIPE), (Zoom(), ZOOM), (GoogleCalendar(), GOOGLE)])
def test_secrets_are_kept_apart(provider: Provider[Any, Any], given: dict[str, str]) -> None:
    form = filled(provider, given)
    secret = "client_secret" if "client_secret" in given else "secret_key"
    assert given[secret] not in repr(form)
    assert given[secret] not in repr(made(provider, given))
    assert form.secrets[secret].value == given[secret]


# Stripe


async def test_stripe_says_whose_key_it_is() -> None:
    found = await verified(stripe.Stripe(), Stripe(), STRIPE)
    assert found == Verified("Connected to the account Acme")
    live = {"mode": "live", "publishable_key": "pk_live_51H8example", "secret_key": "sk_live_51H8example"}
    assert (
        await verified(stripe.Stripe(), Stripe(), live)
    ).sentence == "Connected to the account acct_1032D82eZvKYlo2C"


@pytest.mark.parametrize(
    ("key", "status", "said"),
    [
        ("sk_test_51H8strange", 401, "Invalid API Key provided"),
        ("rk_test_51H8limited", 403, "does not have the required permissions"),
    ],
)
async def test_stripe_refuses_a_key(key: str, status: int, said: str) -> None:
    with pytest.raises(VendorFailed) as failed:
        await verified(stripe.Stripe(), Stripe(), {**STRIPE, "secret_key": key})
    assert (failed.value.status, failed.value.retryable) == (status, False)
    assert said in failed.value.message
    assert key not in failed.value.message


@pytest.mark.parametrize("provider", [Stripe(), Zoom()])
async def test_a_vendor_that_is_busy_or_down_says_nothing_of_the_keys(provider: Provider[Any, Any]) -> None:
    given, server = (STRIPE, stripe.Stripe()) if provider.key == "stripe" else (ZOOM, zoom.Zoom())
    settings = made(provider, given)
    server.fail(429, headers={"Retry-After": "7"})
    server.fail(503, b"<html>", kind="text/html")
    server.drop(times=2)  # the client's own second try, too
    server.fail(200, b"<html>", kind="text/html")
    found = []
    async with reached(server, provider, settings) as vendor:
        for _ in range(4):
            with pytest.raises(VendorFailed) as failed:
                await provider.verify(settings, vendor)
            found.append((failed.value.status, failed.value.retryable, failed.value.retry_after))
    assert found[:2] == [(429, True, 7.0), (503, True, None)]
    assert all(status in (None, 200) for status, _, _ in found[2:])


# Zoom


async def test_zoom_gives_a_token_and_says_whose_account_it_is() -> None:
    server = zoom.Zoom()
    assert (await verified(server, Zoom(), ZOOM)).sentence == "Connected to the account of ada@shop.example"
    assert server.paths == ["POST /tokens/oauth/token", "GET /api/v2/users/me"]


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"client_secret": "another"}, "Invalid client_id or client_secret"),
        ({"account_id": "another"}, "Bad Request"),
    ],
)
async def test_zoom_knows_no_such_app(other: dict[str, str], said: str) -> None:
    with pytest.raises(Rejected) as rejected:
        await verified(zoom.Zoom(), Zoom(), {**ZOOM, **other})
    assert said in rejected.value.message


async def test_an_app_of_zooms_needs_the_scope() -> None:
    server = zoom.Zoom()
    server.scopes.clear()
    with pytest.raises(Rejected) as rejected:
        await verified(server, Zoom(), ZOOM)
    assert "does not contain scopes" in rejected.value.message


async def test_zooms_token_is_in_no_message() -> None:
    server, settings = zoom.Zoom(), made(Zoom(), ZOOM)
    server.fail(403, {"code": 1, "message": f"{zoom.TOKEN} is not welcome"}, path="/api/.*")
    async with reached(server, Zoom(), settings) as vendor:
        with pytest.raises((Rejected, VendorFailed)) as failed:
            await Zoom().verify(settings, vendor)
    assert zoom.TOKEN not in str(failed.value)


# Google


async def test_googles_token_reads_the_calendar_of_whoever_agreed() -> None:
    provider, server = GoogleCalendar(), google_calendar.GoogleCalendar()
    settings = made(provider, GOOGLE)
    assert provider.oauth is not None
    server.tokens = {"ya29.all": " ".join(provider.oauth.scopes), "ya29.less": provider.oauth.scopes[0]}
    async with server.serving(), Outbound(LOOPBACK, Times(), tls=TLS) as outbound:

        def vendor(access: str) -> Vendor:
            site = provider.authorized(settings, Token(access))
            return Vendor(site, server.redirected(outbound), title=provider.title, explain=provider.explain)

        assert (await provider.verify(settings, vendor("ya29.all"))).sentence == (
            "Connected to the calendar ada@shop.example"
        )
        for access, status in (("ya29.less", 403), ("ya29.revoked", 401)):
            with pytest.raises(VendorFailed) as failed:
                await provider.verify(settings, vendor(access))
            assert failed.value.status == status
            assert access not in failed.value.message


def test_google_is_asked_for_what_lasts() -> None:
    oauth = GoogleCalendar.oauth
    assert oauth is not None
    assert oauth.extra == {"access_type": "offline", "prompt": "consent"}
    assert all(scope.startswith("https://www.googleapis.com/auth/calendar.") for scope in oauth.scopes)
    assert "https://www.googleapis.com/auth/calendar" not in oauth.scopes  # all of a calendar is more than is needed


# A dry run


@pytest.mark.parametrize(("provider", "given", "calls"), [(Stripe(), STRIPE, 1), (Zoom(), ZOOM, 2)])
async def test_a_dry_run_shows_the_calls_and_makes_none(
    provider: Provider[Any, Any], given: dict[str, str], calls: int
) -> None:
    server = stripe.Stripe() if provider.key == "stripe" else zoom.Zoom()
    settings = made(provider, given)
    async with reached(server, provider, settings, dry=True) as vendor:
        await provider.verify(settings, vendor)
        assert len(vendor.calls) == calls
        assert all(secret not in repr(vendor.calls) for secret in (zoom.SECRET, STRIPE["secret_key"]))
    assert server.calls == []
