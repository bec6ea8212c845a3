"""Shopify, by the Admin REST API and the access token of a custom app."""

from collections.abc import Sequence
from typing import Final

from connectors.connected_stores.declared import STORE_URL, CredentialField, Credentials, StoreKind
from connectors.providers.declared.provider import Caps

# Shopify keeps a version for a year and answers with the oldest that it has after that.
VERSION: Final = "2026-10"
API: Final = f"/admin/api/{VERSION}"


def _headers(credentials: Credentials) -> Sequence[tuple[str, str]]:
    return (("Accept", "application/json"), ("X-Shopify-Access-Token", credentials.api_key))


SHOPIFY: Final = StoreKind(
    guid="d9e8c7b6-1a2f-4c3d-8e5b-7f6a5c4d3e33",
    key="shopify",
    title="Shopify",
    description="A shop at Shopify: orders, customers and products.",
    fields=(
        CredentialField("apiKey", "Admin API access token", "`shpat_…`, of a custom app.", secret=True),
        CredentialField(
            "apiSecret", "API secret key", "Of the same app: Shopify signs what it tells with it.", secret=True
        ),
        STORE_URL,
    ),
    greeting=f"/admin/api/{VERSION}/shop.json",
    answers=lambda answer: isinstance(answer, dict) and isinstance(answer.get("shop"), dict),
    headers=_headers,
    # A bucket of 40 calls, of which two run out a second; calls are late by different times, so four are left.
    caps=Caps(at_once=4, per_second=2.0, burst=36),
    signs=True,
)
