"""WooCommerce, by its REST API v3 and a consumer key."""

from typing import Final

from connectors.connected_stores.declared import STORE_URL, WORDPRESS, CredentialField, StoreKind, basic

WOOCOMMERCE: Final = StoreKind(
    guid="b3a1f4d2-58c7-4b1e-9d3e-0c9f7a6e2b22",
    key="woocommerce",
    title="WooCommerce",
    description="A shop of WooCommerce on WordPress: orders, customers and products.",
    fields=(
        CredentialField("apiKey", "Consumer key", "`ck_…`, with the right to read and write.", secret=True),
        CredentialField("apiSecret", "Consumer secret", "`cs_…`, shown with the key.", secret=True),
        STORE_URL,
    ),
    greeting="/wp-json/wc/v3/products?per_page=1",
    answers=lambda answer: isinstance(answer, list),
    headers=basic,
    caps=WORDPRESS,
)
