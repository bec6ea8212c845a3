"""Codes of the store, of whoever is meant, and of what happened."""

from typing import Final

from db.integration.template.code import CodeGroup, codes, document, said

GROUPS: Final[tuple[tuple[str, CodeGroup], ...]] = (
    codes(
        "wp",
        "General",
        "The site that the shop is part of.",
        said("admin_email", "The e-mail address of whoever runs it.", "office@shop.example"),
        said("site_url", "Its address.", "https://shop.example"),
        said("site_title", "What it is called.", "Shop"),
    ),
    codes(
        "user",
        "User",
        "The user of the site that the customer is; what is known of them is what the customer said.",
        said("ID", "The user's id.", 12),
        said("display_name", "The whole name.", "Ada Byron"),
        said("first_name", "The first name.", "Ada"),
        said("last_name", "The last name.", "Byron"),
        said("user_email", "The e-mail address.", "ada@example.com"),
        said("user_login", "The name that they sign in with.", "ada@example.com"),
    ),
    codes(
        "settings",
        "Store",
        "The store's own settings.",
        said("store_name", "What it is called.", "Shop"),
        said("store_logo", "The address of its logo.", "https://shop.example/logo.svg"),
        said("store_address", "The first line of its address.", "Lindenstraße 9"),
        said("store_address2", "The second line of its address.", "2nd floor"),
        said("store_country", "Its country's code.", "DE"),
        said("store_state", "Its state or province.", "BE"),
        said("store_city", "Its city.", "Berlin"),
        said("store_postcode", "Its postcode.", "10969"),
    ),
    codes(
        "event",
        "Event",
        "What happened.",
        said("id", "The event's own number.", 812),
        said("name", "What it is called.", "order.paid"),
        said("occurred_at", "When it happened.", "2026-11-02T18:05:00Z"),
        said("cause", "What led to it.", "request:1f0e4c39"),
        document("payload", "What the event says.", "{}"),
    ),
)
