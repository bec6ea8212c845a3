"""WooCommerce REST API v3, `GET /products/{id}` and `GET /products/{id}/variations`: a product as a family of rows."""

from collections.abc import Sequence
from typing import Any, Final

from connectors.connected_stores.family import Family, FamilyOf, entries_of
from connectors.connected_stores.shape import Shape, number, reference, whole_amount
from connectors.importers.fluentcart.catalog.product import PRODUCT
from connectors.importers.fluentcart.catalog.slugs import decoded
from connectors.importers.fluentcart.catalog.variant import VARIANT
from connectors.importers.fluentcart.values import (
    address,
    branch,
    entries,
    flag,
    line,
    markup,
    measure,
    moment,
    name,
    paragraphs,
    plain,
    shown,
    text,
    whole,
    word,
)
from connectors.importers.mapping import Columns, Field, Record, Unreadable
from connectors.importers.report import Skipped
from db.catalog.product import FulfillmentType, ProductStatus, StockStatus, VariationType
from db.catalog.taxonomy import BRANDS, CATEGORIES
from db.catalog.variant import VariantStatus

VARIABLE: Final = "variable"
SIMPLE: Final = "simple"
OUT_OF_STOCK: Final = "outofstock"
_INTEGER: Final = 2**31 - 1


def _type(value: Any) -> VariationType:
    """Groups have no price of their own, what is external is sold elsewhere, and other types are those of plugins."""
    if value not in (SIMPLE, VARIABLE):
        raise Unreadable(f"{shown(value)} is none of {SIMPLE}, {VARIABLE}")
    return VariationType.SIMPLE_VARIATIONS if value == VARIABLE else VariationType.SIMPLE


def _kind(value: Any) -> FulfillmentType:
    return FulfillmentType.DIGITAL if flag()(value) else FulfillmentType.PHYSICAL


def _comments(value: Any) -> str:
    return "open" if flag()(value) else "closed"


_PRODUCT: Final = Shape(
    PRODUCT,
    {
        "id": Field("id", number),
        "title": Field("name", plain("")),
        "status": Field("status", word(ProductStatus)),
        "excerpt": Field("short_description", paragraphs("")),
        "content": Field("description", markup("")),
        "slug": Field("slug", text("")),
        "comment_status": Field("reviews_allowed", _comments),
        "view_url": Field("permalink", address(None)),
        "fulfillment_type": Field("virtual", _kind),
        "variation_type": Field("type", _type),
        "sold_individually": Field("sold_individually", flag()),
        "created_at": Field("date_created_gmt", moment),
        "updated_at": Field("date_modified_gmt", moment),
    },
    branch=branch,
)

_VARIANT: Final = Shape(
    VARIANT,
    {
        "id": Field("id", number),
        "sku": Field("sku", name(longest=30)),
        "fulfillment_type": Field("virtual", _kind),
        "downloadable": Field("downloadable", flag()),
        # What is charged now; one without a price cannot be bought there, and must not be free here.
        "price": Field("price", whole_amount),
        "backorders": Field("backorders", lambda value: value not in (None, "", "no", False)),
        "weight": Field("weight", measure),
        "length": Field("dimensions.length", measure),
        "width": Field("dimensions.width", measure),
        "height": Field("dimensions.height", measure),
        "created_at": Field("date_created_gmt", moment),
        "updated_at": Field("date_modified_gmt", moment),
    },
    branch=branch,
)
_REGULAR: Final = Field("regular_price", whole_amount)
_ON_SALE: Final = Field("on_sale", flag())
_QUANTITY: Final = Field("stock_quantity", whole(0, least=-_INTEGER))
_DESCRIPTION: Final = Field("description", paragraphs(""))
_LEAVES_OUT: Final = ("downloads", "tags", "grouped_products")


def read_product(
    record: Record, variations: Sequence[Any], *, currency: str, weight_unit: str | None
) -> tuple[Family, list[Skipped]]:
    """The product, and what of it has no place here. A variation that cannot be read is left out and named; Unreadable
    is raised for the product itself."""
    row = _PRODUCT.read(record, currency=currency)
    made = FamilyOf(row, decoded(row["slug"]), row["created_at"], row["updated_at"])
    family = made.family
    made.pictures(_pictures(record.get("images")), product_id=family.id)
    for taxonomy, field in ((CATEGORIES, "categories"), (BRANDS, "brands")):
        made.terms(taxonomy, [_slug(one) for one in entries_of(record, field)])
    for field in _LEAVES_OUT:
        if entries_of(record, field):
            made.leave_out(field, f"{field} of WooCommerce have no place here")
    variable = row["variation_type"] is VariationType.SIMPLE_VARIATIONS
    told = list(variations) if variable else [record]
    for position, entry in enumerate(told, 1):
        with made.reading(entry):
            one = branch(entry)
            variant = _variant(one, row, position, currency, weight_unit, variable=variable)
            made.variant(variant, _pictures([one.get("image")] if variable and one.get("image") else []))
    return family, made.skipped


def _variant(
    record: Record, product: Columns, position: int, currency: str, weight_unit: str | None, *, variable: bool
) -> Columns:
    row = _VARIANT.read(record, currency=currency, product_id=product["id"], position=position)
    row["title"] = _title(record) if variable else product["title"]
    row["sold_individually"] = product["sold_individually"]
    if variable:
        row["description"] = _DESCRIPTION(record, branch)
        # A variation that is switched off is private there.
        row["status"] = VariantStatus.ACTIVE if record.get("status", "publish") == "publish" else VariantStatus.INACTIVE
    if _ON_SALE(record, branch) and record.get("regular_price") not in (None, ""):
        row["compare_price"] = _VARIANT.money(_REGULAR, record, currency)
    if row["weight"] is not None:
        row["weight_unit"] = weight_unit
    _stock(row, record)
    return row


def _stock(row: Columns, record: Record) -> None:
    """`manage_stock` is true, false, or "parent" of a variation that draws on the product's. What is not counted there
    and is sold out is sold out here, too: nothing is left of it."""
    counted = record.get("manage_stock")
    sold_out = record.get("stock_status") == OUT_OF_STOCK
    if counted == "parent" or flag()(counted):
        row["manage_stock"] = True
        row["total_stock"] = row["available"] = max(_QUANTITY(record, branch), 0)
    elif sold_out:
        row["manage_stock"] = True
    row["stock_status"] = (
        StockStatus.OUT_OF_STOCK if row["manage_stock"] and not row["available"] else StockStatus.IN_STOCK
    )


def _title(record: Record) -> str:
    """What its attributes say: `Blue / Large`."""
    options = [plain("")(branch(one).get("option")) for one in entries(record.get("attributes"))]
    return " / ".join(one for one in options if one) or f"Variation {record.get('id')}"


def _slug(entry: Any) -> str:
    found = branch(entry).get("slug")
    return decoded(found) if isinstance(found, str) else line(str(branch(entry).get("name") or ""))


def _pictures(told: Any) -> list[Any]:
    """As the importer reads pictures."""
    found = []
    for one in entries(told):
        picture = branch(one)
        identifier = reference(picture.get("id"))
        named = picture.get("alt") or picture.get("name")
        small = identifier if identifier is not None and identifier <= _INTEGER else 0
        found.append({"id": small, "url": picture.get("src"), "title": named})
    return found
