"""The store's own facts, as codes name them: those that its customers read too."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select

from db.commerce.money import Amount, MoneyFormat
from db.commerce.store import CurrencyPosition, DecimalSeparator, StoreRow
from db.commerce.store_option import ADDRESS as STORE_ADDRESS
from db.integration.data.record import Rows
from db.integration.template.context import Context, group
from db.store.row import table

_STORE: Final = table(StoreRow)


@dataclass(frozen=True, slots=True)
class StoreData:
    name: str
    url: str
    logo_url: str
    format: MoneyFormat
    settings: Mapping[str, Any]

    def amount(self, cents: int, currency: str | None = None) -> Amount:
        return Amount(cents, self.format._replace(currency=currency or self.format.currency))

    def setting(self, key: str) -> str:
        value = self.settings.get(key)
        return value if isinstance(value, str) else ""

    def page_of(self, order: str) -> str:
        """Where a customer looks at their order; empty while the store does not say where that is."""
        slug = self.setting("customer_profile_page_slug").strip("/")
        return f"{self.url.rstrip('/')}/{slug}/#/order/{order}" if self.url and slug else ""

    @property
    def context(self) -> Context:
        address = {name: option.read(self.settings) for name, option in STORE_ADDRESS.items()}
        return Context(
            {
                "wp": group(
                    {"admin_email": self.setting("admin_email"), "site_url": self.url, "site_title": self.name}
                ),
                "settings": group(
                    {
                        "store_name": self.name,
                        "store_logo": self.logo_url,
                        "store_address": address["address1"],
                        "store_address2": address["address2"],
                        "store_country": address["country"],
                        "store_state": address["state"],
                        "store_city": address["city"],
                        "store_postcode": address["postcode"],
                    }
                ),
            }
        )


_OF_STORE: Final = select(_STORE).where(_STORE.c.id == 1)
_UNSAID: Final = MoneyFormat("USD", CurrencyPosition.BEFORE, DecimalSeparator.DOT)


async def load_store(rows: Rows) -> StoreData:
    """In one statement."""
    for row in await rows(_OF_STORE):
        written = MoneyFormat(row.currency, row.currency_position, row.decimal_separator)
        return StoreData(row.name, row.url or "", row.logo_url or "", written, row.settings)
    return StoreData("", "", "", _UNSAID, {})
