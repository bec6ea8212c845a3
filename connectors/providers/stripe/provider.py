"""Stripe: one key of an account, which payments read too. https://docs.stripe.com/api"""

import re
from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import SecretStr, ValidationInfo, field_validator

from connectors.providers import NO_SECRET, Form, NoForm, Provider, Reply, Site, Vendor, Verified, bearer, form

TEST, LIVE = "test", "live"
_PUBLISHABLE: Final = re.compile(r"pk_(test|live)_[A-Za-z0-9]{8,250}")
# `rk_`: a restricted key, which its owner may have cut down to what the store needs.
_SECRET: Final = re.compile(r"[sr]k_(test|live)_[A-Za-z0-9]{8,250}")
_SIGNING: Final = re.compile(r"whsec_[A-Za-z0-9+/=_-]{8,250}")
# An account as the reference shows one.
_ACCOUNT: Final = {"id": "acct_1Nv0FGQ9RKHgCVdK", "object": "account", "business_profile": {"name": "Acme"}}


class StripeSettings(Form):
    # Before the keys: they are checked against it.
    mode: Annotated[
        str,
        form(
            "select",
            label="Mode",
            required=True,
            options={TEST: "Test", LIVE: "Live"},
            help="Keys of the test mode move no money; the keys say themselves which they are of.",
        ),
    ] = TEST
    publishable_key: Annotated[
        str,
        form(
            "text", label="Publishable key", required=True, placeholder="pk_test_…", help="Shown by the shop's pages."
        ),
    ] = ""
    secret_key: Annotated[
        SecretStr,
        form(
            "password",
            label="Secret key",
            required=True,
            placeholder="sk_test_…",
            help="Or a restricted one that may read the account.",
        ),
    ] = NO_SECRET
    webhook_secret: Annotated[
        SecretStr,
        form(
            "password",
            label="Signing secret",
            placeholder="whsec_…",
            help="Of the webhook endpoint at Stripe: it proves that what comes in is Stripe's.",
        ),
    ] = NO_SECRET

    @field_validator("publishable_key")
    @classmethod
    def _publishable(cls, value: str, others: ValidationInfo) -> str:
        _check(value, _PUBLISHABLE, others, "pk_")
        return value

    @field_validator("secret_key")
    @classmethod
    def _secret(cls, value: SecretStr, others: ValidationInfo) -> SecretStr:
        _check(value.get_secret_value(), _SECRET, others, "sk_")
        return value

    @field_validator("webhook_secret")
    @classmethod
    def _signing(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value() and not _SIGNING.fullmatch(value.get_secret_value()):
            raise ValueError("begins with whsec_")
        return value


class Stripe(Provider[StripeSettings, NoForm]):
    key = "stripe"
    title = "Stripe"
    description = "Payments by card and by wallets."
    category = "payments"
    logo = "https://cdn.simpleicons.org/stripe"
    installable = False
    settings = StripeSettings

    def site(self, settings: StripeSettings) -> Site:
        return Site("https://api.stripe.com/v1", bearer(settings.secret_key.get_secret_value()))

    async def verify(self, settings: StripeSettings, vendor: Vendor) -> Verified:
        """A key that is not Stripe's, was rolled, or may not read its account is answered 401 or 403."""
        account = await vendor.get("/account", example=_ACCOUNT)
        name = _named(account.record)
        return Verified(f"Connected to the account {name}")

    def explain(self, reply: Reply) -> str | None:
        """`{"error": {"message": …, "type": …, "code": …}}`"""
        return reply.text("error", "message")


def _check(value: str, shape: re.Pattern[str], others: ValidationInfo, prefix: str) -> None:
    if not value:
        return
    found = shape.fullmatch(value)
    if found is None:
        raise ValueError(f"begins with {prefix}{TEST}_ or {prefix}{LIVE}_")
    mode = others.data.get("mode")
    if mode in (TEST, LIVE) and found[1] != mode:
        raise ValueError(f"is of the mode {found[1]}, and {mode} is chosen")


def _named(account: Mapping[str, object]) -> str:
    profile = account.get("business_profile")
    name = profile.get("name") if isinstance(profile, Mapping) else None
    return str(name or account.get("id") or "")
