"""The page that vendors send people back to, over real HTTP: a consent from its beginning to valid settings."""

from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest
from pydantic import SecretStr

from connectors.providers.access import Providers
from server.settings.settings import Settings
from tests.server.running import running
from tests.vendors.google_calendar import CLIENT, SECRET, GoogleCalendar

KEY = "b3Blbi1zZXNhbWUtb3Blbi1zZXNhbWUtb3Blbi1zZXM="
TOKEN = {"Authorization": "Bearer known-admin-token"}
PATH = "/oauth/callback"
SAVE = """mutation Save($settings: JSON!) {
  integrationSettingsUpdate(input: {key: "google_calendar", settings: $settings}) { userErrors { message } } }"""
BEGIN = """mutation { integrationAuthorize(input: {provider: "google_calendar"}) { url userErrors { message } } }"""
SEEN = """{ integrationSettings(by: {key: "google_calendar"}) { valid authorized account } }"""


@pytest.fixture
def google(monkeypatch: pytest.MonkeyPatch) -> Iterator[GoogleCalendar]:
    """The server's providers reach this one in place of Google."""
    server = GoogleCalendar()
    made = Providers.__init__

    def led(self: Providers, registry: Any, sends: Any, limits: Any) -> None:
        made(self, registry, server.redirected(sends), limits)

    monkeypatch.setattr(Providers, "__init__", led)
    with server.in_thread():
        yield server


@pytest.fixture
def client(google: GoogleCalendar, database_url: str, tmp_path: Path) -> Iterator[httpx2.Client]:
    settings = Settings(
        database_url=database_url,
        data_folder=tmp_path,
        secret_keys=(SecretStr(KEY),),
        admin_token=SecretStr("known-admin-token"),
        outbound_networks=(ip_network("127.0.0.0/8"),),
        public_url="https://api.shop.example",
        work=False,
    )
    with running(settings) as client:
        yield client


def ask(client: httpx2.Client, query: str, **variables: Any) -> Any:
    answer = client.post("/graphql", json={"query": query, "variables": variables}, headers=TOKEN).json()
    assert "errors" not in answer, answer
    return next(iter(answer["data"].values()))


def test_a_browser_comes_back(
    client: httpx2.Client, google: GoogleCalendar, capsys: pytest.CaptureFixture[str]
) -> None:
    saved = ask(client, SAVE, settings={"client_id": CLIENT, "client_secret": SECRET})
    assert saved["userErrors"] == []

    def begun() -> dict[str, str]:
        return dict(parse_qsl(urlsplit(ask(client, BEGIN)["url"]).query))

    for query in (
        "",
        "state=unknown&code=4/0",
        "state=a&state=b&code=4/0",
        "state=%00&code=%ff",
        f"state={'a' * 9000}",
    ):
        assert client.get(f"{PATH}?{query}").status_code == 400
    assert client.post(PATH).status_code == 405
    denied = client.get(PATH, params={"state": begun()["state"], "error": "access_denied<script>"})
    assert (denied.status_code, "<script>" in denied.text) == (400, False)
    stranger = client.get(PATH, params={"state": begun()["state"], "code": "4/0"}, headers={"X-API-Key": "x"})
    assert stranger.status_code == 401
    assert ask(client, SEEN) == {"valid": False, "authorized": False, "account": ""}

    asked = begun()
    assert asked["redirect_uri"] == f"https://api.shop.example{PATH}"
    code = google.agreed(asked["redirect_uri"], asked["scope"], asked["code_challenge"])
    page = client.get(PATH, params={"state": asked["state"], "code": code})
    assert page.status_code == 200
    assert "Connected to the calendar ada@shop.example." in page.text
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert (page.headers["cache-control"], page.headers["referrer-policy"]) == ("no-store", "no-referrer")
    assert page.headers["content-security-policy"].startswith("default-src 'none'; script-src 'sha256-")
    assert client.get(PATH, params={"state": asked["state"], "code": code}).status_code == 400
    account = "Connected to the calendar ada@shop.example"
    assert ask(client, SEEN) == {"valid": True, "authorized": True, "account": account}
    logged = capsys.readouterr()
    for secret in (asked["state"], code, "ya29."):
        assert secret not in logged.err + logged.out + page.text
