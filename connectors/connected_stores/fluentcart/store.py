"""FluentCart, by its REST API v2 and an application password of WordPress."""

from typing import Final

from connectors.connected_stores.declared import STORE_URL, WORDPRESS, CredentialField, StoreKind, basic

FLUENTCART: Final = StoreKind(
    guid="6f2d6c0e-93d5-4d0b-8f0c-5d0a4e2f7c11",
    key="fluentcart",
    title="FluentCart",
    description="A shop of FluentCart on WordPress: orders, customers, subscriptions and products.",
    fields=(
        CredentialField("apiKey", "User name", "A user of WordPress who may see orders and products."),
        CredentialField("apiSecret", "Application password", "Made on that user's profile page.", secret=True),
        STORE_URL,
    ),
    greeting="/wp-json/fluent-cart/v2/products?per_page=1&page=1",
    answers=lambda answer: isinstance(answer, dict) and "products" in answer,
    headers=basic,
    caps=WORDPRESS,
    # Its documented API takes the state of an order's shipping, and neither a carrier nor a number.
    parcels=False,
)
