"""Stripe's API, as https://docs.stripe.com/api documents it: accounts, its keys and its errors."""

from dataclasses import dataclass
from typing import Any

from tests.vendors.serving import Answered, Call, Vendor, answers


def error(status: int, message: str, **beside: Any) -> Answered:
    """https://docs.stripe.com/api/errors"""
    return Answered(status, {"error": {"message": message, "type": "invalid_request_error", **beside}})


@dataclass
class Key:
    """`reads` is what a restricted key was given; None: a secret key, which may do all."""

    account: str
    name: str | None
    reads: frozenset[str] | None = None


class Stripe(Vendor):
    public = "https://api.stripe.com"

    def __init__(self) -> None:
        super().__init__()
        self.keys = {
            "sk_test_51H8example": Key("acct_1032D82eZvKYlo2C", "Acme"),
            "sk_live_51H8example": Key("acct_1032D82eZvKYlo2C", None),
            "rk_test_51H8limited": Key("acct_1032D82eZvKYlo2C", "Acme", frozenset({"charges"})),
        }

    def refused(self, call: Call) -> Answered | None:
        # By a bearer's token, or by HTTP Basic without a password.
        basic = call.basic
        given = call.bearer or (basic[0] if basic else None)
        if given is None:
            return error(
                401, "You did not provide an API key. You need to provide your API key in the Authorization header."
            )
        if given.startswith("pk_"):
            return error(403, "This API call cannot be made with a publishable API key.", code="secret_key_required")
        if given not in self.keys:
            shown = f"{given[:8]}{'*' * 8}{given[-4:]}"
            return error(401, f"Invalid API Key provided: {shown}")
        return None

    def unknown(self, call: Call) -> Answered:
        return error(404, f"Unrecognized request URL ({call.method}: {call.path}).")

    def crowded(self) -> Answered:
        return error(429, "Request rate limit exceeded.", code="rate_limit")

    @answers("GET", "/v1/account")
    def account(self, call: Call) -> Answered:
        key = self.keys[call.bearer or ""]
        if key.reads is not None and "account" not in key.reads:
            return error(403, "The provided key does not have the required permissions for this endpoint.")
        profile = {"mcc": None, "name": key.name, "url": None}
        return Answered(
            body={"id": key.account, "object": "account", "business_profile": profile, "charges_enabled": True}
        )
