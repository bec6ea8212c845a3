"""S5 `GET /products/{productId}/pricing`, `product.variants`."""

from typing import Any, Final

from connectors.importers.fluentcart.money import convert
from connectors.importers.fluentcart.values import (
    branch,
    cents,
    flag,
    key,
    measure,
    moment,
    name,
    paragraphs,
    plain,
    reference,
    whole,
    word,
)
from connectors.importers.mapping import Columns, Field, Mapped, Tells, Unreadable
from db.catalog.events import VARIANT_CREATED, VARIANT_DELETED, VARIANT_UPDATED
from db.catalog.product import FulfillmentType, StockStatus
from db.catalog.sku import key_of_stored, written
from db.catalog.variant import (
    NO_LICENSE,
    NO_SETUP_FEE,
    ONE_TIME,
    BillingInterval,
    PaymentType,
    VariantRow,
    VariantStatus,
)
from db.text.search import search_text

VARIANT: Final = Mapped(
    "variants",
    VariantRow,
    {
        "id": Field("id", key),
        "product_id": Field("post_id", key),
        "title": Field("variation_title", plain("")),
        "identifier": Field("variation_identifier", name()),
        "sku": Field("sku", name(longest=30)),
        "status": Field("item_status", word(VariantStatus, VariantStatus.ACTIVE)),
        "position": Field("serial_index", whole(0)),
        "fulfillment_type": Field("fulfillment_type", word(FulfillmentType, FulfillmentType.PHYSICAL)),
        "sold_individually": Field("sold_individually", flag()),
        "downloadable": Field("downloadable", flag()),
        "shipping_class_id": Field("shipping_class", reference),
        "media_id": Field("media_id", reference),
        "description": Field("other_info.description", paragraphs("")),
        "price": Field("item_price", cents()),
        "compare_price": Field("compare_price", cents()),
        "manage_cost": Field("manage_cost", flag()),
        "cost": Field("item_cost", cents()),
        "manage_stock": Field("manage_stock", flag()),
        "stock_status": Field("stock_status", word(StockStatus, StockStatus.IN_STOCK)),
        "backorders": Field("backorders", flag()),
        "total_stock": Field("total_stock", whole(0)),
        "available": Field("available", whole(0)),
        "on_hold": Field("on_hold", whole(0)),
        "committed": Field("committed", whole(0)),
        "payment_type": Field(
            "payment_type", word(PaymentType, PaymentType.ONETIME), otherwise="other_info.payment_type"
        ),
        "interval": Field("other_info.repeat_interval", word(BillingInterval, BillingInterval.YEARLY)),
        "billing_times": Field("other_info.times", whole(0, least=0)),
        "trial_days": Field("other_info.trial_days", whole(0, least=0, most=365)),
        "billing_summary": Field("other_info.billing_summary", plain("")),
        "has_setup_fee": Field("other_info.manage_setup_fee", flag()),
        "setup_fee": Field("other_info.signup_fee", cents(None)),
        "setup_fee_label": Field("other_info.signup_fee_name", plain(None)),
        "setup_fee_per_item": Field("other_info.setup_fee_per_item", flag()),
        "installment": Field("other_info.installment", flag()),
        "package_slug": Field("other_info.package_slug", name()),
        "weight": Field("other_info.weight", measure),
        "weight_unit": Field("other_info.weight_unit", name()),
        "length": Field("other_info.length", measure),
        "width": Field("other_info.width", measure),
        "height": Field("other_info.height", measure),
        "created_at": Field("created_at", moment),
        "updated_at": Field("updated_at", moment),
    },
    branch=branch,
    computed=("search_text", "sku_key"),
    # The shop tells nobody of its licences' settings: what is set here stays.
    kept={"supplied": True, "incomplete": False, **NO_LICENSE},
    derived=("search_text", "sku_key", "stock_status"),
    unique=("sku_key",),
    tells=Tells(VARIANT_CREATED, VARIANT_UPDATED, VARIANT_DELETED),
    together=(
        ("price", "compare_price"),
        ("manage_stock", "total_stock", "available", "on_hold", "committed", "stock_status"),
        ("payment_type", *ONE_TIME),
    ),
)


def read_variant(entry: Any, product_id: int, currency: str) -> Columns:
    """A variant of this product, its prices in this currency. Stock is taken as recorded, except that less than nothing
    available is nothing. Raises Unreadable."""
    record = branch(entry)
    given: Columns = {}
    if VARIANT.columns["payment_type"](record, branch) is PaymentType.ONETIME:
        given |= ONE_TIME
    elif not VARIANT.columns["has_setup_fee"](record, branch):
        given |= NO_SETUP_FEE
    if record.get("post_id") is None:
        given["product_id"] = product_id
    row = VARIANT.read(record, given=given)
    if row["product_id"] != product_id:
        raise Unreadable(f"belongs to product {row['product_id']}, not to {product_id}", "post_id")
    convert(VARIANT, row, currency)
    if row["compare_price"] < row["price"]:
        row["compare_price"] = 0
    row["available"] = max(row["available"], 0)
    row["sku"] = written(row["sku"] or "") or None
    row["search_text"] = search_text(row["title"], row["sku"])
    row["sku_key"] = key_of_stored(row["sku"])
    return row
