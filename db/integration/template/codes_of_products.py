"""Codes of products, for what happens to them: of the gateway's own, as the documented system has no such events."""

from typing import Final

from db.integration.template.code import CodeGroup, Keys, below, codes, document, money, said

_VARIANT: Final[tuple[Keys, ...]] = (
    said("id", "The documented id.", 17),
    said("product_id", "The product's documented id.", 4),
    said("title", "What it is called.", "Blue, M"),
    said("sku", "The stock keeping unit.", "SHIRT-BLUE-M"),
    money("price", "What one costs"),
    money("compare_price", "What it cost before", "24.99"),
    said("payment_type", "`onetime` or `subscription`.", "onetime"),
    said("fulfillment_type", "`physical` or `digital`.", "physical"),
    said("status", "`active` or `inactive`.", "active"),
    said("stock_status", "Whether it can be had: `in-stock` or `out-of-stock`.", "in-stock"),
    said("manage_stock", "Whether its stock is counted: `yes` or `no`.", "yes"),
    said("total_stock", "How many there are.", 20),
    said("available", "How many can be sold.", 18),
    said("on_hold", "How many are in orders that are not finished.", 2),
    said("committed", "How many were sold.", 140),
    said("created_at", "Since when there is one.", "2026-05-04T09:30:00Z"),
    said("updated_at", "When it was changed last.", "2026-11-02T18:05:00Z"),
)

GROUPS: Final[tuple[tuple[str, CodeGroup], ...]] = (
    codes(
        "product",
        "Product",
        "The product that something happened to.",
        said("id", "The documented id.", 4),
        said("title", "What it is called.", "Linen shirt"),
        said("slug", "Its part of an address.", "linen-shirt"),
        said("status", "`draft`, `publish`, `future` or another.", "publish"),
        said("excerpt", "The short description.", "Washed linen."),
        said("fulfillment_type", "`physical` or `digital`.", "physical"),
        said("variation_type", "Whether it has variants.", "simple_variations"),
        said("stock_availability", "Whether any variant can be had: `in-stock` or `out-of-stock`.", "in-stock"),
        money("min_price", "What the cheapest variant costs"),
        money("max_price", "What the dearest variant costs", "29.99"),
        said("published_at", "Since when it is for sale.", "2026-05-04T09:30:00Z"),
        said("created_at", "Since when there is one.", "2026-05-04T09:30:00Z"),
        said("updated_at", "When it was changed last.", "2026-11-02T18:05:00Z"),
        said("variant_count", "How many variants it has.", 6),
        document("metadata", "What the store keeps with it.", "{}"),
        below("variant", _VARIANT, "The variant that it is about, or the default one"),
    ),
    codes("variant", "Variant", "The variant that something happened to.", *_VARIANT),
)
