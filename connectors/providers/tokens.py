"""Tokens that are about to end are had anew where they are read: by one process at a time, outside any transaction."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import structlog
from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.providers import consent, furnishing
from connectors.providers.access import SETTING, Credential, Providers, ends_soon, read_token, seal_token
from connectors.providers.declared.failing import Rejected, VendorFailed
from connectors.providers.declared.oauth import Token
from connectors.providers.registry import AnyProvider
from db.access.viewer import SYSTEM
from db.integration.events import INTEGRATION_SETTINGS_UPDATED
from db.store.row import now
from db.store.writing import edit
from engine.unit.database import Database
from engine.unit.unit import Cause, Unit

log = structlog.get_logger("storegraph.providers")

# Longer than a vendor is waited for: whoever leased it has died.
_LEASE: Final = timedelta(seconds=90)
_WAIT_SECONDS: Final = 0.2
_WAITS: Final = 150
# How a vendor says that a consent holds no longer: `invalid_grant`, or that it does not know the client any more.
_REFUSING: Final = (400, 401, 403)


@dataclass(frozen=True, slots=True)
class Rows:
    """The store, as whoever reads a token reaches it."""

    read: Callable[[], AbstractAsyncContextManager[AsyncConnection]]
    unit: Callable[[], AbstractAsyncContextManager[Unit]]

    @classmethod
    def of(cls, units: Database) -> "Rows":
        return cls(units.read, lambda: units.unit(SYSTEM, cause=Cause("sweep:tokens")))


async def fresh(providers: Providers, credential: Credential, rows: Rows) -> Credential:
    """The same with a token that lasts. Raises Rejected where somebody has to consent again, and VendorFailed."""
    if not credential.ends_soon:
        return credential
    row = await renewed(providers, credential.provider, rows)
    found = providers.credential(credential.provider, row)
    if isinstance(found, str):
        raise Rejected(found)
    return found


async def renewed(providers: Providers, provider: AnyProvider, rows: Rows) -> Mapping[str, Any]:
    """The row of its settings with a token that lasts. Raises as `fresh`."""
    async with providers.renewing(provider.key):
        for _ in range(_WAITS):
            row = await _row(rows, provider.key)
            token = None if row is None else read_token(row["token"], row["token_ends_at"])
            if row is None or token is None:
                raise Rejected(_again(provider))
            if not ends_soon(token):
                return row
            if await _leased(rows, row):
                return await _renewed(providers, provider, rows, row, token)
            if not over(token):
                return row  # somebody else has it anew, and this one lasts as long
            await asyncio.sleep(_WAIT_SECONDS)
    raise VendorFailed(None, f"The token of {provider.title} is not renewed yet", retryable=True)


async def _renewed(
    providers: Providers, provider: AnyProvider, rows: Rows, row: Mapping[str, Any], token: Token
) -> Mapping[str, Any]:
    assert provider.oauth is not None
    client = consent.client(provider.oauth, row)
    if token.refresh is None or client is None:
        if not over(token):
            return row
        await _lost(rows, row)
        raise Rejected(_again(provider))
    try:
        given = await consent.refreshed(providers, provider, client, token)
    except VendorFailed as failed:
        if failed.status in _REFUSING and not failed.retryable:
            log.warning("a consent holds no longer", provider=provider.key, reason=failed.message)
            await _lost(rows, row)
            raise Rejected(f"{_again(provider)} ({failed.message})") from None
        await _write(rows, _same(row), {"token_claimed_until": None})
        if over(token):
            raise
        return row
    values = {"token": seal_token(given), "token_ends_at": given.ends_at, "token_claimed_until": None}
    # Whatever became of the rest meanwhile: not where the consent was taken away, or given anew.
    await _write(rows, _same(row), values)
    return {**row, **values}


async def _row(rows: Rows, key: str) -> Mapping[str, Any] | None:
    async with rows.read() as connection:
        found = (await connection.execute(select(SETTING).where(SETTING.c.key == key))).mappings().one_or_none()
    return None if found is None else dict(found)


def _same(row: Mapping[str, Any]) -> ColumnElement[bool]:
    """The token is the one that was read."""
    return and_(
        SETTING.c.key == row["key"], SETTING.c.token.is_not(None), SETTING.c.token_ends_at == row["token_ends_at"]
    )


async def _leased(rows: Rows, row: Mapping[str, Any]) -> bool:
    free = SETTING.c.token_claimed_until.is_(None) | (SETTING.c.token_claimed_until < now())
    return await _write(rows, and_(_same(row), free), {"token_claimed_until": now() + _LEASE})


async def _write(rows: Rows, where: ColumnElement[bool], values: Mapping[str, Any]) -> bool:
    """Beside the version: nobody edits a token, and nobody's edit is outdated by a new one."""
    async with rows.unit() as unit:
        done = await unit.connection.execute(update(SETTING).where(where).values(values))
        await unit.commit("tokens", None, None, audited=False)
    return done.rowcount > 0


async def _lost(rows: Rows, row: Mapping[str, Any]) -> None:
    """Its settings are valid no more, which is an event."""
    async with rows.unit() as unit:
        found = await unit.connection.execute(select(SETTING).where(_same(row)).with_for_update())
        here = found.mappings().one_or_none()
        if here is None:
            return
        nothing = {"valid": False, "token": None, "token_ends_at": None, "token_claimed_until": None}
        changes = {name: value for name, value in nothing.items() if here[name] != value}
        await edit(unit.connection, SETTING, row["key"], here["version"], changes)
        unit.emit(INTEGRATION_SETTINGS_UPDATED(dict(here), changes))
        if here["valid"]:
            await furnishing.usable(unit.connection, row["key"], valid=False)
        await unit.commit("tokens", None, None, audited=True)


def over(token: Token) -> bool:
    return token.ends_at is not None and token.ends_at <= now()


def _again(provider: AnyProvider) -> str:
    return f"{provider.title} does not take the consent that it was given any more: consent again"
