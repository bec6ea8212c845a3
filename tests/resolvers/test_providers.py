"""Providers in a store: their rows, their settings on the way in, and what is asked of vendors."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final

import pytest
from sqlalchemy import select

from connectors.outbound.client import Outbound
from connectors.providers.access import SETTING, Credential, Providers
from connectors.providers.furnishing import PROVIDER, bring_in_line, in_line
from connectors.providers.keeping import Keeping
from connectors.providers.limits import Limits
from connectors.providers.registry import Registry
from db.store.unit import Units
from resolvers.access.sign_in import SignIns
from tests.connectors.outbound.receiver import LOOPBACK
from tests.connectors.providers.letterboxes import TOKEN, LetterboxServer, letterbox
from tests.gateway import Gateway
from tests.packages.letterbox import Letterbox

SAVE: Final = """
mutation Save($input: IntegrationSettingsUpdateInput!, $dry: Boolean! = false) {
  integrationSettingsUpdate(input: $input, validateOnly: $dry) {
    settings { settings valid account provider { enabled } }
    userErrors { code message field }
  }
}"""
OPTIONS: Final = """
query Options($search: String! = "") {
  integrationDynamicOptions(optionKey: "lists", search: $search, provider: "letterbox") { id title }
}"""


async def furnish(gateway: Gateway, registry: Registry) -> None:
    async with gateway.database.write() as connection:
        await bring_in_line(connection, registry)
        await connection.commit()


@pytest.fixture
async def server(gateway: Gateway) -> AsyncIterator[LetterboxServer]:
    """A Letterbox that this store's outbound client reaches, and its provider's rows."""
    async with letterbox() as server, Outbound(LOOPBACK) as outbound:
        gateway.providers = Providers(Registry([Letterbox()]), outbound, Limits(gateway.database))
        gateway.units = Units(gateway.database, SignIns(), gateway.storage, gateway.links, outbound, gateway.providers)
        await furnish(gateway, gateway.providers.registry)
        yield server


async def save(gateway: Gateway, *, dry: bool = False, **settings: Any) -> Any:
    given = {"input": {"key": "letterbox", "settings": settings}, "dry": dry}
    return (await gateway(SAVE, given))["integrationSettingsUpdate"]


async def stored(gateway: Gateway) -> dict[str, Any]:
    async with gateway.database.read() as connection:
        found = await connection.execute(select(SETTING).where(SETTING.c.key == "letterbox"))
        return dict(found.mappings().one())


async def test_rows_follow_the_providers_that_are_here(gateway: Gateway) -> None:
    registry = Registry([Letterbox()])
    await furnish(gateway, registry)
    await furnish(gateway, registry)
    async with gateway.database.read() as connection:
        assert await in_line(connection, registry)
        row = (await connection.execute(select(PROVIDER).where(PROVIDER.c.key == "letterbox"))).mappings().one()
    assert (row["available"], row["installed"], row["enabled"], row["version"]) == (True, False, False, 1)

    renamed = type("Renamed", (Letterbox,), {"title": "Letters"})
    await furnish(gateway, Registry([renamed()]))
    await furnish(gateway, Registry([]))
    async with gateway.database.read() as connection:
        row = (await connection.execute(select(PROVIDER).where(PROVIDER.c.key == "letterbox"))).mappings().one()
        assert await in_line(connection, Registry([]))
    assert (row["title"], row["available"], row["version"]) == ("Letters", False, 3)
    assert (await stored(gateway))["valid"] is False


async def test_settings_are_verified_outside_the_transaction_and_stored_then(
    gateway: Gateway, server: LetterboxServer
) -> None:
    dry = await save(gateway, dry=True, server=server.url, token=TOKEN)
    assert (dry["userErrors"], (await stored(gateway))["version"]) == ([], 1)
    said = await save(gateway, server=server.url, token=TOKEN)

    assert said["userErrors"] == []
    assert (said["settings"]["valid"], said["settings"]["account"]) == (True, "Connected to Acme")
    assert said["settings"]["provider"] == {"enabled": False}  # nobody has installed it
    assert said["settings"]["settings"]["token"]["lastFour"] == TOKEN[-4:]
    row = await stored(gateway)
    assert TOKEN not in str(row)
    assert row["settings"] == {"server": server.url}
    again = await save(gateway, token="***")
    assert again["userErrors"] == []
    assert (await stored(gateway))["version"] == row["version"] or (await stored(gateway))["valid"]


@pytest.mark.parametrize(
    ("status", "body", "code", "message"),
    [
        (401, {"message": "Who?"}, "CONFIGURATION_ERROR", "Letterbox answers 401: Who?"),
        (503, b"<html>", "PROVIDER_ERROR", "Letterbox answers 503"),
        (200, {"name": "Acme", "state": "closed"}, "CONFIGURATION_ERROR", "The account is closed"),
        (200, [], "PROVIDER_ERROR", "The answer 200 does not have the form that it should"),
    ],
)
async def test_what_the_vendor_refuses_changes_nothing(
    gateway: Gateway, server: LetterboxServer, status: int, body: Any, code: str, message: str
) -> None:
    server.answers["GET /api/account"] = (status, {}, body)
    said = await save(gateway, server=server.url, token=TOKEN)

    (error,) = said["userErrors"]
    assert (error["code"], error["message"], error["field"][0]) == (code, message, "settings")
    assert (await stored(gateway))["version"] == 1


async def test_a_secret_is_not_led_to_another_host(gateway: Gateway, server: LetterboxServer) -> None:
    await save(gateway, server=server.url, token=TOKEN)
    async with letterbox() as thief:
        said = await save(gateway, server=thief.url)
        moved = await save(gateway, server=thief.url, token=TOKEN)

        assert [error["field"] for error in said["userErrors"]] == [["settings", "token"]]
        assert moved["userErrors"] == []
        assert [call for call, _ in thief.calls] == ["GET /api/account"]


@pytest.mark.parametrize("raised", [SystemExit, asyncio.CancelledError, GeneratorExit])
async def test_a_provider_ends_no_more_than_its_own_call(
    gateway: Gateway, server: LetterboxServer, monkeypatch: pytest.MonkeyPatch, raised: type[BaseException]
) -> None:
    async def broken(*_: Any) -> None:
        raise raised

    await gateway('mutation { integrationAddonInstall(input: {addonKey: "letterbox"}) { provider { key } } }')
    await save(gateway, server=server.url, token=TOKEN)
    monkeypatch.setattr(Letterbox, "verify", broken)
    monkeypatch.setattr(Letterbox, "options", broken)
    (error,) = (await save(gateway, token="***"))["userErrors"]
    assert (error["code"], error["message"]) == ("PROVIDER_ERROR", "Letterbox could not be asked: Broke")
    (error,) = (await gateway.answer(OPTIONS)).body["errors"]
    assert error["extensions"]["code"] == "PROVIDER_ERROR"


async def test_a_provider_that_raises_anything_is_an_answer(
    gateway: Gateway, server: LetterboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError(TOKEN)

    monkeypatch.setattr(Letterbox, "verify", broken)
    (error,) = (await save(gateway, server=server.url, token=TOKEN))["userErrors"]

    assert (error["code"], error["message"]) == ("PROVIDER_ERROR", "Letterbox could not be asked: RuntimeError")


async def test_options_are_asked_for_once(gateway: Gateway, server: LetterboxServer) -> None:
    await save(gateway, server=server.url, token=TOKEN)
    server.calls.clear()
    for search in ("", "", ""):
        found = (await gateway(OPTIONS, {"search": search}))["integrationDynamicOptions"]
        assert [option["title"] for option in found] == ["News", "Offers"]

    assert [call for call, _ in server.calls] == ["GET /api/lists?from=0"]


async def test_a_vendor_that_fails_is_told_with_what_to_do(gateway: Gateway, server: LetterboxServer) -> None:
    await save(gateway, server=server.url, token=TOKEN)
    server.answers["GET /api/lists"] = (429, {"Retry-After": "7"}, {"message": "Slower"})
    answer = await gateway.answer(OPTIONS)

    (error,) = answer.body["errors"]
    assert error["message"] == "Letterbox answers 429: Slower"
    assert error["extensions"] == {
        "code": "PROVIDER_ERROR",
        "provider": "letterbox",
        "status": 429,
        "retryable": True,
        "retryAfter": 7.0,
    }
    del server.answers["GET /api/lists"]  # a failure is not kept
    assert len((await gateway(OPTIONS))["integrationDynamicOptions"]) == 2


async def test_credentials_are_read_at_once(gateway: Gateway, server: LetterboxServer) -> None:
    await save(gateway, server=server.url, token=TOKEN)
    with gateway.counting() as statements:
        async with gateway.database.read() as connection:
            found = await gateway.providers.credentials(connection, ["letterbox", "postcard"])

    credential = found["letterbox"]
    assert isinstance(credential, Credential)
    assert credential.name.startswith("letterbox:")
    assert TOKEN not in credential.name
    assert found["postcard"] == "No provider postcard is installed on this server"
    assert len(statements) == 1


async def test_what_is_kept_is_bounded_and_ends() -> None:
    moment = [0.0]
    kept: Keeping[int] = Keeping(seconds=10, most=2, clock=lambda: moment[0])
    asked: list[str] = []

    async def of(name: str) -> int:
        async def ask() -> int:
            asked.append(name)
            return len(asked)

        return await kept.get((name,), ask)

    assert [await of(name) for name in "aabca"] == [1, 1, 2, 3, 4]
    moment[0] = 10.0
    assert await of("a") == 5
