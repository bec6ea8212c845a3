"""Settings of a store that have no column: by what they are about, the names under which the store keeps them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Generic, TypeVar


@dataclass(frozen=True, slots=True)
class Text:
    key: str
    longest: int = 200
    several_lines: bool = False

    def read(self, settings: Mapping[str, Any]) -> str:
        value = settings.get(self.key)
        return value if isinstance(value, str) else ""

    def written(self, value: str) -> str:
        return value


@dataclass(frozen=True, slots=True)
class Flag:
    """Kept as `yes` or `no`."""

    key: str

    def read(self, settings: Mapping[str, Any]) -> bool:
        return settings.get(self.key) in ("yes", True)

    def written(self, value: bool) -> str:
        return "yes" if value else "no"


E = TypeVar("E", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Word(Generic[E]):
    """One of some words, which is `otherwise` where nothing, or none of them, is kept."""

    key: str
    otherwise: E

    def read(self, settings: Mapping[str, Any]) -> E:
        value = settings.get(self.key)
        return next((word for word in type(self.otherwise) if word.value == value), self.otherwise)

    def written(self, value: E) -> str:
        return value.value


class TaxInclusion(StrEnum):
    EXCLUDED = "excluded"
    INCLUDED = "included"


class TaxBasis(StrEnum):
    SHIPPING = "shipping"
    BILLING = "billing"
    STORE = "store"


BUTTON_TEXTS: Final[Mapping[str, Text]] = {
    "cart": Text("cart_button_text"),
    "view_cart": Text("view_cart_button_text"),
    "checkout": Text("checkout_button_text"),
    "popup": Text("popup_button_text"),
    "out_of_stock": Text("out_of_stock_button_text"),
}
CHECKOUT: Final[Mapping[str, Text | Flag]] = {
    "method_style": Text("checkout_method_style"),
    "modal": Flag("enable_modal_checkout"),
    "sign_in_required": Flag("require_logged_in"),
    "terms_required": Flag("require_terms"),
    "hide_coupon_field": Flag("hide_coupon_field"),
    "additional_address_field": Flag("additional_address_field"),
    "account_creation": Text("user_account_creation_mode"),
    "account_creation_note": Text("note_for_user_account_creation", longest=1000, several_lines=True),
}
ADDRESS: Final[Mapping[str, Text]] = {
    "address1": Text("store_address1"),
    "address2": Text("store_address2"),
    "city": Text("store_city"),
    "state": Text("store_state"),
    "postcode": Text("store_postcode", longest=32),
    "country": Text("store_country", longest=100),
}
TAX_ENABLED: Final = Flag("enable_tax")
TAX_INCLUSION: Final = Word("tax_inclusion", TaxInclusion.EXCLUDED)
TAX_BASIS: Final = Word("tax_calculation_basis", TaxBasis.SHIPPING)
TAX: Final[Mapping[str, Flag | Word[Any]]] = {
    "enabled": TAX_ENABLED,
    "inclusion": TAX_INCLUSION,
    "basis": TAX_BASIS,
}
GROUPS: Final[Mapping[str, Mapping[str, Text | Flag | Word[Any]]]] = {
    "button_texts": BUTTON_TEXTS,
    "checkout": CHECKOUT,
    "address": ADDRESS,
    "tax": TAX,
}
