"""What workflows begin with: the documented codes, and which event of the store each of them is. They are data, the
same in every store."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final
from uuid import UUID, uuid5

from db.catalog.events import INVENTORY_CHANGED, PRODUCT_CREATED, PRODUCT_UPDATED
from db.commerce.events import (
    CUSTOMER_CREATED,
    CUSTOMER_UPDATED,
    ORDER_CANCELED,
    ORDER_CREATED,
    ORDER_DELIVERED,
    ORDER_PAID,
    ORDER_REFUNDED,
    ORDER_SHIPPED,
    ORDER_SHIPPING_STATUS_CHANGED,
    ORDER_STATUS_CHANGED,
    ORDER_TRACKING_UPDATED,
)
from db.integration.workflow.row import WorkflowEntity
from db.store.events import EventKind

# Of the guids: nobody else's are made in it.
_SPACE: Final = UUID("6f0d3c1e-2b52-5a5f-9a37-3f3a4f6f7a10")


@dataclass(frozen=True, slots=True)
class WorkflowTrigger:
    code: str
    entity_type: WorkflowEntity
    name: str
    description: str
    event: EventKind

    @property
    def guid(self) -> str:
        """The same in every store and version."""
        return str(uuid5(_SPACE, self.code))


_ORDER, _SHIPMENT, _CUSTOMER, _PRODUCT = WorkflowEntity
_ALL: Final = (
    WorkflowTrigger("order_created", _ORDER, "Order Created", "Fires when a new order is created", ORDER_CREATED),
    WorkflowTrigger(
        "order_status_changed", _ORDER, "Order Status Changed", "Fires when order status changes", ORDER_STATUS_CHANGED
    ),
    WorkflowTrigger("order_paid", _ORDER, "Order Paid", "Fires when an order is paid, or a renewal", ORDER_PAID),
    WorkflowTrigger("order_canceled", _ORDER, "Order Canceled", "Fires when an order is canceled", ORDER_CANCELED),
    WorkflowTrigger(
        "order_refunded", _ORDER, "Order Refunded", "Fires when money of an order is given back", ORDER_REFUNDED
    ),
    WorkflowTrigger(
        "shipment_delivered", _SHIPMENT, "Shipment Delivered", "Fires when an order has arrived", ORDER_DELIVERED
    ),
    WorkflowTrigger("shipment_shipped", _SHIPMENT, "Shipment Shipped", "Fires when an order is sent", ORDER_SHIPPED),
    WorkflowTrigger(
        "shipment_status_changed",
        _SHIPMENT,
        "Shipment Status Changed",
        "Fires when the shipping status of an order changes",
        ORDER_SHIPPING_STATUS_CHANGED,
    ),
    WorkflowTrigger(
        "shipment_tracking_updated",
        _SHIPMENT,
        "Shipment Tracking Updated",
        "Fires when a parcel can be followed, or by another number",
        ORDER_TRACKING_UPDATED,
    ),
    WorkflowTrigger(
        "customer_created", _CUSTOMER, "Customer Created", "Fires when somebody becomes a customer", CUSTOMER_CREATED
    ),
    WorkflowTrigger(
        "customer_updated",
        _CUSTOMER,
        "Customer Updated",
        "Fires when a customer, or an address of theirs, changes",
        CUSTOMER_UPDATED,
    ),
    WorkflowTrigger("product_created", _PRODUCT, "Product Created", "Fires when a product is made", PRODUCT_CREATED),
    WorkflowTrigger(
        "product_updated",
        _PRODUCT,
        "Product Updated",
        "Fires when a product, or what belongs to it, changes",
        PRODUCT_UPDATED,
    ),
    WorkflowTrigger(
        "product_stock_changed",
        _PRODUCT,
        "Product Stock Changed",
        "Fires when the stock of one of a product's variants changes",
        INVENTORY_CHANGED,
    ),
)
TRIGGERS: Final[Mapping[str, WorkflowTrigger]] = MappingProxyType({one.code: one for one in _ALL})
BY_GUID: Final[Mapping[str, WorkflowTrigger]] = MappingProxyType({one.guid: one for one in _ALL})
