"""What is done to orders."""

import strawberry

from db.commerce.order import OrderRow, OrderTransactionRow
from db.commerce.subscription import SubscriptionRow
from engine.declared.mutation import performed
from engine.declared.payload import Payload, changed, deleted
from resolvers.commerce.order.create import order_create
from resolvers.commerce.order.paying import order_mark_as_paid
from resolvers.commerce.order.refunding import order_refund
from resolvers.commerce.order.removal import order_delete
from resolvers.commerce.order.statuses import order_statuses_update
from resolvers.commerce.order.tracking import order_tracking_set
from resolvers.commerce.order.update import order_update
from schema.commerce.order import Order
from schema.commerce.subscription import CustomerSubscription
from schema.commerce.transaction import OrderTransaction


@strawberry.type(description="The new order.")
class OrderCreatePayload(Payload):
    order: Order | None = changed(OrderRow.id)


@strawberry.type(description="The order as it is now.")
class OrderUpdatePayload(Payload):
    order: Order | None = changed(OrderRow.id)


@strawberry.type(description="The order that is gone.")
class OrderDeletePayload(Payload):
    deleted_id: strawberry.ID | None = deleted("Order")


@strawberry.type(description="The order, and the payment that paid it.")
class OrderMarkAsPaidPayload(Payload):
    order: Order | None = changed(OrderRow.id)
    transaction: OrderTransaction | None = changed(OrderTransactionRow.id)


@strawberry.type(description="The order, and what was given back.")
class OrderRefundPayload(Payload):
    order: Order | None = changed(OrderRow.id)
    transaction: OrderTransaction | None = changed(OrderTransactionRow.id, description="The refund itself.")
    subscriptions: list[CustomerSubscription] | None = changed(
        SubscriptionRow.id, description="Those that were canceled with it; empty when none was."
    )


@strawberry.type(description="The order as it is now.")
class OrderStatusesUpdatePayload(Payload):
    order: Order | None = changed(OrderRow.id)


@strawberry.type(description="The order with its parcel.")
class OrderTrackingSetPayload(Payload):
    order: Order | None = changed(OrderRow.id)


@strawberry.type
class OrderMutations:
    order_create: OrderCreatePayload | None = performed(order_create)
    order_update: OrderUpdatePayload | None = performed(order_update)
    order_delete: OrderDeletePayload | None = performed(order_delete)
    order_mark_as_paid: OrderMarkAsPaidPayload | None = performed(order_mark_as_paid)
    order_refund: OrderRefundPayload | None = performed(order_refund)
    order_statuses_update: OrderStatusesUpdatePayload | None = performed(order_statuses_update)
    order_tracking_set: OrderTrackingSetPayload | None = performed(order_tracking_set)
