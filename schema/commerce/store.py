"""The store's settings."""

from datetime import datetime

from strawberry.scalars import JSON

from db import visibility
from db.commerce.store import CurrencyPosition, DecimalSeparator, StoreRow
from engine.declaration import column, computed
from engine.entity import Node, entity
from engine.scalars import URL, CurrencyCode
from resolvers.commerce import enums as _registered  # noqa: F401  the annotations below need the enums


@entity(StoreRow, visible=visibility.stores, description="The store's settings.")
class StoreSettings(Node):
    name: str = column(StoreRow.name)
    url: URL | None = computed(lambda u: None if u is None else URL(u), StoreRow.url, description="The shop itself.")
    logo_url: URL | None = computed(lambda u: None if u is None else URL(u), StoreRow.logo_url)
    currency: CurrencyCode = computed(CurrencyCode, StoreRow.currency)
    currency_position: CurrencyPosition = column(StoreRow.currency_position)
    decimal_separator: DecimalSeparator = column(StoreRow.decimal_separator)
    settings: JSON = computed(JSON, StoreRow.settings, description="All others, as the store names them.")
    version: int = column(StoreRow.version)
    created_at: datetime | None = column(StoreRow.created_at)
    updated_at: datetime | None = column(StoreRow.updated_at)
