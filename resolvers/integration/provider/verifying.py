"""Settings on their way in: what they would be, and what the vendor says of them. Nothing here changes a row."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlsplit

import structlog
from sqlalchemy import select

from connectors.providers import Rejected, VendorFailed, Verified, forms
from connectors.providers.access import SETTING, Credential, Providers, made, read_token
from connectors.providers.forms import Filled, Kept, Problem
from connectors.providers.registry import AnyProvider
from connectors.providers.tokens import Rows, over, renewed
from db.store.row import now
from engine.unit.perform import Reach
from engine.values.errors import ErrorCode

log = structlog.get_logger("storegraph.providers")
# A vendor says so of a key that it does not know.
_REJECTING: Final = (401, 403)


@dataclass(frozen=True, slots=True)
class Refusal:
    code: ErrorCode
    message: str
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Checked:
    """`version` is that of the row that `filled` was made from. `verified` is None where the vendor was not asked, or
    may be only when somebody has consented; `refusals` are why nothing is stored."""

    version: int
    filled: Filled
    verified: Verified | None
    refusals: tuple[Refusal, ...]
    keeps_token: bool


@asynccontextmanager
async def checked(reach: Reach, input: Any, dry: bool) -> AsyncIterator[Checked | None]:
    """Fills the form, and asks the vendor whether it accepts what is in it, before the transaction begins. A dry run
    asks too, with the token that there is: having it anew is a change at the vendor. None where there is no such
    provider."""
    providers = reach.port(Providers)
    provider = providers.registry.get(input.key)
    row = None
    if provider is not None and provider.settings is not None:
        async with reach.read() as connection:
            found = await connection.execute(select(SETTING).where(SETTING.c.key == input.key))
            row = found.mappings().one_or_none()
    if provider is None or row is None:
        yield None
    else:
        rows = None if dry else Rows(reach.read, reach.unit)
        yield await _checked(providers, provider, dict(row), input.settings, rows)


async def _checked(
    providers: Providers, provider: AnyProvider, row: Mapping[str, Any], given: Any, rows: Rows | None
) -> Checked:
    assert provider.settings is not None
    secrets = forms.unseal(row["concealed"])
    if not isinstance(given, Mapping):
        empty = Filled({}, {}, (Problem((), "The settings are an object of values by their keys"),))
        return Checked(row["version"], empty, None, _refusals(empty.problems), False)
    filled = forms.read(provider.settings, given, stored=row["settings"], secrets=secrets, complete=True, now=now())
    keeps = row["token"] is not None and _same_client(provider, filled, row["settings"], secrets)
    token = read_token(row["token"], row["token_ends_at"]) if keeps else None
    problems = list(filled.problems)
    credential = None
    if not problems:
        credential = made(provider, filled.values, filled.secrets, token)
        if isinstance(credential, str):
            problems.append(Problem((), credential))
        else:
            problems += _led_away(provider, credential, row, given, filled)
    if problems or not isinstance(credential, Credential):
        return Checked(row["version"], filled, None, _refusals(tuple(problems)), keeps)
    waits = provider.oauth is not None and token is None and _has_client(provider, filled)
    if waits and provider.oauth is not None and not provider.oauth.optional:
        return Checked(row["version"], filled, None, (), keeps)
    if rows is None and token is not None and over(token):
        # Nobody can be asked with it, so that it is as valid as it was.
        return Checked(row["version"], filled, Verified(row["account"]) if row["valid"] else None, (), keeps)
    answer = await (asked(providers, credential) if rows is None else _asked_lasting(providers, credential, rows))
    if isinstance(answer, Verified):
        return Checked(row["version"], filled, answer, (), keeps)
    if waits and answer.code is ErrorCode.CONFIGURATION_ERROR:
        return Checked(row["version"], filled, None, (), keeps)
    return Checked(row["version"], filled, None, (answer,), keeps)


async def _asked_lasting(providers: Providers, credential: Credential, rows: Rows) -> Verified | Refusal:
    """With the token that is stored, had anew where it is about to end."""
    if credential.ends_soon:
        try:
            row = await renewed(providers, credential.provider, rows)
        except Rejected as rejected:
            return Refusal(ErrorCode.CONFIGURATION_ERROR, rejected.message, ("settings",))
        except VendorFailed as failed:
            return Refusal(ErrorCode.PROVIDER_ERROR, failed.message, ("settings",))
        credential = replace(credential, token=read_token(row["token"], row["token_ends_at"]))
    return await asked(providers, credential)


async def asked(providers: Providers, credential: Credential) -> Verified | Refusal:
    """What the vendor says of a credential."""
    provider = credential.provider
    try:
        async with providers.asking(credential) as vendor:
            return await provider.verify(credential.settings, vendor)
    except Rejected as rejected:
        path = ("settings", rejected.field) if rejected.field else ("settings",)
        return Refusal(ErrorCode.CONFIGURATION_ERROR, rejected.message, path)
    except VendorFailed as failed:
        code = ErrorCode.CONFIGURATION_ERROR if failed.status in _REJECTING else ErrorCode.PROVIDER_ERROR
        return Refusal(code, failed.message, ("settings",))
    except Exception as error:
        log.warning("a provider could not verify its settings", provider=provider.key, exc_info=error)
        message = f"{provider.title} could not be asked: {type(error).__name__}"
        return Refusal(ErrorCode.PROVIDER_ERROR, message, ("settings",))


def _refusals(problems: tuple[Problem, ...]) -> tuple[Refusal, ...]:
    return tuple(Refusal(ErrorCode.VALIDATION, one.message, ("settings", *one.path)) for one in problems)


def _has_client(provider: AnyProvider, filled: Filled) -> bool:
    assert provider.oauth is not None
    return bool(filled.values.get(provider.oauth.client_id)) and provider.oauth.client_secret in filled.secrets


def _same_client(provider: AnyProvider, filled: Filled, values: Mapping[str, Any], secrets: Mapping[str, Kept]) -> bool:
    """Whether a consent that was given holds for these settings too."""
    if provider.oauth is None:
        return False
    secret = provider.oauth.client_secret
    same = filled.values.get(provider.oauth.client_id) == values.get(provider.oauth.client_id)
    return same and filled.secrets.get(secret) == secrets.get(secret)


def _led_away(
    provider: AnyProvider,
    credential: Credential,
    row: Mapping[str, Any],
    given: Mapping[str, Any],
    filled: Filled,
) -> list[Problem]:
    """Whoever may save settings may not read their secrets, and would have them sent to themselves. Who gives one again
    knows it."""
    secrets = forms.unseal(row["concealed"])
    stays = [key for key, one in filled.secrets.items() if secrets.get(key) == one and given.get(key) != one.value]
    before = made(provider, row["settings"], secrets, credential.token)
    if not stays:
        return []
    try:
        was = None if isinstance(before, str) else _origin(before)
    except Exception:  # noqa: BLE001 # what was stored leads nowhere, so that no secret was sent there
        was = None
    try:
        same = was == _origin(credential)
    except Exception:  # noqa: BLE001 # `verify` says why
        return []
    return [] if same else [Problem((key,), "The address is another one: give this secret again") for key in stays]


def _origin(credential: Credential) -> tuple[str, str]:
    parts = urlsplit(credential.site().base)
    return parts.scheme, parts.netloc
