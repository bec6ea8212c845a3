"""The store's settings."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar, cast

import strawberry
from strawberry.scalars import JSON

from db.commerce import visibility
from db.commerce.store import CurrencyPosition, DecimalSeparator, StoreRow
from db.commerce.store_option import ADDRESS, BUTTON_TEXTS, CHECKOUT
from engine.declared.declaration import column, computed, derived
from engine.declared.entity import Node, entity
from engine.declared.mutation import performed
from engine.declared.payload import Payload, changed
from engine.values.scalars import URL, CurrencyCode
from resolvers.commerce import enums as _registered  # noqa: F401  the annotations below need the enums
from resolvers.commerce.store import store_settings_update


def _option(options: Mapping[str, Any], name: str) -> Any:
    return derived(options[name].read)


@strawberry.type(description="What the shop's buttons say. Empty: what the shop says by itself.")
class StoreButtonTexts:
    cart: str = _option(BUTTON_TEXTS, "cart")
    view_cart: str = _option(BUTTON_TEXTS, "view_cart")
    checkout: str = _option(BUTTON_TEXTS, "checkout")
    popup: str = _option(BUTTON_TEXTS, "popup")
    out_of_stock: str = _option(BUTTON_TEXTS, "out_of_stock")
    row: strawberry.Private[Any]


@strawberry.type(description="How customers check out.")
class StoreCheckout:
    method_style: str = _option(CHECKOUT, "method_style")
    modal: bool = _option(CHECKOUT, "modal")
    sign_in_required: bool = _option(CHECKOUT, "sign_in_required")
    hide_coupon_field: bool = _option(CHECKOUT, "hide_coupon_field")
    additional_address_field: bool = _option(CHECKOUT, "additional_address_field")
    account_creation: str = _option(CHECKOUT, "account_creation")
    account_creation_note: str = _option(CHECKOUT, "account_creation_note")
    row: strawberry.Private[Any]


@strawberry.type(description="Where the store is.")
class StoreAddress:
    address1: str = _option(ADDRESS, "address1")
    address2: str = _option(ADDRESS, "address2")
    city: str = _option(ADDRESS, "city")
    state: str = _option(ADDRESS, "state")
    postcode: str = _option(ADDRESS, "postcode")
    country: str = _option(ADDRESS, "country")
    row: strawberry.Private[Any]


T = TypeVar("T")


def _group(type_: type[T], description: str | None = None) -> T:
    def made(settings: dict[str, Any]) -> T:
        one: Any = object.__new__(type_)
        one.row = settings
        return cast(T, one)

    return computed(made, StoreRow.settings, description=description)


@entity(StoreRow, visible=visibility.stores, description="The store's settings.")
class StoreSettings(Node):
    name: str = column(StoreRow.name)
    url: URL | None = computed(lambda u: None if u is None else URL(u), StoreRow.url, description="The shop itself.")
    logo_url: URL | None = computed(lambda u: None if u is None else URL(u), StoreRow.logo_url)
    currency: CurrencyCode = computed(CurrencyCode, StoreRow.currency)
    currency_position: CurrencyPosition = column(StoreRow.currency_position)
    decimal_separator: DecimalSeparator = column(StoreRow.decimal_separator)
    button_texts: StoreButtonTexts = _group(StoreButtonTexts)
    checkout: StoreCheckout = _group(StoreCheckout)
    address: StoreAddress = _group(StoreAddress)
    settings: JSON = computed(
        JSON, StoreRow.settings, description="All without a column of their own, as the store names them."
    )
    version: int = column(StoreRow.version)
    created_at: datetime | None = column(StoreRow.created_at)
    updated_at: datetime | None = column(StoreRow.updated_at)


@strawberry.type(
    description="The settings. Money everywhere follows its currency: let caches forget what they hold of it."
)
class StoreSettingsUpdatePayload(Payload):
    store_settings: StoreSettings | None = changed(StoreRow.id)


@strawberry.type
class StoreMutations:
    store_settings_update: StoreSettingsUpdatePayload | None = performed(store_settings_update)
