"""Shopify Admin REST API, `GET /products/{id}.json`: a product as a family of rows."""

from decimal import Decimal
from typing import Any, Final

from connectors.connected_stores.family import Family, FamilyOf, entries_of
from connectors.connected_stores.shape import Shape, amount, number, whole_amount
from connectors.importers.fluentcart.catalog.product import PRODUCT
from connectors.importers.fluentcart.catalog.variant import VARIANT
from connectors.importers.fluentcart.values import (
    branch,
    flag,
    markup,
    measure,
    moment,
    name,
    plain,
    shown,
    text,
    whole,
)
from connectors.importers.mapping import Columns, Field, Record, Unreadable
from connectors.importers.report import Skipped
from db.catalog.product import FulfillmentType, ProductStatus, StockStatus, VariationType
from db.catalog.slug import derived
from db.catalog.taxonomy import BRANDS, CATEGORIES

# The title of a variant that is the product itself.
ALONE: Final = "Default Title"
_INTEGER: Final = 2**31 - 1
_STATUSES: Final = {
    "active": ProductStatus.PUBLISH,
    "draft": ProductStatus.DRAFT,
    "archived": ProductStatus.PRIVATE,  # not sold any more, and not forgotten
    "unlisted": ProductStatus.PRIVATE,  # found by its address alone
}


def _status(value: Any) -> ProductStatus:
    found = _STATUSES.get(value) if isinstance(value, str) else None
    if found is None:
        raise Unreadable(f"{shown(value)} is none of {', '.join(_STATUSES)}")
    return found


def _kind(value: Any) -> FulfillmentType:
    return FulfillmentType.PHYSICAL if flag(True)(value) else FulfillmentType.DIGITAL


_PRODUCT: Final = Shape(
    PRODUCT,
    {
        "id": Field("id", number),
        "title": Field("title", plain("")),
        "status": Field("status", _status),
        "content": Field("body_html", markup("")),
        "slug": Field("handle", text("")),
        "created_at": Field("created_at", moment),
        "updated_at": Field("updated_at", moment),
    },
    branch=branch,
)
_PUBLISHED: Final = Field("published_at", moment)

_VARIANT: Final = Shape(
    VARIANT,
    {
        "id": Field("id", number),
        "title": Field("title", plain("")),
        "sku": Field("sku", name(longest=30)),
        "position": Field("position", whole(0)),
        "fulfillment_type": Field("requires_shipping", _kind),
        "price": Field("price", whole_amount),
        "compare_price": Field("compare_at_price", amount(Decimal(0), negative=False)),
        "backorders": Field("inventory_policy", lambda value: value == "continue"),
        "weight": Field("weight", measure),
        "weight_unit": Field("weight_unit", name()),
        "created_at": Field("created_at", moment),
        "updated_at": Field("updated_at", moment),
    },
    branch=branch,
)
# Below zero where more was sold than there was.
_QUANTITY: Final = Field("inventory_quantity", whole(0, least=-_INTEGER))


def read_product(record: Record, *, currency: str) -> tuple[Family, list[Skipped]]:
    """The product, and what of it has no place here. A variant that cannot be read is left out and named; Unreadable is
    raised for the product itself."""
    row = _PRODUCT.read(record, currency=currency)
    variants = entries_of(record, "variants")
    if len(variants) > 1 or any(branch(one).get("title") != ALONE for one in variants):
        row["variation_type"] = VariationType.SIMPLE_VARIATIONS
    made = FamilyOf(row, row["slug"], _PUBLISHED(record, branch), row["updated_at"])
    pictures = [branch(one) for one in entries_of(record, "images")]
    made.pictures([_picture(one) for one in pictures], product_id=made.family.id)
    # It has no terms but two words, which are the names of some here or of none.
    for taxonomy, field in ((CATEGORIES, "product_type"), (BRANDS, "vendor")):
        written = plain("")(record.get(field))
        made.terms(taxonomy, [derived(written)] if written else [])
    if record.get("tags"):
        made.leave_out("tags", "tags of Shopify have no place here")
    for entry in variants:
        with made.reading(entry):
            one = branch(entry)
            shows = [_picture(picture) for picture in pictures if one.get("id") in (picture.get("variant_ids") or ())]
            made.variant(_variant(one, row, currency), shows)
    kinds = {variant["fulfillment_type"] for variant in made.family.variants.values()}
    if kinds == {FulfillmentType.DIGITAL}:
        row["fulfillment_type"] = FulfillmentType.DIGITAL
    return made.family, made.skipped


def _variant(record: Record, product: Columns, currency: str) -> Columns:
    row = _VARIANT.read(record, currency=currency, product_id=product["id"])
    if row["title"] == ALONE:
        row["title"] = product["title"]
    if not row["weight"]:
        row["weight"] = row["weight_unit"] = None
    if record.get("inventory_management"):  # "shopify", or whoever counts it
        row["manage_stock"] = True
        row["total_stock"] = row["available"] = max(_QUANTITY(record, branch), 0)
        row["stock_status"] = StockStatus.IN_STOCK if row["available"] else StockStatus.OUT_OF_STOCK
    return row


def _picture(record: Record) -> Record:
    """As the importer reads one. Its numbers are longer than those of attachments."""
    return {"id": 0, "url": record.get("src"), "title": record.get("alt")}
