"""The store's settings."""

from collections.abc import Mapping
from typing import Any, TypeVar, cast

import strawberry
from strawberry.scalars import JSON

from db.commerce import visibility
from db.commerce.store import CurrencyPosition, DecimalSeparator, StoreRow
from db.commerce.store_option import ADDRESS, BUTTON_TEXTS, CHECKOUT, TAX, TaxBasis, TaxInclusion
from engine.declared.declaration import column, computed, derived
from engine.declared.entity import Node, entity
from engine.declared.mutation import performed
from engine.declared.payload import Payload, changed
from engine.values.scalars import URL, CurrencyCode
from resolvers.commerce import enums as _registered  # noqa: F401  the annotations below need the enums
from resolvers.commerce.store import store_settings_update


def _option(options: Mapping[str, Any], name: str, description: str) -> Any:
    return derived(options[name].read, description=description)


@strawberry.type(description="What the shop's buttons say. Empty: what the shop says by itself.")
class StoreButtonTexts:
    cart: str = _option(
        BUTTON_TEXTS, "cart", "Puts something into the cart: up to 200 characters; empty: what the shop says by itself."
    )
    view_cart: str = _option(
        BUTTON_TEXTS, "view_cart", "Leads to the cart: up to 200 characters; empty: what the shop says by itself."
    )
    checkout: str = _option(
        BUTTON_TEXTS, "checkout", "Leads to the checkout: up to 200 characters; empty: what the shop says by itself."
    )
    popup: str = _option(
        BUTTON_TEXTS,
        "popup",
        "Opens the choice of variants: up to 200 characters; empty: what the shop says by itself.",
    )
    out_of_stock: str = _option(
        BUTTON_TEXTS,
        "out_of_stock",
        "Stands where nothing can be bought: up to 200 characters; empty: what the shop says by itself.",
    )
    row: strawberry.Private[Any]


@strawberry.type(description="How customers check out.")
class StoreCheckout:
    method_style: str = _option(
        CHECKOUT,
        "method_style",
        "How payment methods are shown, by the shop's own name for it: up to 200 characters; empty: its default.",
    )
    modal: bool = _option(CHECKOUT, "modal", "Whether the checkout opens above the page, not on one of its own.")
    sign_in_required: bool = _option(CHECKOUT, "sign_in_required", "Whether only who has an account may buy.")
    terms_required: bool = _option(CHECKOUT, "terms_required", "Whether a checkout asks to accept the store's terms.")
    hide_coupon_field: bool = _option(CHECKOUT, "hide_coupon_field", "Whether the checkout takes no coupons.")
    additional_address_field: bool = _option(
        CHECKOUT, "additional_address_field", "Whether the checkout asks for a second line of the address."
    )
    account_creation: str = _option(
        CHECKOUT,
        "account_creation",
        "When the checkout makes an account, by the shop's own name for it: up to 200 characters; empty: its default.",
    )
    account_creation_note: str = _option(
        CHECKOUT,
        "account_creation_note",
        "What the checkout says about that: up to 1000 characters, lines are kept; empty when nothing.",
    )
    row: strawberry.Private[Any]


@strawberry.type(description="Where the store is.")
class StoreAddress:
    address1: str = _option(ADDRESS, "address1", "Street and number, up to 200 characters; empty when not said.")
    address2: str = _option(
        ADDRESS, "address2", "What does not fit the first line, up to 200 characters; empty when nothing."
    )
    city: str = _option(ADDRESS, "city", "Town or city, up to 200 characters; empty when not said.")
    state: str = _option(
        ADDRESS, "state", "State or province, by the shop's own code (`CA`), up to 200 characters; empty when not said."
    )
    postcode: str = _option(ADDRESS, "postcode", "Postal code, up to 32 characters; empty when not said.")
    country: str = _option(
        ADDRESS, "country", "Country by two letters (ISO 3166-1); up to 100 characters are taken; empty when not said."
    )
    row: strawberry.Private[Any]


@strawberry.type(description="Whether and how carts and orders are taxed.")
class StoreTax:
    enabled: bool = _option(TAX, "enabled", "Whether they are; false where nobody said so.")
    inclusion: TaxInclusion = _option(TAX, "inclusion", "Whether prices hold their tax; EXCLUDED where nobody said.")
    basis: TaxBasis = _option(TAX, "basis", "Whose address decides on rates; SHIPPING where nobody said.")
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
    name: str = column(StoreRow.name, description="What the store is called: 1 to 200 characters.")
    url: URL | None = computed(lambda u: None if u is None else URL(u), StoreRow.url, description="The shop itself.")
    logo_url: URL | None = computed(
        lambda u: None if u is None else URL(u),
        StoreRow.logo_url,
        description="Its picture: an http or https URL of at most 2048 characters; null when there is none.",
    )
    currency: CurrencyCode = computed(
        CurrencyCode,
        StoreRow.currency,
        description="What prices are in. Another one converts nothing: amounts keep their numbers of minor units, "
        "orders their currency.",
    )
    currency_position: CurrencyPosition = column(
        StoreRow.currency_position, description="Where `Money.formatted` has the currency's sign."
    )
    decimal_separator: DecimalSeparator = column(
        StoreRow.decimal_separator, description="What `Money.formatted` parts whole units and fractions with."
    )
    button_texts: StoreButtonTexts = _group(StoreButtonTexts, description="What the shop's buttons say.")
    checkout: StoreCheckout = _group(StoreCheckout, description="How customers check out.")
    address: StoreAddress = _group(StoreAddress, description="Where the store is, for receipts.")
    tax: StoreTax = _group(StoreTax, description="Whether and how carts and orders are taxed.")
    settings: JSON = computed(
        JSON, StoreRow.settings, description="All without a column of their own, as the store names them."
    )


@strawberry.type(
    description="The settings. Money everywhere follows its currency: let caches forget what they hold of it."
)
class StoreSettingsUpdatePayload(Payload):
    store_settings: StoreSettings | None = changed(StoreRow.id)


@strawberry.type
class StoreMutations:
    store_settings_update: StoreSettingsUpdatePayload | None = performed(store_settings_update)
