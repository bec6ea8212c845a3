"""The documented words as GraphQL enums: their names are the words in capitals (`IN_STOCK` for `in-stock`)."""

import strawberry

from db.catalog import product, variant

strawberry.enum(product.ProductStatus, description="FUTURE is published at its date; TRASH is on its way out.")
strawberry.enum(product.FulfillmentType, description="Whether something is shipped or downloaded.")
strawberry.enum(product.VariationType, description="SIMPLE products have one variant, the others several.")
strawberry.enum(product.StockStatus, description="Derived from the stock numbers where stock is managed.")
strawberry.enum(product.GroupPricing, description="How a product page groups its variants.")
strawberry.enum(variant.PaymentType, description="Paid once, or again and again.")
strawberry.enum(variant.VariantStatus, description="INACTIVE variants cannot be bought.")
strawberry.enum(variant.BillingInterval, description="How often a subscription is billed.")
