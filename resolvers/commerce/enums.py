"""The documented words of orders, customers and subscriptions as GraphQL enums."""

import strawberry

from db.catalog import shipping
from db.commerce import customer, entitlement, order, store, subscription

strawberry.enum(customer.AddressType, description="What an address is for.")
strawberry.enum(customer.CustomerStatus, description="Whether a customer may buy.")
strawberry.enum(
    entitlement.Verdict, name="DownloadStatus", description="Whether an order lets its customer download a file now."
)
strawberry.enum(order.LineType, description="What a line of an order charges for.")
strawberry.enum(order.OrderMode, description="TEST orders never moved money.")
strawberry.enum(order.OrderStatus, description="How far an order has come.")
strawberry.enum(order.OrderType, description="RENEWAL orders are made by subscriptions.")
strawberry.enum(order.PaymentStatus, description="How far an order is paid.")
strawberry.enum(order.ShippingStatus, description="How far an order is on its way.")
strawberry.enum(order.TaxBehavior, description="Whether prices include their tax.")
strawberry.enum(order.TransactionStatus, description="How far a payment has come.")
strawberry.enum(order.TransactionType, description="Which way money moved.")
strawberry.enum(shipping.ShippingClassType, description="An amount, or a share of the price.")
strawberry.enum(store.CurrencyPosition, description="Where the currency's sign stands.")
strawberry.enum(store.DecimalSeparator, description="What parts units from their fractions.")
strawberry.enum(subscription.CollectionMethod, description="Who collects recurring payments.")
strawberry.enum(subscription.SubscriptionStatus, description="How far a subscription has come.")
