"""The providers of a process with what is stored of them: the port by which everybody else reaches a vendor."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

import orjson
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.outbound.message import Sends
from connectors.providers import forms
from connectors.providers.calling import Vendor
from connectors.providers.declared.failing import Broke, Rejected, broken_off
from connectors.providers.declared.form import NoForm
from connectors.providers.declared.oauth import Token
from connectors.providers.declared.options import Asked, MergeField, Option
from connectors.providers.declared.site import Site
from connectors.providers.forms import Kept
from connectors.providers.keeping import Keeping
from connectors.providers.limits import Limits
from connectors.providers.registry import AnyProvider, Registry
from db.integration.setting import IntegrationSettingRow
from db.secrets.encrypted import Secret
from db.store.row import now, table

SETTING: Final = table(IntegrationSettingRow)
# An access token that ends sooner is had anew first: a run takes no longer.
SOON: Final = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Credential:
    """What a provider is set to. `settings` is its model; `name` is the same for all that share the vendor's limits
    (db.work.target.share), and another one for another account."""

    provider: AnyProvider
    settings: Any
    token: Token | None
    name: str
    secrets: Collection[str] = ()

    @property
    def ends_soon(self) -> bool:
        return self.token is not None and ends_soon(self.token)

    def site(self) -> Site:
        """Raises Rejected."""
        if self.token is not None:
            return self.provider.authorized(self.settings, self.token)
        return self.provider.site(self.settings)


class Providers:
    """`sends` is the outbound client, or in tests what leads to the vendors of the test."""

    def __init__(self, registry: Registry, sends: Sends, limits: Limits) -> None:
        self.registry = registry
        self.sends = sends
        self._limits = limits
        self._options: Keeping[tuple[Option, ...]] = Keeping()
        self._fields: Keeping[tuple[MergeField, ...]] = Keeping()
        self._renewing: dict[str, asyncio.Lock] = {}

    def renewing(self, key: str) -> asyncio.Lock:
        """Who has a provider's token anew, among those of this process."""
        return self._renewing.setdefault(key, asyncio.Lock())

    def vendor(self, credential: Credential, *, dry: bool = False) -> Vendor:
        """The way to the vendor with this credential. Raises Rejected where its settings name no place."""
        sends = self.sends if dry else self._limits.paced(self.sends, credential.name, credential.provider.caps)
        return _vendor(credential.provider, credential.site(), sends, credential.secrets, dry=dry)

    @asynccontextmanager
    async def asking(self, credential: Credential) -> AsyncIterator[Vendor]:
        """The same for whoever is no delivery: held to what the credential lets through together with those that go out
        by it. Raises VendorFailed where that is all taken."""
        vendor = self.vendor(credential)
        async with self._limits.seated(credential.provider.title, credential.name, credential.provider.caps):
            try:
                yield vendor
            except Exception:
                raise
            except BaseException as error:
                if broken_off(error):
                    raise
                raise Broke(type(error).__name__) from error

    def stranger(self, provider: AnyProvider, secrets: Collection[str] = ()) -> Vendor:
        """The way without a credential, which begins at `to`."""
        return _vendor(provider, None, self.sends, secrets)

    async def credentials(self, connection: AsyncConnection, keys: Collection[str]) -> dict[str, Credential | str]:
        """What these providers are set to, by their keys, or why nothing can be done with it, a sentence. One
        statement. The tokens may have ended: `tokens.fresh` has them anew."""
        found: dict[str, Credential | str] = {}
        rows = await connection.execute(select(SETTING).where(SETTING.c.key.in_(keys)))
        stored = {row["key"]: dict(row) for row in rows.mappings()}
        for key in keys:
            provider = self.registry.get(key)
            if provider is None:
                found[key] = f"No provider {key} is installed on this server"
            elif provider.settings is None:
                found[key] = Credential(provider, NoForm(), None, key)
            elif key not in stored or not stored[key]["valid"]:
                found[key] = f"{provider.title} has no valid settings"
            else:
                found[key] = self.credential(provider, stored[key])
        return found

    def credential(self, provider: AnyProvider, row: Mapping[str, Any]) -> Credential | str:
        """Of a row of settings, valid or not."""
        secrets = forms.unseal(row["concealed"])
        return made(provider, row["settings"], secrets, read_token(row["token"], row["token_ends_at"]))

    async def options(self, credential: Credential, asked: Asked) -> Sequence[Option]:
        """All values of a key, kept for five minutes. What is searched for is left to the provider as well as to
        whoever asks. Raises VendorFailed, Rejected."""
        place = (credential.name, asked.key, asked.search, asked.parent or "", _hashed(dict(asked.values)))

        async def ask() -> tuple[Option, ...]:
            async with self.asking(credential) as vendor:
                return tuple(await credential.provider.options(asked, credential.settings, vendor))

        return await self._options.get(place, ask)

    async def merge_fields(self, credential: Credential, list_id: str) -> Sequence[MergeField]:
        """The fields of a list, kept as `options` are. Raises VendorFailed, Rejected."""

        async def ask() -> tuple[MergeField, ...]:
            async with self.asking(credential) as vendor:
                return tuple(await credential.provider.merge_fields(list_id, credential.settings, vendor))

        return await self._fields.get((credential.name, list_id), ask)


def _vendor(
    provider: AnyProvider, site: Site | None, sends: Sends, hidden: Collection[str], *, dry: bool = False
) -> Vendor:
    return Vendor(site, sends, title=provider.title, explain=provider.explain, dry=dry, hidden=hidden)


def made(
    provider: AnyProvider, values: Mapping[str, Any], secrets: Mapping[str, Kept], token: Token | None
) -> Credential | str:
    """The credential of what is stored, or is about to be; a sentence where it fits the form no longer."""
    try:
        settings = forms.made(provider.settings or NoForm, values, secrets)
    except Rejected as rejected:
        return rejected.message
    plain = [one.value for one in secrets.values()]
    name = named(provider, values, secrets, token)
    hidden = [*plain, *(text for text in (token.access, token.refresh) if text)] if token else plain
    return Credential(provider, settings, token, name, hidden)


def named(provider: AnyProvider, values: Mapping[str, Any], secrets: Mapping[str, Kept], token: Token | None) -> str:
    """What a credential is called: the same for a secret that stays, another one for a secret that is given anew, and
    nothing that tells anything of it: the name is stored in the clear."""
    if provider.settings is None:
        return provider.key
    given = {key: [one.at.isoformat(), one.mark] for key, one in secrets.items()}
    return f"{provider.key}:{_hashed([dict(values), given, token.grant if token else None])}"


def name_of(provider: AnyProvider, row: Mapping[str, Any] | None) -> str:
    """The same of a row of settings, valid or not. Raises NoSecretKey."""
    if row is None or provider.settings is None:
        return provider.key
    token = read_token(row["token"], row["token_ends_at"])
    return named(provider, row["settings"], forms.unseal(row["concealed"]), token)


def ends_soon(token: Token) -> bool:
    return token.ends_at is not None and token.ends_at <= now() + SOON


def read_token(sealed: Secret | None, ends_at: datetime | None) -> Token | None:
    if sealed is None:
        return None
    stored = orjson.loads(sealed.reveal())
    return Token(stored["access"], stored["refresh"], ends_at, stored["kept"], stored.get("grant", ""))


def seal_token(token: Token) -> Secret:
    stored = {"access": token.access, "refresh": token.refresh, "kept": dict(token.kept), "grant": token.grant}
    return Secret(orjson.dumps(stored).decode())


def _hashed(value: Any) -> str:
    return sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS, default=str)).hexdigest()[:32]
