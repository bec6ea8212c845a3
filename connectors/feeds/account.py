"""What a run reaches its vendor with: the provider's settings as they are stored, and the way to the vendor."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Protocol

from pydantic import BaseModel

from connectors.providers.access import Providers
from connectors.providers.calling import Vendor
from connectors.providers.declared.failing import Rejected
from connectors.providers.registry import AnyProvider
from connectors.providers.tokens import Rows, fresh
from engine.unit.database import Database


@dataclass(frozen=True, slots=True)
class Account:
    settings: BaseModel
    vendor: Vendor


class Accounts(Protocol):
    async def account(self, provider: AnyProvider, *, dry: bool = False, hidden: Collection[str] = ()) -> Account:
        """Opened anew for each run, so that its calls are its own; `hidden` are secrets of the feed, which are shown
        no more than those of the settings. Raises Rejected where the provider is not set up: not installed, without
        settings, or with such as the vendor refused; VendorFailed where its token cannot be had anew just now."""


class StoredAccounts:
    """Accounts as they are stored, each read anew: whoever takes the settings away stops what has not begun."""

    def __init__(self, units: Database, providers: Providers) -> None:
        self._rows = Rows.of(units)
        self._providers = providers

    async def account(self, provider: AnyProvider, *, dry: bool = False, hidden: Collection[str] = ()) -> Account:
        async with self._rows.read() as connection:
            found = (await self._providers.credentials(connection, [provider.key]))[provider.key]
        if isinstance(found, str):
            raise Rejected(f"{found}: give it its settings")
        if not dry:
            found = await fresh(self._providers, found, self._rows)
        concealing = replace(found, secrets=(*found.secrets, *hidden))
        return Account(found.settings, self._providers.vendor(concealing, dry=dry))
