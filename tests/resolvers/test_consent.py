"""OAuth 2 from its beginning to a token that is had anew, with vendors that know the rules."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import pytest
import structlog
from sqlalchemy import delete, insert, select, update

from connectors.outbound.client import Outbound, Times
from connectors.providers import Rejected, VendorFailed
from connectors.providers.access import SETTING, Credential, Providers, read_token
from connectors.providers.furnishing import PROVIDER, bring_in_line
from connectors.providers.google_calendar.provider import GoogleCalendar
from connectors.providers.limits import Limits
from connectors.providers.mailchimp.provider import Mailchimp
from connectors.providers.registry import Registry
from connectors.providers.tokens import Rows, fresh
from db.access.session import SessionRow
from db.access.token import TokenRow
from db.access.viewer import Viewer, ViewerKind
from db.integration.setting import AuthorizationRow
from db.store.outbox import EVENT
from db.store.row import now, table
from resolvers.integration.provider.consent import Answer, Refused, consented
from tests import factories
from tests.gateway import ADMIN, Gateway
from tests.vendors import google_calendar, mailchimp
from tests.vendors.asking import TLS
from tests.vendors.serving import LOOPBACK

PERMISSIONS: Final = frozenset({"integrations/view", "integrations/manage"})
BEGINNER: Final = Viewer("token:7", "office", PERMISSIONS, ViewerKind.TOKEN, credential="token:7")
CONSENT: Final = table(AuthorizationRow)
TOKEN: Final = table(TokenRow)
BEGIN: Final = """
mutation Begin($provider: String!, $dry: Boolean! = false) {
  integrationAuthorize(input: {provider: $provider}, validateOnly: $dry) {
    url expiresAt settings { valid authorized needsConsent } userErrors { code message field }
  }
}"""
SAVE: Final = """
mutation Save($input: IntegrationSettingsUpdateInput!) {
  integrationSettingsUpdate(input: $input) { settings { valid authorized } userErrors { code message field } }
}"""


@dataclass
class Office:
    """A store that both vendors are set up in, none of them consented to."""

    gateway: Gateway
    google: google_calendar.GoogleCalendar
    mailchimp: mailchimp.Mailchimp

    async def begin(self, provider: str = "google_calendar", viewer: Viewer = BEGINNER) -> dict[str, str]:
        said = (await self.gateway(BEGIN, {"provider": provider}, viewer))["integrationAuthorize"]
        assert said["userErrors"] == []
        return dict(parse_qsl(urlsplit(said["url"]).query))

    def agree(self, asked: Mapping[str, str]) -> str:
        return self.google.agreed(asked["redirect_uri"], asked["scope"], asked["code_challenge"])

    async def back(self, state: str, viewer: Viewer | None = None, **said: str) -> str:
        units, providers = self.gateway.units, self.gateway.providers
        return (await consented(units, providers, Answer(state, **said), viewer)).sentence

    async def refused(self, state: str, viewer: Viewer | None = None, **said: str) -> tuple[int, str]:
        with pytest.raises(Refused) as refused:
            await self.back(state, viewer, **said)
        assert not (await self.row())["valid"]
        assert (await self.row())["token"] is None
        return refused.value.status, refused.value.message

    async def row(self, key: str = "google_calendar") -> dict[str, Any]:
        async with self.gateway.database.read() as connection:
            found = await connection.execute(select(SETTING).where(SETTING.c.key == key))
            return dict(found.mappings().one())

    async def do(self, *statements: Any) -> None:
        async with self.gateway.database.write() as connection:
            for statement in statements:
                await connection.execute(statement)
            await connection.commit()

    async def consent(self) -> None:
        asked = await self.begin()
        await self.back(asked["state"], code=self.agree(asked))

    async def credential(self, key: str = "google_calendar") -> Credential:
        async with self.gateway.database.read() as connection:
            found = (await self.gateway.providers.credentials(connection, [key]))[key]
        assert isinstance(found, Credential), found
        return found

    async def fresh(self) -> Credential:
        return await fresh(self.gateway.providers, await self.credential(), Rows.of(self.gateway.units))

    async def ending(self, seconds: float) -> None:
        await self.do(
            update(SETTING).where(SETTING.c.token.is_not(None)).values(token_ends_at=now() + timedelta(seconds=seconds))
        )


@pytest.fixture
async def office(gateway: Gateway) -> AsyncIterator[Office]:
    google, chimp = google_calendar.GoogleCalendar(), mailchimp.Mailchimp()
    async with google.serving(), chimp.serving(), Outbound(LOOPBACK, Times(), tls=TLS) as outbound:
        registry, sends = Registry([GoogleCalendar(), Mailchimp()]), google.redirected(chimp.redirected(outbound))
        gateway.providers = Providers(registry, sends, Limits(gateway.database))
        gateway.units = gateway.made_units()
        await factories.store_rows(gateway, [factories.store(), factories.token(7, permissions=sorted(PERMISSIONS))])
        async with gateway.database.write() as connection:
            await bring_in_line(connection, gateway.providers.registry)
            await connection.commit()
        with structlog.testing.capture_logs():
            for key, server in (("google_calendar", google_calendar), ("mailchimp", mailchimp)):
                settings = {"client_id": server.CLIENT, "client_secret": server.SECRET}
                said = await gateway(SAVE, {"input": {"key": key, "settings": settings}})
                assert said["integrationSettingsUpdate"]["userErrors"] == []
            yield Office(gateway, google, chimp)


async def test_google_from_the_beginning_to_a_calendar(office: Office) -> None:
    asked = await office.begin()
    assert asked["redirect_uri"] == "https://api.store.example/oauth/callback"
    assert (asked["access_type"], asked["prompt"], asked["code_challenge_method"]) == ("offline", "consent", "S256")
    async with office.gateway.database.read() as connection:
        awaited = (await connection.execute(select(CONSENT))).mappings().one()
    assert asked["state"] not in str(dict(awaited))
    assert awaited["viewer"] == "token:7"

    code = office.agree(asked)
    assert await office.back(asked["state"], BEGINNER, code=code) == "Connected to the calendar ada@shop.example"
    row = await office.row()
    token = read_token(row["token"], row["token_ends_at"])
    assert token is not None
    assert (row["valid"], token.access, token.refresh) == (True, "ya29.0", "1//00")
    assert "ya29" not in str(row)
    async with office.gateway.database.read() as connection:
        enabled = select(PROVIDER.c.enabled).where(PROVIDER.c.key == "google_calendar")
        assert (await connection.execute(enabled)).scalar()
        events = await connection.execute(select(EVENT.c.payload, EVENT.c.cause).order_by(EVENT.c.id.desc()))
        payload, cause = events.all()[0]
    assert (payload["provider"], payload["valid"], cause) == ("google_calendar", True, "request:oauth")
    assert "ya29" not in str(payload)
    with pytest.raises(Refused, match="used"):
        await office.back(asked["state"], code=code)


async def test_mailchimp_says_where_the_account_of_a_token_is(office: Office) -> None:
    asked = await office.begin("mailchimp")
    assert "code_challenge" not in asked
    said = await office.back(asked["state"], code=office.mailchimp.agreed(asked["redirect_uri"]))
    credential = await office.credential("mailchimp")
    assert said == "Connected to the account Storegraph Posters"
    assert credential.token is not None
    assert (credential.token.kept, credential.token.ends_at) == ({"dc": "us21"}, None)
    assert credential.site().base == "https://us21.api.mailchimp.com/3.0"
    # Somebody saves them again: the consent is for the same client, and stays.
    again = (await office.gateway(SAVE, {"input": {"key": "mailchimp", "settings": {}}}))["integrationSettingsUpdate"]
    assert again["settings"] == {"valid": True, "authorized": True}


async def test_who_comes_back_with_something_else(office: Office) -> None:
    assert (await office.refused("unknown", code="4/0"))[0] == 400
    assert (await office.refused("", code="4/0"))[0] == 400
    assert (await office.refused("a" * 101, code="4/0"))[0] == 400
    office.google.calls.clear()
    wrong: list[tuple[dict[str, Any], int, str]] = [
        ({"error": "access_denied"}, 400, "You did not consent. Nothing was stored."),
        ({"error": "<b>"}, 400, "The vendor refused. Nothing was stored."),
        ({}, 400, "The vendor sent no code. Nothing was stored."),
        ({"code": "4" * 3000}, 400, "The vendor sent no code. Nothing was stored."),
    ]
    for said, status, message in wrong:
        state = (await office.begin())["state"]
        assert await office.refused(state, **said) == (status, message)
        assert (await office.refused(state, code="4/0AX0"))[0] == 400  # good once
    state = (await office.begin())["state"]
    assert (await office.refused(state, ADMIN, code="4/0AX0"))[1] == "Somebody else began this. Begin again yourself."
    first = (await office.begin())["state"]
    await office.begin()
    assert (await office.refused(first, code="4/0"))[0] == 400  # the second beginning ended it
    late = (await office.begin())["state"]
    await office.do(update(CONSENT).values(expires_at=now()))
    assert (await office.refused(late, code="4/0"))[0] == 400
    assert office.google.calls == []

    state = (await office.begin())["state"]
    status, message = await office.refused(state, code="4/0-wrong-code")
    assert (status, "Bad Request" in message, "4/0-wrong-code" in message) == (400, True, False)
    asked = await office.begin()
    office.google.fail(503, b"<html>", kind="text/html")
    assert (await office.refused(asked["state"], code=office.agree(asked)))[0] == 502
    asked = await office.begin()
    other = office.google.agreed(asked["redirect_uri"], asked["scope"], "another-challenge")
    assert "Invalid code verifier" in (await office.refused(asked["state"], code=other))[1]
    asked = await office.begin()
    less = office.google.agreed(asked["redirect_uri"], "openid", asked["code_challenge"])
    assert "insufficient authentication scopes" in (await office.refused(asked["state"], code=less))[1]


async def test_who_began_may_do_it_still(office: Office) -> None:
    asked = await office.begin()
    await office.do(update(SETTING).values(version=SETTING.c.version + 1))
    assert (await office.refused(asked["state"], code=office.agree(asked)))[0] == 409
    asked = await office.begin()
    await office.do(update(TOKEN).where(TOKEN.c.id == 7).values(permissions=["integrations/view"]))
    assert (await office.refused(asked["state"], code=office.agree(asked)))[0] == 403
    await office.do(update(TOKEN).where(TOKEN.c.id == 7).values(permissions=sorted(PERMISSIONS)))
    asked = await office.begin()
    await office.do(update(TOKEN).where(TOKEN.c.id == 7).values(revoked_at=now()))
    assert (await office.refused(asked["state"], code=office.agree(asked)))[0] == 403


async def test_who_signs_out_has_ended_it(office: Office) -> None:
    session = {"id": 5, "user_id": 3, "secret_hash": "h", "created_at": now(), "expires_at": now() + timedelta(hours=1)}
    await factories.store_rows(office.gateway, [factories.user(3, role_key="super_admin")])
    await office.do(insert(table(SessionRow)).values(session))
    ann = Viewer("user:3", "Ann", PERMISSIONS, ViewerKind.USER, user_id=3, credential="session:5")
    asked = await office.begin(viewer=ann)
    await office.do(delete(table(SessionRow)))
    assert (await office.refused(asked["state"], code=office.agree(asked)))[0] == 403
    await office.do(insert(table(SessionRow)).values(session))
    asked = await office.begin(viewer=ann)
    assert await office.back(asked["state"], code=office.agree(asked))


async def test_what_cannot_be_begun(office: Office) -> None:
    async def said(provider: str, viewer: Viewer = BEGINNER, *, dry: bool = False) -> Any:
        given = {"provider": provider, "dry": dry}
        return (await office.gateway(BEGIN, given, viewer))["integrationAuthorize"]

    for unknown in ("zoom", "a\0", ""):
        (error,) = (await said(unknown))["userErrors"]
        assert (error["code"], error["field"]) == ("NOT_FOUND", ["provider"])
    dry = await said("google_calendar", dry=True)
    assert (dry["url"], dry["userErrors"]) == (None, [])
    vouched = Viewer("oidc:ann", "Ann", PERMISSIONS, ViewerKind.USER)
    (error,) = (await said("google_calendar", vouched))["userErrors"]
    assert error["code"] == "BUSINESS_RULE"
    clerk = Viewer("token:8", "clerk", frozenset({"integrations/view"}), ViewerKind.TOKEN)
    answer = await office.gateway.answer(BEGIN, {"provider": "google_calendar"}, clerk)
    assert answer.body["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    await office.do(update(SETTING).values(concealed=None))
    (error,) = (await said("google_calendar"))["userErrors"]
    assert (error["code"], error["message"]) == (
        "CONFIGURATION_ERROR",
        "Save client_id and client_secret of Google Calendar first",
    )
    async with office.gateway.database.read() as connection:
        assert (await connection.execute(select(CONSENT))).first() is None


async def test_a_token_that_ends_is_had_anew_by_one(office: Office) -> None:
    await office.consent()
    version = (await office.row())["version"]
    office.google.calls.clear()
    assert (await office.fresh()).token == (await office.credential()).token
    await office.ending(60)
    found = await asyncio.gather(*(office.fresh() for _ in range(5)))

    assert office.google.paths == ["POST /oauth2/token"]
    assert {one.token.access for one in found if one.token} == {"ya29.1"}
    row = await office.row()
    assert (row["version"], row["valid"], row["token_claimed_until"]) == (version, True, None)
    assert row["token_ends_at"] > now() + timedelta(minutes=30)
    # Another process has it anew just now: what lasts for a minute is used until then.
    await office.ending(60)
    await office.do(update(SETTING).values(token_claimed_until=now() + timedelta(minutes=1)))
    assert (await office.fresh()).token is not None
    assert len(office.google.calls) == 1


async def test_a_vendor_that_does_not_answer_ends_nothing(office: Office) -> None:
    await office.consent()
    await office.ending(60)
    office.google.fail(503, times=2)
    assert (await office.fresh()).token is not None  # it lasts for a minute
    await office.ending(-60)
    with pytest.raises(VendorFailed) as failed:
        await office.fresh()
    assert failed.value.retryable
    row = await office.row()
    assert (row["valid"], row["token_claimed_until"]) == (True, None)
    token = (await office.fresh()).token
    assert token is not None
    assert token.access == "ya29.1"


async def test_a_consent_that_was_taken_back(office: Office) -> None:
    await office.consent()
    await office.ending(60)
    office.google.refreshing.clear()
    with pytest.raises(Rejected, match="expired or revoked"):
        await office.fresh()

    row = await office.row()
    assert (row["valid"], row["token"]) == (False, None)
    async with office.gateway.database.read() as connection:
        enabled = select(PROVIDER.c.enabled).where(PROVIDER.c.key == "google_calendar")
        assert not (await connection.execute(enabled)).scalar()
        events = await connection.execute(select(EVENT.c.payload, EVENT.c.cause).order_by(EVENT.c.id.desc()))
        payload, cause = events.all()[0]
    assert (payload["provider"], payload["valid"], cause) == ("google_calendar", False, "sweep:tokens")
    await office.consent()
    assert (await office.row())["valid"]


@pytest.mark.parametrize(("lasts", "asked"), [(60, True), (-60, False)], ids=["ending", "over"])
async def test_a_dry_run_has_no_token_anew(office: Office, lasts: int, asked: bool) -> None:
    """Renewing is a change at the vendor, and the token before it may be good no more."""
    await office.consent()
    await office.ending(lasts)
    before = await office.row()
    office.google.calls.clear()
    dry = SAVE.replace("input: $input", "input: $input, validateOnly: true")
    said = await office.gateway(dry, {"input": {"key": "google_calendar", "settings": {}}})
    assert said["integrationSettingsUpdate"] == {"settings": None, "userErrors": []}
    assert [call.method for call in office.google.calls] == (["GET"] if asked else [])
    assert await office.row() == before
    # Saved for good, it is had anew.
    await office.gateway(SAVE, {"input": {"key": "google_calendar", "settings": {}}})
    assert (await office.row())["token_ends_at"] > before["token_ends_at"]
