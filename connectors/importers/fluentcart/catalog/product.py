"""S5 `GET /products` and `GET /products/{productId}/pricing`: a post with its detail, as one row."""

from typing import Final

from connectors.importers.fluentcart.catalog.slugs import decoded
from connectors.importers.fluentcart.clock import Clock
from connectors.importers.fluentcart.values import (
    address,
    branch,
    document,
    flag,
    key,
    markup,
    moment,
    name,
    paragraphs,
    plain,
    reference,
    text,
    word,
)
from connectors.importers.mapping import Columns, Field, Mapped, Record, Tells
from db.catalog.derivations import FROM_VARIANTS
from db.catalog.events import PRODUCT_CREATED, PRODUCT_UPDATED
from db.catalog.product import (
    FulfillmentType,
    GroupPricing,
    ProductRow,
    ProductStatus,
    VariationType,
    sort_key,
)
from db.catalog.slug import derived

PRODUCT: Final = Mapped(
    "products",
    ProductRow,
    {
        "id": Field("ID", key),
        "title": Field("post_title", plain("")),
        "status": Field("post_status", word(ProductStatus)),
        "excerpt": Field("post_excerpt", paragraphs("")),
        "content": Field("post_content", markup("")),
        "slug": Field("post_name", text("")),
        "comment_status": Field("comment_status", name()),
        "view_url": Field("view_url", address(None)),
        "edit_url": Field("edit_url", address(None)),
        "featured_image_id": Field("featured_image_id", reference),
        "detail_id": Field("detail.id", reference),
        "fulfillment_type": Field("detail.fulfillment_type", word(FulfillmentType, FulfillmentType.PHYSICAL)),
        "variation_type": Field("detail.variation_type", word(VariationType, VariationType.SIMPLE)),
        "default_variant_id": Field("detail.default_variation_id", reference),
        "default_media": Field("detail.default_media", document),
        "manage_stock": Field("detail.manage_stock", flag()),
        "manage_downloadable": Field("detail.manage_downloadable", flag()),
        "group_pricing_by": Field("detail.other_info.group_pricing_by", word(GroupPricing, None)),
        "sold_individually": Field("detail.other_info.sold_individually", flag()),
        "use_pricing_table": Field("detail.other_info.use_pricing_table", flag()),
        "shipping_class_id": Field("detail.other_info.shipping_class", reference),
        "tax_class_id": Field("detail.other_info.tax_class", reference),
        "active_editor": Field("detail.other_info.active_editor", name()),
        "is_bundle": Field("detail.other_info.is_bundle_product", flag()),
        "created_at": Field("detail.created_at", moment),
        "updated_at": Field("detail.updated_at", moment),
    },
    branch=branch,
    computed=("title_key", "search_text", "published_at", "modified_at", *FROM_VARIANTS),
    kept={"extra": None},
    derived=("title_key", "search_text", *FROM_VARIANTS),
    unique=("slug", "detail_id"),
    tells=Tells(PRODUCT_CREATED, PRODUCT_UPDATED),
    together=(("status", "published_at"),),
    quiet=("modified_at",),
)


def read_product(record: Record, clock: Clock) -> Columns:
    """A product without what follows from its variants: prices and search text are not set, and the default variant is
    not yet known to be one of them. Raises Unreadable.
    """
    row = PRODUCT.read(record)
    row["title_key"] = sort_key(row["title"])
    row["slug"] = decoded(row["slug"]) or derived(row["title"]) or f"product-{row['id']}"
    row["published_at"] = clock.moment(record, "post_date", "post_date_gmt")
    row["modified_at"] = clock.moment(record, "post_modified", "post_modified_gmt")
    row["created_at"] = row["created_at"] or row["published_at"]
    row["updated_at"] = row["updated_at"] or row["modified_at"]
    return row
