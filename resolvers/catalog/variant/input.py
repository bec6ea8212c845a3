"""What callers say of a variant, whether they make it, change it, or send it inside its product.

The classes whose names do not end in `Input` are parts that inputs are put together from; they are no GraphQL types.
"""

from collections.abc import Hashable
from functools import cache
from typing import Any, Final, cast

import strawberry
from strawberry.types.base import get_object_definition
from strawberry.types.maybe import Some

from db.catalog.product import FulfillmentType, StockStatus
from db.catalog.sku import sku_key
from db.catalog.variant import BillingInterval, PaymentType, VariantRow, VariantStatus
from db.store.row import table
from engine.declared.input import finds, identifies, lookup_input
from engine.values.scalars import URL, Cents
from resolvers.catalog import enums as _registered  # noqa: F401  the annotations below need the enums
from resolvers.editing.editable import edited_version
from resolvers.editing.locking import key_of

# A variant keeps its product; `stockStatus` is accepted as documented, and follows from the numbers.
NOT_WRITTEN: Final = frozenset({"id", "product_id", "stock_status", "sku_key"})
WRITTEN: Final = frozenset(table(VariantRow).columns.keys()) - NOT_WRITTEN


ProductVariantBy: Final = lookup_input("ProductVariant", VariantRow.id, sku=finds(VariantRow.sku_key, fold=sku_key))


@strawberry.input(description="A picture; `attachmentId` 0 is one that lives elsewhere.")
class MediaInput:
    attachment_id: int
    url: URL
    title: str = ""


@strawberry.input
class VariantTerms:
    """What every operation that writes variants takes, and may be left out in all of them."""

    sku: strawberry.Maybe[str | None] = strawberry.field(
        default=None, description="Up to 30 characters, unique in the store whatever the case; an empty one is none."
    )
    status: strawberry.Maybe[VariantStatus]
    description: strawberry.Maybe[str | None]
    sold_individually: strawberry.Maybe[bool]
    shipping_class_id: strawberry.Maybe[strawberry.ID | None] = identifies(
        "ShippingClass", description="Overrides the product's."
    )
    price: strawberry.Maybe[Cents | None]
    compare_price: strawberry.Maybe[Cents | None] = strawberry.field(
        default=None, description="0 is none; otherwise not below the price."
    )
    manage_cost: strawberry.Maybe[bool]
    cost: strawberry.Maybe[Cents | None]
    interval: strawberry.Maybe[BillingInterval | None]
    billing_times: strawberry.Maybe[int | None]
    trial_days: strawberry.Maybe[int | None]
    billing_summary: strawberry.Maybe[str | None]
    has_setup_fee: strawberry.Maybe[bool]
    setup_fee: strawberry.Maybe[Cents | None]
    setup_fee_label: strawberry.Maybe[str | None]
    setup_fee_per_item: strawberry.Maybe[bool]
    installment: strawberry.Maybe[bool]
    licensed: strawberry.Maybe[bool] = strawberry.field(
        default=None, description="Whether each piece of it that is paid brings a licence."
    )
    license_limit: strawberry.Maybe[int | None] = strawberry.field(
        default=None, description="On how many sites such a licence may be activated, not below 0; 0: any number."
    )
    license_months: strawberry.Maybe[int | None] = strawberry.field(
        default=None, description="How many months such a licence lasts, 1 to 1200; null: for life."
    )
    package_slug: strawberry.Maybe[str | None]
    weight: strawberry.Maybe[float | None]
    weight_unit: strawberry.Maybe[str | None]
    length: strawberry.Maybe[float | None]
    width: strawberry.Maybe[float | None]
    height: strawberry.Maybe[float | None]


@strawberry.input
class VariantDisplay:
    """What the operations on single variants take beside the terms, and may be left out."""

    position: strawberry.Maybe[int]
    downloadable: strawberry.Maybe[bool]
    manage_stock: strawberry.Maybe[bool]
    stock_status: strawberry.Maybe[StockStatus] = strawberry.field(
        default=None, description="Taken as documented; what is stored follows from `manageStock` and `available`."
    )
    media: strawberry.Maybe[list[MediaInput] | None] = strawberry.field(
        default=None, description="Replaces the pictures; an empty list removes them."
    )


@strawberry.input
class VariantEdited:
    id: strawberry.ID = identifies("ProductVariant")
    expected_version: int | None = edited_version()


@strawberry.input(
    description="What is named changes, null clears, what is absent stays. The rules hold for the result."
)
class VariantUpdateInput(VariantEdited, VariantTerms, VariantDisplay):
    title: strawberry.Maybe[str]
    fulfillment_type: strawberry.Maybe[FulfillmentType]
    payment_type: strawberry.Maybe[PaymentType]
    total_stock: strawberry.Maybe[int]
    available: strawberry.Maybe[int]
    committed: strawberry.Maybe[int]
    on_hold: strawberry.Maybe[int]


@strawberry.input(
    description="A subscription needs `interval` and `hasSetupFee`, a managed cost `cost`, managed stock `stockStatus`."
)
class VariantCreateInput(VariantTerms, VariantDisplay):
    product_id: strawberry.ID = identifies("Product")
    title: str
    fulfillment_type: FulfillmentType
    payment_type: PaymentType
    total_stock: int
    available: int
    committed: int
    on_hold: int


@strawberry.input(description="The variant that goes.")
class VariantDeleteInput(VariantEdited):
    pass


def variant_columns(input: Any) -> dict[str, Any]:
    """The columns that an input names: null clears, absent stays out. Ids are keys by then; a class that is not there
    is refused by `refuse_missing_shipping_classes`."""
    values = {}
    for name in _written(cast(Hashable, type(input))):
        value = getattr(input, name)
        if value is not None:
            values[name] = value.value if isinstance(value, Some) else value
    if values.get("shipping_class_id") is not None:
        values["shipping_class_id"] = key_of(values["shipping_class_id"])
    return values


@cache
def _written(type_: Any) -> list[str]:
    return [f.python_name for f in get_object_definition(type_, strict=True).fields if f.python_name in WRITTEN]
