"""The documented words of orders, customers, coupons, subscriptions and licences as GraphQL enums."""

from db.catalog.shipping import ShippingClassType
from db.commerce.address import AddressType
from db.commerce.coupon import CouponStatus, CouponType
from db.commerce.customer import CustomerStatus
from db.commerce.entitlement import Verdict
from db.commerce.license import ActivationStatus, LicenseStatus
from db.commerce.order import (
    LineType,
    OrderMode,
    OrderStatus,
    OrderType,
    PaymentStatus,
    ShippingStatus,
    TaxBehavior,
    TransactionStatus,
    TransactionType,
)
from db.commerce.order_bump import (
    ConditionField,
    ConditionOperator,
    OrderBumpDiscountType,
    OrderBumpMatch,
    OrderBumpStatus,
)
from db.commerce.shipping_method import ShippingClassAggregation, ShippingMethodType
from db.commerce.storage_driver import StorageSource
from db.commerce.store import CurrencyPosition, DecimalSeparator
from db.commerce.store_option import TaxBasis, TaxInclusion
from db.commerce.subscription import CollectionMethod, SubscriptionStatus
from engine.values.words import worded

worded(
    AddressType,
    "What an address is for.",
    {AddressType.BILLING: "Where the bill goes.", AddressType.SHIPPING: "Where things are sent to."},
)
worded(
    CouponType,
    "What a coupon gives.",
    {
        CouponType.FIXED: "An amount off, spread over the lines that are eligible.",
        CouponType.PERCENTAGE: "A share off each line that is eligible.",
        CouponType.FREE_SHIPPING: "Shipping costs nothing; prices stay.",
        CouponType.BUY_X_GET_Y: "Who buys so many pieces gets so many others free, the cheapest first.",
    },
)
worded(
    CouponStatus,
    "Whether a coupon can be used.",
    {
        CouponStatus.ACTIVE: "Whoever its conditions let can use it.",
        CouponStatus.EXPIRED: "No more: its end has come, or somebody said so.",
        CouponStatus.DISABLED: "Switched off by hand, whatever its dates.",
        CouponStatus.SCHEDULED: "Not yet: its start is to come.",
    },
)
worded(
    CustomerStatus,
    "Whether a customer may buy.",
    {CustomerStatus.ACTIVE: "They may.", CustomerStatus.INACTIVE: "The store has shut them out."},
)
worded(
    Verdict,
    "Whether an order lets its customer download a file now.",
    {
        Verdict.GRANTED: "It does: `url` is a link.",
        Verdict.UNPAID: "The order is not paid, not even in part, or all of it was refunded.",
        Verdict.LAPSED: "The order's subscription gives no access any more.",
        Verdict.EXPIRED: "The days after the order, in which it may be downloaded, are over.",
        Verdict.EXHAUSTED: "It was downloaded as often as it may be.",
    },
    name="DownloadStatus",
)
worded(
    LineType,
    "What a line of an order charges for.",
    {
        LineType.ONETIME: "A variant that is paid once.",
        LineType.SUBSCRIPTION: "The first payment of a subscription, or a renewal of it.",
        LineType.SIGNUP_FEE: "The setup fee of a subscription; nothing leaves the stock for it.",
        LineType.FEE: "A fee on top of the order; nothing leaves the stock for it.",
        LineType.BUNDLE: "A part of a bundle, whose price is in the bundle's own line.",
    },
)
worded(
    OrderMode,
    "TEST orders never moved money.",
    {OrderMode.LIVE: "A real purchase.", OrderMode.TEST: "A trial of the shop, by its payment provider's test mode."},
)
worded(
    OrderStatus,
    "How far an order has come.",
    {
        OrderStatus.DRAFT: "Not placed yet.",
        OrderStatus.PROCESSING: "Placed, and being worked on: what it sold cannot be deleted.",
        OrderStatus.COMPLETED: "Nothing is left to be done.",
        OrderStatus.ON_HOLD: "Waiting for something, such as a payment: what it sold cannot be deleted.",
        OrderStatus.CANCELED: "Called off.",
        OrderStatus.FAILED: "The payment failed, and with it the order.",
    },
)
worded(
    OrderType,
    "RENEWAL orders are made by subscriptions.",
    {
        OrderType.PAYMENT: "Bought and paid once.",
        OrderType.SUBSCRIPTION: "The order that began a subscription.",
        OrderType.RENEWAL: "A further payment of a subscription; `parent` is the order that began it.",
    },
)
worded(
    PaymentStatus,
    "How far an order is paid.",
    {
        PaymentStatus.PENDING: "Nothing was paid yet.",
        PaymentStatus.PAID: "Paid in full.",
        PaymentStatus.PARTIALLY_PAID: "Paid in part.",
        PaymentStatus.FAILED: "The payment was refused.",
        PaymentStatus.REFUNDED: "All that was paid was given back.",
        PaymentStatus.PARTIALLY_REFUNDED: "Some of what was paid was given back.",
        PaymentStatus.AUTHORIZED: "The money is reserved, and not taken yet.",
    },
)
worded(
    ShippingStatus,
    "How far an order is on its way.",
    {
        ShippingStatus.UNSHIPPED: "To be sent.",
        ShippingStatus.SHIPPED: "On its way.",
        ShippingStatus.DELIVERED: "It has arrived.",
        ShippingStatus.UNSHIPPABLE: "It cannot be sent.",
    },
)
worded(
    TaxInclusion,
    "Whether prices hold their tax, and what sending costs as well.",
    {
        TaxInclusion.EXCLUDED: "Tax comes on top of them.",
        TaxInclusion.INCLUDED: "They hold it: whatever the tax, the customer pays the price.",
    },
)
worded(
    TaxBasis,
    "Whose address says which tax rates apply.",
    {
        TaxBasis.SHIPPING: "Where it is sent to; where the bill goes of what is not sent.",
        TaxBasis.BILLING: "Where the bill goes; where it is sent to, where no bill goes anywhere.",
        TaxBasis.STORE: "The store's own, wherever the customer is.",
    },
)
worded(
    TaxBehavior,
    "Whether prices include their tax.",
    {
        TaxBehavior.NONE: "No tax was reckoned.",
        TaxBehavior.EXCLUSIVE: "The tax comes on top of the prices.",
        TaxBehavior.INCLUSIVE: "The prices hold their tax.",
    },
)
worded(
    TransactionStatus,
    "How far a payment has come.",
    {
        TransactionStatus.SUCCEEDED: "The money moved.",
        TransactionStatus.AUTHORIZED: "The money is reserved, and not taken yet.",
        TransactionStatus.PENDING: "The payment provider has not decided yet.",
        TransactionStatus.REFUNDED: "It was given back.",
        TransactionStatus.FAILED: "The payment provider refused it; nothing moved.",
        TransactionStatus.DISPUTE_LOST: "The customer's bank took it back.",
    },
)
worded(
    TransactionType,
    "Which way money moved.",
    {
        TransactionType.CHARGE: "From the customer to the store.",
        TransactionType.REFUND: "From the store back to the customer.",
        TransactionType.DISPUTE: "Claimed back by the customer's bank.",
    },
)
worded(
    OrderBumpStatus,
    "Whether carts are offered an order bump.",
    {
        OrderBumpStatus.ACTIVE: "Those that meet its conditions are.",
        OrderBumpStatus.DRAFT: "None is: it is still being written, or was taken off.",
    },
)
worded(
    OrderBumpDiscountType,
    "An amount, or a share of the price.",
    {
        OrderBumpDiscountType.FIXED: "`amount` is minor units: 500 takes off $5.00.",
        OrderBumpDiscountType.PERCENTAGE: "`amount` is hundredths of a percent of the price: 500 takes off 5 %.",
    },
)
worded(
    OrderBumpMatch,
    "How many conditions a cart has to meet.",
    {OrderBumpMatch.ALL: "Each of them.", OrderBumpMatch.ANY: "One of them, whichever."},
)
worded(
    ConditionField,
    "What of a cart a condition looks at.",
    {
        ConditionField.TOTAL: "What its lines cost together, before coupons, tax and shipping.",
        ConditionField.QUANTITY: "How many pieces are in it.",
        ConditionField.VARIANT: "Which variants are in it.",
        ConditionField.PRODUCT: "Which products are in it, in whatever variant.",
        ConditionField.CATEGORY: "Which categories its products are in, with all categories above those.",
        ConditionField.EMAIL: "The customer's e-mail address. While it is not known, no condition on it is met.",
    },
    name="OrderBumpConditionField",
)
worded(
    ConditionOperator,
    "How what is looked at is compared with the value of a condition.",
    {
        ConditionOperator.AT_LEAST: "It is the value, or more.",
        ConditionOperator.AT_MOST: "It is the value, or less.",
        ConditionOperator.ANY_OF: "One of these is there, or several.",
        ConditionOperator.ALL_OF: "Each of these is there.",
        ConditionOperator.NONE_OF: "Not one of these is there.",
        ConditionOperator.EQUALS: "It is the value, whatever the case.",
        ConditionOperator.NOT_EQUALS: "It is another.",
        ConditionOperator.CONTAINS: "The value is a part of it, whatever the case.",
        ConditionOperator.NOT_CONTAINS: "The value is no part of it.",
    },
    name="OrderBumpConditionOperator",
)
worded(
    ShippingClassType,
    "An amount, or a share of the price.",
    {
        ShippingClassType.FIXED: "`cost` is an amount in minor units: 500 adds $5.00.",
        ShippingClassType.PERCENTAGE: "`cost` is hundredths of a percent of the price: 500 adds 5 %.",
    },
)
worded(
    ShippingMethodType,
    "What a shipping method charges by, beside the goods' shipping classes.",
    {
        ShippingMethodType.PER_ORDER: "`amount` once an order.",
        ShippingMethodType.PER_PRICE: "`amount`, hundredths of a percent, of what physical goods cost after discounts.",
        ShippingMethodType.PER_ITEM: "`amount` for each piece that is physical.",
        ShippingMethodType.PER_WEIGHT: "What the tier costs that the weight of all pieces is in.",
        ShippingMethodType.FREE: "Nothing, and shipping classes charge nothing either.",
    },
)
worded(
    ShippingClassAggregation,
    "Which of the goods' shipping classes charge, where goods are of several.",
    {
        ShippingClassAggregation.SUM_ALL: "All of them.",
        ShippingClassAggregation.HIGHEST_CLASS: "The one alone whose goods come to the most.",
    },
)
worded(
    CurrencyPosition,
    "Where the currency's sign stands.",
    {CurrencyPosition.BEFORE: "Before the number: $19.99.", CurrencyPosition.AFTER: "After the number: 19.99$."},
)
worded(
    DecimalSeparator,
    "What parts units from their fractions.",
    {
        DecimalSeparator.DOT: "A dot, and commas between thousands: 1,234.56.",
        DecimalSeparator.COMMA: "A comma, and dots between thousands: 1.234,56.",
    },
)
worded(
    CollectionMethod,
    "Who collects recurring payments.",
    {
        CollectionMethod.AUTOMATIC: "The payment provider, by itself.",
        CollectionMethod.MANUAL: "Nobody: the customer pays each bill.",
        CollectionMethod.SYSTEM: "The shop, with what the payment provider keeps of the customer.",
    },
)
worded(
    SubscriptionStatus,
    "How far a subscription has come.",
    {
        SubscriptionStatus.PENDING: "Its first payment has not come. No access.",
        SubscriptionStatus.INTENDED: "Its checkout was begun, and not ended. No access.",
        SubscriptionStatus.TRIALING: "In its trial, which is not billed. Access.",
        SubscriptionStatus.ACTIVE: "Paid. Access.",
        SubscriptionStatus.CANCELED: "Ends when what was paid is used up. Access until `nextBillingAt`.",
        SubscriptionStatus.PAUSED: "Not billed until it is taken up again. Access until `nextBillingAt`.",
        SubscriptionStatus.PAST_DUE: "A payment is overdue. No access.",
        SubscriptionStatus.EXPIRED: "What was paid is used up. No access.",
        SubscriptionStatus.FAILING: "A payment failed and is tried again. Access until `nextBillingAt`.",
        SubscriptionStatus.EXPIRING: "About to expire. Access until `nextBillingAt`.",
        SubscriptionStatus.COMPLETED: "All of its payments were made. Access, for good.",
    },
)
worded(
    LicenseStatus,
    "Whether a licence is in force.",
    {
        LicenseStatus.ACTIVE: "In force: sites are activated with it.",
        LicenseStatus.INACTIVE: "Not in force yet, as the shop that sold it has it: no site is activated with it.",
        LicenseStatus.EXPIRED: "Its date has come, or somebody ended it. A later date puts it in force again.",
        LicenseStatus.DISABLED: "Taken back by the store; a later date changes nothing about that.",
    },
)
worded(
    ActivationStatus,
    "Whether a site is activated with a licence.",
    {
        ActivationStatus.ACTIVE: "It is, and takes a place unless it is local.",
        ActivationStatus.INACTIVE: "It was, and takes no place any more.",
    },
    name="LicenseActivationStatus",
)
worded(
    StorageSource,
    "Who says what a store of files is set to.",
    {
        StorageSource.SERVER: "The server's environment: it is changed there and not here.",
        StorageSource.STORE: "Whoever saved its settings last.",
        StorageSource.NOBODY: "Nobody yet: no file can be kept there.",
    },
)
