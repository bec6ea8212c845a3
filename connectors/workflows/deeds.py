"""What workflows change by themselves: the status of what they are about, by the mutation that anybody changes it with.
A further entity joins with a line here, once there is a mutation for it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from db.catalog.product import ProductStatus
from db.commerce.customer import CustomerStatus
from db.commerce.order import SETTABLE, OrderStatus, ShippingStatus
from db.integration.workflow.row import WorkflowEntity
from engine.unit.perform import Performable
from engine.values import identity

_ORDERED: Final = tuple(status.value for status in SETTABLE)
_SENT: Final = tuple(status.value for status in ShippingStatus)
# How many events may lead to a change, one to the next, before it is taken for a loop.
MOST_DEPTH: Final = 3


class Deeds:
    """The mutations of the schema, by their names in the graph. A port: `server` fills it."""

    def __init__(self, mutations: Callable[[], Mapping[str, Performable[Any]]]) -> None:
        self._mutations = mutations

    def __getitem__(self, name: str) -> Performable[Any]:
        return self._mutations()[name]


@dataclass(frozen=True, slots=True)
class StatusChange:
    """`statuses` are those that a step may set, by their documented words; `input` makes the mutation's of what the
    event says and one of them."""

    mutation: str
    statuses: tuple[str, ...]
    input: Callable[[Mapping[str, Any], str], Mapping[str, Any]]


def _product(payload: Mapping[str, Any], status: str) -> Mapping[str, Any]:
    return {"id": identity.encode("Product", payload["productId"]), "status": ProductStatus(status).name}


def _order(payload: Mapping[str, Any], status: str) -> Mapping[str, Any]:
    """The words of orders and of parcels are different ones."""
    found = {"shippingStatus": ShippingStatus(status).name} if status in _SENT else {"status": OrderStatus(status).name}
    return {"id": identity.encode("Order", payload["orderId"]), "ifDifferent": True, **found}


def _customer(payload: Mapping[str, Any], status: str) -> Mapping[str, Any]:
    return {"id": identity.encode("Customer", payload["customerId"]), "status": CustomerStatus(status).name}


STATUSES: Final[Mapping[WorkflowEntity, StatusChange]] = MappingProxyType(
    {
        WorkflowEntity.PRODUCT: StatusChange(
            "productUpdate",
            # What is published in the future takes a date; the others are not written by anybody.
            (ProductStatus.DRAFT.value, ProductStatus.PUBLISH.value),
            _product,
        ),
        WorkflowEntity.ORDER: StatusChange("orderStatusesUpdate", (*_ORDERED, *_SENT), _order),
        WorkflowEntity.SHIPMENT: StatusChange("orderStatusesUpdate", (*_ORDERED, *_SENT), _order),
        WorkflowEntity.CUSTOMER: StatusChange(
            "customerUpdate", tuple(status.value for status in CustomerStatus), _customer
        ),
    }
)
