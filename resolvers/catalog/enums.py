"""The documented words as GraphQL enums: their names are the words in capitals (`IN_STOCK` for `in-stock`)."""

from db.catalog.product import FulfillmentType, GroupPricing, ProductStatus, StockStatus, VariationType
from db.catalog.variant import BillingInterval, PaymentType, VariantStatus
from engine.values.words import worded

worded(
    ProductStatus,
    "FUTURE is published at its date; TRASH is on its way out.",
    {
        ProductStatus.DRAFT: "Being written: for products/view alone.",
        ProductStatus.PUBLISH: "For everyone to see.",
        ProductStatus.FUTURE: "For products/view alone until the moment of `publishedAt`, when it is published.",
        ProductStatus.PRIVATE: "For products/view alone, and meant to stay so. Imported; not written here.",
        ProductStatus.PENDING: "Waiting for somebody's review. Imported; not written here.",
        ProductStatus.TRASH: "Thrown away and not yet gone. Imported; not written here.",
    },
)
worded(
    FulfillmentType,
    "Whether something is shipped or downloaded.",
    {
        FulfillmentType.PHYSICAL: "It is sent: it has a weight, a size, a shipping class.",
        FulfillmentType.DIGITAL: "Nothing is sent: buyers receive files, or access.",
    },
)
worded(
    VariationType,
    "SIMPLE products have one variant, the others several.",
    {
        VariationType.SIMPLE: "One variant. `productDetailUpdate` to it deletes those that are not named.",
        VariationType.SIMPLE_VARIATIONS: "Variants with titles of their own, made one by one.",
        VariationType.ADVANCED_VARIATIONS: "Variants combined from attributes, by `productVariantOptionsSync` alone.",
    },
)
worded(
    StockStatus,
    "Derived from the stock numbers where stock is managed.",
    {
        StockStatus.IN_STOCK: "It can be ordered: `available` is above 0, or stock is not managed.",
        StockStatus.OUT_OF_STOCK: "Stock is managed, and nothing of it is available.",
    },
)
worded(
    GroupPricing,
    "How a product page groups its variants.",
    {
        GroupPricing.PAYMENT_TYPE: "One-time purchases apart from subscriptions.",
        GroupPricing.REPEAT_INTERVAL: "By `interval`: monthly ones apart from yearly ones.",
        GroupPricing.NONE: "All in one list.",
    },
)
worded(
    PaymentType,
    "Paid once, or again and again.",
    {
        PaymentType.ONETIME: "Paid once: it has no interval, no trial and no setup fee.",
        PaymentType.SUBSCRIPTION: "Paid at each `interval`, `billingTimes` times or until it is canceled.",
    },
)
worded(
    VariantStatus,
    "INACTIVE variants cannot be bought.",
    {
        VariantStatus.ACTIVE: "For sale, and for everyone to see whose product is published.",
        VariantStatus.INACTIVE: "Not for sale, and hidden from whoever lacks products/view.",
    },
)
worded(
    BillingInterval,
    "How often a subscription is billed.",
    {
        BillingInterval.DAILY: "Each day.",
        BillingInterval.WEEKLY: "Every 7 days.",
        BillingInterval.MONTHLY: "Each calendar month.",
        BillingInterval.QUARTERLY: "Every 3 months.",
        BillingInterval.HALF_YEARLY: "Every 6 months.",
        BillingInterval.YEARLY: "Every 12 months.",
    },
)
