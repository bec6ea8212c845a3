"""The payment methods that there are: what is set of each, and what it needs before customers may choose it.

A method's fields are a form, as those of providers are (`connectors.providers`). What a mode needs (`test` or `live`)
has to be there while that mode is chosen; keys of the other one stay beside it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

from pydantic import SecretStr, ValidationInfo, field_validator

from connectors.providers import NO_SECRET, Form, form

ACTIVE: Final = "is_active"
MODE: Final = "payment_mode"
TEST, LIVE = "test", "live"
_MODES: Final = {TEST: "Test", LIVE: "Live"}
LONGEST_LABEL: Final = 200
LONGEST_INSTRUCTIONS: Final = 5000
LONGEST_LOGO: Final = 2048
_LOGO: Final = re.compile(r"https?://[^\s/?#]+\S*")
# As `connectors.providers.stripe` checks them: `rk_` is a restricted key.
_STRIPE: Final = {
    "publishable_key": (r"pk_{mode}_[A-Za-z0-9]{{8,250}}", "begins with pk_{mode}_"),
    "secret_key": (r"[sr]k_{mode}_[A-Za-z0-9]{{8,250}}", "begins with sk_{mode}_ or rk_{mode}_"),
    "webhook_secret": (r"whsec_[A-Za-z0-9+/=_-]{{8,250}}", "begins with whsec_"),
}
_PAYPAL: Final = re.compile(r"[A-Za-z0-9_-]{10,250}")


@dataclass(frozen=True, slots=True)
class PaymentMethod:
    """`settings` is its form; `needed` are the keys that a mode needs, those that are needed always being `required` in
    the form."""

    key: str
    title: str
    description: str
    settings: type[Form]
    needed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def needs(self, values: Mapping[str, Any]) -> tuple[str, ...]:
        """Keys of what has to be there in the mode that the values choose."""
        return self.needed.get(str(values.get(MODE, TEST)), ())


class CheckoutSettings(Form):
    """What every method has: whether it is offered, and how customers see it."""

    is_active: Annotated[
        bool,
        form("yes-no-checkbox", label="Active", help="Customers may choose it; what it needs has to be there then."),
    ] = False
    checkout_label: Annotated[
        str, form("text", label="Label", help="What customers see it called; empty: its own name.")
    ] = ""
    checkout_logo: Annotated[
        str, form("url", label="Logo", help="Its picture beside the label: an http or https URL.")
    ] = ""
    checkout_instructions: Annotated[
        str, form("value_textarea", label="Instructions", help="What customers read below it.", template=False)
    ] = ""

    @field_validator("checkout_label")
    @classmethod
    def _label(cls, value: str) -> str:
        return _no_longer(value, LONGEST_LABEL)

    @field_validator("checkout_instructions")
    @classmethod
    def _instructions(cls, value: str) -> str:
        return _no_longer(value, LONGEST_INSTRUCTIONS)

    @field_validator("checkout_logo")
    @classmethod
    def _logo(cls, value: str) -> str:
        if value and not _LOGO.fullmatch(value):
            raise ValueError("an http or https URL")
        return _no_longer(value, LONGEST_LOGO)


class OfflineSettings(CheckoutSettings):
    """Nothing beside: the shop is paid in another way, and marks orders as paid."""


_MODE_FIELD: Final = form(
    "select",
    label="Mode",
    required=True,
    options=_MODES,
    help="What the test mode takes moves no money. Keys of both modes may be kept; those of this one are used.",
)


class StripeSettings(CheckoutSettings):
    payment_mode: Annotated[str, _MODE_FIELD] = TEST
    test_publishable_key: Annotated[
        str, form("text", label="Publishable key for tests", placeholder="pk_test_…", help="The shop's pages show it.")
    ] = ""
    test_secret_key: Annotated[
        SecretStr,
        form("password", label="Secret key for tests", placeholder="sk_test_…", help="Or a restricted one."),
    ] = NO_SECRET
    test_webhook_secret: Annotated[
        SecretStr,
        form(
            "password",
            label="Signing secret for tests",
            placeholder="whsec_…",
            help="Of the webhook endpoint at Stripe: it proves that what comes in is Stripe's.",
        ),
    ] = NO_SECRET
    live_publishable_key: Annotated[
        str, form("text", label="Publishable key", placeholder="pk_live_…", help="The shop's pages show it.")
    ] = ""
    live_secret_key: Annotated[
        SecretStr, form("password", label="Secret key", placeholder="sk_live_…", help="Or a restricted one.")
    ] = NO_SECRET
    live_webhook_secret: Annotated[
        SecretStr,
        form(
            "password",
            label="Signing secret",
            placeholder="whsec_…",
            help="Of the webhook endpoint at Stripe: it proves that what comes in is Stripe's.",
        ),
    ] = NO_SECRET

    @field_validator("test_publishable_key", "live_publishable_key")
    @classmethod
    def _public(cls, value: str, about: ValidationInfo) -> str:
        _check_stripe(value, about)
        return value

    @field_validator("test_secret_key", "test_webhook_secret", "live_secret_key", "live_webhook_secret")
    @classmethod
    def _secret(cls, value: SecretStr, about: ValidationInfo) -> SecretStr:
        _check_stripe(value.get_secret_value(), about)
        return value


class PayPalSettings(CheckoutSettings):
    payment_mode: Annotated[str, _MODE_FIELD] = TEST
    test_client_id: Annotated[str, form("text", label="Client ID of the sandbox", help="Of an app at PayPal.")] = ""
    test_client_secret: Annotated[
        SecretStr, form("password", label="Secret of the sandbox", help="Of the same app.")
    ] = NO_SECRET
    live_client_id: Annotated[str, form("text", label="Client ID", help="Of an app at PayPal.")] = ""
    live_client_secret: Annotated[SecretStr, form("password", label="Secret", help="Of the same app.")] = NO_SECRET

    @field_validator("test_client_id", "live_client_id")
    @classmethod
    def _public(cls, value: str) -> str:
        _check_paypal(value)
        return value

    @field_validator("test_client_secret", "live_client_secret")
    @classmethod
    def _secret(cls, value: SecretStr) -> SecretStr:
        _check_paypal(value.get_secret_value())
        return value


def _of_modes(*names: str) -> dict[str, tuple[str, ...]]:
    return {mode: tuple(f"{mode}_{name}" for name in names) for mode in _MODES}


METHODS: Final[Mapping[str, PaymentMethod]] = {
    method.key: method
    for method in (
        PaymentMethod(
            "offline_payment",
            "Offline payment",
            "Paid in cash, by transfer or on delivery: somebody marks the order as paid.",
            OfflineSettings,
        ),
        PaymentMethod(
            "paypal",
            "PayPal",
            "Payments from an account at PayPal.",
            PayPalSettings,
            _of_modes("client_id", "client_secret"),
        ),
        PaymentMethod(
            "stripe",
            "Stripe",
            "Payments by card and by wallets.",
            StripeSettings,
            _of_modes("publishable_key", "secret_key"),
        ),
    )
}


def _no_longer(value: str, longest: int) -> str:
    if len(value) > longest:
        raise ValueError(f"at most {longest} characters")
    return value


def _check_stripe(value: str, about: ValidationInfo) -> None:
    mode, _, name = str(about.field_name).partition("_")
    shape, sentence = _STRIPE[name]
    if value and not re.fullmatch(shape.format(mode=mode), value):
        raise ValueError(sentence.format(mode=mode))


def _check_paypal(value: str) -> None:
    if value and not _PAYPAL.fullmatch(value):
        raise ValueError("10 to 250 letters, digits, - and _")
